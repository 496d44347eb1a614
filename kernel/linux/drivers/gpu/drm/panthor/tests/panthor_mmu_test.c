// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * The order of VMs on the shrinker's list, its count of GPU-mapped pages, and a VM that it frees.
 * Included at the end of panthor_mmu.c.
 */

#include <linux/completion.h>
#include <linux/debug_locks.h>
#include <linux/delay.h>
#include <linux/sched/mm.h>
#include <linux/workqueue.h>

#include <kunit/test.h>
#include <kunit/test-bug.h>

#include "panthor_kunit.h"

#define PANTHOR_TEST_BO_SIZE	SZ_64K
#define PANTHOR_TEST_VMS	3

/* Any slot that is not the MCU's. */
#define PANTHOR_TEST_AS		1

/**
 * struct panthor_lru_test - What most of the tests need
 */
struct panthor_lru_test {
	/** @ptdev: Device. */
	struct panthor_device *ptdev;

	/** @file: File of the device. */
	struct drm_file *file;

	/** @vms: VMs, nothing is mapped in them yet. */
	struct panthor_vm *vms[PANTHOR_TEST_VMS];

	/** @visited: How often the callback of the scan was called. */
	u32 visited;

	/** @last: Visit in which the callback interferes with the scan. */
	u32 last;

	/** @inner_visited: How often the callback of a second scan was called. */
	u32 inner_visited;
};

/**
 * panthor_kunit_mmu_init() - Initialize the MMU logic of a device without GPU
 * @test: Test. It fails if that does not work.
 * @ptdev: Device.
 */
void panthor_kunit_mmu_init(struct kunit *test, struct panthor_device *ptdev)
{
	struct panthor_mmu *mmu;
	int ret;

	mmu = drmm_kzalloc(&ptdev->base, sizeof(*mmu), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, mmu);

	INIT_LIST_HEAD(&mmu->as.lru_list);
	INIT_LIST_HEAD(&mmu->vm.list);
	KUNIT_ASSERT_EQ(test, 0, drmm_mutex_init(&ptdev->base, &mmu->as.slots_lock));
	KUNIT_ASSERT_EQ(test, 0, drmm_mutex_init(&ptdev->base, &mmu->vm.lock));

	mmu->vm.wq = alloc_workqueue("panthor-kunit-vm-bind", WQ_UNBOUND, 0);
	KUNIT_ASSERT_NOT_NULL(test, mmu->vm.wq);
	ret = drmm_add_action_or_reset(&ptdev->base, panthor_mmu_release_wq, mmu->vm.wq);
	KUNIT_ASSERT_EQ(test, 0, ret);

	ptdev->mmu = mmu;
	panthor_mmu_info_init(ptdev);
}

/**
 * panthor_kunit_vm_is_last() - Check whether the shrinker scans a VM last
 * @vm: VM.
 *
 * Return: true if it does.
 */
bool panthor_kunit_vm_is_last(struct panthor_vm *vm)
{
	return !list_empty(&vm->reclaim.lru_node) &&
	       list_is_last(&vm->reclaim.lru_node, &vm->ptdev->reclaim.vms);
}

/**
 * panthor_kunit_submit() - Count a submit to a VM, as a job does first
 * @vm: VM.
 */
void panthor_kunit_submit(struct panthor_vm *vm)
{
	atomic_inc(&vm->submits);
}

/**
 * panthor_kunit_op_lock() - Lock a VM as an operation on it does
 * @vm: VM.
 *
 * Tests allocate memory under this lock, which the driver may not. lockdep must not take one for
 * the other.
 */
void panthor_kunit_op_lock(struct panthor_vm *vm)
{
	mutex_lock_nested(&vm->op_lock, SINGLE_DEPTH_NESTING);
}

/**
 * panthor_kunit_op_unlock() - End panthor_kunit_op_lock()
 * @vm: VM.
 */
void panthor_kunit_op_unlock(struct panthor_vm *vm)
{
	mutex_unlock(&vm->op_lock);
}

static int panthor_lru_test_init(struct kunit *test)
{
	struct panthor_lru_test *ctx;

	ctx = kunit_kzalloc(test, sizeof(*ctx), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ctx);
	test->priv = ctx;

	ctx->ptdev = panthor_kunit_device(test);
	ctx->file = panthor_kunit_open(test, ctx->ptdev, panthor_kunit_process(test));
	for (u32 i = 0; i < PANTHOR_TEST_VMS; i++)
		ctx->vms[i] = panthor_kunit_vm(test, ctx->file);

	return 0;
}

