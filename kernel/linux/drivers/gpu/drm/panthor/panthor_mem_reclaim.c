// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Reclaim: evict the BOs of the target, then write their pages to swap.
 *
 * Each slice of BOs goes through the same steps:
 *
 * 1. References to the BOs are taken (panthor_mem_target.c).
 * 2. Under the reservation lock of each BO, the reclaim checks whether it can be
 *    evicted, and evicts it with the shrinker's own function. Private BOs share
 *    the lock of their VM, and are first unmapped, a batch at a time. The wait for
 *    the GPU comes earlier, with no lock held: a job can need that lock to finish.
 * 3. With no lock held, the pages are written to swap and freed.
 *
 * A reclaim checks for a claim and for new work of its target under the lock of each
 * batch, between slices, and while pages are written. A submit is counted under the
 * lock of its VM before it brings anything back. So a batch evicts nothing that a
 * submit has brought back, and the next batch finds that there was a submit.
 *
 * While we hold the reservation lock of a BO that is not pinned, it cannot be
 * mapped into another VM: VM_BIND pins the BO first. So the check of which VMs
 * map it stays valid until it is evicted.
 */

#include <linux/bitmap.h>
#include <linux/build_bug.h>
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/folio_batch.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/swap.h>

#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gpuvm.h>
#include <drm/panthor_drm.h>

#include <kunit/static_stub.h>

#include "panthor_device.h"
#include "panthor_gem.h"
#include "panthor_mem.h"
#include "panthor_mem_pieces.h"
#include "panthor_mem_reclaim.h"
#include "panthor_mem_select.h"
#include "panthor_mmu.h"
#include "panthor_trace.h"

#define PANTHOR_MEM_RECLAIM_FLAGS	(DRM_PANTHOR_MEM_RECLAIM_DRY_RUN | \
					 DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT)

static_assert(sizeof(struct drm_panthor_mem_reclaim) == 64);
static_assert(offsetof(struct drm_panthor_mem_reclaim, target) == 8);
static_assert(offsetof(struct drm_panthor_mem_reclaim, freed_bytes) == 32);

/* Pages of free swap that can be unavailable, because other CPUs have reserved them. */
#define PANTHOR_MEM_LITTLE_SWAP		(SZ_1M >> PAGE_SHIFT)

/* A wait for the GPU checks for a claim this often. */
#define PANTHOR_MEM_WAIT_MS		20

/* Calls out of the driver, which tests replace. */
static long panthor_mem_free_swap(void)
{
	KUNIT_STATIC_STUB_REDIRECT(panthor_mem_free_swap);

	return get_nr_swap_pages();
}

static u64 panthor_mem_swap_room(struct panthor_gem_object *bo)
{
	KUNIT_STATIC_STUB_REDIRECT(panthor_mem_swap_room, bo);

	return (u64)max(shmem_swap_room(bo->base.filp->f_mapping), 0L) << PAGE_SHIFT;
}

static u64 panthor_mem_bytes_in_ram(struct panthor_gem_object *bo)
{
	KUNIT_STATIC_STUB_REDIRECT(panthor_mem_bytes_in_ram, bo);

	return (u64)shmem_pages_in_ram(bo->base.filp->f_mapping) << PAGE_SHIFT;
}

static long panthor_mem_write_pages(void *data, struct panthor_gem_object *bo,
				    pgoff_t first, pgoff_t last)
{
	struct panthor_mem_reclaim_op *op = data;
	unsigned long missed = 0;
	long freed;

	KUNIT_STATIC_STUB_REDIRECT(panthor_mem_write_pages, data, bo, first, last);

	freed = shmem_reclaim_range(bo->base.filp->f_mapping, first, last, &missed);
	atomic_long_add(missed, &op->missed);
	return freed;
}

static long panthor_mem_free_written(void *data, struct panthor_gem_object *bo,
				     pgoff_t first, pgoff_t last)
{
	struct panthor_mem_reclaim_op *op = data;
	unsigned long missed = 0;
	long freed;

	KUNIT_STATIC_STUB_REDIRECT(panthor_mem_free_written, data, bo, first, last);

	freed = shmem_reclaim_written(bo->base.filp->f_mapping, first, last, &missed);
	atomic_long_add(missed, &op->missed);
	return freed;
}

