// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Updates of the MMU for several BOs at once.
 * Included at the end of panthor_mmu.c.
 */

#include <kunit/test.h>

#include "panthor_kunit.h"

#define PANTHOR_TEST_BATCH_BOS	5
#define PANTHOR_TEST_BATCH_VMAS	4

/* VMAs in the order in which they are added, and the tables that they need. */
static const struct panthor_test_tables {
	const char *name;
	struct {
		u64 start, size;
	} vmas[PANTHOR_TEST_BATCH_VMAS];
	u64 tables;
	u64 start, end;
} panthor_test_tables[] = {
	{ "a page", { { SZ_4K, SZ_4K } }, 3, SZ_4K, SZ_8K },
	{ "two pages of a table", { { 0, SZ_4K }, { SZ_8K, SZ_4K } }, 3, 0, SZ_8K + SZ_4K },
	{ "over the end of a table", { { SZ_2M - SZ_4K, SZ_8K } }, 4,
	  SZ_2M - SZ_4K, SZ_2M + SZ_4K },
	{ "three tables", { { SZ_4K, 2 * SZ_2M } }, 5, SZ_4K, 2 * SZ_2M + SZ_4K },
	{ "one table after the other", { { 0, SZ_2M }, { SZ_2M, SZ_2M } }, 4, 0, 2 * SZ_2M },
	{ "the end of the one, the begin of the next",
	  { { 0, SZ_2M + SZ_4K }, { SZ_2M + SZ_4K, SZ_2M } }, 5, 0, 2 * SZ_2M + SZ_4K },
	{ "two levels", { { 0, SZ_4K }, { SZ_1G, SZ_4K } }, 5, 0, SZ_1G + SZ_4K },
	{ "three levels", { { 0, SZ_4K }, { 1ULL << 39, SZ_4K } }, 6, 0, (1ULL << 39) + SZ_4K },
	{ "twice the same", { { SZ_4K, SZ_4K }, { SZ_4K, SZ_4K } }, 3, SZ_4K, SZ_8K },
	/* Out of order, too many are counted, but never too few. */
	{ "backwards", { { SZ_1G, SZ_4K }, { 0, SZ_4K } }, 5, 0, SZ_1G + SZ_4K },
	{ "to and fro", { { 0, SZ_4K }, { SZ_1G, SZ_4K }, { SZ_4K, SZ_4K } }, 7,
	  0, SZ_1G + SZ_4K },
};

KUNIT_ARRAY_PARAM_DESC(panthor_test_tables, panthor_test_tables, name);

static void panthor_batch_test_tables(struct kunit *test)
{
	const struct panthor_test_tables *t = test->param_value;
	struct panthor_vm_batch batch = {
		.max_vmas = PANTHOR_VM_BATCH_VMAS,
		.pt_max = U64_MAX,
	};
	u32 vmas = 0;

	while (vmas < PANTHOR_TEST_BATCH_VMAS && t->vmas[vmas].size) {
		panthor_vm_batch_add(&batch, t->vmas[vmas].start,
				     t->vmas[vmas].start + t->vmas[vmas].size);
		vmas++;
	}

	KUNIT_EXPECT_EQ(test, batch.vmas, vmas);
	KUNIT_EXPECT_EQ(test, batch.pt_count, t->tables);
	KUNIT_EXPECT_EQ(test, batch.start, t->start);
	KUNIT_EXPECT_EQ(test, batch.end, t->end);
}

/* What limits a batch of VMAs that all have the same size and distance. */
static const struct panthor_test_limit {
	const char *name;
	u64 size, distance;
	u64 pt_max;
	bool reserved;
	u32 vmas;
} panthor_test_limits[] = {
	{ "VMAs", SZ_4K, SZ_4K, U64_MAX, false, PANTHOR_VM_BATCH_VMAS },
	{ "bytes", SZ_1M, SZ_1M, U64_MAX, false, PANTHOR_VM_BATCH_BYTES / SZ_1M },
	{ "a large VMA goes alone", 2 * PANTHOR_VM_BATCH_BYTES, SZ_1G, U64_MAX, false, 1 },
	{ "tables of the last level", SZ_4K, SZ_2M, PANTHOR_VM_BATCH_PTS, false,
	  PANTHOR_VM_BATCH_PTS - 2 },
	{ "tables of two levels", SZ_4K, SZ_1G, PANTHOR_VM_BATCH_PTS, false,
	  (PANTHOR_VM_BATCH_PTS - 1) / 2 },
	{ "the first VMA has what it needs", SZ_1G, SZ_1G, 4, false, 1 },
	{ "but for what is reserved", SZ_1G, SZ_1G, 4, true, 0 },
	{ "all that is reserved", SZ_4K, SZ_2M, 4, true, 2 },
};

KUNIT_ARRAY_PARAM_DESC(panthor_test_limit, panthor_test_limits, name);