static struct panthor_gem_object *panthor_test_map(struct kunit *test, struct panthor_vm *vm)
{
	struct panthor_lru_test *ctx = test->priv;

	return panthor_kunit_mapped_bo(test, ctx->file, vm, PANTHOR_TEST_BO_SIZE);
}

/* Checks which VMs are on the list, the next victim first. */
#define PANTHOR_EXPECT_ORDER(test, ...)							\
	do {										\
		struct panthor_vm *_vms[] = { __VA_ARGS__ };				\
											\
		panthor_test_expect_order(test, _vms, ARRAY_SIZE(_vms), __LINE__);	\
	} while (0)

static void panthor_test_expect_order(struct kunit *test, struct panthor_vm **vms, u32 count,
				      int line)
{
	struct panthor_lru_test *ctx = test->priv;
	struct panthor_vm *vm;
	u32 i = 0;

	mutex_lock(&ctx->ptdev->base.gem_lru_mutex);
	list_for_each_entry(vm, &ctx->ptdev->reclaim.vms, reclaim.lru_node) {
		if (i < count)
			KUNIT_EXPECT_PTR_EQ_MSG(test, vm, vms[i], "line %d: VM %u", line, i);
		i++;
	}
	mutex_unlock(&ctx->ptdev->base.gem_lru_mutex);
	KUNIT_EXPECT_EQ_MSG(test, i, count, "line %d: VMs on the list", line);
}

/* What a GROUP_SUBMIT does before the job runs. */
static void panthor_test_submit(struct kunit *test, struct panthor_vm *vm, bool has_stream)
{
	struct drm_exec exec;
	int ret;

	drm_exec_init(&exec, 0, 0);
	drm_exec_until_all_locked(&exec) {
		ret = panthor_vm_prepare_mapped_bos_resvs(&exec, vm, 1, has_stream);
		drm_exec_retry_on_contention(&exec);
		if (ret)
			break;
	}
	drm_exec_fini(&exec);
	KUNIT_ASSERT_EQ(test, 0, ret);
}

static void panthor_test_validate(struct kunit *test, struct panthor_vm *vm)
{
	panthor_test_submit(test, vm, true);
}

/*
 * A job of the VM gets to the GPU. The slot is assigned before, so that no
 * register is written.
 */
static void panthor_test_vm_active(struct kunit *test, struct panthor_vm *vm)
{
	vm->as.id = PANTHOR_TEST_AS;
	KUNIT_EXPECT_EQ(test, 0, panthor_vm_active(vm));
}

/* The job is done, and the slot is lost. */
static void panthor_test_vm_idle(struct panthor_vm *vm)
{
	panthor_vm_idle(vm);
	list_del_init(&vm->as.lru_node);
	vm->as.id = -1;
}

static bool panthor_test_evict_cb(struct drm_gem_object *obj, struct ww_acquire_ctx *ticket)
{
	return !panthor_gem_evict(obj, PANTHOR_GEM_SHRINKER);
}

static bool panthor_test_skip_cb(struct drm_gem_object *obj, struct ww_acquire_ctx *ticket)
{
	struct panthor_lru_test *ctx = kunit_get_current_test()->priv;

	ctx->inner_visited++;
	return false;
}

static unsigned long panthor_test_scan(struct panthor_device *ptdev,
				       bool (*cb)(struct drm_gem_object *, struct ww_acquire_ctx *))
{
	unsigned long remaining = 0;

	return panthor_mmu_reclaim_priv_bos(ptdev, UINT_MAX, &remaining, cb);
}

/* A VM that gets its first reclaimable BO is added at the end of the list. */
static void panthor_lru_test_first_bo_is_last(struct kunit *test)
{
	struct panthor_lru_test *ctx = test->priv;
	struct panthor_vm **vms = ctx->vms;

	PANTHOR_EXPECT_ORDER(test);
	panthor_test_map(test, vms[1]);
	panthor_test_map(test, vms[0]);
	panthor_test_map(test, vms[2]);
	PANTHOR_EXPECT_ORDER(test, vms[1], vms[0], vms[2]);

	/* More BOs of a VM that is listed do not move it. */
	panthor_test_map(test, vms[1]);
	PANTHOR_EXPECT_ORDER(test, vms[1], vms[0], vms[2]);
}