static void panthor_mem_reclaim_clear(struct drm_panthor_mem_reclaim *args)
{
	args->freed_bytes = 0;
	args->evicted_bytes = 0;
	args->skipped_bytes = 0;
	args->status = 0;
}

static bool panthor_mem_reclaim_pages_out(const struct panthor_mem_reclaim_op *op)
{
	return !(op->args->flags & (DRM_PANTHOR_MEM_RECLAIM_DRY_RUN |
				    DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT));
}

static void panthor_mem_reclaim_skip(struct panthor_mem_reclaim_op *op,
				     struct panthor_gem_object *bo, u32 status)
{
	op->args->skipped_bytes += bo->base.size;
	op->args->status |= status;
}

/* The bytes that max_bytes limits. */
static u64 panthor_mem_reclaim_progress(const struct panthor_mem_reclaim_op *op)
{
	return panthor_mem_reclaim_pages_out(op) ? op->args->freed_bytes :
					   op->args->evicted_bytes;
}

/**
 * panthor_mem_reclaim_expected() - Get the progress once the slice is paged out
 * @op: Reclaim.
 *
 * Return: A number of bytes to compare with the cap.
 */
u64 panthor_mem_reclaim_expected(const struct panthor_mem_reclaim_op *op)
{
	return panthor_mem_reclaim_pages_out(op) ? op->args->freed_bytes + op->slice_bytes :
					   op->args->evicted_bytes;
}

/**
 * panthor_mem_reclaim_should_stop() - Check whether the call must end
 * @op: Reclaim. Its status or error says why, if it must end.
 *
 * Return: true if it must end.
 */
bool panthor_mem_reclaim_should_stop(struct panthor_mem_reclaim_op *op)
{
	struct panthor_mem_op *base = op->base;

	if (base->stop)
		return true;

	if (drm_dev_is_unplugged(&base->target.ptdev->base)) {
		/* Its fences never signal: a wait would last until the deadline. */
		base->error = -ENODEV;
		base->stop = true;
	} else if (signal_pending(current) || READ_ONCE(base->cancelled)) {
		op->args->status |= DRM_PANTHOR_MEM_STATUS_INTERRUPTED;
		base->stop = true;
	} else if (panthor_mem_ends_early(base)) {
		/* What the new work uses is not counted as skipped. */
		op->args->status |= DRM_PANTHOR_MEM_STATUS_BUSY;
		base->stop = true;
	} else if (op->args->max_bytes && panthor_mem_reclaim_progress(op) >= op->args->max_bytes) {
		op->args->status |= DRM_PANTHOR_MEM_STATUS_CAPPED;
		base->stop = true;
	} else if (panthor_mem_free_swap() <= 0) {
		op->args->status |= DRM_PANTHOR_MEM_STATUS_SWAP_FULL;
		base->stop = true;
	}

	return base->stop;
}

/**
 * panthor_mem_reclaim_unwritten() - Get what is evicted but not written yet
 * @op: Reclaim.
 *
 * Return: A number of bytes. Without pageout that is all that was evicted, because
 * the driver does not know what is written later.
 */
u64 panthor_mem_reclaim_unwritten(const struct panthor_mem_reclaim_op *op)
{
	return panthor_mem_reclaim_pages_out(op) ? op->slice_bytes : op->args->evicted_bytes;
}

/**
 * panthor_mem_reclaim_may_swap() - Check whether the cgroup of a BO allows the swap
 * @op: Reclaim.
 * @bo: BO. The limits are those of the cgroup that is charged for its pages.
 * @bytes: Number of bytes to swap.
 *
 * Whether the machine has free swap is checked elsewhere.
 *
 * Return: true if the cgroup allows it.
 */
bool panthor_mem_reclaim_may_swap(const struct panthor_mem_reclaim_op *op,
				  struct panthor_gem_object *bo, u64 bytes)
{
	u64 room = panthor_mem_swap_room(bo);

