// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * What a claim brings back, when it ends, and how it counts. BOs are evicted
 * but not paged out, so no swap is needed. Included at the end of
 * panthor_mem_claim.c.
 */

#include <kunit/test.h>

#include "panthor_kunit.h"

/* Some pages, whatever their size. */
#define PANTHOR_TEST_BO_SIZE	SZ_256K
#define PANTHOR_TEST_BOS	5

/**
 * struct panthor_mem_claim_test - What the tests need
 */
struct panthor_mem_claim_test {
	/** @ptdev: Device. */
	struct panthor_device *ptdev;

	/** @pid: The process that is the target. */
	struct pid *pid;

	/** @selector: Names it. */
	struct panthor_mem_selector selector;

	/** @file: Its file. */
	struct drm_file *file;

	/** @vm: Its VM. */
	struct panthor_vm *vm;
};

static int panthor_mem_claim_test_init(struct kunit *test)
{
	struct panthor_mem_claim_test *ctx;

	ctx = kunit_kzalloc(test, sizeof(*ctx), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ctx);
	test->priv = ctx;

	ctx->ptdev = panthor_kunit_device(test);
	ctx->pid = panthor_kunit_process(test);
	ctx->selector.owner = ctx->pid;
	ctx->file = panthor_kunit_open(test, ctx->ptdev, ctx->pid);
	ctx->vm = panthor_kunit_vm(test, ctx->file);
	return 0;
}

/* Gives the target @count BOs that are mapped, and evicted. */
static void panthor_test_fill(struct kunit *test, u32 count, u64 size)
{
	struct panthor_mem_claim_test *ctx = test->priv;

	for (u32 i = 0; i < count; i++)
		panthor_kunit_evict(test, panthor_kunit_mapped_bo(test, ctx->file, ctx->vm, size));
}

static long panthor_test_gpu_mapped(struct panthor_mem_claim_test *ctx)
{
	return atomic_long_read(&ctx->ptdev->reclaim.gpu_mapped_count);
}

/* How many of five BOs a claim with a cap brings back. */
static const struct panthor_test_cap {
	const char *name;
	u64 max;
	u32 bos;
	bool capped;
} panthor_test_caps[] = {
	{ "no cap", 0, 5, false },
	{ "one byte", 1, 1, true },
	{ "a BO", PANTHOR_TEST_BO_SIZE, 1, true },
	{ "a byte more than a BO", PANTHOR_TEST_BO_SIZE + 1, 2, true },
	{ "all", 5 * PANTHOR_TEST_BO_SIZE, 5, true },
	{ "more than all", 5 * PANTHOR_TEST_BO_SIZE + 1, 5, false },
	{ "more than 4 GiB", 5ULL * SZ_1G, 5, false },
};

KUNIT_ARRAY_PARAM_DESC(panthor_test_cap, panthor_test_caps, name);

static void panthor_mem_claim_test_cap(struct kunit *test)
{
	struct panthor_mem_claim_test *ctx = test->priv;
	const struct panthor_test_cap *cap = test->param_value;
	struct drm_panthor_mem_claim args = { .max_bytes = cap->max };

	panthor_kunit_show_page_size(test);
	panthor_test_fill(test, PANTHOR_TEST_BOS, PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, panthor_test_gpu_mapped(ctx), 0);

	KUNIT_EXPECT_EQ(test, 0, panthor_mem_claim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.claimed_bytes, (u64)cap->bos * PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.remaining_bytes,
			(u64)(PANTHOR_TEST_BOS - cap->bos) * PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.status, cap->capped ? DRM_PANTHOR_MEM_STATUS_CAPPED : 0);
	KUNIT_EXPECT_EQ(test, panthor_test_gpu_mapped(ctx),
			cap->bos * PANTHOR_TEST_BO_SIZE / PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, args.max_bytes, cap->max);

	/* The next claim brings back the rest, the last one nothing. */
	args.max_bytes = 0;
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_claim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.claimed_bytes,
			(u64)(PANTHOR_TEST_BOS - cap->bos) * PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_claim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.claimed_bytes, 0);
	KUNIT_EXPECT_EQ(test, args.remaining_bytes, 0);
	KUNIT_EXPECT_EQ(test, args.status, 0);
}

