// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Reclaim: tear down the GPU mappings of BOs, before they are evicted.
 */

#include <linux/minmax.h>
#include <linux/sched.h>

#include "panthor_device.h"
#include "panthor_gem.h"
#include "panthor_mem.h"
#include "panthor_mem_batch.h"
#include "panthor_mem_reclaim.h"
#include "panthor_mmu.h"

/* Gathers the private BOs, from @first on, that one update unmaps. */
static u32 panthor_mem_gather_batch(struct panthor_mem_reclaim_op *op, u32 first,
				    struct panthor_gem_object **batch, u32 *count)
{
	struct panthor_mem_op *base = op->base;
	u64 left = min(PANTHOR_MEM_BATCH_BYTES, PANTHOR_MEM_SLICE_BYTES - op->slice_bytes);
	u64 max = op->args->max_bytes, bytes = 0;
	u32 i, status;

	/* What exceeds the cap stays mapped. */
	if (max)
		left = min(left, max - min(max, panthor_mem_reclaim_expected(op)));

	*count = 0;
	for (i = first; i < base->bo_count && bytes < left && *count < PANTHOR_MEM_BATCH_BOS; i++) {
		struct panthor_gem_object *bo = base->bos[i];

		if (bo->base.resv != op->locked)
			break;
		if (!bo->backing.pages || panthor_mem_in_batch(batch, *count, bo) ||
		    !panthor_mem_reclaim_evictable(op, bo, &status) ||
		    !panthor_mem_reclaim_may_swap(op, bo, panthor_mem_reclaim_unwritten(op) +
						  bytes + bo->base.size))
			continue;

		batch[(*count)++] = bo;
		bytes += bo->base.size;
	}

	return max(i, first + 1);
}

/**
 * panthor_mem_unmap_batch() - Tear down the mappings of the next BOs of a slice
 * @op: Reclaim. The lock that it holds is dropped; it may hold another one afterwards.
 * @first: Index of the first BO.
 *
 * Private BOs of one VM are unmapped together, with one update of the MMU, or several
 * if they have many mappings. Evicting a BO unmaps what is left.
 *
 * Return: The index of the first BO that was not visited.
 */
u32 panthor_mem_unmap_batch(struct panthor_mem_reclaim_op *op, u32 first)
{
	struct panthor_gem_object *batch[PANTHOR_MEM_BATCH_BOS];
	struct panthor_mem_op *base = op->base;
	u32 next, count;
	int ret;

	do {
		/* Between two batches, others can take the lock and end the call. */
		panthor_mem_reclaim_unlock(op);
		cond_resched();

		if (panthor_mem_reclaim_should_stop(op) || panthor_mem_reclaim_is_dry(op) ||
		    !base->vm || base->bos[first]->base.resv != panthor_vm_resv(base->vm) ||
		    panthor_mem_reclaim_lock(op, base->bos[first]))
			return first + 1;

		next = panthor_mem_gather_batch(op, first, batch, &count);
		ret = count ? panthor_vm_evict_mappings(base->vm, batch, count) : 0;
	} while (ret > 0);

	if (ret < 0 && ret != -EBUSY) {
		base->error = ret;
		base->stop = true;
	}

	return next;
}
