// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Claim: bring the evicted BOs of the target back before it needs them.
 *
 * Each slice of BOs goes through two phases:
 *
 * - Prefetch: the pages are read from swap into the page cache, with no lock
 *   held, on several CPUs. This is where the time goes.
 * - Validate: under the reservation locks of the VM and of the BO, the pages
 *   are taken and mapped on the GPU, as GROUP_SUBMIT does it. Private BOs go a
 *   batch at a time, an external BO alone; then the locks are dropped. BOs
 *   that are read are validated while others are still being read.
 *
 * A GROUP_SUBMIT of the target at the same time is harmless: whoever comes
 * first validates, the other finds nothing left to do.
 */

#include <linux/build_bug.h>
#include <linux/dma-resv.h>
#include <linux/pagemap.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>

#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_exec.h>
#include <drm/drm_file.h>
#include <drm/drm_gpuvm.h>
#include <drm/panthor_mem.h>

#include <kunit/static_stub.h>

#include "panthor_device.h"
#include "panthor_gem.h"
#include "panthor_mem.h"
#include "panthor_mem_claim.h"
#include "panthor_mem_pieces.h"
#include "panthor_mmu.h"
#include "panthor_trace.h"

#define PANTHOR_MEM_CLAIM_FLAGS		DRM_PANTHOR_MEM_CLAIM_PREFETCH_ONLY

static_assert(sizeof(struct drm_panthor_mem_claim) == 40);
static_assert(offsetof(struct drm_panthor_mem_claim, claimed_bytes) == 16);

/**
 * struct panthor_mem_claim_op - A running claim
 */
struct panthor_mem_claim_op {
	/** @base: Common part. */
	struct panthor_mem_op *base;

	/** @args: Arguments and results. */
	struct drm_panthor_mem_claim *args;

	/** @vm: The VM that maps the BOs of the slice, or NULL. */
	struct panthor_vm *vm;

	/** @prefetched: Bytes read back, to tell whether anything was done. */
	u64 prefetched;
};

static void panthor_mem_claim_fail(struct panthor_mem_claim_op *op, int error)
{
	op->base->stop = true;
	if (error == -EINTR || error == -ERESTARTSYS)
		op->args->status |= DRM_PANTHOR_MEM_STATUS_INTERRUPTED;
	else
		op->base->error = error;
}

