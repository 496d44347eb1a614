/* SPDX-License-Identifier: GPL-2.0 or MIT */

#ifndef __PANTHOR_MEM_RECLAIM_H__
#define __PANTHOR_MEM_RECLAIM_H__

#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/types.h>

#include <drm/panthor_drm.h>

#include "panthor_mem.h"

struct dma_resv;
struct drm_device;
struct drm_file;
struct panthor_device;
struct panthor_gem_object;
struct panthor_mem_selector;

/**
 * struct panthor_mem_reclaim_op - A running reclaim
 */
struct panthor_mem_reclaim_op {
	/** @base: Common part. */
	struct panthor_mem_op *base;

	/** @args: Arguments and results. */
	struct drm_panthor_mem_reclaim *args;

	/** @vm_index: Index of &panthor_mem_op.vm among the VMs of the target. */
	u32 vm_index;

	/** @locked: Reservation lock that we hold, or NULL. */
	struct dma_resv *locked;

	/** @slice_bytes: Bytes of this slice to page out. */
	u64 slice_bytes;

	/** @ours: BOs of the slice that no other reclaim may page out. */
	DECLARE_BITMAP(ours, PANTHOR_MEM_SLICE_BOS);

	/** @missed: Pages that could not be isolated in the last pass. */
	atomic_long_t missed;

	/**
	 * @drain_above: The per-CPU batches of all CPUs are emptied if more pages than this
	 * could not be isolated.
	 */
	long drain_above;
};

static inline bool panthor_mem_reclaim_is_dry(const struct panthor_mem_reclaim_op *op)
{
	return op->args->flags & DRM_PANTHOR_MEM_RECLAIM_DRY_RUN;
}

/* panthor_mem_unmap.c, and what it needs from panthor_mem_reclaim.c */
u32 panthor_mem_unmap_batch(struct panthor_mem_reclaim_op *op, u32 first);
bool panthor_mem_reclaim_should_stop(struct panthor_mem_reclaim_op *op);
u64 panthor_mem_reclaim_expected(const struct panthor_mem_reclaim_op *op);
u64 panthor_mem_reclaim_unwritten(const struct panthor_mem_reclaim_op *op);
bool panthor_mem_reclaim_may_swap(const struct panthor_mem_reclaim_op *op,
				  struct panthor_gem_object *bo, u64 bytes);
bool panthor_mem_reclaim_evictable(struct panthor_mem_reclaim_op *op,
				   struct panthor_gem_object *bo, u32 *status);
int panthor_mem_reclaim_lock(struct panthor_mem_reclaim_op *op, struct panthor_gem_object *bo);
void panthor_mem_reclaim_unlock(struct panthor_mem_reclaim_op *op);

int panthor_mem_reclaim(struct panthor_device *ptdev,
			const struct panthor_mem_selector *selector,
			struct drm_panthor_mem_reclaim *args);
int panthor_ioctl_mem_reclaim(struct drm_device *ddev, void *data,
			      struct drm_file *file);

#endif /* __PANTHOR_MEM_RECLAIM_H__ */
