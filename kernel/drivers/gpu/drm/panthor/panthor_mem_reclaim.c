// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Reclaim: evict the BOs of the target, then write their pages to swap.
 *
 * Each slice of BOs goes through the same steps:
 *
 * 1. The references are taken (panthor_mem_target.c).
 * 2. Under its reservation lock it is decided whether a BO can go, and it is
 *    evicted by the shrinker's own function. Private BOs share the lock of their
 *    VM, and first lose their mappings, a batch at a time. The GPU was waited for
 *    earlier, with no lock held: a job can need that lock to finish.
 * 3. With no lock held, the pages are written to swap and freed.
 *
 * While we hold the reservation lock of a BO that is not pinned, nobody can map
 * it into another VM: VM_BIND pins the BO first. So what was found out about
 * the VMs that use it stays true until it is evicted.
 */

#include <linux/build_bug.h>
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/pagemap.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/swap.h>

#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gpuvm.h>
#include <drm/panthor_mem.h>

#include <kunit/static_stub.h>

#include "panthor_device.h"
#include "panthor_gem.h"
#include "panthor_mem.h"
#include "panthor_mem_pieces.h"
#include "panthor_mem_reclaim.h"
#include "panthor_mmu.h"
#include "panthor_trace.h"

#define PANTHOR_MEM_RECLAIM_FLAGS	(DRM_PANTHOR_MEM_RECLAIM_DRY_RUN | \
					 DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT)

static_assert(sizeof(struct drm_panthor_mem_reclaim) == 56);
static_assert(offsetof(struct drm_panthor_mem_reclaim, freed_bytes) == 24);

/* Tries for a BO whose locks are contended, each when they were free again. */
#define PANTHOR_MEM_EVICT_TRIES		10

/* How long a wait for the GPU goes on without a look for a claim. */
#define PANTHOR_MEM_WAIT_MS		20

/**
 * struct panthor_mem_reclaim_op - A running reclaim
 */
struct panthor_mem_reclaim_op {
	/** @base: Common part. */
	struct panthor_mem_op *base;

	/** @args: Arguments and results. */
	struct drm_panthor_mem_reclaim *args;

	/** @vm: VM whose BOs the slice holds, or NULL. */
	struct panthor_vm *vm;

	/** @locked: Reservation lock that we hold, or NULL. */
	struct dma_resv *locked;

	/** @slice_bytes: Bytes of this slice that are to be paged out. */
	u64 slice_bytes;
};

/* What goes out of the driver: tests put something else in its place. */
static long panthor_mem_free_swap(void)
{
	KUNIT_STATIC_STUB_REDIRECT(panthor_mem_free_swap);

	return get_nr_swap_pages();
}

static long panthor_mem_write_pages(struct panthor_gem_object *bo,
				    pgoff_t first, pgoff_t last)
{
	KUNIT_STATIC_STUB_REDIRECT(panthor_mem_write_pages, bo, first, last);

	return shmem_reclaim_range(bo->base.filp->f_mapping, first, last);
}

static long panthor_mem_free_written(struct panthor_gem_object *bo,
				     pgoff_t first, pgoff_t last)
{
	KUNIT_STATIC_STUB_REDIRECT(panthor_mem_free_written, bo, first, last);

	return shmem_reclaim_written(bo->base.filp->f_mapping, first, last);
}

static bool panthor_mem_dry_run(const struct panthor_mem_reclaim_op *op)
{
	return op->args->flags & DRM_PANTHOR_MEM_RECLAIM_DRY_RUN;
}

static bool panthor_mem_pages_out(const struct panthor_mem_reclaim_op *op)
{
	return !(op->args->flags & (DRM_PANTHOR_MEM_RECLAIM_DRY_RUN |
				    DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT));
}

static void panthor_mem_skip(struct panthor_mem_reclaim_op *op,
			     struct panthor_gem_object *bo, u32 status)
{
	op->args->skipped_bytes += bo->base.size;
	op->args->status |= status;
}