static void panthor_batch_test_limits(struct kunit *test)
{
	const struct panthor_test_limit *t = test->param_value;
	struct panthor_vm_batch batch = {
		.max_vmas = PANTHOR_VM_BATCH_VMAS,
		.pt_max = t->pt_max,
		.reserved = t->reserved,
	};
	u32 vmas = 0;

	while (vmas <= PANTHOR_VM_BATCH_VMAS &&
	       panthor_vm_batch_add(&batch, vmas * t->distance, vmas * t->distance + t->size))
		vmas++;

	KUNIT_EXPECT_EQ(test, vmas, t->vmas);
	KUNIT_EXPECT_EQ(test, batch.vmas, t->vmas);
	if (t->vmas > 1)
		KUNIT_EXPECT_LE(test, batch.pt_count, t->pt_max);
}

/* In descending order, each VMA is counted with its own tables, but up to the limit. */
static void panthor_batch_test_order(struct kunit *test)
{
	struct panthor_vm_batch batch = {
		.max_vmas = PANTHOR_VM_BATCH_VMAS,
		.pt_max = PANTHOR_VM_BATCH_PTS,
	};
	u64 va = 1ULL << 40;

	while (panthor_vm_batch_add(&batch, va, va + SZ_4K))
		va -= SZ_4K;

	KUNIT_EXPECT_LE(test, batch.pt_count, PANTHOR_VM_BATCH_PTS);
	KUNIT_EXPECT_GT(test, batch.vmas, 1);
}

/* Checks the state of all mappings of a BO, and the page tables. */
static void panthor_test_expect_mapped(struct kunit *test, struct panthor_vm *vm,
				       struct panthor_gem_object *bo, bool mapped)
{
	struct io_pgtable_ops *ops = vm->pgtbl_ops;
	struct drm_gpuvm_bo *vm_bo;
	struct drm_gpuva *va;
	u32 vmas = 0;

	mutex_lock(&bo->base.gpuva.lock);
	drm_gem_for_each_gpuvm_bo(vm_bo, &bo->base) {
		drm_gpuvm_bo_for_each_va(va, vm_bo) {
			u64 last = va->va.addr + va->va.range - SZ_4K;

			KUNIT_EXPECT_NE(test, mapped,
					container_of(va, struct panthor_vma, base)->evicted);
			KUNIT_EXPECT_EQ(test, mapped, !!ops->iova_to_phys(ops, va->va.addr));
			KUNIT_EXPECT_EQ(test, mapped, !!ops->iova_to_phys(ops, last));
			vmas++;
		}
	}
	mutex_unlock(&bo->base.gpuva.lock);
	KUNIT_EXPECT_GT(test, vmas, 0);
}

static void panthor_batch_test_round_trip(struct kunit *test)
{
	struct panthor_gem_object *bos[PANTHOR_TEST_BATCH_BOS];
	struct panthor_device *ptdev = panthor_kunit_device(test);
	struct drm_file *file = panthor_kunit_open(test, ptdev, panthor_kunit_process(test));
	struct panthor_vm *vm = panthor_kunit_vm(test, file);

	for (u32 i = 0; i < ARRAY_SIZE(bos); i++)
		bos[i] = panthor_kunit_mapped_bo(test, file, vm, (i + 1) * SZ_64K);
	/* One of them is mapped again, far away. */
	panthor_kunit_map(test, vm, bos[1], 1ULL << 40);

	dma_resv_lock(panthor_vm_resv(vm), NULL);

	/* All but the last: BOs that are not named stay mapped. */
	KUNIT_EXPECT_EQ(test, 0, panthor_vm_evict_mappings(vm, bos, ARRAY_SIZE(bos) - 1));
	for (u32 i = 0; i < ARRAY_SIZE(bos); i++) {
		panthor_test_expect_mapped(test, vm, bos[i], i == ARRAY_SIZE(bos) - 1);
		KUNIT_EXPECT_NOT_NULL(test, bos[i]->backing.pages);
	}

	/* Most of them are unmapped already. */
	KUNIT_EXPECT_EQ(test, 0, panthor_vm_evict_mappings(vm, bos, ARRAY_SIZE(bos)));
	panthor_test_expect_mapped(test, vm, bos[ARRAY_SIZE(bos) - 1], false);

	/* One of them, without waiting. */
	KUNIT_EXPECT_EQ(test, 0, panthor_vm_restore_mappings(vm, bos, 1, false));
	panthor_test_expect_mapped(test, vm, bos[0], true);
	panthor_test_expect_mapped(test, vm, bos[1], false);

	KUNIT_EXPECT_EQ(test, 0, panthor_vm_restore_mappings(vm, bos, ARRAY_SIZE(bos), true));
	for (u32 i = 0; i < ARRAY_SIZE(bos); i++)
		panthor_test_expect_mapped(test, vm, bos[i], true);
	KUNIT_EXPECT_NULL(test, vm->op_ctx);
	KUNIT_EXPECT_EQ(test, vm->locked_region.size, 0);

	/* Nothing left to do. */
	KUNIT_EXPECT_EQ(test, 0, panthor_vm_restore_mappings(vm, bos, ARRAY_SIZE(bos), true));

	dma_resv_unlock(panthor_vm_resv(vm));
}