/* A VM whose BOs a submit has brought back is not the next victim. */
static void panthor_lru_test_validated_is_last(struct kunit *test)
{
	struct panthor_lru_test *ctx = test->priv;
	struct panthor_vm **vms = ctx->vms;
	unsigned long freed;

	for (u32 i = 0; i < PANTHOR_TEST_VMS; i++)
		panthor_test_map(test, vms[i]);

	freed = panthor_test_scan(ctx->ptdev, panthor_test_evict_cb);
	KUNIT_EXPECT_EQ(test, freed, PANTHOR_TEST_VMS * PANTHOR_TEST_BO_SIZE >> PAGE_SHIFT);
	PANTHOR_EXPECT_ORDER(test);

	panthor_test_validate(test, vms[2]);
	panthor_test_validate(test, vms[0]);
	panthor_test_validate(test, vms[1]);
	PANTHOR_EXPECT_ORDER(test, vms[2], vms[0], vms[1]);
}

/* A submit of which no job has a stream is no new work, and needs no BO. */
static void panthor_lru_test_no_stream(struct kunit *test)
{
	struct panthor_lru_test *ctx = test->priv;
	struct panthor_vm *vm = ctx->vms[0];
	struct panthor_gem_object *bo = panthor_test_map(test, vm);
	u32 submits = panthor_vm_submits(vm);

	panthor_kunit_evict(test, bo);
	panthor_test_submit(test, vm, false);
	KUNIT_EXPECT_FALSE(test, panthor_gem_is_resident(bo));
	KUNIT_EXPECT_FALSE(test, panthor_vm_has_new_work(vm, submits));

	panthor_test_submit(test, vm, true);
	KUNIT_EXPECT_TRUE(test, panthor_gem_is_resident(bo));
	KUNIT_EXPECT_TRUE(test, panthor_vm_has_new_work(vm, submits));
}

static void panthor_lru_test_active_is_last(struct kunit *test)
{
	struct panthor_lru_test *ctx = test->priv;
	struct panthor_vm **vms = ctx->vms;

	for (u32 i = 0; i < PANTHOR_TEST_VMS; i++)
		panthor_test_map(test, vms[i]);

	panthor_test_vm_active(test, vms[0]);
	panthor_test_vm_idle(vms[0]);
	PANTHOR_EXPECT_ORDER(test, vms[1], vms[2], vms[0]);
}

static void panthor_lru_test_reclaim_last(struct kunit *test)
{
	struct panthor_lru_test *ctx = test->priv;
	struct panthor_vm **vms = ctx->vms;

	panthor_test_map(test, vms[0]);
	panthor_test_map(test, vms[1]);
	PANTHOR_EXPECT_ORDER(test, vms[0], vms[1]);

	panthor_vm_reclaim_last(vms[0]);
	PANTHOR_EXPECT_ORDER(test, vms[1], vms[0]);
	panthor_vm_reclaim_last(vms[0]);
	PANTHOR_EXPECT_ORDER(test, vms[1], vms[0]);

	/* A VM that has nothing to reclaim is not listed. */
	panthor_vm_reclaim_last(vms[2]);
	PANTHOR_EXPECT_ORDER(test, vms[1], vms[0]);
}

/* Calls panthor_vm_reclaim_last() when all BOs of the VM are parked. */
static bool panthor_test_reclaim_last_cb(struct drm_gem_object *obj,
					 struct ww_acquire_ctx *ticket)
{
	struct panthor_lru_test *ctx = kunit_get_current_test()->priv;

	if (to_panthor_bo(obj)->exclusive_vm_root_gem == panthor_vm_root_gem(ctx->vms[0]) &&
	    ++ctx->visited == ctx->last)
		panthor_vm_reclaim_last(ctx->vms[0]);

	return false;
}

static void panthor_lru_test_reclaim_last_during_scan(struct kunit *test)
{
	struct panthor_lru_test *ctx = test->priv;
	struct panthor_vm **vms = ctx->vms;

	panthor_test_map(test, vms[0]);
	panthor_test_map(test, vms[0]);
	panthor_test_map(test, vms[1]);

	/* In the last visit the LRU of the VM is empty, and it is listed. */
	ctx->last = 2;
	panthor_test_scan(ctx->ptdev, panthor_test_reclaim_last_cb);
	KUNIT_EXPECT_EQ(test, ctx->visited, 2);
	PANTHOR_EXPECT_ORDER(test, vms[1], vms[0]);
}

