// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Claim: take the pages of evicted BOs, and map them on the GPU.
 */

#include <linux/minmax.h>

#include "panthor_device.h"
#include "panthor_gem.h"
#include "panthor_mem.h"
#include "panthor_mem_batch.h"
#include "panthor_mem_claim.h"
#include "panthor_mmu.h"

/**
 * panthor_mem_map_batch() - Take the pages of the next BOs of a slice, and map them
 * @op: Claim, or swap-in for a job. It holds the reservation locks of the VM and of the
 * first BO.
 * @first: Index of the first BO.
 * @end: Index after the last BO.
 * @next: Out: index of the first BO that was not visited.
 *
 * Private BOs are mapped together, with one update of the MMU, an external BO alone.
 *
 * Return: 0, 1 if they have more mappings than one update restores, or a negative
 * errno.
 */
int panthor_mem_map_batch(struct panthor_mem_claim_op *op, u32 first, u32 end,
			  u32 *next)
{
	struct panthor_mem_op *base = op->base;
	struct panthor_gem_object *batch[PANTHOR_MEM_BATCH_BOS];
	struct dma_resv *resv = base->bos[first]->base.resv;
	u64 bytes = 0;
	u32 i, count = 0;
	int ret = 0;

	for (i = first; i < end && !ret; i++) {
		struct panthor_gem_object *bo = base->bos[i];

		/* An external BO has a lock of its own, and is mapped alone. */
		if (bo->base.resv != resv || bytes >= PANTHOR_MEM_BATCH_BYTES ||
		    count == PANTHOR_MEM_BATCH_BOS)
			break;
		/* BOs that were unmapped meanwhile are found again by their handle. */
		if (!panthor_vm_bo_evicted(base->vm, bo) ||
		    panthor_mem_in_batch(batch, count, bo))
			continue;

		batch[count++] = bo;
		bytes += bo->base.size;
		ret = panthor_mem_claim_pages(op, i);
	}
	*next = max(i, first + 1);

	if (!ret && count)
		ret = panthor_vm_restore_mappings(base->vm, batch, count, false);

	/* Even if they failed or are unmapped by now: the shrinker has to find them. */
	for (i = 0; i < count; i++)
		panthor_vm_bo_restored(base->vm, batch[i], !ret);

	return ret;
}