/* A BO with too many mappings for one update is unmapped, and mapped, with several. */
static void panthor_batch_test_many_vmas(struct kunit *test)
{
	struct panthor_device *ptdev = panthor_kunit_device(test);
	struct drm_file *file = panthor_kunit_open(test, ptdev, panthor_kunit_process(test));
	struct panthor_vm *vm = panthor_kunit_vm(test, file);
	const u32 vmas = 2 * PANTHOR_VM_BATCH_VMAS + 1;
	struct panthor_gem_object *bo;
	u32 calls = 1;
	int ret;

	bo = panthor_kunit_bo(test, file, vm, PAGE_SIZE);
	for (u32 i = 0; i < vmas; i++)
		panthor_kunit_map(test, vm, bo, SZ_1G + (u64)i * PAGE_SIZE);

	dma_resv_lock(panthor_vm_resv(vm), NULL);
	while ((ret = panthor_vm_evict_mappings(vm, &bo, 1)) > 0)
		calls++;
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_GE(test, calls, 3);
	panthor_test_expect_mapped(test, vm, bo, false);

	calls = 1;
	while ((ret = panthor_vm_restore_mappings(vm, &bo, 1, false)) > 0)
		calls++;
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_GE(test, calls, 3);
	panthor_test_expect_mapped(test, vm, bo, true);
	dma_resv_unlock(panthor_vm_resv(vm));

	/* On request, one BO is evicted in several calls; the shrinker does it in one. */
	dma_resv_lock(panthor_vm_resv(vm), NULL);
	KUNIT_EXPECT_EQ(test, -EAGAIN, panthor_gem_evict(&bo->base, PANTHOR_GEM_EXPLICIT));
	KUNIT_EXPECT_NOT_NULL(test, bo->backing.pages);
	KUNIT_EXPECT_EQ(test, 0, panthor_gem_evict(&bo->base, PANTHOR_GEM_SHRINKER));
	KUNIT_EXPECT_NULL(test, bo->backing.pages);
	dma_resv_unlock(panthor_vm_resv(vm));
}

/* A caller that must not wait gets -EBUSY while another thread works on the VM. */
static void panthor_batch_test_contended(struct kunit *test)
{
	struct panthor_device *ptdev = panthor_kunit_device(test);
	struct drm_file *file = panthor_kunit_open(test, ptdev, panthor_kunit_process(test));
	struct panthor_vm *vm = panthor_kunit_vm(test, file);
	struct panthor_gem_object *bo = panthor_kunit_mapped_bo(test, file, vm, SZ_64K);

	dma_resv_lock(panthor_vm_resv(vm), NULL);
	panthor_kunit_op_lock(vm);
	KUNIT_EXPECT_EQ(test, -EBUSY, panthor_vm_evict_mappings(vm, &bo, 1));
	KUNIT_EXPECT_EQ(test, -EBUSY, panthor_vm_restore_mappings(vm, &bo, 1, false));
	panthor_kunit_op_unlock(vm);
	dma_resv_unlock(panthor_vm_resv(vm));
}

/* BOs that were unmapped before are evicted, and come back, like any other. */
static void panthor_batch_test_then_evict(struct kunit *test)
{
	struct panthor_gem_object *bos[PANTHOR_TEST_BATCH_BOS];
	struct panthor_device *ptdev = panthor_kunit_device(test);
	struct drm_file *file = panthor_kunit_open(test, ptdev, panthor_kunit_process(test));
	struct panthor_vm *vm = panthor_kunit_vm(test, file);
	struct drm_exec exec;

	for (u32 i = 0; i < ARRAY_SIZE(bos); i++)
		bos[i] = panthor_kunit_mapped_bo(test, file, vm, SZ_64K);

	dma_resv_lock(panthor_vm_resv(vm), NULL);
	KUNIT_EXPECT_EQ(test, 0, panthor_vm_evict_mappings(vm, bos, ARRAY_SIZE(bos)));
	dma_resv_unlock(panthor_vm_resv(vm));

	/* All but the last one, which only lost its mappings. */
	for (u32 i = 0; i < ARRAY_SIZE(bos) - 1; i++)
		panthor_kunit_evict(test, bos[i]);
	KUNIT_EXPECT_NOT_NULL(test, bos[ARRAY_SIZE(bos) - 1]->backing.pages);

	drm_exec_init(&exec, 0, 1);
	drm_exec_until_all_locked(&exec) {
		drm_gpuvm_prepare_vm(&vm->base, &exec, 0);
		drm_exec_retry_on_contention(&exec);
	}
	KUNIT_EXPECT_EQ(test, 0, drm_gpuvm_validate(&vm->base, &exec));
	drm_exec_fini(&exec);

	for (u32 i = 0; i < ARRAY_SIZE(bos); i++) {
		panthor_test_expect_mapped(test, vm, bos[i], true);
		KUNIT_EXPECT_EQ(test, bos[i]->reclaim_state, PANTHOR_GEM_GPU_MAPPED_SINGLE_VM);
	}
}

