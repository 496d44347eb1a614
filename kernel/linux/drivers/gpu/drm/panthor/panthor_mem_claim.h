/* SPDX-License-Identifier: GPL-2.0 or MIT */

#ifndef __PANTHOR_MEM_CLAIM_H__
#define __PANTHOR_MEM_CLAIM_H__

#include <linux/bitmap.h>
#include <linux/types.h>

#include "panthor_gem.h"
#include "panthor_mem.h"

struct drm_device;
struct drm_file;
struct drm_panthor_mem_claim;
struct panthor_device;
struct panthor_mem_selector;
struct panthor_mem_work;

/**
 * struct panthor_mem_claim_op - A running claim, or a swap-in for a job
 */
struct panthor_mem_claim_op {
	/** @base: Common part. */
	struct panthor_mem_op *base;

	/** @args: Arguments and results. */
	struct drm_panthor_mem_claim *args;

	/** @work: What to do with the pages of evicted BOs. */
	const struct panthor_mem_work *work;

	/** @reason: Why BOs are swapped in, for tracing. */
	enum panthor_gem_reason reason;

	/** @prefetched: Bytes read from swap. */
	u64 prefetched;

	/** @counted: BOs of the slice that are in &drm_panthor_mem_claim.claimed_bytes. */
	DECLARE_BITMAP(counted, PANTHOR_MEM_SLICE_BOS);
};

/* panthor_mem_map.c, and what it needs from panthor_mem_claim.c */
int panthor_mem_map_batch(struct panthor_mem_claim_op *op, u32 first, u32 end, u32 *next);
int panthor_mem_claim_pages(struct panthor_mem_claim_op *op, u32 i);

/* Functions for the &struct panthor_mem_work of a swap-in. */
long panthor_mem_read_pages(void *data, struct panthor_gem_object *bo,
			    pgoff_t first, pgoff_t last);
void panthor_mem_validate(void *data, u32 first, u32 end);

void panthor_mem_swapin_slice(struct panthor_mem_claim_op *op);

int panthor_mem_claim(struct panthor_device *ptdev,
		      const struct panthor_mem_selector *selector,
		      struct drm_panthor_mem_claim *args);
int panthor_ioctl_mem_claim(struct drm_device *ddev, void *data,
			    struct drm_file *file);

#endif /* __PANTHOR_MEM_CLAIM_H__ */