/* A scan that skips everything leaves the list as it was. */
static void panthor_lru_test_scan_keeps_order(struct kunit *test)
{
	struct panthor_lru_test *ctx = test->priv;
	struct panthor_vm **vms = ctx->vms;

	for (u32 i = 0; i < PANTHOR_TEST_VMS; i++)
		panthor_test_map(test, vms[i]);

	KUNIT_EXPECT_EQ(test, 0, panthor_test_scan(ctx->ptdev, panthor_test_skip_cb));
	KUNIT_EXPECT_EQ(test, ctx->inner_visited, PANTHOR_TEST_VMS);
	PANTHOR_EXPECT_ORDER(test, vms[0], vms[1], vms[2]);
}

/*
 * While the first scan visits the BOs of the VM, a job of it gets to the GPU, which
 * lists it again. Once all of its BOs are parked, a second scan starts.
 */
static bool panthor_test_two_scans_cb(struct drm_gem_object *obj,
				      struct ww_acquire_ctx *ticket)
{
	struct kunit *test = kunit_get_current_test();
	struct panthor_lru_test *ctx = test->priv;

	if (++ctx->visited == 1)
		panthor_test_vm_active(test, ctx->vms[0]);
	else if (ctx->visited == ctx->last)
		panthor_test_scan(ctx->ptdev, panthor_test_skip_cb);

	return false;
}

static void panthor_lru_test_two_scans_strand_no_vm(struct kunit *test)
{
	struct panthor_lru_test *ctx = test->priv;
	struct panthor_vm **vms = ctx->vms;
	unsigned long freed;

	panthor_test_map(test, vms[0]);
	panthor_test_map(test, vms[0]);

	ctx->last = 2;
	panthor_test_scan(ctx->ptdev, panthor_test_two_scans_cb);
	panthor_test_vm_idle(vms[0]);
	KUNIT_EXPECT_EQ(test, ctx->visited, 2);
	KUNIT_EXPECT_EQ(test, ctx->inner_visited, 0);
	PANTHOR_EXPECT_ORDER(test, vms[0]);

	/* Its BOs can still be reclaimed. */
	freed = panthor_test_scan(ctx->ptdev, panthor_test_evict_cb);
	KUNIT_EXPECT_EQ(test, freed, 2 * PANTHOR_TEST_BO_SIZE >> PAGE_SHIFT);
}

/* A VM that has no BOs left after a scan of it is not listed again. */
static bool panthor_test_unmap_cb(struct drm_gem_object *obj, struct ww_acquire_ctx *ticket)
{
	struct panthor_lru_test *ctx = kunit_get_current_test()->priv;

	if (++ctx->visited == 1) {
		panthor_vm_reclaim_last(ctx->vms[0]);
		panthor_test_scan(ctx->ptdev, panthor_test_skip_cb);
	}

	return !panthor_gem_evict(obj, PANTHOR_GEM_SHRINKER);
}

static void panthor_lru_test_empty_vm_is_not_listed(struct kunit *test)
{
	struct panthor_lru_test *ctx = test->priv;
	struct panthor_vm **vms = ctx->vms;

	panthor_test_map(test, vms[0]);
	panthor_test_scan(ctx->ptdev, panthor_test_unmap_cb);
	KUNIT_EXPECT_EQ(test, ctx->visited, 1);
	PANTHOR_EXPECT_ORDER(test);
}

/* The count is in CPU pages, as the core of the shrinker expects. */
static void panthor_lru_test_gpu_mapped_count(struct kunit *test)
{
	struct panthor_lru_test *ctx = test->priv;
	atomic_long_t *count = &ctx->ptdev->reclaim.gpu_mapped_count;
	struct panthor_gem_object *bo, *shared;

	panthor_kunit_show_page_size(test);
	KUNIT_EXPECT_EQ(test, atomic_long_read(count), 0);

	bo = panthor_test_map(test, ctx->vms[0]);
	KUNIT_EXPECT_EQ(test, atomic_long_read(count), PANTHOR_TEST_BO_SIZE / PAGE_SIZE);

	/* A BO counts once, however many VMs map it. */
	shared = panthor_kunit_bo(test, ctx->file, NULL, PANTHOR_TEST_BO_SIZE);
	panthor_kunit_map(test, ctx->vms[0], shared, SZ_1G);
	panthor_kunit_map(test, ctx->vms[1], shared, SZ_1G);
	KUNIT_EXPECT_EQ(test, atomic_long_read(count), 2 * PANTHOR_TEST_BO_SIZE / PAGE_SIZE);

	KUNIT_ASSERT_EQ(test, 0, panthor_gem_pin(shared));
	KUNIT_EXPECT_EQ(test, atomic_long_read(count), PANTHOR_TEST_BO_SIZE / PAGE_SIZE);
	panthor_gem_unpin(shared);
	KUNIT_EXPECT_EQ(test, atomic_long_read(count), 2 * PANTHOR_TEST_BO_SIZE / PAGE_SIZE);

	panthor_kunit_evict(test, shared);
	panthor_kunit_evict(test, bo);
	KUNIT_EXPECT_EQ(test, atomic_long_read(count), 0);
}

