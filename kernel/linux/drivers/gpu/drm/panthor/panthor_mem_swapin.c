// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Swap in the evicted BOs of a VM for a job that is being submitted.
 *
 * GROUP_SUBMIT validates the evicted BOs of its VM one page after the other, with
 * the reservation lock of the VM held. A job needs all of them, so before that
 * lock is taken they are brought back as a claim does it: several CPUs read, or a
 * disk reads many pages at the same time, and they are mapped in batches. Whatever
 * is not back after that, for whatever reason, GROUP_SUBMIT validates itself.
 *
 * Only private BOs are dealt with: they are all that the list of the VM has before
 * the reservation locks of the others are taken.
 */

#include <linux/dma-resv.h>
#include <linux/sched.h>

#include <drm/drm_gpuvm.h>
#include <drm/panthor_drm.h>

#include "panthor_device.h"
#include "panthor_mem.h"
#include "panthor_mem_claim.h"
#include "panthor_mem_pieces.h"
#include "panthor_mem_swapin.h"
#include "panthor_mmu.h"

/* Leaves it to panthor_mem_validate() to read the pages. */
static long panthor_mem_leave_pages(void *data, struct panthor_gem_object *bo,
				    pgoff_t first, pgoff_t last)
{
	return last - first + 1;
}

static const struct panthor_mem_work panthor_mem_read_and_validate = {
	.piece = panthor_mem_read_pages,
	.ready = panthor_mem_validate,
	.swaps_in = true,
};

static const struct panthor_mem_work panthor_mem_only_validate = {
	.piece = panthor_mem_leave_pages,
	.ready = panthor_mem_validate,
	.swaps_in = true,
};

/*
 * A thread that reads alone, and then validates, would only look at each page twice.
 * The lock that it holds longer instead is one of its own process.
 */
static const struct panthor_mem_work *panthor_mem_swapin_work(void)
{
	return panthor_mem_helper_count(U64_MAX) ? &panthor_mem_read_and_validate :
						   &panthor_mem_only_validate;
}

/*
 * The submit is counted first, with the reservation lock of the VM held. So a reclaim
 * that works on the VM ends now, and not when the job is there.
 */
static bool panthor_mem_swapin_begin(struct panthor_mem_op *base, u32 *total)
{
	struct panthor_vm *vm = base->vm;

	if (panthor_mem_lock_resv(base, panthor_vm_resv(vm)))
		return false;

	panthor_vm_job_swapin_begin(vm);
	*total = panthor_vm_evicted_count(vm);
	dma_resv_unlock(panthor_vm_resv(vm));

	return true;
}

static u32 panthor_mem_next_evicted(struct panthor_mem_op *base)
{
	struct panthor_vm *vm = base->vm;

	if (panthor_mem_lock_resv(base, panthor_vm_resv(vm)))
		return 0;

	base->bo_count = panthor_vm_get_evicted(vm, base->bos, PANTHOR_MEM_SLICE_BOS);
	dma_resv_unlock(panthor_vm_resv(vm));

	return base->bo_count;
}

/* What the shrinker takes again meanwhile is left to GROUP_SUBMIT: this ends. */
static void panthor_mem_swapin_slices(struct panthor_mem_claim_op *op)
{
	struct panthor_mem_op *base = op->base;
	u32 done = 0, total, count;

	if (!panthor_mem_swapin_begin(base, &total))
		return;

	while (done < total && !base->stop) {
		count = panthor_mem_next_evicted(base);
		if (!count)
			break;

		panthor_mem_swapin_slice(op);
		panthor_mem_put_bos(base);
		done += count;
		cond_resched();
	}
	panthor_vm_job_swapin_end(base->vm);
}

/**
 * panthor_mem_swapin_vm() - Bring evicted BOs of a VM back for a job
 * @ptdev: Device.
 * @vm: VM of the job. None of its locks is held.
 *
 * Costs nothing if no private BO of the VM is evicted.
 */
void panthor_mem_swapin_vm(struct panthor_device *ptdev, struct panthor_vm *vm)
{
	struct drm_panthor_mem_claim args = {};
	struct panthor_mem_claim_op op = {
		.args = &args,
		.work = panthor_mem_swapin_work(),
		.reason = PANTHOR_GEM_SUBMIT,
	};

	if (!panthor_mem_supported() || !panthor_vm_has_evicted(vm))
		return;

	op.base = panthor_mem_op_alloc(ptdev);
	if (!op.base)
		return;

	op.base->own_locks = true;
	op.base->deadline_ns = S64_MAX;
	op.base->vm = vm;
	panthor_mem_swapin_slices(&op);
	panthor_mem_end(op.base);

	/* Where VM_BIND unmapped something meanwhile, we had the last reference. */
	drm_gpuvm_bo_deferred_cleanup(panthor_vm_gpuvm(vm));
}

#if IS_ENABLED(CONFIG_DRM_PANTHOR_KUNIT_TEST)
#include "tests/panthor_mem_swapin_test.c"
#endif
