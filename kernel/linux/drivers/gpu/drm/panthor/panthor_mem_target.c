// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * The target of a reclaim or claim: which VMs, files and BOs it has.
 *
 * Locking: filelist_mutex is held to visit some files and to copy references. It is
 * never held over anything that waits, nor over all files of a target, which can have
 * any number of them.
 * BOs are collected under &panthor_vm.op_lock or &drm_file.table_lock, a slice
 * at a time, and only their reference count is touched there.
 */

#include <linux/bsearch.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include <drm/drm_device.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>

#include "panthor_device.h"
#include "panthor_gem.h"
#include "panthor_mem.h"
#include "panthor_mem_select.h"
#include "panthor_mmu.h"

/* Files to visit each time that filelist_mutex is taken. */
#define PANTHOR_MEM_FILES_AT_ONCE	16

static int panthor_mem_cmp_gpuvm(const struct drm_gpuvm *a, const struct drm_gpuvm *b)
{
	if (a == b)
		return 0;

	return a < b ? -1 : 1;
}

static int panthor_mem_sort_vms(const void *a, const void *b)
{
	return panthor_mem_cmp_gpuvm(panthor_vm_gpuvm(*(struct panthor_vm **)a),
				     panthor_vm_gpuvm(*(struct panthor_vm **)b));
}

static int panthor_mem_find_vm(const void *key, const void *vm)
{
	return panthor_mem_cmp_gpuvm(key, panthor_vm_gpuvm(*(struct panthor_vm **)vm));
}

/**
 * panthor_mem_target_has_vm() - Check whether a VM belongs to the target
 * @target: Target.
 * @gpuvm: VM to look for.
 *
 * Return: true if it does.
 */
bool panthor_mem_target_has_vm(const struct panthor_mem_target *target,
			       const struct drm_gpuvm *gpuvm)
{
	return bsearch(gpuvm, target->vms, target->vm_count,
		       sizeof(*target->vms), panthor_mem_find_vm);
}

/* Grows an array so that @more entries fit after the first @count. */
static void *panthor_mem_target_grow(void *array, u32 *max, u32 count, u32 more, size_t size)
{
	u32 wanted = count + more;

	if (wanted <= *max)
		return array;

	wanted = max(wanted, 2 * *max);
	array = kvrealloc(array, array_size(wanted, size), GFP_KERNEL | __GFP_NOWARN);
	if (array)
		*max = wanted;

	return array;
}

static int panthor_mem_target_make_room(struct panthor_mem_target *target)
{
	u64 *file_ids;
	void *vms;

	vms = panthor_mem_target_grow(target->vms, &target->vm_max, target->vm_count,
				      PANTHOR_MEM_FILES_AT_ONCE * PANTHOR_MAX_VMS_PER_FILE,
				      sizeof(*target->vms));
	if (!vms)
		return -ENOMEM;
	target->vms = vms;

	file_ids = panthor_mem_target_grow(target->file_ids, &target->file_max,
					   target->file_count, PANTHOR_MEM_FILES_AT_ONCE,
					   sizeof(*target->file_ids));
	if (!file_ids)
		return -ENOMEM;
	target->file_ids = file_ids;

	return 0;
}

/*
 * Visits some files after id @after. Of those that belong to the target, copies the ids
 * and takes references on the VMs. The arrays have room. Returns false at the end.
 */
static bool panthor_mem_target_collect_some(struct panthor_mem_target *target, u64 *after)
{
	struct drm_device *ddev = &target->ptdev->base;

	guard(mutex)(&ddev->filelist_mutex);

	for (u32 i = 0; i < PANTHOR_MEM_FILES_AT_ONCE; i++) {
		struct drm_file *file = panthor_mem_next_file(target->selector, ddev, after);
		/* A file can be found until it is about to be closed, so its
		 * driver data is valid under the mutex.
		 */
		struct panthor_file *pfile;

		if (!file)
			return false;
		if (!panthor_mem_selects(target->selector, file))
			continue;

		pfile = file->driver_priv;
		target->file_ids[target->file_count++] = file->client_id;
		panthor_vm_pool_get_vms(pfile->vms, target->vms, &target->vm_count,
					target->vm_max);
	}

	return true;
}

