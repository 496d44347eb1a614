// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Claim: bring the evicted BOs of the target back before it needs them.
 *
 * Each slice of BOs goes through two phases:
 *
 * - Prefetch: the pages are read from swap into the page cache, with no lock
 *   held, on several CPUs. This takes most of the time.
 * - Validate: under the reservation locks of the VM and of the BO, the pages
 *   are taken and mapped on the GPU, as GROUP_SUBMIT does. Private BOs are
 *   validated a batch at a time, external BOs one at a time, and the locks are
 *   dropped in between. BOs that have been read are validated while others are
 *   still being read.
 *
 * A GROUP_SUBMIT of the target at the same time is harmless: the first of the two
 * validates, and the other finds nothing left to do. A claim waits for it if the two
 * would share CPUs.
 *
 * A claim first cancels the reclaims of its target that were called before it. They
 * evict nothing more once it visits its first BO.
 */

#include <linux/bitmap.h>
#include <linux/build_bug.h>
#include <linux/dma-resv.h>
#include <linux/memcontrol.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>

#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gpuvm.h>
#include <drm/panthor_drm.h>

#include <kunit/static_stub.h>

#include "panthor_device.h"
#include "panthor_gem.h"
#include "panthor_mem.h"
#include "panthor_mem_claim.h"
#include "panthor_mem_pieces.h"
#include "panthor_mem_select.h"
#include "panthor_mmu.h"
#include "panthor_trace.h"

#define PANTHOR_MEM_CLAIM_FLAGS		(DRM_PANTHOR_MEM_CLAIM_PREFETCH_ONLY | \
					 DRM_PANTHOR_MEM_CLAIM_DRY_RUN)

static_assert(sizeof(struct drm_panthor_mem_claim) == 56);
static_assert(offsetof(struct drm_panthor_mem_claim, target) == 8);
static_assert(offsetof(struct drm_panthor_mem_claim, claimed_bytes) == 32);

static void panthor_mem_claim_clear(struct drm_panthor_mem_claim *args)
{
	args->claimed_bytes = 0;
	args->remaining_bytes = 0;
	args->status = 0;
}

static bool panthor_mem_dry_claim(const struct panthor_mem_claim_op *op)
{
	return op->args->flags & DRM_PANTHOR_MEM_CLAIM_DRY_RUN;
}

static bool panthor_mem_prefetches_only(const struct panthor_mem_claim_op *op)
{
	return op->args->flags & DRM_PANTHOR_MEM_CLAIM_PREFETCH_ONLY;
}

/* Ends the call, unless the error is a lock that is contended after the deadline. */
static void panthor_mem_claim_fail(struct panthor_mem_claim_op *op, int error)
{
	if (error == -EBUSY) {
		op->args->status |= DRM_PANTHOR_MEM_STATUS_BUSY;
		return;
	}

	op->base->stop = true;
	if (error == -EINTR || error == -ERESTARTSYS)
		op->args->status |= DRM_PANTHOR_MEM_STATUS_INTERRUPTED;
	else
		op->base->error = error;
}

/* The bytes that max_bytes limits. */
static u64 panthor_mem_claim_progress(const struct panthor_mem_claim_op *op)
{
	if (panthor_mem_prefetches_only(op))
		return op->prefetched;

	return op->args->claimed_bytes;
}

static bool panthor_mem_claim_should_stop(struct panthor_mem_claim_op *op)
{
	u64 max = op->args->max_bytes;

	if (op->base->stop)
		return true;

	if (max && panthor_mem_claim_progress(op) >= max) {
		op->args->status |= DRM_PANTHOR_MEM_STATUS_CAPPED;
		op->base->stop = true;
	} else if (signal_pending(current)) {
		panthor_mem_claim_fail(op, -EINTR);
	}

	return op->base->stop;
}

/**
 * panthor_mem_read_pages() - Read pages of a BO from swap into the page cache
 * @data: Not used.
 * @bo: BO.
 * @first: First page.
 * @last: Last page, inclusive.
 *
 * Return: The number of pages, -EBUSY if one of them is locked, or another negative errno.
 */
long panthor_mem_read_pages(void *data, struct panthor_gem_object *bo,
			    pgoff_t first, pgoff_t last)
{
	int ret;

	if (!panthor_mem_supported())
		return -EOPNOTSUPP;

	ret = shmem_prefetch_range(bo->base.filp->f_mapping, first, last);
	return ret ?: last - first + 1;
}