static struct panthor_mem_op *panthor_test_no_op(struct panthor_device *ptdev)
{
	return NULL;
}

/* The outputs are 0 if the call itself cannot be allocated. */
static void panthor_mem_claim_test_no_memory(struct kunit *test)
{
	struct panthor_mem_claim_test *ctx = test->priv;
	struct drm_panthor_mem_claim args = {
		.claimed_bytes = U64_MAX,
		.remaining_bytes = U64_MAX,
		.status = U32_MAX,
	};

	panthor_test_fill(test, 1, PANTHOR_TEST_BO_SIZE);
	kunit_activate_static_stub(test, panthor_mem_op_alloc, panthor_test_no_op);
	KUNIT_EXPECT_EQ(test, -ENOMEM, panthor_mem_claim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.claimed_bytes, 0);
	KUNIT_EXPECT_EQ(test, args.remaining_bytes, 0);
	KUNIT_EXPECT_EQ(test, args.status, 0);

	/* The next call is not affected. */
	kunit_deactivate_static_stub(test, panthor_mem_op_alloc);
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_claim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.claimed_bytes, PANTHOR_TEST_BO_SIZE);
}

/* There is no swap: pretend that all pages of each BO are there. */
static u64 panthor_test_all_in_swap(struct panthor_gem_object *bo)
{
	return bo->base.size;
}

/* Nothing becomes resident, and the cap limits what is read. */
static void panthor_mem_claim_test_prefetch_only(struct kunit *test)
{
	struct panthor_mem_claim_test *ctx = test->priv;
	const struct panthor_test_cap *cap = test->param_value;
	struct drm_panthor_mem_claim args = {
		.flags = DRM_PANTHOR_MEM_CLAIM_PREFETCH_ONLY,
		.max_bytes = cap->max,
	};

	kunit_activate_static_stub(test, panthor_mem_bytes_in_swap, panthor_test_all_in_swap);
	panthor_test_fill(test, PANTHOR_TEST_BOS, PANTHOR_TEST_BO_SIZE);

	KUNIT_EXPECT_EQ(test, 0, panthor_mem_claim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.claimed_bytes, 0);
	KUNIT_EXPECT_EQ(test, args.remaining_bytes, PANTHOR_TEST_BOS * PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.status, cap->capped ? DRM_PANTHOR_MEM_STATUS_CAPPED : 0);
	KUNIT_EXPECT_EQ(test, panthor_test_gpu_mapped(ctx), 0);

	/* What is in RAM already does not use up the cap. */
	kunit_deactivate_static_stub(test, panthor_mem_bytes_in_swap);
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_claim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.remaining_bytes, PANTHOR_TEST_BOS * PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.status, 0);
}

/* More than one slice, with the cap in the middle of the second. */
static void panthor_mem_claim_test_slices(struct kunit *test)
{
	struct panthor_mem_claim_test *ctx = test->priv;
	const u32 bos = 2 * PANTHOR_MEM_SLICE_BOS + 1, cap = PANTHOR_MEM_SLICE_BOS + 2;
	struct drm_panthor_mem_claim args = { .max_bytes = cap * PAGE_SIZE };

	panthor_test_fill(test, bos, PAGE_SIZE);

	KUNIT_EXPECT_EQ(test, 0, panthor_mem_claim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.claimed_bytes, cap * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, args.remaining_bytes, (bos - cap) * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, args.status, DRM_PANTHOR_MEM_STATUS_CAPPED);
}

/* BOs with a reservation of their own, and BOs that no VM maps. */
static void panthor_mem_claim_test_external(struct kunit *test)
{
	struct panthor_mem_claim_test *ctx = test->priv;
	struct panthor_gem_object *external, *unmapped;
	struct drm_panthor_mem_claim args = {};

	external = panthor_kunit_bo(test, ctx->file, NULL, PANTHOR_TEST_BO_SIZE);
	panthor_kunit_map(test, ctx->vm, external, SZ_1G);
	panthor_kunit_evict(test, external);

	unmapped = panthor_kunit_bo(test, ctx->file, NULL, PANTHOR_TEST_BO_SIZE);
	KUNIT_ASSERT_EQ(test, 0, panthor_gem_pin(unmapped));
	panthor_gem_unpin(unmapped);
	panthor_kunit_evict(test, unmapped);

	/* A BO that never had pages is not evicted. */
	panthor_kunit_bo(test, ctx->file, NULL, PANTHOR_TEST_BO_SIZE);

	KUNIT_EXPECT_EQ(test, 0, panthor_mem_claim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.claimed_bytes, 2 * PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.remaining_bytes, 0);
	KUNIT_EXPECT_EQ(test, external->reclaim_state, PANTHOR_GEM_GPU_MAPPED_SINGLE_VM);
	KUNIT_EXPECT_EQ(test, unmapped->reclaim_state, PANTHOR_GEM_UNUSED);
}