static int panthor_mem_target_collect(struct panthor_mem_target *target)
{
	u64 after = 0;
	bool more;
	int ret;

	do {
		ret = panthor_mem_target_make_room(target);
		if (ret)
			return ret;

		more = panthor_mem_target_collect_some(target, &after);
		if (signal_pending(current))
			return -EINTR;
		cond_resched();
	} while (more);

	return target->file_count ? 0 : -ESRCH;
}

static int panthor_mem_target_note_submits(struct panthor_mem_target *target)
{
	target->submits = kvmalloc_array(target->vm_count, sizeof(*target->submits),
					 GFP_KERNEL | __GFP_NOWARN);
	if (target->vm_count && !target->submits)
		return -ENOMEM;

	for (u32 i = 0; i < target->vm_count; i++)
		target->submits[i] = panthor_vm_submits(target->vms[i]);

	return 0;
}

/**
 * panthor_mem_target_init() - Collect what a target has
 * @target: Target to initialize; zeroed. To be released with
 * panthor_mem_target_fini(), even on failure.
 * @ptdev: Device.
 * @selector: What names the target. Outlives @target.
 *
 * Return: 0, or -ESRCH if it has no file of this device, or -ENOMEM, or -EINTR.
 */
int panthor_mem_target_init(struct panthor_mem_target *target,
			    struct panthor_device *ptdev,
			    const struct panthor_mem_selector *selector)
{
	int ret;

	target->ptdev = ptdev;
	target->selector = selector;

	ret = panthor_mem_target_collect(target);
	if (ret)
		return ret;

	sort_nonatomic(target->vms, target->vm_count, sizeof(*target->vms),
		       panthor_mem_sort_vms, NULL);
	return panthor_mem_target_note_submits(target);
}

/**
 * panthor_mem_target_fini() - Release what panthor_mem_target_init() acquired
 * @target: Target.
 */
void panthor_mem_target_fini(struct panthor_mem_target *target)
{
	for (u32 i = 0; i < target->vm_count; i++) {
		panthor_vm_put(target->vms[i]);
		cond_resched();
	}
	kvfree(target->vms);
	kvfree(target->submits);
	kvfree(target->file_ids);
}

static bool panthor_mem_vms_overlap(const struct panthor_mem_target *a,
				    const struct panthor_mem_target *b)
{
	u32 i = 0, j = 0;

	while (i < a->vm_count && j < b->vm_count) {
		int order = panthor_mem_sort_vms(&a->vms[i], &b->vms[j]);

		if (!order)
			return true;
		if (order < 0)
			i++;
		else
			j++;
	}

	return false;
}

static bool panthor_mem_files_overlap(const struct panthor_mem_target *a,
				      const struct panthor_mem_target *b)
{
	u32 i = 0, j = 0;

	while (i < a->file_count && j < b->file_count) {
		if (a->file_ids[i] == b->file_ids[j])
			return true;
		if (a->file_ids[i] < b->file_ids[j])
			i++;
		else
			j++;
	}

	return false;
}

/**
 * panthor_mem_targets_overlap() - Check whether two targets have something in common
 * @a: Target.
 * @b: Target.
 *
 * Return: true if they have a VM or a file in common.
 */
bool panthor_mem_targets_overlap(const struct panthor_mem_target *a,
				 const struct panthor_mem_target *b)
{
	return panthor_mem_vms_overlap(a, b) || panthor_mem_files_overlap(a, b);
}

/**
 * panthor_mem_next_vm_bos() - Get the next slice of BOs mapped in a VM
 * @op: Call. Its slice of BOs is filled.
 * @vm: VM.
 * @va: In: where to continue, 0 at first. Out: where to continue the next time.
 *
 * A BO that is mapped more than once is returned more than once. VMAs that come
 * or go meanwhile may be missed.
 *
 * Return: 1 if there were mappings left to visit, 0 if not, or a negative errno of
 * panthor_mem_pause() if another thread works on the mappings of the VM.
 */