/* What max_bytes counts. */
static u64 panthor_mem_claim_progress(const struct panthor_mem_claim_op *op)
{
	if (op->args->flags & DRM_PANTHOR_MEM_CLAIM_PREFETCH_ONLY)
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

/* A disk is asked for much at once. */
static void panthor_mem_ask_for_pages(struct panthor_gem_object *bo, pgoff_t first, pgoff_t last)
{
	if (panthor_mem_supported())
		shmem_start_swapin(bo->base.filp->f_mapping, first, last);
}

/*
 * Reads pages of a BO back into the page cache. Holes stay holes: pages that
 * never existed must not be allocated, and charged, here.
 */
static long panthor_mem_read_pages(struct panthor_gem_object *bo, pgoff_t first, pgoff_t last)
{
	struct inode *inode = file_inode(bo->base.filp);
	pgoff_t index = first;

	/* Never called then, but there is no shmem_get_folio() to link. */
	if (!panthor_mem_supported())
		return -EOPNOTSUPP;

	while (index <= last) {
		struct folio *folio;
		int ret;

		if (signal_pending(current))
			return -EINTR;

		ret = shmem_get_folio(inode, index, 0, &folio, SGP_NOALLOC);
		if (ret == -ENOENT || (!ret && !folio)) {
			index++;
			continue;
		}
		if (ret)
			return ret;

		index = folio_next_index(folio);
		folio_unlock(folio);
		folio_mark_accessed(folio);
		folio_put(folio);
		cond_resched();
	}

	return last - first + 1;
}

/* 0 also for an evicted BO that was never paged out, or read back since. */
static u64 panthor_mem_bytes_in_swap(struct panthor_gem_object *bo)
{
	KUNIT_STATIC_STUB_REDIRECT(panthor_mem_bytes_in_swap, bo);

	return (u64)READ_ONCE(SHMEM_I(file_inode(bo->base.filp))->swapped) << PAGE_SHIFT;
}

/* Takes the pages of a BO. Counts them also if something fails behind that. */
static int panthor_mem_claim_pages(struct panthor_mem_claim_op *op,
				   struct panthor_gem_object *bo)
{
	bool was_evicted = panthor_mem_bo_evicted(bo);
	int ret;

	dma_resv_assert_held(bo->base.resv);

	ret = panthor_gem_swapin_locked(bo, PANTHOR_GEM_EXPLICIT);
	if (was_evicted && bo->backing.pages)
		op->args->claimed_bytes += bo->base.size;

	return ret;
}

/* Locks what validating one BO in a VM needs. */
static int panthor_mem_lock_vm_bo(struct drm_exec *exec, struct drm_gpuvm *gpuvm,
				  struct panthor_gem_object *bo)
{
	int ret = 0;

	drm_exec_until_all_locked(exec) {
		ret = drm_gpuvm_prepare_vm(gpuvm, exec, 0);
		drm_exec_retry_on_contention(exec);
		if (ret)
			break;

		if (bo->base.resv == drm_gpuvm_resv(gpuvm))
			continue;

		ret = drm_exec_lock_obj(exec, &bo->base);
		drm_exec_retry_on_contention(exec);
		if (ret)
			break;
	}

	return ret;
}

static int panthor_mem_validate_locked(struct panthor_mem_claim_op *op,
				       struct drm_exec *exec, struct drm_gpuvm *gpuvm,
				       struct panthor_gem_object *bo)
{
	struct drm_gpuvm_bo *vm_bo;
	int ret = 0;

	dma_resv_assert_held(drm_gpuvm_resv(gpuvm));
	dma_resv_assert_held(bo->base.resv);

	mutex_lock(&bo->base.gpuva.lock);
	vm_bo = drm_gpuvm_bo_find(gpuvm, &bo->base);
	mutex_unlock(&bo->base.gpuva.lock);

	/* Unmapped since we saw it, or nothing to do. */
	if (vm_bo && vm_bo->evicted) {
		ret = panthor_mem_claim_pages(op, bo);
		if (!ret)
			ret = gpuvm->ops->vm_bo_validate(vm_bo, exec);
	}

	drm_gpuvm_bo_put_deferred(vm_bo);

	return ret;
}

/*
 * Takes the pages of the next private BOs and maps them with one update of the
 * MMU; an external BO goes alone. What is left out, validating does. @next is
 * the index to validate up to with the locks that are held.
 */
static int panthor_mem_map_ahead(struct panthor_mem_claim_op *op, struct panthor_vm *vm,
				 u32 first, u32 last, u32 *next)
{
	struct panthor_mem_op *base = op->base;
	u64 bytes = 0;
	u32 i, count = 0;
	int ret = 0;

	for (i = first; i < last && !ret; i++) {
		struct panthor_gem_object *bo = base->bos[i];

		if (bo->base.resv != panthor_vm_resv(vm) ||
		    bytes >= PANTHOR_MEM_BATCH_BYTES || count == PANTHOR_MEM_BATCH_BOS)
			break;
		if (!panthor_mem_bo_evicted(bo))
			continue;

		ret = panthor_mem_claim_pages(op, bo);
		base->batch[count++] = bo;
		bytes += bo->base.size;
	}
	*next = max(i, first + 1);

	return ret ?: panthor_vm_restore_mappings(vm, base->batch, count);
}

/*
 * BOs of a batch that failed may have pages and not be mapped: the shrinker has to
 * find them all the same.
 */
static void panthor_mem_unvalidated(struct panthor_mem_claim_op *op, u32 first, u32 last)
{
	for (u32 i = first; i < last; i++) {
		struct panthor_gem_object *bo = op->base->bos[i];

		mutex_lock(&bo->base.gpuva.lock);
		panthor_gem_update_reclaim_state_locked(bo, NULL);
		mutex_unlock(&bo->base.gpuva.lock);
	}
}

/* Validates BOs of the slice in one VM, a batch at a time. */
static void panthor_mem_validate_slice(struct panthor_mem_claim_op *op,
				       struct panthor_vm *vm,
				       u32 first, u32 last)
{
	struct drm_gpuvm *gpuvm = panthor_vm_gpuvm(vm);
	u32 i = first;

	while (i < last && !panthor_mem_claim_should_stop(op)) {
		struct drm_exec exec;
		u32 begin = i, next = i;
		int ret;

		drm_exec_init(&exec, DRM_EXEC_INTERRUPTIBLE_WAIT, 2);
		ret = panthor_mem_lock_vm_bo(&exec, gpuvm, op->base->bos[i]);
		if (!ret)
			ret = panthor_mem_map_ahead(op, vm, i, last, &next);
		while (!ret && i < next)
			ret = panthor_mem_validate_locked(op, &exec, gpuvm,
							  op->base->bos[i++]);
		if (ret)
			panthor_mem_unvalidated(op, begin, next);
		drm_exec_fini(&exec);
		if (ret)
			panthor_mem_claim_fail(op, ret);
		cond_resched();
	}
}

/* Brings back BOs that no VM of the target maps: only their pages. */
static void panthor_mem_swapin_slice(struct panthor_mem_claim_op *op,
				     u32 first, u32 last)
{
	for (u32 i = first; i < last && !panthor_mem_claim_should_stop(op); i++) {
		struct panthor_gem_object *bo = op->base->bos[i];
		int ret;

		if (!panthor_mem_bo_evicted(bo))
			continue;

		ret = dma_resv_lock_interruptible(bo->base.resv, NULL);
		if (!ret && panthor_mem_bo_evicted(bo)) {
			ret = panthor_mem_claim_pages(op, bo);
			mutex_lock(&bo->base.gpuva.lock);
			panthor_gem_update_reclaim_state_locked(bo, NULL);
			mutex_unlock(&bo->base.gpuva.lock);
			dma_resv_unlock(bo->base.resv);
		} else if (!ret) {
			dma_resv_unlock(bo->base.resv);
		}
		if (ret)
			panthor_mem_claim_fail(op, ret);
	}
}

/* Not over the I/O: an unplug waits for this. */
static void panthor_mem_validate(struct panthor_mem_claim_op *op, u32 first, u32 last)
{
	int cookie;

	if (!drm_dev_enter(&op->base->target.ptdev->base, &cookie)) {
		panthor_mem_claim_fail(op, -ENODEV);
		return;
	}

	if (op->vm)
		panthor_mem_validate_slice(op, op->vm, first, last);
	else
		panthor_mem_swapin_slice(op, first, last);
	drm_dev_exit(cookie);
}

static void panthor_mem_claim_ready(void *data, u32 first, u32 last)
{
	panthor_mem_validate(data, first, last);
}

static const struct panthor_mem_work panthor_mem_prefetch = {
	.ahead = panthor_mem_ask_for_pages,
	.piece = panthor_mem_read_pages,
};

static const struct panthor_mem_work panthor_mem_prefetch_and_validate = {
	.ahead = panthor_mem_ask_for_pages,
	.piece = panthor_mem_read_pages,
	.ready = panthor_mem_claim_ready,
};

/*
 * Prefetches the evicted BOs of the slice from @first on, up to the cap, and
 * validates those that are read. Returns the index of the first BO that was not
 * read; @error says why if it was to be.
 */
static u32 panthor_mem_claim_some(struct panthor_mem_claim_op *op, u32 first, int *error)
{
	bool only = op->args->flags & DRM_PANTHOR_MEM_CLAIM_PREFETCH_ONLY;
	u64 max = op->args->max_bytes, bytes = panthor_mem_claim_progress(op);
	struct panthor_mem_op *base = op->base;
	u32 i, last;
	int ret;

	for (last = first; last < base->bo_count; last++) {
		struct panthor_gem_object *bo = base->bos[last];

		if (max && bytes >= max)
			break;

		base->bytes[last] = 0;
		if (!panthor_mem_bo_evicted(bo))
			continue;

		/* It stays evicted, and is met again: mapped twice, by handle. */
		if (only) {
			if (!panthor_mem_first_visit(base, bo))
				continue;
			op->args->remaining_bytes += bo->base.size;
		}

		/* A prefetch counts what it reads, so that the next one gets on. */
		base->bytes[last] = panthor_mem_bytes_in_swap(bo);
		bytes += only ? base->bytes[last] : bo->base.size;
	}

	ret = panthor_mem_run_pieces(base, first, last, only ? &panthor_mem_prefetch :
				     &panthor_mem_prefetch_and_validate, op);

	*error = 0;
	for (i = first; i < last; i++) {
		if (base->bytes[i] && base->pages[i] < base->bos[i]->base.size >> PAGE_SHIFT) {
			*error = ret;
			break;
		}
		op->prefetched += base->bytes[i];
	}

	return i;
}

static void panthor_mem_claim_slice(struct panthor_mem_claim_op *op)
{
	struct panthor_mem_op *base = op->base;
	u32 first = 0;

	while (first < base->bo_count && !panthor_mem_claim_should_stop(op)) {
		int error;

		first = panthor_mem_claim_some(op, first, &error);
		/* After what was read before it is mapped, and counted. */
		if (error)
			panthor_mem_claim_fail(op, error);
	}

	/* Also when we were stopped: whoever stopped wants to know. */
	for (u32 i = 0; i < base->bo_count; i++) {
		if (panthor_mem_bo_evicted(base->bos[i]) &&
		    panthor_mem_first_visit(base, base->bos[i]))
			op->args->remaining_bytes += base->bos[i]->base.size;
	}
}

static void panthor_mem_claim_vm(struct panthor_mem_claim_op *op,
				 struct panthor_vm *vm)
{
	u64 va = 0;

	op->vm = vm;
	while (panthor_mem_next_vm_bos(op->base, vm, &va)) {
		panthor_mem_claim_slice(op);
		panthor_mem_put_bos(op->base);
	}
	op->vm = NULL;

	/* Where VM_BIND unmapped something meanwhile, we had the last reference. */
	drm_gpuvm_bo_deferred_cleanup(panthor_vm_gpuvm(vm));

	/* What was claimed is about to be used: last in line for the shrinker. */
	panthor_vm_reclaim_last(vm);
}

static int panthor_mem_claim_target(struct panthor_mem_claim_op *op)
{
	struct panthor_mem_target *target = &op->base->target;

	for (u32 i = 0; i < target->vm_count; i++)
		panthor_mem_claim_vm(op, target->vms[i]);

	for (u32 i = 0; i < target->file_count; i++) {
		int handle = 0;

		while (panthor_mem_next_file_bos(op->base, target->file_ids[i], &handle)) {
			panthor_mem_claim_slice(op);
			panthor_mem_put_bos(op->base);
		}
	}

	if (op->base->error)
		return op->base->error;

	if ((op->args->status & DRM_PANTHOR_MEM_STATUS_INTERRUPTED) &&
	    !panthor_mem_claim_progress(op))
		return -ERESTARTSYS;

	return 0;
}

/**
 * panthor_mem_claim() - Bring the evicted BOs of a process back
 * @ptdev: Device.
 * @pid: The process.
 * @args: Arguments. The outputs are filled.
 *
 * Return: 0, also when only a part was done; -ESRCH if the process has no file
 * of the device; -ERESTARTSYS if a signal came before anything was done;
 * -ENOMEM or -EIO if pages could not be brought back; -ETIMEDOUT if the MMU did
 * not answer; -ENODEV if the device was unplugged.
 */
int panthor_mem_claim(struct panthor_device *ptdev, struct pid *pid,
		      struct drm_panthor_mem_claim *args)
{
	struct panthor_mem_claim_op op = { .args = args };
	int ret;

	op.base = panthor_mem_begin(ptdev, pid);
	if (IS_ERR(op.base))
		return PTR_ERR(op.base);

	op.base->run = panthor_mem_run_alloc();
	if (!op.base->run) {
		panthor_mem_end(op.base);
		return -ENOMEM;
	}

	args->claimed_bytes = 0;
	args->remaining_bytes = 0;
	args->status = 0;

	panthor_mem_cancel_reclaims(op.base);
	trace_panthor_mem_claim_begin(ptdev, pid, args->flags, args->max_bytes);
	ret = panthor_mem_claim_target(&op);
	trace_panthor_mem_claim_end(ptdev, pid, args, ret,
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
 * Return: 0 on success, a negative errno as the uAPI header lists them.
 */
int panthor_ioctl_mem_claim(struct drm_device *ddev, void *data,
			    struct drm_file *file)
{
	struct panthor_device *ptdev = container_of(ddev, struct panthor_device, base);
	struct drm_panthor_mem_claim *args = data;
	struct pid *pid;
	int ret;

	ret = panthor_mem_check_args(args->flags, PANTHOR_MEM_CLAIM_FLAGS,
				     args->tgid, args->pad);
	if (ret)
		return ret;

	pid = panthor_mem_get_pid(args->tgid);
	if (!pid)
		return -ESRCH;

	ret = panthor_mem_claim(ptdev, pid, args);
	put_pid(pid);

	return ret;
}

#if IS_ENABLED(CONFIG_DRM_PANTHOR_KUNIT_TEST)
#include "tests/panthor_mem_claim_test.c"
#endif