/* Nothing of another process is brought back. */
static void panthor_mem_claim_test_only_target(struct kunit *test)
{
	struct panthor_mem_claim_test *ctx = test->priv;
	struct drm_panthor_mem_claim args = {};
	struct panthor_gem_object *other;
	struct drm_file *file;

	file = panthor_kunit_open(test, ctx->ptdev, panthor_kunit_process(test));
	other = panthor_kunit_mapped_bo(test, file, panthor_kunit_vm(test, file),
					PANTHOR_TEST_BO_SIZE);
	panthor_kunit_evict(test, other);
	panthor_test_fill(test, 1, PANTHOR_TEST_BO_SIZE);

	KUNIT_EXPECT_EQ(test, 0, panthor_mem_claim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.claimed_bytes, PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.remaining_bytes, 0);
	KUNIT_EXPECT_TRUE(test, panthor_mem_bo_evicted(other));
}

/*
 * A claimed process is not the next victim, whether its VM left the shrinker's
 * list or stayed on it.
 */
static void panthor_mem_claim_test_shrinker_comes_last(struct kunit *test)
{
	struct panthor_mem_claim_test *ctx = test->priv;
	struct drm_panthor_mem_claim args = {};
	struct drm_file *file;
	struct panthor_vm *vm;

	panthor_test_fill(test, 2, PANTHOR_TEST_BO_SIZE);
	file = panthor_kunit_open(test, ctx->ptdev, panthor_kunit_process(test));
	vm = panthor_kunit_vm(test, file);
	panthor_kunit_mapped_bo(test, file, vm, PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_TRUE(test, panthor_kunit_vm_is_last(vm));

	KUNIT_EXPECT_EQ(test, 0, panthor_mem_claim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.claimed_bytes, 2 * PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_TRUE(test, panthor_kunit_vm_is_last(ctx->vm));
	KUNIT_EXPECT_FALSE(test, panthor_kunit_vm_is_last(vm));
}

/*
 * One BO of a batch cannot be read: the BOs before it have their pages then, and the
 * shrinker has to find them, mapped or not.
 */
static void panthor_mem_claim_test_unreadable(struct kunit *test)
{
	struct panthor_mem_claim_test *ctx = test->priv;
	struct panthor_gem_object *bos[PANTHOR_TEST_BOS];
	const u32 unreadable = PANTHOR_TEST_BOS - 2;
	struct drm_panthor_mem_claim args = {};
	struct inode *inode;

	for (u32 i = 0; i < PANTHOR_TEST_BOS; i++) {
		bos[i] = panthor_kunit_mapped_bo(test, ctx->file, ctx->vm, PAGE_SIZE);
		panthor_kunit_evict(test, bos[i]);
	}

	inode = file_inode(bos[unreadable]->base.filp);
	i_size_write(inode, 0);
	KUNIT_EXPECT_EQ(test, -EINVAL, panthor_mem_claim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.claimed_bytes, unreadable * PAGE_SIZE);
	for (u32 i = 0; i < PANTHOR_TEST_BOS; i++) {
		KUNIT_EXPECT_EQ(test, i < unreadable, !!bos[i]->backing.pages);
		KUNIT_EXPECT_EQ(test, i < unreadable, !!bos[i]->base.lru);
	}

	i_size_write(inode, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_claim(ctx->ptdev, &ctx->selector, &args));
	for (u32 i = 0; i < PANTHOR_TEST_BOS; i++)
		KUNIT_EXPECT_EQ(test, bos[i]->reclaim_state, PANTHOR_GEM_GPU_MAPPED_SINGLE_VM);
}

/* A signal before anything was done: the call is repeated, or fails with EINTR. */
static void panthor_mem_claim_test_signal(struct kunit *test)
{
	struct panthor_mem_claim_test *ctx = test->priv;
	struct drm_panthor_mem_claim args = { .claimed_bytes = 1, .remaining_bytes = 1 };

	panthor_test_fill(test, 1, PANTHOR_TEST_BO_SIZE);

	allow_signal(SIGUSR1);
	send_sig(SIGUSR1, current, 0);
	KUNIT_EXPECT_EQ(test, -ERESTARTSYS,
			panthor_mem_claim(ctx->ptdev, &ctx->selector, &args));
	flush_signals(current);
	disallow_signal(SIGUSR1);

	KUNIT_EXPECT_EQ(test, args.claimed_bytes, 0);
	KUNIT_EXPECT_EQ(test, args.remaining_bytes, 0);
	KUNIT_EXPECT_EQ(test, panthor_test_gpu_mapped(ctx), 0);
}

static u32 panthor_test_looks;

/* A signal comes while the second slice is looked at. */
static u64 panthor_test_swap_then_signal(struct panthor_gem_object *bo)
{
	if (++panthor_test_looks > PANTHOR_MEM_SLICE_BOS)
		send_sig(SIGUSR1, current, 0);

	return bo->base.size;
}

/* A prefetch that a signal interrupts has done something, although it claims nothing. */
static void panthor_mem_claim_test_prefetch_signal(struct kunit *test)
{
	struct panthor_mem_claim_test *ctx = test->priv;
	struct drm_panthor_mem_claim args = { .flags = DRM_PANTHOR_MEM_CLAIM_PREFETCH_ONLY };
	const u32 bos = PANTHOR_MEM_SLICE_BOS + 1;

	panthor_test_fill(test, bos, PAGE_SIZE);
	panthor_test_looks = 0;
	kunit_activate_static_stub(test, panthor_mem_bytes_in_swap,
				   panthor_test_swap_then_signal);
	allow_signal(SIGUSR1);
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_claim(ctx->ptdev, &ctx->selector, &args));
	flush_signals(current);
	disallow_signal(SIGUSR1);
	KUNIT_EXPECT_EQ(test, args.status, DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
	KUNIT_EXPECT_EQ(test, args.claimed_bytes, 0);
	KUNIT_EXPECT_EQ(test, args.remaining_bytes, bos * PAGE_SIZE);
}

/* Reading back pages that never existed allocates none. */
static void panthor_mem_claim_test_holes(struct kunit *test)
{
	struct panthor_mem_claim_test *ctx = test->priv;
	struct address_space *mapping;

	mapping = panthor_kunit_bo(test, ctx->file, NULL, SZ_64K)->base.filp->f_mapping;
	KUNIT_EXPECT_EQ(test, 0, shmem_prefetch_range(mapping, 0, (SZ_64K >> PAGE_SHIFT) - 1));
	KUNIT_EXPECT_EQ(test, shmem_pages_in_ram(mapping), 0);
}

/* A dry run returns what a claim would do, even beyond 4 GiB, and changes nothing. */
static void panthor_mem_claim_test_dry_run(struct kunit *test)
{
	struct panthor_mem_claim_test *ctx = test->priv;
	struct drm_panthor_mem_claim args = { .flags = DRM_PANTHOR_MEM_CLAIM_DRY_RUN };

	if (BITS_PER_LONG < 64)
		kunit_skip(test, "not enough mmap offsets for 9 GiB");

	/* The files are sparse, and nothing is read: this takes no memory. */
	for (u32 i = 0; i < 9; i++) {
		struct panthor_gem_object *bo = panthor_kunit_bo(test, ctx->file, NULL, SZ_1G);

		atomic_set(&bo->reclaimed_count, 1);
	}

	KUNIT_EXPECT_EQ(test, 0, panthor_mem_claim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.claimed_bytes, 9ULL * SZ_1G);
	KUNIT_EXPECT_EQ(test, args.remaining_bytes, 0);
	KUNIT_EXPECT_EQ(test, args.status, 0);

	args.max_bytes = 5ULL * SZ_1G;
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_claim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.claimed_bytes, 5ULL * SZ_1G);
	KUNIT_EXPECT_EQ(test, args.remaining_bytes, 4ULL * SZ_1G);
	KUNIT_EXPECT_EQ(test, args.status, DRM_PANTHOR_MEM_STATUS_CAPPED);

	args.flags |= DRM_PANTHOR_MEM_CLAIM_PREFETCH_ONLY;
	args.max_bytes = 0;
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_claim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.claimed_bytes, 0);
	KUNIT_EXPECT_EQ(test, args.remaining_bytes, 9ULL * SZ_1G);
}