/* 0 for an evicted BO that was never paged out, or that was read back since. */
static u64 panthor_mem_bytes_in_swap(struct panthor_gem_object *bo)
{
	KUNIT_STATIC_STUB_REDIRECT(panthor_mem_bytes_in_swap, bo);

	return (u64)shmem_pages_in_swap(bo->base.filp->f_mapping) << PAGE_SHIFT;
}

/*
 * Reads pages that have left RAM again since they were read. Without this, they would be read
 * when the BO takes its pages, which waits for locked pages without a bound.
 */
static int panthor_mem_read_again(struct panthor_mem_op *op, struct panthor_gem_object *bo)
{
	pgoff_t last = (bo->base.size >> PAGE_SHIFT) - 1;
	u32 us = 0;
	long ret;

	/* A job has to wait for them in any case. */
	if (op->own_locks || !panthor_mem_bytes_in_swap(bo))
		return 0;

	do {
		ret = panthor_mem_read_pages(NULL, bo, 0, last);
		if (ret != -EBUSY)
			return min(ret, 0L);

		ret = panthor_mem_pause(op, &us);
	} while (!ret);

	return ret;
}

/**
 * panthor_mem_claim_pages() - Take the pages of a BO of the slice, if it is evicted
 * @op: Claim, or swap-in for a job.
 * @i: Index of the BO. Its reservation lock is held.
 *
 * Pages that are back are counted even if a later step fails.
 *
 * Return: 0 or a negative errno.
 */
int panthor_mem_claim_pages(struct panthor_mem_claim_op *op, u32 i)
{
	struct panthor_gem_object *bo = op->base->bos[i];
	bool evicted = panthor_mem_bo_evicted(bo);
	struct mem_cgroup *memcg;
	int ret = 0;

	dma_resv_assert_held(bo->base.resv);

	/*
	 * The CPU or a VM_BIND can have brought the pages back. They still need device
	 * addresses before they are mapped on the GPU.
	 */
	memcg = set_active_memcg(op->base->memcg);
	if (evicted)
		ret = panthor_mem_read_again(op->base, bo);
	if (!ret && (evicted || (bo->backing.pages && op->base->vm)))
		ret = panthor_gem_swapin_locked(bo, op->reason);
	set_active_memcg(memcg);
	if (!bo->backing.pages)
		return ret;

	/* Count it once: the shrinker can evict it again between two batches. */
	if (evicted && !__test_and_set_bit(i, op->counted))
		op->args->claimed_bytes += bo->base.size;

	/* A VM that was busy, or that has unmapped it since, has counted it as remaining. */
	if (panthor_mem_forget_visit(op->base, bo))
		op->args->remaining_bytes -= bo->base.size;

	return ret;
}

/*
 * Takes the locks for validating a BO in a VM. The BO is only tried, so the locks need
 * no order, and each wait is bounded.
 */
static int panthor_mem_lock_vm_bo(struct panthor_mem_claim_op *op, struct panthor_gem_object *bo)
{
	struct dma_resv *resv = panthor_vm_resv(op->base->vm);
	u32 us = 0;
	int ret;

	for (;;) {
		ret = panthor_mem_lock_resv(op->base, resv);
		if (ret || bo->base.resv == resv || dma_resv_trylock(bo->base.resv))
			return ret;
		dma_resv_unlock(resv);

		ret = panthor_mem_pause(op->base, &us);
		if (ret)
			return ret;
	}
}

static void panthor_mem_unlock_vm_bo(struct panthor_mem_claim_op *op,
				     struct panthor_gem_object *bo)
{
	if (bo->base.resv != panthor_vm_resv(op->base->vm))
		dma_resv_unlock(bo->base.resv);
	dma_resv_unlock(panthor_vm_resv(op->base->vm));
}