/* What max_bytes counts. */
static u64 panthor_mem_progress(const struct panthor_mem_reclaim_op *op)
{
	return panthor_mem_pages_out(op) ? op->args->freed_bytes :
					   op->args->evicted_bytes;
}

/* The same, once the slice at hand is paged out. */
static u64 panthor_mem_expected(const struct panthor_mem_reclaim_op *op)
{
	return panthor_mem_pages_out(op) ? op->args->freed_bytes + op->slice_bytes :
					   op->args->evicted_bytes;
}

/* Sets op->base->stop, and the reason, when the call is to end. */
static bool panthor_mem_should_stop(struct panthor_mem_reclaim_op *op)
{
	struct panthor_mem_op *base = op->base;

	if (base->stop)
		return true;

	if (drm_dev_is_unplugged(&base->target.ptdev->base)) {
		/* Its fences never signal: a wait would sit out the deadline. */
		base->error = -ENODEV;
		base->stop = true;
	} else if (signal_pending(current) || READ_ONCE(base->cancelled)) {
		op->args->status |= DRM_PANTHOR_MEM_STATUS_INTERRUPTED;
		base->stop = true;
	} else if (op->args->max_bytes && panthor_mem_progress(op) >= op->args->max_bytes) {
		op->args->status |= DRM_PANTHOR_MEM_STATUS_CAPPED;
		base->stop = true;
	} else if (panthor_mem_free_swap() <= 0) {
		op->args->status |= DRM_PANTHOR_MEM_STATUS_SWAP_FULL;
		base->stop = true;
	}

	return base->stop;
}

/*
 * No more is evicted at once than is asked for, or can be paged out: the rest
 * would leave the GPU for nothing. One BO always goes, to make progress.
 */
static bool panthor_mem_slice_full(const struct panthor_mem_reclaim_op *op)
{
	u64 max = op->args->max_bytes;

	if (!op->slice_bytes)
		return false;

	if (op->slice_bytes >= PANTHOR_MEM_SLICE_BYTES ||
	    (max && panthor_mem_expected(op) >= max))
		return true;

	return op->slice_bytes >= (u64)max(panthor_mem_free_swap(), 0L) << PAGE_SHIFT;
}

static void panthor_mem_unlock(struct panthor_mem_reclaim_op *op)
{
	if (op->locked)
		dma_resv_unlock(op->locked);
	op->locked = NULL;
}

/* Locks the reservation of @bo, if that is not what we hold. */
static int panthor_mem_lock(struct panthor_mem_reclaim_op *op,
			    struct panthor_gem_object *bo)
{
	struct dma_resv *resv = bo->base.resv;
	int ret;

	if (op->locked == resv)
		return 0;

	panthor_mem_unlock(op);
	ret = dma_resv_lock_interruptible(resv, NULL);
	if (ret)
		return ret;

	op->locked = resv;
	return 0;
}

static bool panthor_mem_bo_shared(struct panthor_mem_reclaim_op *op,
				  struct panthor_gem_object *bo)
{
	const struct panthor_mem_target *target = &op->base->target;
	bool resident = bo->backing.pages;
	struct drm_gpuvm_bo *vm_bo;
	bool shared = false;

	dma_resv_assert_held(bo->base.resv);

	mutex_lock(&bo->base.gpuva.lock);
	drm_gem_for_each_gpuvm_bo(vm_bo, &bo->base) {
		/* What was evicted from a VM before can be evicted again. */
		if (resident && vm_bo->evicted)
			continue;

		shared = !panthor_mem_target_has_vm(target, vm_bo->vm);
		if (shared)
			break;
	}
	mutex_unlock(&bo->base.gpuva.lock);

	return shared;
}

/*
 * A BO that was evicted before, by us or by the shrinker, and whose pages are
 * still in RAM. Returns how many bytes that is.
 */