int panthor_mem_next_vm_bos(struct panthor_mem_op *op,
			    struct panthor_vm *vm, u64 *va)
{
	u32 us = 0;
	int ret;

	op->bo_count = 0;
	if (*va == U64_MAX)
		return 0;

	while ((ret = panthor_vm_get_bos(vm, va, op->bos, ARRAY_SIZE(op->bos))) == -EBUSY) {
		ret = panthor_mem_pause(op, &us);
		if (ret)
			return ret;
	}
	op->bo_count = ret;

	return 1;
}

/**
 * panthor_mem_next_file_bos() - Get the next slice of BOs of a file
 * @op: Call. Its slice of BOs is filled.
 * @file_id: &drm_file.client_id of the file.
 * @handle: In: where to continue, 0 at first. Out: where to continue the next time.
 *
 * Return: true if there were handles left to visit.
 */
bool panthor_mem_next_file_bos(struct panthor_mem_op *op, u64 file_id,
			       int *handle)
{
	struct drm_device *ddev = &op->target.ptdev->base;
	struct drm_gem_object *obj = NULL;
	struct drm_file *file;

	op->bo_count = 0;

	guard(mutex)(&ddev->filelist_mutex);

	/* Files have no reference count: this one may be closed, or have a new owner. */
	file = drm_file_next(ddev, file_id - 1);
	if (!file || file->client_id != file_id ||
	    !panthor_mem_selects(op->target.selector, file))
		return false;

	guard(spinlock)(&file->table_lock);
	for (u32 i = 0; i < ARRAY_SIZE(op->bos); i++) {
		obj = idr_get_next(&file->object_idr, handle);
		if (!obj)
			break;

		(*handle)++;
		if (drm_gem_is_imported(obj))
			continue;

		drm_gem_object_get(obj);
		op->bos[op->bo_count++] = to_panthor_bo(obj);
	}

	return op->bo_count || obj;
}

/**
 * panthor_mem_put_bos() - Release the slice of BOs
 * @op: Call.
 */
void panthor_mem_put_bos(struct panthor_mem_op *op)
{
	for (u32 i = 0; i < op->bo_count; i++)
		drm_gem_object_put(&op->bos[i]->base);
	op->bo_count = 0;
}

/**
 * panthor_mem_first_visit() - Check whether a call sees a BO for the first time
 * @op: Call.
 * @bo: BO.
 *
 * Two calls that work on the same BO at the same time can each see it twice for the first
 * time. What they evict or free is counted once nevertheless, what they skip is not.
 *
 * Return: true the first time, false from then on.
 */
bool panthor_mem_first_visit(struct panthor_mem_op *op,
			     struct panthor_gem_object *bo)
{
	return atomic_xchg(&bo->mem_visit, op->visit) != op->visit;
}

/**
 * panthor_mem_forget_visit() - Forget that a call has seen a BO
 * @op: Call.
 * @bo: BO.
 *
 * A swap-in for a job visits no BO, so it has none to forget.
 *
 * Return: true if panthor_mem_first_visit() was called for both, and the BO was not
 * forgotten since.
 */
bool panthor_mem_forget_visit(struct panthor_mem_op *op, struct panthor_gem_object *bo)
{
	return op->visit && atomic_cmpxchg(&bo->mem_visit, op->visit, 0) == op->visit;
}

/**
 * panthor_mem_bo_evicted() - Check whether a BO was evicted
 * @bo: BO.
 *
 * A BO that never had pages is not evicted. Without the reservation lock of
 * the BO, the answer can be outdated.
 *
 * Return: true if it was evicted and was not brought back.
 */
bool panthor_mem_bo_evicted(const struct panthor_gem_object *bo)
{
	return !panthor_gem_is_resident(bo) && atomic_read(&bo->reclaimed_count);
}
