// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Claim: take the pages of evicted BOs, and map them on the GPU.
 */

#include "panthor_device.h"
#include "panthor_gem.h"
#include "panthor_mem.h"
#include "panthor_mem_claim.h"
#include "panthor_mmu.h"

/**
 * panthor_mem_map_batch() - Take the pages of the next BO of a slice, and map it
 * @op: Claim. It holds the reservation locks of the VM and of the BO.
 * @first: Index of the BO.
 * @end: Index after the last BO.
 * @next: Out: index of the BO after it.
 *
 * Return: 0 or a negative errno.
 */
int panthor_mem_map_batch(struct panthor_mem_claim_op *op, u32 first, u32 end, u32 *next)
{
	struct panthor_gem_object *bo = op->base->bos[first];
	struct panthor_vm *vm = op->base->vm;
	int ret;

	*next = first + 1;

	/* BOs that were unmapped meanwhile are found again by their handle. */
	if (!panthor_vm_bo_evicted(vm, bo))
		return 0;

	ret = panthor_mem_claim_pages(op, first);
	if (!ret)
		ret = panthor_vm_restore_bo(vm, bo);

	/* Even if it failed or is unmapped by now: the shrinker has to find it. */
	panthor_vm_bo_restored(vm, bo, !ret);

	return ret;
}