/* A dry run counts what is locked as a claim with a deadline in the past would. */
static void panthor_mem_claim_test_dry_run_locked(struct kunit *test)
{
	struct panthor_mem_claim_test *ctx = test->priv;
	struct dma_resv *resv = panthor_vm_resv(ctx->vm);
	struct drm_panthor_mem_claim args = { .flags = DRM_PANTHOR_MEM_CLAIM_DRY_RUN };

	panthor_test_fill(test, 2, PANTHOR_TEST_BO_SIZE);
	dma_resv_lock(resv, NULL);
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_claim(ctx->ptdev, &ctx->selector, &args));
	dma_resv_unlock(resv);
	KUNIT_EXPECT_EQ(test, args.claimed_bytes, 0);
	KUNIT_EXPECT_EQ(test, args.remaining_bytes, 2 * PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.status, DRM_PANTHOR_MEM_STATUS_BUSY);
}

/* What is locked beyond the deadline stays evicted, and is counted. */
static void panthor_mem_claim_test_deadline(struct kunit *test)
{
	struct panthor_mem_claim_test *ctx = test->priv;
	struct dma_resv *resv = panthor_vm_resv(ctx->vm);
	struct drm_panthor_mem_claim args = { .deadline_ns = 1 };
	struct panthor_gem_object *external;

	panthor_test_fill(test, 2, PANTHOR_TEST_BO_SIZE);
	external = panthor_kunit_bo(test, ctx->file, NULL, PANTHOR_TEST_BO_SIZE);
	panthor_kunit_map(test, ctx->vm, external, SZ_1G);
	panthor_kunit_evict(test, external);

	dma_resv_lock(resv, NULL);
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_claim(ctx->ptdev, &ctx->selector, &args));
	dma_resv_unlock(resv);
	/* The claim finds the external BO by its handle, and brings back its pages. */
	KUNIT_EXPECT_EQ(test, args.claimed_bytes, PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.remaining_bytes, 2 * PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.status, DRM_PANTHOR_MEM_STATUS_BUSY);

	dma_resv_lock(external->base.resv, NULL);
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_claim(ctx->ptdev, &ctx->selector, &args));
	dma_resv_unlock(external->base.resv);
	KUNIT_EXPECT_EQ(test, args.claimed_bytes, 2 * PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.remaining_bytes, 0);
	KUNIT_EXPECT_EQ(test, args.status, DRM_PANTHOR_MEM_STATUS_BUSY);

	KUNIT_EXPECT_EQ(test, 0, panthor_mem_claim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.remaining_bytes, 0);
	KUNIT_EXPECT_EQ(test, args.status, 0);
	KUNIT_EXPECT_EQ(test, panthor_test_gpu_mapped(ctx),
			3 * PANTHOR_TEST_BO_SIZE / PAGE_SIZE);
}

