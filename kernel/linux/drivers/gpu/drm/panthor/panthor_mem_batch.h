/* SPDX-License-Identifier: GPL-2.0 or MIT */
/*
 * A batch is a number of private BOs of one VM that are unmapped or mapped with one
 * update of the MMU, because each update ends with a flush of the GPU's caches. The
 * locks of the VM are held over a batch.
 */

#ifndef __PANTHOR_MEM_BATCH_H__
#define __PANTHOR_MEM_BATCH_H__

#include <linux/sizes.h>
#include <linux/types.h>

struct panthor_gem_object;

/* A batch ends with the BO that reaches one of these limits. */
#define PANTHOR_MEM_BATCH_BYTES		SZ_1M
#define PANTHOR_MEM_BATCH_BOS		64

/* A BO is listed once per mapping, usually in succession: search from the end. */
static inline bool panthor_mem_in_batch(struct panthor_gem_object **batch, u32 count,
					const struct panthor_gem_object *bo)
{
	for (u32 i = count; i; i--) {
		if (batch[i - 1] == bo)
			return true;
	}

	return false;
}

#endif /* __PANTHOR_MEM_BATCH_H__ */
