// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Swap in the evicted BOs of a VM for a job that is being submitted.
 *
 * On its own, GROUP_SUBMIT reads the evicted BOs of its VM one page after the other,
 * with the reservation lock of the VM held. A job needs all of them, so they are
 * brought back before that lock is taken, as a claim does it: several CPUs read, or a
 * disk reads many pages at the same time, and BOs are mapped in batches. GROUP_SUBMIT
 * validates whatever is not back after that.
 *
 * Only private BOs are brought back here: the VM lists no others as evicted before
 * their reservation locks are taken.
 */

#include <linux/dma-resv.h>
#include <linux/memcontrol.h>
#include <linux/sched.h>

#include <drm/drm_gpuvm.h>
#include <drm/panthor_drm.h>

#include "panthor_device.h"
#include "panthor_mem.h"
#include "panthor_mem_claim.h"
#include "panthor_mem_pieces.h"
#include "panthor_mem_swapin.h"
#include "panthor_mmu.h"

/* Reads nothing: panthor_mem_validate() reads the pages. */
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
 * Without helpers, reading the pages before they are validated would only visit each
 * page twice. Reading them under the lock holds up no process but the caller's own.
 */
static const struct panthor_mem_work *panthor_mem_swapin_work(void)
{
	return panthor_mem_helper_count(U64_MAX) ? &panthor_mem_read_and_validate :
						   &panthor_mem_only_validate;
}

/*
 * Counts the submit first, with the reservation lock of the VM held, so that a reclaim
 * of the VM ends now and not when the job is queued.
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

/*
 * Visits no more BOs than were evicted at the start, so that it ends even if the
 * shrinker evicts BOs meanwhile. GROUP_SUBMIT validates these.
 */
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
 * Returns at once if no private BO of the VM is evicted.
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
	/* The helpers are in no cgroup. */
	op.base->memcg = get_mem_cgroup_from_mm(current->mm);
	panthor_mem_swapin_slices(&op);
	panthor_mem_end(op.base);
}

#if IS_ENABLED(CONFIG_DRM_PANTHOR_KUNIT_TEST)
#include "tests/panthor_mem_swapin_test.c"
#endif