static u64 panthor_mem_bo_cached(struct panthor_mem_reclaim_op *op,
				 struct panthor_gem_object *bo)
{
	if (!panthor_mem_bo_evicted(bo) || panthor_mem_bo_shared(op, bo))
		return 0;

	return (u64)READ_ONCE(bo->base.filp->f_mapping->nrpages) << PAGE_SHIFT;
}

/* Whether a resident BO can go; if not, @status says why. */
static bool panthor_mem_evictable(struct panthor_mem_reclaim_op *op,
				  struct panthor_gem_object *bo, u32 *status)
{
	dma_resv_assert_held(bo->base.resv);

	*status = 0;
	if (refcount_read(&bo->backing.pin_count))
		*status = DRM_PANTHOR_MEM_STATUS_PINNED;
	else if (!dma_resv_test_signaled(bo->base.resv, DMA_RESV_USAGE_BOOKKEEP))
		*status = DRM_PANTHOR_MEM_STATUS_BUSY;
	else if (panthor_mem_bo_shared(op, bo))
		*status = DRM_PANTHOR_MEM_STATUS_SHARED;

	return !*status;
}

/* Returns the bytes of @bo that are to be paged out now. */
static u64 panthor_mem_evict_bo(struct panthor_mem_reclaim_op *op,
				struct panthor_gem_object *bo, bool *again)
{
	struct panthor_mem_op *base = op->base;
	u32 status;
	int ret;

	dma_resv_assert_held(bo->base.resv);

	if (!bo->backing.pages) {
		if (!(op->args->flags & DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT))
			return panthor_mem_bo_cached(op, bo);
		return 0;
	}

	if (!panthor_mem_evictable(op, bo, &status)) {
		panthor_mem_skip(op, bo, status);
		return 0;
	}

	if (panthor_mem_dry_run(op))
		return bo->base.size;

	ret = panthor_gem_evict(&bo->base, PANTHOR_GEM_EXPLICIT);
	if (ret == -EDEADLK || ret == -EAGAIN) {
		*again = true;
		return 0;
	}
	if (ret) {
		base->error = ret;
		base->stop = true;
		return 0;
	}

	return bo->base.size;
}

/* Waits for those who have locks that evicting only tries. */
static int panthor_mem_wait_unlocked(struct panthor_mem_reclaim_op *op)
{
	const struct panthor_mem_target *target = &op->base->target;
	int ret = 0;

	for (u32 i = 0; i < target->vm_count && !ret; i++)
		ret = panthor_vm_wait_unlocked(target->vms[i]);

	return ret;
}

static int panthor_mem_try_bo(struct panthor_mem_reclaim_op *op,
			      struct panthor_gem_object *bo, u64 *bytes)
{
	for (int i = 0; i < PANTHOR_MEM_EVICT_TRIES; i++) {
		bool again = false;
		int ret;

		ret = panthor_mem_lock(op, bo);
		if (ret)
			return ret;

		*bytes = panthor_mem_evict_bo(op, bo, &again);
		if (!again)
			return 0;

		panthor_mem_unlock(op);
		ret = panthor_mem_wait_unlocked(op);
		if (ret)
			return ret;
	}

	/* Somebody is working on it all the time. */
	panthor_mem_skip(op, bo, DRM_PANTHOR_MEM_STATUS_BUSY);
	return 0;
}

/*
 * Tears down the mappings of the next private BOs with one update of the MMU.
 * What it leaves out, evicting does. Returns the index to go on from.
 */