/* After a claim, the shrinker scans BOs that no VM maps last, not first. */
static void panthor_mem_claim_test_unmapped_comes_last(struct kunit *test)
{
	struct panthor_mem_claim_test *ctx = test->priv;
	struct panthor_device *ptdev = ctx->ptdev;
	struct drm_panthor_mem_claim args = {};
	struct panthor_gem_object *bo;

	bo = panthor_kunit_bo(test, ctx->file, NULL, PANTHOR_TEST_BO_SIZE);
	KUNIT_ASSERT_EQ(test, 0, panthor_gem_pin(bo));
	panthor_gem_unpin(bo);
	KUNIT_EXPECT_PTR_EQ(test, bo->base.lru, &ptdev->reclaim.unused);
	panthor_kunit_evict(test, bo);

	KUNIT_EXPECT_EQ(test, 0, panthor_mem_claim(ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.claimed_bytes, PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_PTR_EQ(test, bo->base.lru, &ptdev->reclaim.kept_last);

	/* That ends when it is evicted, or when a VM maps it. */
	panthor_kunit_evict(test, bo);
	KUNIT_EXPECT_NULL(test, bo->base.lru);
	KUNIT_ASSERT_EQ(test, 0, panthor_gem_pin(bo));
	panthor_gem_unpin(bo);
	KUNIT_EXPECT_PTR_EQ(test, bo->base.lru, &ptdev->reclaim.unused);
}

/*
 * A BO that is unmapped after the claim has found it is claimed by its handle later.
 * If it is unmapped when it has its pages, the shrinker still finds it.
 */
static void panthor_mem_claim_test_unmapped_meanwhile(struct kunit *test)
{
	struct panthor_mem_claim_test *ctx = test->priv;
	struct drm_panthor_mem_claim args = {};
	struct panthor_mem_claim_op op = { .args = &args, .reason = PANTHOR_GEM_EXPLICIT };
	struct panthor_gem_object *bo;
	u32 next;

	bo = panthor_kunit_bo(test, ctx->file, ctx->vm, PANTHOR_TEST_BO_SIZE);
	panthor_kunit_map(test, ctx->vm, bo, SZ_1G);
	panthor_kunit_evict(test, bo);
	KUNIT_ASSERT_EQ(test, 0, panthor_vm_unmap_range(ctx->vm, SZ_1G, bo->base.size));

	op.base = kunit_kzalloc(test, sizeof(*op.base), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, op.base);
	op.base->vm = ctx->vm;
	op.base->bos[0] = bo;
	dma_resv_lock(bo->base.resv, NULL);
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_map_batch(&op, 0, 1, &next));
	KUNIT_EXPECT_EQ(test, next, 1);
	KUNIT_EXPECT_NULL(test, bo->backing.pages);

	KUNIT_EXPECT_EQ(test, 0, panthor_mem_claim_pages(&op, 0));
	KUNIT_EXPECT_NULL(test, bo->base.lru);
	panthor_vm_bo_restored(ctx->vm, bo, true);
	KUNIT_EXPECT_NOT_NULL(test, bo->base.lru);
	dma_resv_unlock(bo->base.resv);
}

/*
 * A BO whose pages the CPU or a VM_BIND has brought back is not evicted, but its
 * mappings are, and the device has no addresses of its pages.
 */
static void panthor_mem_claim_test_pages_are_back(struct kunit *test)
{
	struct panthor_mem_claim_test *ctx = test->priv;
	struct drm_panthor_mem_claim args = {};
	struct panthor_gem_object *bo;

	bo = panthor_kunit_mapped_bo(test, ctx->file, ctx->vm, PANTHOR_TEST_BO_SIZE);
	panthor_kunit_evict(test, bo);
	KUNIT_ASSERT_EQ(test, 0, panthor_gem_pin(bo));
	panthor_gem_unpin(bo);
	KUNIT_ASSERT_NOT_NULL(test, bo->backing.pages);
	KUNIT_ASSERT_NULL(test, bo->dmap.sgt);

	KUNIT_EXPECT_EQ(test, 0, panthor_mem_claim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.claimed_bytes, 0);
	KUNIT_EXPECT_EQ(test, args.remaining_bytes, 0);
	KUNIT_EXPECT_EQ(test, bo->reclaim_state, PANTHOR_GEM_GPU_MAPPED_SINGLE_VM);
}

/* A BO of two VMs that is locked in the first one is claimed in the second. */
static void panthor_mem_claim_test_busy_in_one_vm(struct kunit *test)
{
	struct panthor_mem_claim_test *ctx = test->priv;
	struct drm_panthor_mem_claim args = { .deadline_ns = 1 };
	struct panthor_vm *other, *first;
	struct panthor_gem_object *bo;

	other = panthor_kunit_vm(test, ctx->file);
	bo = panthor_kunit_bo(test, ctx->file, NULL, PANTHOR_TEST_BO_SIZE);
	panthor_kunit_map(test, ctx->vm, bo, SZ_1G);
	panthor_kunit_map(test, other, bo, SZ_1G);
	panthor_kunit_evict(test, bo);

	/* A claim visits VMs by address. */
	first = panthor_vm_gpuvm(ctx->vm) < panthor_vm_gpuvm(other) ? ctx->vm : other;
	dma_resv_lock(panthor_vm_resv(first), NULL);
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_claim(ctx->ptdev, &ctx->selector, &args));
	dma_resv_unlock(panthor_vm_resv(first));
	KUNIT_EXPECT_EQ(test, args.status, DRM_PANTHOR_MEM_STATUS_BUSY);
	KUNIT_EXPECT_EQ(test, args.claimed_bytes, PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.remaining_bytes, 0);
}