	return room >= bytes || room >= (u64)max(panthor_mem_free_swap(), 0L) << PAGE_SHIFT;
}

/*
 * A slice evicts no more than was asked for or can be paged out: the rest would lose
 * its mappings for nothing. It always takes one BO, to make progress.
 */
static bool panthor_mem_slice_full(const struct panthor_mem_reclaim_op *op,
				   struct panthor_gem_object *next)
{
	u64 max = op->args->max_bytes;

	if (!op->slice_bytes)
		return false;

	if (op->slice_bytes >= PANTHOR_MEM_SLICE_BYTES ||
	    (max && panthor_mem_reclaim_expected(op) >= max))
		return true;

	if (op->slice_bytes >= (u64)max(panthor_mem_free_swap(), 0L) << PAGE_SHIFT)
		return true;

	/* What is evicted already is checked when it is selected for pageout. */
	return panthor_mem_reclaim_pages_out(op) && panthor_gem_is_resident(next) &&
	       !panthor_mem_reclaim_may_swap(op, next, op->slice_bytes + next->base.size);
}

/**
 * panthor_mem_reclaim_unlock() - Drop the reservation lock that a reclaim holds
 * @op: Reclaim. It may hold none.
 */
void panthor_mem_reclaim_unlock(struct panthor_mem_reclaim_op *op)
{
	if (op->locked)
		dma_resv_unlock(op->locked);
	op->locked = NULL;
}

/*
 * Returns true if the call must end before it evicts anything more. No new work can come
 * while the lock of the VM is held. A claim can, but waits until the call stops evicting.
 */
static bool panthor_mem_must_yield(const struct panthor_mem_reclaim_op *op)
{
	return READ_ONCE(op->base->cancelled) ||
	       (op->base->vm && panthor_mem_vm_has_new_work(op->base, op->vm_index));
}

/**
 * panthor_mem_reclaim_lock() - Lock the reservation of a BO
 * @op: Reclaim. Any other lock that it holds is dropped.
 * @bo: BO.
 *
 * Return: 0 or a negative errno of panthor_mem_pause().
 */
int panthor_mem_reclaim_lock(struct panthor_mem_reclaim_op *op, struct panthor_gem_object *bo)
{
	struct dma_resv *resv = bo->base.resv;
	int ret;

	if (op->locked != resv) {
		panthor_mem_reclaim_unlock(op);
		ret = panthor_mem_lock_resv(op->base, resv);
		if (ret)
			return ret;
		op->locked = resv;
	}

	if (panthor_mem_must_yield(op)) {
		panthor_mem_reclaim_unlock(op);
		return -ECANCELED;
	}

	return 0;
}

/* Ends the call, unless the error is a lock that is contended after the deadline. */
static void panthor_mem_reclaim_lock_failed(struct panthor_mem_reclaim_op *op, int error)
{
	struct panthor_mem_op *base = op->base;

	switch (error) {
	case -EBUSY:
		op->args->status |= DRM_PANTHOR_MEM_STATUS_BUSY;
		break;
	case -EINTR:
		op->args->status |= DRM_PANTHOR_MEM_STATUS_INTERRUPTED;
		base->stop = true;
		break;
	case -ECANCELED:
		op->args->status |= READ_ONCE(base->cancelled) ?
				    DRM_PANTHOR_MEM_STATUS_INTERRUPTED :
				    DRM_PANTHOR_MEM_STATUS_BUSY;
		base->stop = true;
		break;
	default:
		base->error = error;
		base->stop = true;
		break;
	}
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
		/* A VM that has lost its mappings already loses nothing more. */
		if (resident && vm_bo->evicted)
			continue;

		shared = !panthor_mem_target_has_vm(target, vm_bo->vm);
		if (shared)
			break;
	}
	mutex_unlock(&bo->base.gpuva.lock);

	return shared;
}

/**
 * panthor_mem_reclaim_evictable() - Check whether a resident BO can be evicted
 * @op: Reclaim.
 * @bo: BO. Its reservation lock is held.
 * @status: Out: &enum drm_panthor_mem_status that says why not, or 0.
 *
 * Return: true if it can.
 */