static u32 panthor_mem_unmap_ahead(struct panthor_mem_reclaim_op *op, u32 first)
{
	struct panthor_mem_op *base = op->base;
	u64 left = min(PANTHOR_MEM_BATCH_BYTES, PANTHOR_MEM_SLICE_BYTES - op->slice_bytes);
	u64 max = op->args->max_bytes;
	u32 i, count = 0, status;
	int ret;

	/* Others get a chance between two batches. */
	panthor_mem_unlock(op);
	cond_resched();

	if (!op->vm || base->bos[first]->base.resv != panthor_vm_resv(op->vm) ||
	    panthor_mem_dry_run(op) || panthor_mem_lock(op, base->bos[first]))
		return first + 1;

	/* What is behind the cap stays mapped. */
	if (max)
		left = min(left, max - min(max, panthor_mem_expected(op)));

	for (i = first; i < base->bo_count && left && count < PANTHOR_MEM_BATCH_BOS; i++) {
		struct panthor_gem_object *bo = base->bos[i];

		if (bo->base.resv != op->locked)
			break;
		if (!bo->backing.pages || !panthor_mem_evictable(op, bo, &status))
			continue;

		base->batch[count++] = bo;
		left -= min(left, bo->base.size);
	}

	ret = count > 1 ? panthor_vm_evict_mappings(op->vm, base->batch, count) : 0;
	if (ret) {
		base->error = ret;
		base->stop = true;
	}

	return max(i, first + 1);
}

/*
 * Evicts the BOs of the slice, from @first on, and notes which are to be paged
 * out. Returns the index of the first BO that was not looked at.
 */
static u32 panthor_mem_evict_slice(struct panthor_mem_reclaim_op *op, u32 first)
{
	struct panthor_mem_op *base = op->base;
	u32 i, unmapped = first;

	op->slice_bytes = 0;
	for (i = first; i < base->bo_count; i++) {
		struct panthor_gem_object *bo = base->bos[i];

		base->bytes[i] = 0;
		if (base->stop || panthor_mem_slice_full(op))
			break;

		if (i == unmapped)
			unmapped = panthor_mem_unmap_ahead(op, i);
		if (base->stop)
			break;

		if (!panthor_mem_first_visit(base, bo))
			continue;

		if (panthor_mem_try_bo(op, bo, &base->bytes[i])) {
			op->args->status |= DRM_PANTHOR_MEM_STATUS_INTERRUPTED;
			base->stop = true;
			break;
		}

		op->slice_bytes += base->bytes[i];
		op->args->evicted_bytes += base->bytes[i];
	}
	panthor_mem_unlock(op);

	return i;
}

static const struct panthor_mem_work panthor_mem_write_out = {
	.piece = panthor_mem_write_pages,
};

/* Nobody would ever find again what is left behind here. */
static const struct panthor_mem_work panthor_mem_collect = {
	.piece = panthor_mem_free_written,
	.finish = true,
};

/* Counts what was freed. Returns true if some of it is missing. */
static bool panthor_mem_count_freed(struct panthor_mem_reclaim_op *op, u32 first, u32 last)
{
	struct panthor_mem_op *base = op->base;
	bool missing = false;

	for (u32 i = first; i < last; i++) {
		/* Pages that someone brought back meanwhile can be freed twice. */
		u64 freed = min(base->pages[i] << PAGE_SHIFT, base->bytes[i]);

		op->args->freed_bytes += freed;
		base->bytes[i] -= freed;
		missing |= base->bytes[i];
	}

	return missing;
}

/* A disk gets all of the slice to write before the first of it is waited for. */
static void panthor_mem_page_out(struct panthor_mem_reclaim_op *op, u32 first, u32 last)
{
	panthor_mem_run_pieces(op->base, first, last, &panthor_mem_write_out, NULL);
	if (!panthor_mem_count_freed(op, first, last))
		return;

	panthor_mem_run_pieces(op->base, first, last, &panthor_mem_collect, NULL);
	panthor_mem_count_freed(op, first, last);
}

static void panthor_mem_reclaim_slice(struct panthor_mem_reclaim_op *op)
{
	struct panthor_mem_op *base = op->base;
	u32 first = 0, next;

	while (first < base->bo_count && !panthor_mem_should_stop(op)) {
		int cookie;

		/* Not over the I/O: an unplug waits for this. */
		if (!drm_dev_enter(&base->target.ptdev->base, &cookie)) {
			base->error = -ENODEV;
			base->stop = true;
			break;
		}
		next = panthor_mem_evict_slice(op, first);
		drm_dev_exit(cookie);

		/* What is evicted is paged out, also when we are to stop. */
		if (panthor_mem_pages_out(op))
			panthor_mem_page_out(op, first, next);
		first = next;
		cond_resched();
	}
}