/* A BO that is evicted again and found by another handle is not subtracted twice. */
static void panthor_mem_claim_test_remaining(struct kunit *test)
{
	struct panthor_mem_claim_test *ctx = test->priv;
	struct drm_panthor_mem_claim args = {};
	struct panthor_mem_claim_op op = { .args = &args, .reason = PANTHOR_GEM_EXPLICIT };
	struct panthor_gem_object *bo;

	bo = panthor_kunit_bo(test, ctx->file, NULL, PANTHOR_TEST_BO_SIZE);
	KUNIT_ASSERT_EQ(test, 0, panthor_gem_pin(bo));
	panthor_gem_unpin(bo);
	panthor_kunit_evict(test, bo);

	op.base = panthor_mem_begin(ctx->ptdev, &ctx->selector, false);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, op.base);
	op.base->bos[0] = bo;
	op.base->bo_count = 1;
	panthor_mem_count_remaining(&op);
	KUNIT_EXPECT_EQ(test, args.remaining_bytes, PANTHOR_TEST_BO_SIZE);

	panthor_mem_validate_unmapped(&op, 0, 1);
	KUNIT_EXPECT_EQ(test, args.remaining_bytes, 0);
	panthor_kunit_evict(test, bo);
	panthor_mem_validate_unmapped(&op, 0, 1);
	KUNIT_EXPECT_EQ(test, args.remaining_bytes, 0);

	/* If it stays evicted, it counts again. */
	panthor_kunit_evict(test, bo);
	panthor_mem_count_remaining(&op);
	KUNIT_EXPECT_EQ(test, args.remaining_bytes, PANTHOR_TEST_BO_SIZE);
	op.base->bo_count = 0;
	panthor_mem_end(op.base);
}