#define PANTHOR_TEST_RACERS	4
#define PANTHOR_TEST_ROUNDS	50000

/**
 * struct panthor_racer - A thread that changes the state of its own BO
 */
struct panthor_racer {
	/** @work: The work. */
	struct work_struct work;

	/** @bo: The BO. No other racer touches it, or its locks. */
	struct panthor_gem_object *bo;

	/** @start: Completed when all are to start. */
	struct completion *start;

	/**
	 * @pause: Nanoseconds between two changes, another number for each
	 * racer. Otherwise they queue up for gem_lru_mutex, which follows each
	 * change, and change the count in turn.
	 */
	u32 pause;
};

static void panthor_racer_run(struct work_struct *work)
{
	struct panthor_racer *racer = container_of(work, struct panthor_racer, work);

	wait_for_completion(racer->start);
	for (u32 i = 0; i < PANTHOR_TEST_ROUNDS; i++) {
		panthor_gem_pin(racer->bo);
		ndelay(racer->pause);
		panthor_gem_unpin(racer->bo);
		ndelay(racer->pause);
	}
}

/*
 * BOs of different VMs change between GPU-mapped and pinned at the same time,
 * under locks that have nothing to do with each other. No page may get lost.
 */
static void panthor_lru_test_gpu_mapped_count_races(struct kunit *test)
{
	DECLARE_COMPLETION_ONSTACK(start);
	struct panthor_lru_test *ctx = test->priv;
	struct panthor_racer *racers;
	struct workqueue_struct *wq;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");

	racers = kunit_kcalloc(test, PANTHOR_TEST_RACERS, sizeof(*racers), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, racers);
	for (u32 i = 0; i < PANTHOR_TEST_RACERS; i++) {
		racers[i].bo = panthor_test_map(test, panthor_kunit_vm(test, ctx->file));
		racers[i].start = &start;
		racers[i].pause = 1000 + 370 * i;
		INIT_WORK(&racers[i].work, panthor_racer_run);
	}

	wq = alloc_workqueue("panthor-kunit-race", WQ_UNBOUND, PANTHOR_TEST_RACERS);
	KUNIT_ASSERT_NOT_NULL(test, wq);
	for (u32 i = 0; i < PANTHOR_TEST_RACERS; i++)
		queue_work(wq, &racers[i].work);
	complete_all(&start);
	destroy_workqueue(wq);

	KUNIT_EXPECT_EQ(test, atomic_long_read(&ctx->ptdev->reclaim.gpu_mapped_count),
			PANTHOR_TEST_RACERS * PANTHOR_TEST_BO_SIZE / PAGE_SIZE);
}

/* A scan takes a BO from a list before it has the lock of the BO. */
static void panthor_lru_test_evicted_meanwhile(struct kunit *test)
{
	struct panthor_lru_test *ctx = test->priv;
	struct panthor_gem_object *bo = panthor_test_map(test, ctx->vms[0]);
	int count = atomic_read(&bo->reclaimed_count);

	panthor_kunit_evict(test, bo);
	KUNIT_EXPECT_EQ(test, count + 1, atomic_read(&bo->reclaimed_count));

	dma_resv_lock(bo->base.resv, NULL);
	KUNIT_EXPECT_EQ(test, -EAGAIN, panthor_gem_evict(&bo->base, PANTHOR_GEM_SHRINKER));
	dma_resv_unlock(bo->base.resv);
	KUNIT_EXPECT_EQ(test, count + 1, atomic_read(&bo->reclaimed_count));
}

/*
 * One VM has unmapped the BO, but its drm_gpuvm_bo is not freed yet, when the BO comes back for
 * another VM. The list of the first VM ends with that VM.
 */