/* Counts what a busy VM keeps. */
static void panthor_mem_skip_slice(struct panthor_mem_reclaim_op *op)
{
	struct panthor_mem_op *base = op->base;

	for (u32 i = 0; i < base->bo_count; i++) {
		struct panthor_gem_object *bo = base->bos[i];

		if (!panthor_mem_first_visit(base, bo) || !panthor_gem_is_resident(bo))
			continue;

		panthor_mem_skip(op, bo, refcount_read(&bo->backing.pin_count) ?
				 DRM_PANTHOR_MEM_STATUS_PINNED : DRM_PANTHOR_MEM_STATUS_BUSY);
	}
}

static bool panthor_mem_vm_idle(struct panthor_vm *vm)
{
	return dma_resv_test_signaled(panthor_vm_resv(vm), DMA_RESV_USAGE_BOOKKEEP);
}

/*
 * Waits, with no lock held, until the work that a VM had when the call started
 * is done, or until the deadline. Later work is not waited for: it says that
 * the process is not in the background.
 */
static bool panthor_mem_wait(struct panthor_mem_reclaim_op *op,
			     struct dma_fence *work)
{
	while (work && !dma_fence_is_signaled(work)) {
		s64 now = ktime_get_ns(), left;

		if (panthor_mem_dry_run(op) || op->args->deadline_ns <= now ||
		    panthor_mem_should_stop(op))
			return false;

		/* Not below: a deadline long ago is as far from now as it gets. */
		left = op->args->deadline_ns - now;
		left = min_t(s64, left, PANTHOR_MEM_WAIT_MS * NSEC_PER_MSEC);
		/* How it ended is looked at on top: idle, a signal, a claim. */
		dma_fence_wait_timeout(work, true, nsecs_to_jiffies(left) + 1);
	}

	return true;
}

/* @work: what the VM had to do when the call started, or NULL. */
static void panthor_mem_reclaim_vm(struct panthor_mem_reclaim_op *op,
				   struct panthor_vm *vm, struct dma_fence *work)
{
	bool waited = panthor_mem_wait(op, work);
	u64 va = 0;

	op->vm = vm;
	while (!op->base->stop && panthor_mem_next_vm_bos(op->base, vm, &va)) {
		if (!waited) {
			panthor_mem_skip_slice(op);
		} else if (panthor_mem_vm_idle(vm)) {
			panthor_mem_reclaim_slice(op);
		} else {
			/* New work. What it uses is not counted as skipped. */
			op->args->status |= DRM_PANTHOR_MEM_STATUS_BUSY;
			op->base->stop = true;
		}
		panthor_mem_put_bos(op->base);
	}
	op->vm = NULL;
}

static void panthor_mem_reclaim_vms(struct panthor_mem_reclaim_op *op)
{
	struct panthor_mem_target *target = &op->base->target;
	struct dma_fence **work;
	u32 i;

	work = kvcalloc(target->vm_count, sizeof(*work), GFP_KERNEL);
	if (target->vm_count && !work) {
		op->base->error = -ENOMEM;
		op->base->stop = true;
		return;
	}

	for (i = 0; i < target->vm_count && !op->base->stop; i++) {
		op->base->error = dma_resv_get_singleton(panthor_vm_resv(target->vms[i]),
							 DMA_RESV_USAGE_BOOKKEEP, &work[i]);
		op->base->stop = op->base->error;
	}

	for (i = 0; i < target->vm_count && !panthor_mem_should_stop(op); i++)
		panthor_mem_reclaim_vm(op, target->vms[i], work[i]);

	for (i = 0; i < target->vm_count; i++)
		dma_fence_put(work[i]);
	kvfree(work);
}

