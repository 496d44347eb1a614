// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * The target of a reclaim or claim: which VMs, files and BOs a process has.
 *
 * Locking: filelist_mutex is held to find the files of the process, by an index,
 * and to copy references; never over anything that waits.
 * BOs are collected under &panthor_vm.op_lock or &drm_file.table_lock, a slice
 * at a time, and only their reference count is touched there.
 */

#include <linux/bsearch.h>
#include <linux/pid.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include <drm/drm_device.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>

#include "panthor_device.h"
#include "panthor_gem.h"
#include "panthor_mem.h"
#include "panthor_mmu.h"

/* Room for the usual process; grown when it is not enough. */
#define PANTHOR_MEM_INITIAL_FILES	4
#define PANTHOR_MEM_INITIAL_VMS		8

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

static void panthor_mem_target_put_vms(struct panthor_mem_target *target)
{
	for (u32 i = 0; i < target->vm_count; i++)
		panthor_vm_put(target->vms[i]);
	target->vm_count = 0;
}

/*
 * Copies ids and references of as much as fits. Returns how many files and VMs
 * there are, so that the caller can make room and try again.
 */
static void panthor_mem_target_collect(struct panthor_mem_target *target,
				       u32 *files, u32 *vms)
{
	struct drm_device *ddev = &target->ptdev->base;
	struct drm_file *file;

	*files = 0;
	*vms = 0;

	mutex_lock(&ddev->filelist_mutex);
	for (file = drm_file_next_of(ddev, target->pid, NULL); file;
	     file = drm_file_next_of(ddev, target->pid, file)) {
		/* A file is here until it is about to be closed, so its driver
		 * data is valid under the mutex.
		 */
		struct panthor_file *pfile = file->driver_priv;

		if (*files < target->file_max)
			target->file_ids[*files] = file->client_id;
		(*files)++;
		*vms += panthor_vm_pool_get_vms(pfile->vms, target->vms,
						&target->vm_count, target->vm_max);
	}
	mutex_unlock(&ddev->filelist_mutex);

	target->file_count = min(*files, target->file_max);
}

static int panthor_mem_target_make_room(struct panthor_mem_target *target,
					u32 files, u32 vms)
{
	kvfree(target->vms);
	kvfree(target->file_ids);
	target->vms = kvmalloc_array(vms, sizeof(*target->vms), GFP_KERNEL);
	target->file_ids = kvmalloc_array(files, sizeof(*target->file_ids), GFP_KERNEL);
	if (!target->vms || !target->file_ids)
		return -ENOMEM;

	target->vm_max = vms;
	target->file_max = files;
	return 0;
}

/**
 * panthor_mem_target_init() - Collect what a process has
 * @target: Target to initialize; zeroed.
 * @ptdev: Device.
 * @pid: The process. A reference is taken.
 *
 * Return: 0, or -ESRCH if it has no file of this device, or -ENOMEM. On
 * success, end with panthor_mem_target_fini().
 */
int panthor_mem_target_init(struct panthor_mem_target *target,
			    struct panthor_device *ptdev, struct pid *pid)
{
	u32 files = PANTHOR_MEM_INITIAL_FILES, vms = PANTHOR_MEM_INITIAL_VMS;
	int ret;

	target->ptdev = ptdev;
	target->pid = get_pid(pid);

	do {
		/* Twice what was needed: more may be opened meanwhile. */
		panthor_mem_target_put_vms(target);
		ret = panthor_mem_target_make_room(target, 2 * files, 2 * vms);
		if (ret)
			goto err;

		panthor_mem_target_collect(target, &files, &vms);
	} while (files > target->file_max || vms > target->vm_max);

	if (!files) {
		ret = -ESRCH;
		goto err;
	}

	sort(target->vms, target->vm_count, sizeof(*target->vms),
	     panthor_mem_sort_vms, NULL);
	return 0;

err:
	panthor_mem_target_fini(target);
	return ret;
}

/**
 * panthor_mem_target_fini() - Release what panthor_mem_target_init() acquired
 * @target: Target.
 */
void panthor_mem_target_fini(struct panthor_mem_target *target)
{
	panthor_mem_target_put_vms(target);
	kvfree(target->vms);
	kvfree(target->file_ids);
	put_pid(target->pid);
}

/**
 * panthor_mem_next_vm_bos() - Get the next slice of BOs mapped in a VM
 * @op: Call. Its slice of BOs is filled.
 * @vm: VM.
 * @va: In: where to go on, 0 at first. Out: where to go on the next time.
 *
 * A BO that is mapped more than once is returned more than once. VMAs that come
 * or go meanwhile may be missed.
 *
 * Return: true if there was something left to look at.
 */
bool panthor_mem_next_vm_bos(struct panthor_mem_op *op,
			     struct panthor_vm *vm, u64 *va)
{
	if (*va == U64_MAX)
		return false;

	op->bo_count = panthor_vm_get_bos(vm, va, op->bos, ARRAY_SIZE(op->bos));
	return true;
}

/**
 * panthor_mem_next_file_bos() - Get the next slice of BOs of a file
 * @op: Call. Its slice of BOs is filled.
 * @file_id: &drm_file.client_id of the file.
 * @handle: In: where to go on, 0 at first. Out: where to go on the next time.
 *
 * Return: true if there was something left to look at.
 */
bool panthor_mem_next_file_bos(struct panthor_mem_op *op, u64 file_id,
			       int *handle)
{
	struct drm_device *ddev = &op->target.ptdev->base;
	struct drm_gem_object *obj = NULL;
	struct drm_file *file;

	op->bo_count = 0;

	/* Files have no reference count: find it again, it may be gone. */
	mutex_lock(&ddev->filelist_mutex);
	for (file = drm_file_next_of(ddev, op->target.pid, NULL); file;
	     file = drm_file_next_of(ddev, op->target.pid, file)) {
		if (file->client_id != file_id)
			continue;

		spin_lock(&file->table_lock);
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
		spin_unlock(&file->table_lock);
		break;
	}
	mutex_unlock(&ddev->filelist_mutex);

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
 * Only for statistics: two calls that work on the same BO at the same time can
 * each count it twice.
 *
 * Return: true the first time, false from then on.
 */
bool panthor_mem_first_visit(struct panthor_mem_op *op,
			     struct panthor_gem_object *bo)
{
	return atomic_xchg(&bo->mem_visit, op->visit) != op->visit;
}

/**
 * panthor_mem_bo_evicted() - Check whether a BO was evicted
 * @bo: BO.
 *
 * A BO that never had pages is not evicted. Without the reservation lock of
 * the BO the answer can be old.
 *
 * Return: true if it was evicted and was not brought back.
 */
bool panthor_mem_bo_evicted(const struct panthor_gem_object *bo)
{
	return !panthor_gem_is_resident(bo) && atomic_read(&bo->reclaimed_count);
}