/* Validates BOs of the slice in the VM that maps them, a batch at a time. */
static void panthor_mem_validate_slice(struct panthor_mem_claim_op *op, u32 first, u32 end)
{
	u32 next, us = 0;
	int ret;

	while (first < end && !panthor_mem_claim_should_stop(op)) {
		struct panthor_gem_object *bo = op->base->bos[first];

		next = first + 1;
		ret = panthor_mem_lock_vm_bo(op, bo);
		if (!ret) {
			ret = panthor_mem_map_batch(op, first, end, &next);
			panthor_mem_unlock_vm_bo(op, bo);
			/* Another thread works on the mappings of the VM. */
			if (ret == -EBUSY)
				ret = panthor_mem_pause(op->base, &us) ?: 1;
		}

		if (ret < 0)
			panthor_mem_claim_fail(op, ret);
		if (ret <= 0)
			first = next;
		cond_resched();
	}
}

/* Brings back the pages of BOs that no VM of the target maps. */
static void panthor_mem_validate_unmapped(struct panthor_mem_claim_op *op,
					  u32 first, u32 end)
{
	for (u32 i = first; i < end && !panthor_mem_claim_should_stop(op); i++) {
		struct panthor_gem_object *bo = op->base->bos[i];
		int ret;

		if (!panthor_mem_bo_evicted(bo))
			continue;

		ret = panthor_mem_lock_resv(op->base, bo->base.resv);
		if (!ret) {
			ret = panthor_mem_claim_pages(op, i);
			panthor_gem_keep_last_locked(bo);
			dma_resv_unlock(bo->base.resv);
		}
		if (ret)
			panthor_mem_claim_fail(op, ret);
	}
}

/**
 * panthor_mem_validate() - Take the pages of BOs of the slice, and map them
 * @data: &struct panthor_mem_claim_op.
 * @first: Index of the first BO.
 * @end: Index after the last BO.
 *
 * An unplug of the device waits for this, but not for the reads before it.
 */
void panthor_mem_validate(void *data, u32 first, u32 end)
{
	struct panthor_mem_claim_op *op = data;
	int cookie;

	if (!drm_dev_enter(&op->base->target.ptdev->base, &cookie)) {
		panthor_mem_claim_fail(op, -ENODEV);
		return;
	}

	if (op->base->vm)
		panthor_mem_validate_slice(op, first, end);
	else
		panthor_mem_validate_unmapped(op, first, end);
	drm_dev_exit(cookie);
}

static const struct panthor_mem_work panthor_mem_prefetch = {
	.piece = panthor_mem_read_pages,
	.swaps_in = true,
};

static const struct panthor_mem_work panthor_mem_prefetch_and_validate = {
	.piece = panthor_mem_read_pages,
	.ready = panthor_mem_validate,
	.swaps_in = true,
};

/*
 * Prefetches the evicted BOs of the slice from @first on, up to the cap, and
 * validates those that have been read. Returns the index of the first BO that was
 * not read. If it was not read because of an error, that is stored in @error.
 */
static u32 panthor_mem_claim_range(struct panthor_mem_claim_op *op, u32 first, int *error)
{
	bool only = panthor_mem_prefetches_only(op);
	u64 max = op->args->max_bytes, bytes = panthor_mem_claim_progress(op);
	struct panthor_mem_op *base = op->base;
	u32 i, end;
	int ret;

	for (end = first; end < base->bo_count; end++) {
		struct panthor_gem_object *bo = base->bos[end];

		if (max && bytes >= max)
			break;

		base->bytes[end] = 0;
		if (!panthor_mem_bo_evicted(bo))
			continue;

		/* It stays evicted: other mappings and its handle lead to it again. */
		if (only) {
			if (!panthor_mem_first_visit(base, bo))
				continue;
			op->args->remaining_bytes += bo->base.size;
		}

		/* The cap of a prefetch limits what it reads: the next call makes progress. */
		base->bytes[end] = panthor_mem_bytes_in_swap(bo);
		bytes += only ? base->bytes[end] : bo->base.size;
	}

	ret = panthor_mem_run_pieces(base, first, end, op->work, op);

	*error = 0;
	for (i = first; i < end; i++) {
		if (base->bytes[i] && base->pages[i] < base->bos[i]->base.size >> PAGE_SHIFT) {
			*error = ret;
			break;
		}
		op->prefetched += base->bytes[i];
	}

	return i;
}

/* Returns true if a claim would get the locks of a BO now. */
static bool panthor_mem_try_locks(struct panthor_mem_claim_op *op, struct panthor_gem_object *bo)
{
	int ret;

	if (op->base->vm) {
		ret = panthor_mem_lock_vm_bo(op, bo);
		if (!ret)
			panthor_mem_unlock_vm_bo(op, bo);
	} else {
		ret = panthor_mem_lock_resv(op->base, bo->base.resv);
		if (!ret)
			dma_resv_unlock(bo->base.resv);
	}
	if (ret)
		panthor_mem_claim_fail(op, ret);

	return !ret;
}