/* BOs that no VM maps: mmapped ones, and such that were used before. */
static void panthor_mem_reclaim_files(struct panthor_mem_reclaim_op *op)
{
	struct panthor_mem_target *target = &op->base->target;

	for (u32 i = 0; i < target->file_count && !panthor_mem_should_stop(op); i++) {
		int handle = 0;

		while (!op->base->stop &&
		       panthor_mem_next_file_bos(op->base, target->file_ids[i], &handle)) {
			panthor_mem_reclaim_slice(op);
			panthor_mem_put_bos(op->base);
		}
	}
}

static int panthor_mem_reclaim_target(struct panthor_mem_reclaim_op *op)
{
	/* Without swap nothing can be freed, only slowed down. */
	if (panthor_mem_free_swap() <= 0)
		return -ENOSPC;

	panthor_mem_reclaim_vms(op);
	panthor_mem_reclaim_files(op);

	if (op->base->error)
		return op->base->error;

	if (signal_pending(current) && (op->args->status & DRM_PANTHOR_MEM_STATUS_INTERRUPTED) &&
	    !op->args->evicted_bytes && !op->args->freed_bytes)
		return -ERESTARTSYS;

	return 0;
}

/**
 * panthor_mem_reclaim() - Evict and page out the BOs of a process
 * @ptdev: Device.
 * @pid: The process.
 * @args: Arguments. The outputs are filled.
 *
 * Return: 0, also when only a part was done; -ESRCH if the process has no file
 * of the device; -ENOSPC if no swap is free; -ERESTARTSYS if a signal came
 * before anything was done; -ENOMEM; -ETIMEDOUT if the MMU did not answer;
 * -ENODEV if the device was unplugged.
 */
int panthor_mem_reclaim(struct panthor_device *ptdev, struct pid *pid,
			struct drm_panthor_mem_reclaim *args)
{
	struct panthor_mem_reclaim_op op = { .args = args };
	int ret;

	op.base = panthor_mem_begin(ptdev, pid);
	if (IS_ERR(op.base))
		return PTR_ERR(op.base);

	op.base->run = panthor_mem_run_alloc();
	if (!op.base->run) {
		panthor_mem_end(op.base);
		return -ENOMEM;
	}

	args->freed_bytes = 0;
	args->evicted_bytes = 0;
	args->skipped_bytes = 0;
	args->status = 0;

	panthor_mem_allow_cancel(op.base);
	trace_panthor_mem_reclaim_begin(ptdev, pid, args->flags, args->max_bytes);
	ret = panthor_mem_reclaim_target(&op);
	trace_panthor_mem_reclaim_end(ptdev, pid, args, ret,
				      ktime_get_ns() - op.base->started);
	panthor_mem_end(op.base);

	return ret;
}

/**
 * panthor_ioctl_mem_reclaim() - DRM_IOCTL_PANTHOR_MEM_RECLAIM
 * @ddev: Device.
 * @data: &struct drm_panthor_mem_reclaim.
 * @file: File that the ioctl was issued on.
 *
 * Return: 0 on success, a negative errno as the uAPI header lists them.
 */
int panthor_ioctl_mem_reclaim(struct drm_device *ddev, void *data,
			      struct drm_file *file)
{
	struct panthor_device *ptdev = container_of(ddev, struct panthor_device, base);
	struct drm_panthor_mem_reclaim *args = data;
	struct pid *pid;
	int ret;

	ret = panthor_mem_check_args(args->flags, PANTHOR_MEM_RECLAIM_FLAGS,
				     args->tgid, args->pad);
	if (ret)
		return ret;

	pid = panthor_mem_get_pid(args->tgid);
	if (!pid)
		return -ESRCH;

	ret = panthor_mem_reclaim(ptdev, pid, args);
	put_pid(pid);

	return ret;
}

#if IS_ENABLED(CONFIG_DRM_PANTHOR_KUNIT_TEST)
#include "tests/panthor_mem_reclaim_test.c"
#endif