/* A job needs all BOs of its VM: this many are mapped along with the first. */
static const struct panthor_test_ahead {
	const char *name;
	u64 size;
	u32 bos, mapped;
} panthor_test_ahead[] = {
	{ "few", SZ_64K, 3, 3 },
	{ "one", SZ_64K, 1, 1 },
	{ "many", PAGE_SIZE, PANTHOR_VM_AHEAD_BOS + 1, PANTHOR_VM_AHEAD_BOS },
	{ "large", PANTHOR_VM_AHEAD_BYTES / 2, 4, 2 },
	{ "larger", 2 * PANTHOR_VM_AHEAD_BYTES, 2, 1 },
};

KUNIT_ARRAY_PARAM_DESC(panthor_test_ahead, panthor_test_ahead, name);

static void panthor_batch_test_validate(struct kunit *test)
{
	struct panthor_gem_object *bos[PANTHOR_VM_AHEAD_BOS + 1];
	const struct panthor_test_ahead *t = test->param_value;
	struct panthor_device *ptdev = panthor_kunit_device(test);
	struct drm_file *file = panthor_kunit_open(test, ptdev, panthor_kunit_process(test));
	struct panthor_vm *vm = panthor_kunit_vm(test, file);
	struct drm_gpuvm_bo *first;
	struct drm_exec exec;

	KUNIT_ASSERT_LE(test, t->bos, ARRAY_SIZE(bos));
	for (u32 i = 0; i < t->bos; i++) {
		bos[i] = panthor_kunit_mapped_bo(test, file, vm, t->size);
		panthor_kunit_evict(test, bos[i]);
	}

	drm_exec_init(&exec, 0, 1);
	drm_exec_until_all_locked(&exec) {
		drm_gpuvm_prepare_vm(&vm->base, &exec, 0);
		drm_exec_retry_on_contention(&exec);
	}

	/* The list has the BOs in the order in which they were evicted. */
	first = list_first_entry(&vm->base.evict.list, struct drm_gpuvm_bo, list.entry.evict);
	KUNIT_ASSERT_PTR_EQ(test, first->obj, &bos[0]->base);
	KUNIT_EXPECT_EQ(test, 0, panthor_vm_bo_validate(first, &exec));
	KUNIT_EXPECT_FALSE(test, first->evicted);
	/* The shrinker finds them even if their turn never comes. */
	for (u32 i = 0; i < t->bos; i++) {
		panthor_test_expect_mapped(test, vm, bos[i], i < t->mapped);
		KUNIT_EXPECT_EQ(test, i < t->mapped, !!bos[i]->base.lru);
	}
	KUNIT_EXPECT_EQ(test, t->bos - 1, list_count_nodes(&vm->base.evict.list));

	KUNIT_EXPECT_EQ(test, 0, drm_gpuvm_validate(&vm->base, &exec));
	KUNIT_EXPECT_TRUE(test, list_empty(&vm->base.evict.list));
	drm_exec_fini(&exec);

	for (u32 i = 0; i < t->bos; i++) {
		panthor_test_expect_mapped(test, vm, bos[i], true);
		KUNIT_EXPECT_EQ(test, bos[i]->reclaim_state, PANTHOR_GEM_GPU_MAPPED_SINGLE_VM);
	}
}

static struct kunit_case panthor_batch_test_cases[] = {
	KUNIT_CASE_PARAM(panthor_batch_test_tables, panthor_test_tables_gen_params),
	KUNIT_CASE_PARAM(panthor_batch_test_limits, panthor_test_limit_gen_params),
	KUNIT_CASE(panthor_batch_test_order),
	KUNIT_CASE(panthor_batch_test_round_trip),
	KUNIT_CASE(panthor_batch_test_many_vmas),
	KUNIT_CASE(panthor_batch_test_contended),
	KUNIT_CASE(panthor_batch_test_then_evict),
	KUNIT_CASE_PARAM(panthor_batch_test_validate, panthor_test_ahead_gen_params),
	{}
};

static struct kunit_suite panthor_batch_test_suite = {
	.name = "panthor_batch",
	.test_cases = panthor_batch_test_cases,
};

kunit_test_suite(panthor_batch_test_suite);