static void panthor_lru_test_other_vm(struct kunit *test)
{
	struct panthor_lru_test *ctx = test->priv;
	struct panthor_vm **vms = ctx->vms;
	struct panthor_gem_object *bo;
	struct panthor_vm_op_ctx op_ctx;

	bo = panthor_kunit_bo(test, ctx->file, NULL, PANTHOR_TEST_BO_SIZE);
	panthor_kunit_map(test, vms[0], bo, SZ_1G);
	panthor_kunit_map(test, vms[1], bo, SZ_1G);
	panthor_kunit_evict(test, bo);

	panthor_test_validate(test, vms[0]);
	KUNIT_EXPECT_PTR_EQ(test, bo->base.lru, &vms[0]->reclaim.lru);

	KUNIT_ASSERT_EQ(test, 0, panthor_vm_prepare_unmap_op_ctx(&op_ctx, vms[0], SZ_1G,
								 PANTHOR_TEST_BO_SIZE));
	KUNIT_EXPECT_EQ(test, 0, panthor_vm_exec_op(vms[0], &op_ctx, false));
	panthor_test_validate(test, vms[1]);
	KUNIT_EXPECT_PTR_EQ(test, bo->base.lru, &vms[1]->reclaim.lru);

	panthor_vm_cleanup_op_ctx(&op_ctx, vms[0]);
	KUNIT_EXPECT_PTR_EQ(test, bo->base.lru, &vms[1]->reclaim.lru);
	KUNIT_EXPECT_EQ(test, vms[0]->reclaim.lru.count, 0);
	PANTHOR_EXPECT_ORDER(test, vms[0], vms[1]);
}

/* A scan can drop the last reference: no lock may be taken then under which memory is allocated. */
static void panthor_lru_test_free_in_scan(struct kunit *test)
{
	struct panthor_lru_test *ctx = test->priv;
	struct panthor_file *pfile = ctx->file->driver_priv;
	struct drm_panthor_vm_create args = {};
	struct panthor_vm *vm;
	int id;

	if (!IS_ENABLED(CONFIG_PROVE_LOCKING) || !debug_locks)
		kunit_skip(test, "needs lockdep");

	/* What TILER_HEAP_CREATE does. */
	mutex_lock(&ctx->vms[0]->heaps.lock);
	might_alloc(GFP_KERNEL);
	mutex_unlock(&ctx->vms[0]->heaps.lock);

	id = panthor_vm_pool_create_vm(ctx->ptdev, pfile->vms, &args);
	KUNIT_ASSERT_GT(test, id, 0);
	vm = panthor_vm_pool_get_vm(pfile->vms, id);
	KUNIT_ASSERT_EQ(test, 0, panthor_vm_pool_destroy_vm(pfile->vms, id));

	fs_reclaim_acquire(GFP_KERNEL);
	panthor_vm_put(vm);
	fs_reclaim_release(GFP_KERNEL);
	KUNIT_EXPECT_TRUE(test, debug_locks);
}

static struct kunit_case panthor_lru_test_cases[] = {
	KUNIT_CASE(panthor_lru_test_first_bo_is_last),
	KUNIT_CASE(panthor_lru_test_validated_is_last),
	KUNIT_CASE(panthor_lru_test_no_stream),
	KUNIT_CASE(panthor_lru_test_active_is_last),
	KUNIT_CASE(panthor_lru_test_reclaim_last),
	KUNIT_CASE(panthor_lru_test_reclaim_last_during_scan),
	KUNIT_CASE(panthor_lru_test_scan_keeps_order),
	KUNIT_CASE(panthor_lru_test_two_scans_strand_no_vm),
	KUNIT_CASE(panthor_lru_test_empty_vm_is_not_listed),
	KUNIT_CASE(panthor_lru_test_gpu_mapped_count),
	KUNIT_CASE(panthor_lru_test_evicted_meanwhile),
	KUNIT_CASE(panthor_lru_test_other_vm),
	KUNIT_CASE(panthor_lru_test_free_in_scan),
	KUNIT_CASE_SLOW(panthor_lru_test_gpu_mapped_count_races),
	{}
};

static struct kunit_suite panthor_lru_test_suite = {
	.name = "panthor_lru",
	.init = panthor_lru_test_init,
	.test_cases = panthor_lru_test_cases,
};

kunit_test_suite(panthor_lru_test_suite);