static struct kunit_case panthor_mem_claim_test_cases[] = {
	KUNIT_CASE_PARAM(panthor_mem_claim_test_cap, panthor_test_cap_gen_params),
	KUNIT_CASE(panthor_mem_claim_test_no_memory),
	KUNIT_CASE_PARAM(panthor_mem_claim_test_prefetch_only, panthor_test_cap_gen_params),
	KUNIT_CASE(panthor_mem_claim_test_slices),
	KUNIT_CASE(panthor_mem_claim_test_external),
	KUNIT_CASE(panthor_mem_claim_test_only_target),
	KUNIT_CASE(panthor_mem_claim_test_shrinker_comes_last),
	KUNIT_CASE(panthor_mem_claim_test_unreadable),
	KUNIT_CASE(panthor_mem_claim_test_signal),
	KUNIT_CASE(panthor_mem_claim_test_prefetch_signal),
	KUNIT_CASE(panthor_mem_claim_test_holes),
	KUNIT_CASE(panthor_mem_claim_test_dry_run),
	KUNIT_CASE(panthor_mem_claim_test_dry_run_locked),
	KUNIT_CASE(panthor_mem_claim_test_deadline),
	KUNIT_CASE(panthor_mem_claim_test_unmapped_comes_last),
	KUNIT_CASE(panthor_mem_claim_test_unmapped_meanwhile),
	KUNIT_CASE(panthor_mem_claim_test_pages_are_back),
	KUNIT_CASE(panthor_mem_claim_test_busy_in_one_vm),
	KUNIT_CASE(panthor_mem_claim_test_remaining),
	{}
};

static struct kunit_suite panthor_mem_claim_test_suite = {
	.name = "panthor_mem_claim",
	.init = panthor_mem_claim_test_init,
	.test_cases = panthor_mem_claim_test_cases,
};

kunit_test_suite(panthor_mem_claim_test_suite);