/* Counts what a claim would do with the slice now. */
static void panthor_mem_dry_claim_slice(struct panthor_mem_claim_op *op)
{
	struct drm_panthor_mem_claim *args = op->args;

	for (u32 i = 0; i < op->base->bo_count; i++) {
		struct panthor_gem_object *bo = op->base->bos[i];

		if (!panthor_mem_bo_evicted(bo) || !panthor_mem_first_visit(op->base, bo))
			continue;

		if (panthor_mem_claim_should_stop(op)) {
			args->remaining_bytes += bo->base.size;
		} else if (panthor_mem_prefetches_only(op)) {
			op->prefetched += panthor_mem_bytes_in_swap(bo);
			args->remaining_bytes += bo->base.size;
		} else if (panthor_mem_try_locks(op, bo)) {
			args->claimed_bytes += bo->base.size;
		} else {
			args->remaining_bytes += bo->base.size;
		}
	}
}

/**
 * panthor_mem_swapin_slice() - Swap in the evicted BOs of the slice, up to the cap
 * @op: Claim, or swap-in for a job.
 */
void panthor_mem_swapin_slice(struct panthor_mem_claim_op *op)
{
	struct panthor_mem_op *base = op->base;
	u32 first = 0;

	bitmap_zero(op->counted, PANTHOR_MEM_SLICE_BOS);
	while (first < base->bo_count && !panthor_mem_claim_should_stop(op)) {
		int error;

		first = panthor_mem_claim_range(op, first, &error);
		/* What was read before the error is mapped and counted by now. */
		if (error)
			panthor_mem_claim_fail(op, error);
		/* The next BOs may have no locked page. */
		if (error == -EBUSY)
			first++;
	}
}

/* Swaps in the slice, or what a job that swaps in the same VM has left of it. */
static void panthor_mem_claim_slice(struct panthor_mem_claim_op *op)
{
	int ret = 0;

	if (!op->base->stop)
		ret = panthor_mem_wait_for_job(op->base);
	if (ret)
		panthor_mem_claim_fail(op, ret);
	else
		panthor_mem_swapin_slice(op);
}

/* Called even if the claim must end, so that remaining_bytes is complete. */
static void panthor_mem_count_remaining(struct panthor_mem_claim_op *op)
{
	struct panthor_mem_op *base = op->base;

	for (u32 i = 0; i < base->bo_count; i++) {
		if (panthor_mem_bo_evicted(base->bos[i]) &&
		    panthor_mem_first_visit(base, base->bos[i]))
			op->args->remaining_bytes += base->bos[i]->base.size;
	}
}

static void panthor_mem_claim_bos(struct panthor_mem_claim_op *op)
{
	if (panthor_mem_dry_claim(op)) {
		panthor_mem_dry_claim_slice(op);
	} else {
		panthor_mem_claim_slice(op);
		panthor_mem_count_remaining(op);
	}

	panthor_mem_put_bos(op->base);
	cond_resched();
}

static void panthor_mem_claim_vm(struct panthor_mem_claim_op *op,
				 struct panthor_vm *vm)
{
	u64 va = 0;
	int ret = 0;

	op->base->vm = vm;
	while (!fatal_signal_pending(current) &&
	       (ret = panthor_mem_next_vm_bos(op->base, vm, &va)) > 0)
		panthor_mem_claim_bos(op);
	if (ret < 0)
		panthor_mem_claim_fail(op, ret);
	op->base->vm = NULL;

	if (panthor_mem_dry_claim(op))
		return;

	/* What was claimed is used next: the shrinker is to scan it last. */
	panthor_vm_reclaim_last(vm);
}

static void panthor_mem_claim_file(struct panthor_mem_claim_op *op, u64 file_id)
{
	int handle = 0;

	while (!fatal_signal_pending(current) &&
	       panthor_mem_next_file_bos(op->base, file_id, &handle))
		panthor_mem_claim_bos(op);
}