bool panthor_mem_reclaim_evictable(struct panthor_mem_reclaim_op *op,
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

/*
 * Selects for pageout what is still in RAM of a BO that was evicted before, by a call
 * or by the shrinker. A BO that another call has evicted since this one began is left
 * to that call, which counts it. The pages are counted without locks, because that
 * takes long for a large BO.
 */
static void panthor_mem_take_cached(struct panthor_mem_reclaim_op *op,
				    struct panthor_gem_object *bo, u32 i)
{
	bool by_us = bo->mem_evicted_by == op->base->ticket;
	u64 bytes;

	if (!by_us && bo->mem_evicted_at >= op->base->ticket)
		return;

	panthor_mem_reclaim_unlock(op);
	bytes = panthor_mem_bytes_in_ram(bo);
	if (!bytes)
		return;

	/* The swap device refused it the last time, or the cgroup may not swap. */
	if ((panthor_mem_reclaim_is_dry(op) && READ_ONCE(bo->mem_refused)) ||
	    !panthor_mem_reclaim_may_swap(op, bo, PAGE_SIZE)) {
		op->args->status |= DRM_PANTHOR_MEM_STATUS_SWAP_REFUSED;
		return;
	}

	if (panthor_mem_reclaim_is_dry(op)) {
		op->args->evicted_bytes += bytes;
		return;
	}

	/* The reclaim that is paging it out counts it. */
	if (atomic_xchg(&bo->mem_paging, 1))
		return;

	__set_bit(i, op->ours);
	if (READ_ONCE(bo->mem_evicted_by) != op->base->ticket)
		bo->mem_unfreed = 0;
	op->base->bytes[i] = bytes;
	op->slice_bytes += bytes;
}

/*
 * Evicts a resident BO. Returns 0 if it was evicted or skipped, -EDEADLK if a lock is
 * contended, -EAGAIN if it has to be called again, or an error that ends the call.
 */
static int panthor_mem_evict_bo(struct panthor_mem_reclaim_op *op,
				struct panthor_gem_object *bo, u32 i)
{
	bool ours = false;
	u32 status;
	int ret;

	dma_resv_assert_held(bo->base.resv);

	if (!panthor_mem_reclaim_evictable(op, bo, &status)) {
		panthor_mem_reclaim_skip(op, bo, status);
		return 0;
	}

	if (!panthor_mem_reclaim_may_swap(op, bo, panthor_mem_reclaim_unwritten(op) +
					  bo->base.size)) {
		panthor_mem_reclaim_skip(op, bo, DRM_PANTHOR_MEM_STATUS_SWAP_REFUSED);
		return 0;
	}

	if (panthor_mem_reclaim_is_dry(op)) {
		op->slice_bytes += bo->base.size;
		op->args->evicted_bytes += bo->base.size;
		return 0;
	}

	if (panthor_mem_reclaim_pages_out(op)) {
		/* Another reclaim is still paging it out, although it has come back since. */
		if (atomic_xchg(&bo->mem_paging, 1)) {
			panthor_mem_reclaim_skip(op, bo, DRM_PANTHOR_MEM_STATUS_BUSY);
			return 0;
		}
		ours = true;
	}

	ret = panthor_gem_evict(&bo->base, PANTHOR_GEM_EXPLICIT);
	if (ret) {
		if (ours)
			atomic_set(&bo->mem_paging, 0);
		return ret;
	}

	WRITE_ONCE(bo->mem_refused, false);
	WRITE_ONCE(bo->mem_evicted_by, op->base->ticket);
	bo->mem_evicted_at = atomic64_read(&op->base->target.ptdev->mem.ticket);
	if (ours) {
		__set_bit(i, op->ours);
		bo->mem_unfreed = bo->base.size;
	}
	op->base->bytes[i] = bo->base.size;
	op->slice_bytes += bo->base.size;
	op->args->evicted_bytes += bo->base.size;

	return 0;
}

/* Evicts BO @i, or selects it for pageout. Returns the same as panthor_mem_evict_bo(). */
static int panthor_mem_take_bo(struct panthor_mem_reclaim_op *op, u32 i)
{
	struct panthor_gem_object *bo = op->base->bos[i];

	if (bo->backing.pages)
		return panthor_mem_evict_bo(op, bo, i);

	if (!(op->args->flags & DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT) &&
	    panthor_mem_bo_evicted(bo) && !panthor_mem_bo_shared(op, bo))
		panthor_mem_take_cached(op, bo, i);

	return 0;
}

static void panthor_mem_try_bo(struct panthor_mem_reclaim_op *op, u32 i)
{
	struct panthor_gem_object *bo = op->base->bos[i];
	u32 us = 0;
	int ret;

	do {
		ret = panthor_mem_reclaim_lock(op, bo);
		if (ret)
			break;

		ret = panthor_mem_take_bo(op, i);
		if (ret == -EDEADLK) {
			panthor_mem_reclaim_unlock(op);
			ret = panthor_mem_pause(op->base, &us) ?: -EAGAIN;
		} else if (ret == -EAGAIN) {
			/* It has many mappings: let others take the lock in between. */
			panthor_mem_reclaim_unlock(op);
			cond_resched();
			if (signal_pending(current))
				ret = -EINTR;
		}
	} while (ret == -EAGAIN);

	if (ret == -EBUSY && panthor_gem_is_resident(bo))
		panthor_mem_reclaim_skip(op, bo, DRM_PANTHOR_MEM_STATUS_BUSY);
	else if (ret)
		panthor_mem_reclaim_lock_failed(op, ret);
}

/*
 * Evicts the BOs of the slice, from @first on, and selects those to page out.
 * Returns the index of the first BO that was not visited.
 */
static u32 panthor_mem_evict_slice(struct panthor_mem_reclaim_op *op, u32 first)
{
	struct panthor_mem_op *base = op->base;
	u32 i, unmapped = first;

	op->slice_bytes = 0;
	bitmap_zero(op->ours, PANTHOR_MEM_SLICE_BOS);
	for (i = first; i < base->bo_count; i++) {
		base->bytes[i] = 0;
		if (base->stop || signal_pending(current) ||
		    panthor_mem_slice_full(op, base->bos[i]))
			break;

		if (i == unmapped)
			unmapped = panthor_mem_unmap_batch(op, i);
		if (base->stop)
			break;

		if (panthor_mem_first_visit(base, base->bos[i]))
			panthor_mem_try_bo(op, i);
	}
	panthor_mem_reclaim_unlock(op);

	return i;
}

static const struct panthor_mem_work panthor_mem_write_out = {
	.piece = panthor_mem_write_pages,
};

/* A signal does not end this: what has been written but not freed would stay in RAM. */
static const struct panthor_mem_work panthor_mem_collect = {
	.piece = panthor_mem_free_written,
	.killable = true,
};

/* Counts what was freed. Returns how many bytes were not. */
static u64 panthor_mem_count_freed(struct panthor_mem_reclaim_op *op, u32 first, u32 end)
{
	struct panthor_mem_op *base = op->base;
	u64 missing = 0;

	for (u32 i = first; i < end; i++) {
		struct panthor_gem_object *bo = base->bos[i];
		u64 freed, counted;

		if (!base->bytes[i])
			continue;

		/* Pages that were brought back meanwhile can be freed twice. */
		freed = min(base->pages[i] << PAGE_SHIFT, base->bytes[i]);
		op->args->freed_bytes += freed;

		/* The rest was evicted before the call, or again since its first visit. */
		counted = min(freed, bo->mem_unfreed);
		bo->mem_unfreed -= counted;
		op->args->evicted_bytes += freed - counted;

		base->bytes[i] -= freed;
		missing += base->bytes[i];
		if (freed && !base->bytes[i])
			WRITE_ONCE(bo->mem_refused, false);
	}

	return missing;
}

/* Returns how many bytes were not freed, or 0 if no other pass may follow. */
static u64 panthor_mem_page_out_pass(struct panthor_mem_reclaim_op *op, u32 first, u32 end,
				     const struct panthor_mem_work *work)
{
	u64 missing;

	panthor_mem_run_pieces(op->base, first, end, work, op);
	missing = panthor_mem_count_freed(op, first, end);

	/* Nothing else sets the status after the last slice. */
	if (panthor_mem_ends_early(op->base))
		panthor_mem_reclaim_should_stop(op);

	return panthor_mem_ends_early(op->base) || fatal_signal_pending(current) ? 0 : missing;
}

static void panthor_mem_empty_batches(void)
{
	KUNIT_STATIC_STUB_REDIRECT(panthor_mem_empty_batches);

	shmem_reclaim_drain();
}

/*
 * Returns above how many missed pages the batches are emptied again, after that has
 * reduced the number from @before to @after.
 *
 * Folios in a batch of another CPU cannot be isolated. Emptying the batches of all CPUs
 * is expensive, and a folio with any other reference looks the same. So a call does it
 * once for a few pages, and again only for more than one batch, while that helps.
 */
static long panthor_mem_drain_again(long before, long after)
{
	return before > FOLIO_BATCH_SIZE && after > before / 2 ? LONG_MAX : FOLIO_BATCH_SIZE;
}

/*
 * Pages were not freed, although nothing ended the call or brought their BOs back. If
 * swap has room, the device has refused them.
 */
static void panthor_mem_look_for_refusal(struct panthor_mem_reclaim_op *op, u32 first, u32 end)
{
	struct panthor_mem_op *base = op->base;
	u64 others = (u64)atomic_long_read(&op->missed) << PAGE_SHIFT, refused = 0;

	if (signal_pending(current) || panthor_mem_free_swap() < PANTHOR_MEM_LITTLE_SWAP)
		return;

	for (u32 i = first; i < end; i++) {
		struct panthor_gem_object *bo = base->bos[i];

		if (!base->bytes[i] || panthor_gem_is_resident(bo))
			continue;

		WRITE_ONCE(bo->mem_refused, true);
		refused += base->bytes[i];
	}

	/* Single pages can be in use by something else. */
	if (refused > others && 4 * (refused - others) >= op->slice_bytes) {
		op->args->status |= DRM_PANTHOR_MEM_STATUS_SWAP_REFUSED;
		base->stop = true;
	}
}

/*
 * Submits the whole slice to a disk before it waits for the first write. Returns the same
 * as panthor_mem_page_out_pass().
 */
static u64 panthor_mem_write_and_collect(struct panthor_mem_reclaim_op *op, u32 first, u32 end)
{
	u64 missing;

	atomic_long_set(&op->missed, 0);
	missing = panthor_mem_page_out_pass(op, first, end, &panthor_mem_write_out);
	if (missing)
		missing = panthor_mem_page_out_pass(op, first, end, &panthor_mem_collect);

	return missing;
}

static void panthor_mem_page_out(struct panthor_mem_reclaim_op *op, u32 first, u32 end)
{
	u64 missing = panthor_mem_write_and_collect(op, first, end);
	long missed = atomic_long_read(&op->missed);

	/*
	 * Not before the writes have finished: each then adds its folio to a batch of the
	 * CPU that wrote it. Few folios are left, which this thread writes alone.
	 */
	if (missing && missed > op->drain_above) {
		panthor_mem_empty_batches();
		missing = panthor_mem_write_and_collect(op, first, end);
		op->drain_above = panthor_mem_drain_again(missed, atomic_long_read(&op->missed));
	}
	if (missing)
		panthor_mem_look_for_refusal(op, first, end);
}

static void panthor_mem_release_slice(struct panthor_mem_reclaim_op *op)
{
	u32 i;

	for_each_set_bit(i, op->ours, PANTHOR_MEM_SLICE_BOS)
		atomic_set(&op->base->bos[i]->mem_paging, 0);
}

static void panthor_mem_reclaim_slice(struct panthor_mem_reclaim_op *op)
{
	struct panthor_mem_op *base = op->base;
	u32 first = 0, next;

	while (first < base->bo_count && !panthor_mem_reclaim_should_stop(op)) {
		int cookie;

		/* The condition of the loop sets the status. */
		if (!panthor_mem_evict_begin(base))
			continue;

		/* Not held over the I/O, because an unplug waits for this. */
		next = first;
		if (drm_dev_enter(&base->target.ptdev->base, &cookie)) {
			next = panthor_mem_evict_slice(op, first);
			drm_dev_exit(cookie);
		}
		panthor_mem_evict_end(base);

		/* Page out what is evicted, even if the call must end. */
		if (next > first && op->slice_bytes && panthor_mem_reclaim_pages_out(op)) {
			panthor_mem_page_out(op, first, next);
			panthor_mem_release_slice(op);
		}
		first = next;
		cond_resched();
	}
}

/* Counts the BOs of a busy VM as skipped. */
static void panthor_mem_reclaim_skip_slice(struct panthor_mem_reclaim_op *op)
{
	struct panthor_mem_op *base = op->base;

	for (u32 i = 0; i < base->bo_count; i++) {
		struct panthor_gem_object *bo = base->bos[i];

		if (!panthor_mem_first_visit(base, bo) || !panthor_gem_is_resident(bo))
			continue;

		panthor_mem_reclaim_skip(op, bo, refcount_read(&bo->backing.pin_count) ?
				 DRM_PANTHOR_MEM_STATUS_PINNED : DRM_PANTHOR_MEM_STATUS_BUSY);
	}
}

static bool panthor_mem_vm_idle(struct panthor_vm *vm)
{
	return dma_resv_test_signaled(panthor_vm_resv(vm), DMA_RESV_USAGE_BOOKKEEP);
}

static bool panthor_mem_reclaim_wait_for_fence(struct panthor_mem_reclaim_op *op,
					       struct dma_fence *work)
{
	while (!dma_fence_is_signaled(work)) {
		s64 now = ktime_get_ns(), left;

		if (panthor_mem_reclaim_is_dry(op) || op->args->deadline_ns <= now ||
		    panthor_mem_reclaim_should_stop(op))
			return false;

		/* No overflow: a deadline in the past, however far, was handled above. */
		left = op->args->deadline_ns - now;
		left = min_t(s64, left, PANTHOR_MEM_WAIT_MS * NSEC_PER_MSEC);
		/* The loop checks why the wait ended: idle, a signal, a claim. */
		dma_fence_wait_timeout(work, true, nsecs_to_jiffies(left) + 1);
	}

	return true;
}

/*
 * Waits, with no lock held, until the work of a VM is done, or until the deadline.
 * New work is not waited for: it means that the process is not in the background.
 * Returns true if the work is done.
 */
static bool panthor_mem_reclaim_wait(struct panthor_mem_reclaim_op *op, struct panthor_vm *vm)
{
	struct dma_fence *work;
	bool done = true;
	int ret;

	ret = dma_resv_get_singleton(panthor_vm_resv(vm), DMA_RESV_USAGE_BOOKKEEP, &work);
	if (ret) {
		op->base->error = ret;
		op->base->stop = true;
		return false;
	}

	if (work)
		done = panthor_mem_reclaim_wait_for_fence(op, work);
	dma_fence_put(work);

	return done;
}

static void panthor_mem_reclaim_vm(struct panthor_mem_reclaim_op *op, u32 index)
{
	struct panthor_vm *vm = op->base->target.vms[index];
	bool waited = panthor_mem_reclaim_wait(op, vm);
	u64 va = 0;
	int ret = 0;

	op->base->vm = vm;
	op->vm_index = index;
	while (!op->base->stop && (ret = panthor_mem_next_vm_bos(op->base, vm, &va)) > 0) {
		if (!waited) {
			panthor_mem_reclaim_skip_slice(op);
		} else if (panthor_mem_vm_idle(vm)) {
			panthor_mem_reclaim_slice(op);
		} else if (!panthor_mem_reclaim_should_stop(op)) {
			/* A VM_BIND runs. What it uses is not counted as skipped. */
			op->args->status |= DRM_PANTHOR_MEM_STATUS_BUSY;
			op->base->stop = true;
		}
		panthor_mem_put_bos(op->base);
		cond_resched();
	}
	/* What the VM maps is unknown then, and is not counted. */
	if (ret < 0)
		panthor_mem_reclaim_lock_failed(op, ret);
	op->base->vm = NULL;
}

/* BOs that no VM maps: only the CPU uses them, or they were unmapped after use. */
static void panthor_mem_reclaim_files(struct panthor_mem_reclaim_op *op)
{
	struct panthor_mem_target *target = &op->base->target;

	for (u32 i = 0; i < target->file_count && !panthor_mem_reclaim_should_stop(op); i++) {
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
	u32 vm_count = op->base->target.vm_count;

	if (!panthor_mem_supported())
		return -EOPNOTSUPP;

	/* Without free swap, an eviction frees nothing and slows the process down. */
	if (panthor_mem_free_swap() <= 0)
		return -ENOSPC;

	for (u32 i = 0; i < vm_count && !panthor_mem_reclaim_should_stop(op); i++)
		panthor_mem_reclaim_vm(op, i);
	panthor_mem_reclaim_files(op);

	if (op->base->error)
		return op->base->error;

	/*
	 * Not -ERESTARTSYS: a restart would evict what a claim has brought back since. If a claim
	 * has ended the call, that is its result.
	 */
	if (signal_pending(current) && !READ_ONCE(op->base->cancelled) &&
	    (op->args->status & DRM_PANTHOR_MEM_STATUS_INTERRUPTED) &&
	    !op->args->evicted_bytes && !op->args->freed_bytes)
		return -EINTR;

	return 0;
}

/**
 * panthor_mem_reclaim() - Evict and page out the BOs of a target
 * @ptdev: Device.
 * @selector: What names the target.
 * @args: Arguments. The outputs are filled, or 0 if nothing was done.
 *
 * Return: 0, even if only a part was done; -ESRCH if the target has no file
 * of the device; -EOPNOTSUPP if the kernel has no swap; -ENOSPC if no swap is
 * free; -EINTR if a signal came before anything was done; -ENOMEM;
 * -ETIMEDOUT if the MMU did not answer; -ENODEV if the device was unplugged.
 */
int panthor_mem_reclaim(struct panthor_device *ptdev,
			const struct panthor_mem_selector *selector,
			struct drm_panthor_mem_reclaim *args)
{
	struct panthor_mem_reclaim_op op = { .args = args };
	int ret;

	panthor_mem_reclaim_clear(args);

	op.base = panthor_mem_begin(ptdev, selector, !panthor_mem_reclaim_is_dry(&op));
	if (IS_ERR(op.base))
		return PTR_ERR(op.base);
	/* A dry run waits for nothing. */
	op.base->deadline_ns = panthor_mem_reclaim_is_dry(&op) ? 0 : args->deadline_ns;
	op.base->watches_work = true;

	trace_panthor_mem_reclaim_begin(ptdev, selector, args->flags, args->max_bytes);
	ret = panthor_mem_reclaim_target(&op);
	if (ret == -EINTR)
		panthor_mem_reclaim_clear(args);
	trace_panthor_mem_reclaim_end(ptdev, selector, args, ret,
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
 * Return: 0 on success, or a negative errno that the uAPI header lists.
 */
int panthor_ioctl_mem_reclaim(struct drm_device *ddev, void *data,
			      struct drm_file *file)
{
	struct panthor_device *ptdev = container_of(ddev, struct panthor_device, base);
	struct drm_panthor_mem_reclaim *args = data;
	struct panthor_mem_selector selector;
	int ret;

	panthor_mem_reclaim_clear(args);
	ret = panthor_mem_check_args(args->flags, PANTHOR_MEM_RECLAIM_FLAGS,
				     args->tgid, args->target, args->pad);
	if (ret)
		return ret;

	ret = panthor_mem_select(&selector, args->flags, args->tgid, args->target);
	if (!ret)
		ret = panthor_mem_reclaim(ptdev, &selector, args);
	panthor_mem_unselect(&selector);

	return ret;
}

#if IS_ENABLED(CONFIG_DRM_PANTHOR_KUNIT_TEST)
#include "tests/panthor_mem_reclaim_test.c"
#endif
