// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * A panthor device without a GPU, its files, VMs and BOs, and processes that own
 * them. All of it is freed when the test ends.
 */

#include <linux/dma-mapping.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/pid.h>
#include <linux/slab.h>

#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_kunit_helpers.h>
#include <drm/drm_managed.h>
#include <drm/panthor_drm.h>

#include <kunit/resource.h>
#include <kunit/test.h>

#include "../panthor_device.h"
#include "../panthor_gem.h"
#include "../panthor_mem.h"
#include "../panthor_mmu.h"
#include "panthor_kunit.h"
#include "panthor_kunit_index.h"

/* The sizes of real GPUs, limited on 32-bit kernels as in panthor_mmu_init(). */
#define PANTHOR_KUNIT_VA_BITS	(BITS_PER_LONG > 48 ? 48 : BITS_PER_LONG)
#define PANTHOR_KUNIT_PA_BITS	40

static int panthor_kunit_driver_open(struct drm_device *ddev, struct drm_file *file)
{
	struct panthor_file *pfile;
	int ret;

	pfile = kzalloc_obj(*pfile);
	if (!pfile)
		return -ENOMEM;

	pfile->ptdev = container_of(ddev, struct panthor_device, base);
	ret = panthor_vm_pool_create(pfile);
	if (ret) {
		kfree(pfile);
		return ret;
	}

	file->driver_priv = pfile;
	return 0;
}

static void panthor_kunit_driver_postclose(struct drm_device *ddev, struct drm_file *file)
{
	struct panthor_file *pfile = file->driver_priv;

	panthor_vm_pool_destroy(pfile);
	kfree(pfile);
}

static const struct file_operations panthor_kunit_fops = {
	.owner = THIS_MODULE,
	.release = drm_release,
};

static const struct drm_driver panthor_kunit_driver = {
	.driver_features = DRIVER_RENDER | DRIVER_GEM,
	.open = panthor_kunit_driver_open,
	.postclose = panthor_kunit_driver_postclose,
	.fops = &panthor_kunit_fops,
	.name = "panthor-kunit",
	.desc = "panthor without GPU",
};

/**
 * panthor_kunit_device() - Create a device
 * @test: Test. It fails if that does not work.
 *
 * No shrinker is registered: only the test evicts BOs.
 *
 * Return: The device.
 */
struct panthor_device *panthor_kunit_device(struct kunit *test)
{
	struct panthor_device *ptdev;
	struct device *dev;

	dev = drm_kunit_helper_alloc_device(test);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);

	/* What a platform device has. */
	dev->dma_mask = &dev->coherent_dma_mask;
	dev->dma_parms = devm_kzalloc(dev, sizeof(*dev->dma_parms), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, dev->dma_parms);
	dma_set_max_seg_size(dev, UINT_MAX);
	KUNIT_ASSERT_EQ(test, 0, dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)));

	ptdev = drm_kunit_helper_alloc_drm_device_with_driver(test, dev,
							      struct panthor_device, base,
							      &panthor_kunit_driver);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ptdev);

	/* The page tables of a coherent device need no cache maintenance. */
	ptdev->coherent = true;
	ptdev->gpu_info.mmu_features = PANTHOR_KUNIT_PA_BITS << 8 | PANTHOR_KUNIT_VA_BITS;

#ifdef CONFIG_DEBUG_FS
	KUNIT_ASSERT_EQ(test, 0, drmm_mutex_init(&ptdev->base, &ptdev->gems.lock));
	INIT_LIST_HEAD(&ptdev->gems.node);
#endif

	INIT_LIST_HEAD(&ptdev->reclaim.vms);
	drm_gem_lru_init(&ptdev->reclaim.unused);
	drm_gem_lru_init(&ptdev->reclaim.mmapped);
	drm_gem_lru_init(&ptdev->reclaim.gpu_mapped_shared);
	drm_gem_lru_init(&ptdev->reclaim.kept_last);

	panthor_mem_init(ptdev);
	panthor_kunit_mmu_init(test, ptdev);
	return ptdev;
}

static int panthor_kunit_thread(void *unused)
{
	return 0;
}

static void panthor_kunit_stop_thread(void *task)
{
	kthread_stop(task);
	put_task_struct(task);
}

static void panthor_kunit_put_pid(void *pid)
{
	put_pid(pid);
}

/**
 * panthor_kunit_process() - Create a process
 * @test: Test. It fails if that does not work.
 *
 * It is a kernel thread that never runs: all that matters is its struct pid.
 *
 * Return: Its struct pid, valid until the end of the test.
 */
struct pid *panthor_kunit_process(struct kunit *test)
{
	struct task_struct *task;
	struct pid *pid;

	task = kthread_create(panthor_kunit_thread, NULL, "panthor-kunit");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	get_task_struct(task);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, panthor_kunit_stop_thread, task));

	pid = get_task_pid(task, PIDTYPE_TGID);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, panthor_kunit_put_pid, pid));
	return pid;
}

/* fput() defers the release, which has to be done before the test ends. */
static void panthor_kunit_fput(void *filp)
{
	__fput_sync(filp);
}

/**
 * panthor_kunit_open() - Open a file of a device
 * @test: Test. It fails if that does not work.
 * @ptdev: Device.
 * @owner: Process that the file belongs to.
 *
 * Return: The file.
 */
struct drm_file *panthor_kunit_open(struct kunit *test, struct panthor_device *ptdev,
				    struct pid *owner)
{
	struct drm_file *file;
	struct file *filp;

	filp = mock_drm_getfile(ptdev->base.render, O_RDWR);
	KUNIT_ASSERT_FALSE(test, IS_ERR(filp));
	file = filp->private_data;