/* After a fatal signal nothing needs to be counted: the caller never sees it. */
static int panthor_mem_claim_target(struct panthor_mem_claim_op *op)
{
	struct panthor_mem_target *target = &op->base->target;
	int ret = 0;

	if (!panthor_mem_supported())
		return -EOPNOTSUPP;

	if (!panthor_mem_dry_claim(op))
		ret = panthor_mem_cancel_reclaims(op->base);
	if (ret) {
		op->base->stop = true;
		panthor_mem_claim_fail(op, ret);
	}

	for (u32 i = 0; i < target->vm_count && !fatal_signal_pending(current); i++)
		panthor_mem_claim_vm(op, target->vms[i]);

	for (u32 i = 0; i < target->file_count && !fatal_signal_pending(current); i++)
		panthor_mem_claim_file(op, target->file_ids[i]);

	if (op->base->error)
		return op->base->error;

	if ((op->args->status & DRM_PANTHOR_MEM_STATUS_INTERRUPTED) &&
	    !panthor_mem_claim_progress(op))
		return -ERESTARTSYS;

	return 0;
}

/**
 * panthor_mem_claim() - Bring the evicted BOs of a target back
 * @ptdev: Device.
 * @selector: What names the target.
 * @args: Arguments. The outputs are filled, or 0 if nothing was done.
 *
 * Return: 0, even if only a part was done; -ESRCH if the target has no file
 * of the device; -EOPNOTSUPP if the kernel has no swap; -ERESTARTSYS if a signal
 * came before anything was done; -ENOMEM or -EIO if pages could not be brought
 * back; -ETIMEDOUT if the MMU did not answer; -ENODEV if the device was unplugged.
 */
int panthor_mem_claim(struct panthor_device *ptdev,
		      const struct panthor_mem_selector *selector,
		      struct drm_panthor_mem_claim *args)
{
	struct panthor_mem_claim_op op = { .args = args, .reason = PANTHOR_GEM_EXPLICIT };
	int ret;

	panthor_mem_claim_clear(args);
	op.work = panthor_mem_prefetches_only(&op) ? &panthor_mem_prefetch :
		  &panthor_mem_prefetch_and_validate;

	op.base = panthor_mem_begin(ptdev, selector, false);
	if (IS_ERR(op.base)) {
		ret = PTR_ERR(op.base);
		return ret == -EINTR ? -ERESTARTSYS : ret;
	}
	/* A dry run waits for nothing. */
	op.base->deadline_ns = panthor_mem_dry_claim(&op) ? 0 : args->deadline_ns ?: S64_MAX;
	/* Its memory must not be charged to whoever makes the call. */
	op.base->memcg = panthor_mem_selector_memcg(selector) ?:
			 get_mem_cgroup_from_mm(current->mm);

	trace_panthor_mem_claim_begin(ptdev, selector, args->flags, args->max_bytes);
	ret = panthor_mem_claim_target(&op);
	if (ret == -ERESTARTSYS)
		panthor_mem_claim_clear(args);
	trace_panthor_mem_claim_end(ptdev, selector, args, ret,
				    ktime_get_ns() - op.base->started);
	panthor_mem_end(op.base);

	return ret;
}

/**
 * panthor_ioctl_mem_claim() - DRM_IOCTL_PANTHOR_MEM_CLAIM
 * @ddev: Device.
 * @data: &struct drm_panthor_mem_claim.
 * @file: File that the ioctl was issued on.
 *
 * Return: 0 on success, or a negative errno that the uAPI header lists.
 */
int panthor_ioctl_mem_claim(struct drm_device *ddev, void *data,
			    struct drm_file *file)
{
	struct panthor_device *ptdev = container_of(ddev, struct panthor_device, base);
	struct drm_panthor_mem_claim *args = data;
	struct panthor_mem_selector selector;
	int ret;

	panthor_mem_claim_clear(args);
	ret = panthor_mem_check_args(args->flags, PANTHOR_MEM_CLAIM_FLAGS,
				     args->tgid, args->target, args->pad);
	if (ret)
		return ret;

	ret = panthor_mem_select(&selector, args->flags, args->tgid, args->target);
	if (!ret)
		ret = panthor_mem_claim(ptdev, &selector, args);
	panthor_mem_unselect(&selector);

	return ret;
}

#if IS_ENABLED(CONFIG_DRM_PANTHOR_KUNIT_TEST)
#include "tests/panthor_mem_claim_test.c"
#endif