	/* What drm_open() does in addition. */
	atomic_inc(&ptdev->base.open_count);
	mutex_lock(&ptdev->base.filelist_mutex);
	list_add(&file->lhead, &ptdev->base.filelist);
	panthor_kunit_index_add(file);
	mutex_unlock(&ptdev->base.filelist_mutex);

	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, panthor_kunit_fput, filp));

	panthor_kunit_set_owner(file, owner);
	return file;
}

/**
 * panthor_kunit_close() - Close a file before the test ends
 * @test: Test.
 * @file: File.
 */
void panthor_kunit_close(struct kunit *test, struct drm_file *file)
{
	kunit_release_action(test, panthor_kunit_fput, file->filp);
}

/**
 * panthor_kunit_set_owner() - Make a file belong to another process
 * @file: File.
 * @owner: Process.
 *
 * Does what drm_file_update_pid() does for the current process. Processes outlive
 * the files of a test, so there is no need to wait for readers of the old one.
 */
void panthor_kunit_set_owner(struct drm_file *file, struct pid *owner)
{
	struct drm_device *ddev = file->minor->dev;
	struct pid *old;

	mutex_lock(&ddev->filelist_mutex);
	old = rcu_replace_pointer(file->pid, get_pid(owner), true);
	panthor_kunit_index_owner(file);
	mutex_unlock(&ddev->filelist_mutex);

	put_pid(old);
}

static void panthor_kunit_put_vm(void *vm)
{
	panthor_vm_put(vm);
}

/**
 * panthor_kunit_vm() - Create a VM
 * @test: Test. It fails if that does not work.
 * @file: File that the VM belongs to.
 *
 * Return: The VM.
 */
struct panthor_vm *panthor_kunit_vm(struct kunit *test, struct drm_file *file)
{
	struct panthor_file *pfile = file->driver_priv;
	struct drm_panthor_vm_create args = {};
	struct panthor_vm *vm;
	int id;

	id = panthor_vm_pool_create_vm(pfile->ptdev, pfile->vms, &args);
	KUNIT_ASSERT_GT(test, id, 0);

	vm = panthor_vm_pool_get_vm(pfile->vms, id);
	KUNIT_ASSERT_NOT_NULL(test, vm);
	/* Tests use it after its file is closed. */
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, panthor_kunit_put_vm, vm));
	return vm;
}

/**
 * panthor_kunit_bo() - Create a BO
 * @test: Test. It fails if that does not work.
 * @file: File that gets a handle. The handle has the only reference.
 * @exclusive_vm: VM that the BO is private to, or NULL.
 * @size: Size in bytes.
 *
 * Return: The BO. It has no pages yet.
 */
struct panthor_gem_object *panthor_kunit_bo(struct kunit *test, struct drm_file *file,
					    struct panthor_vm *exclusive_vm, u64 size)
{
	struct drm_gem_object *obj;
	u32 handle;
	int ret;

	ret = panthor_gem_create_with_handle(file, file->minor->dev, exclusive_vm, &size, 0,
					     &handle);
	KUNIT_ASSERT_EQ(test, 0, ret);

	obj = drm_gem_object_lookup(file, handle);
	KUNIT_ASSERT_NOT_NULL(test, obj);
	drm_gem_object_put(obj);
	return to_panthor_bo(obj);
}

/**
 * panthor_kunit_map() - Map a BO on the GPU
 * @test: Test. It fails if that does not work.
 * @vm: VM.
 * @bo: BO.
 * @va: Address.
 */
void panthor_kunit_map(struct kunit *test, struct panthor_vm *vm,
		       struct panthor_gem_object *bo, u64 va)
{
	int ret;

	ret = panthor_vm_map_bo_range(vm, bo, 0, bo->base.size, va,
				      DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC);
	KUNIT_ASSERT_EQ(test, 0, ret);
}

/**
 * panthor_kunit_mapped_bo() - Create a BO that is private to a VM and mapped in it
 * @test: Test. It fails if that does not work.
 * @file: File that gets a handle.
 * @vm: VM.
 * @size: Size in bytes.
 *
 * The address is the BO's mmap offset: no other BO of the device has it.
 *
 * Return: The BO. It is resident.
 */
struct panthor_gem_object *panthor_kunit_mapped_bo(struct kunit *test, struct drm_file *file,
						   struct panthor_vm *vm, u64 size)
{
	struct panthor_gem_object *bo = panthor_kunit_bo(test, file, vm, size);

	panthor_kunit_map(test, vm, bo,
			  drm_vma_node_offset_addr(&bo->base.vma_node) -
			  DRM_FILE_PAGE_OFFSET_START * PAGE_SIZE);
	return bo;
}

/**
 * panthor_kunit_evict() - Evict a BO
 * @test: Test. It fails if that does not work.
 * @bo: BO.
 */
void panthor_kunit_evict(struct kunit *test, struct panthor_gem_object *bo)
{
	int ret;

	dma_resv_lock(bo->base.resv, NULL);
	ret = panthor_gem_evict(&bo->base, PANTHOR_GEM_EXPLICIT);
	dma_resv_unlock(bo->base.resv);
	KUNIT_ASSERT_EQ(test, 0, ret);
	KUNIT_ASSERT_TRUE(test, panthor_mem_bo_evicted(bo));
}

/**
 * panthor_kunit_show_page_size() - Print the page size that was tested
 * @test: Test.
 */
void panthor_kunit_show_page_size(struct kunit *test)
{
	kunit_info(test, "PAGE_SIZE %lu\n", PAGE_SIZE);
}
