// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * What a reclaim evicts, when it ends, and how it counts. Stubs replace swap.
 * Included at the end of panthor_mem_reclaim.c.
 */

#include <kunit/test.h>
#include <kunit/test-bug.h>

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/workqueue.h>

#include "panthor_kunit.h"
#include "panthor_kunit_helpers.h"

/* Some pages, whatever their size. */
#define PANTHOR_TEST_BO_SIZE	SZ_256K
#define PANTHOR_TEST_BOS	5

/**
 * struct panthor_mem_reclaim_test - What the tests need
 */
struct panthor_mem_reclaim_test {
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

	/** @free_swap: Pages of swap that are left. */
	long free_swap;

	/** @swap_room: Bytes that the cgroup of the process may swap. */
	u64 swap_room;

	/** @freed_part: A write frees one page of this many. */
	u32 freed_part;

	/** @late: The rest is freed when the writes are waited for. */
	bool late;

	/** @in_use: Something else has references on the rest. */
	bool in_use;

	/** @drains: How often the batches of all CPUs were emptied. */
	u32 drains;

	/** @unlist_at: Number of the write from which on pages are found in batches. */
	u32 unlist_at;

	/** @unlist: How many they are, in the first slice and in the second. */
	unsigned long unlist[2];

	/** @unwritten: Pages to write to a disk, if not 0 at first. */
	unsigned long unwritten;

	/** @unlisted: Pages of @unwritten that are in per-CPU batches. */
	unsigned long unlisted;

	/** @in_flight: Pages that are being written, and are in batches after that. */
	unsigned long in_flight;

	/** @rotating: Pages that are written, and in batches. */
	unsigned long rotating;

	/** @written: Pages of that rest, if @late is set. */
	unsigned long written;

	/** @next: Page that the next write has to start at. */
	pgoff_t next;

	/** @writes: Number of writes. */
	u32 writes;

	/** @submit_after: Number of writes after which a job is submitted, or 0. */
	u32 submit_after;

	/** @submit_vm: VM that it is submitted to. */
	struct panthor_vm *submit_vm;

	/** @cancel_after: Number of writes after which a claim comes, or 0. */
	u32 cancel_after;

	/** @visit_after: Number of writes after which another call visits the BOs, or 0. */
	u32 visit_after;

	/** @cancel_at_look: Which look at the room in swap a claim cancels, or 0. */
	u32 cancel_at_look;

	/** @looks: How often the room in swap was looked at. */
	u32 looks;

	/** @args: Arguments of the call that is cancelled at a look. */
	const struct drm_panthor_mem_reclaim *args;

	/** @evicted_before: Bytes that it had evicted by then. */
	u64 evicted_before;
};

static long panthor_test_free_swap(void)
{
	struct panthor_mem_reclaim_test *ctx = kunit_get_current_test()->priv;

	return ctx->free_swap;
}

static void panthor_test_claim(struct panthor_mem_reclaim_test *ctx)
{
	struct panthor_mem_op *claim = panthor_mem_begin(ctx->ptdev, &ctx->selector, false);

	if (!IS_ERR(claim)) {
		claim->deadline_ns = S64_MAX;
		panthor_mem_cancel_reclaims(claim);
		panthor_mem_end(claim);
	}
}

static void panthor_test_empty_batches(void)
{
	struct panthor_mem_reclaim_test *ctx = kunit_get_current_test()->priv;

	ctx->drains++;
	ctx->unlisted = 0;
	/* These are written again now, then the second slice begins. */
	if (ctx->drains == 1)
		ctx->unlist_at = ctx->writes + ctx->unlist[0] + 1;
	ctx->written += ctx->rotating;
	ctx->rotating = 0;
}

/* Starts to write pages that are in no batch, to a disk. */
static void panthor_test_start_writes(struct panthor_mem_reclaim_op *op, unsigned long pages)
{
	struct panthor_mem_reclaim_test *ctx = kunit_get_current_test()->priv;

	pages = min(pages, ctx->unwritten - ctx->unlisted);
	ctx->unwritten -= pages;
	if (ctx->drains)
		ctx->written += pages;
	else
		ctx->in_flight += pages;
	atomic_long_add(ctx->unlisted, &op->missed);
}

/* A call that changes nothing, at the same time. */
static void panthor_test_visit(struct panthor_mem_reclaim_test *ctx)
{
	struct drm_panthor_mem_reclaim args = { .flags = DRM_PANTHOR_MEM_RECLAIM_DRY_RUN };

	KUNIT_EXPECT_EQ(kunit_get_current_test(), 0,
			panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
}

static struct panthor_mem_op *panthor_test_no_op(struct panthor_device *ptdev)
{
	return NULL;
}

static long panthor_test_write_pages(void *data, struct panthor_gem_object *bo,
				     pgoff_t first, pgoff_t last)
{
	struct panthor_mem_reclaim_op *op = data;
	struct kunit *test = kunit_get_current_test();
	struct panthor_mem_reclaim_test *ctx = test->priv;
	pgoff_t end = bo->base.size >> PAGE_SHIFT;
	unsigned long pages = last - first + 1;

	KUNIT_EXPECT_EQ(test, first, ctx->next);
	KUNIT_EXPECT_LE(test, first, last);
	KUNIT_EXPECT_LT(test, last, end);
	/* Small enough to see a signal soon. */
	KUNIT_EXPECT_LE(test, pages, SZ_256K / PAGE_SIZE);
	ctx->next = last + 1 == end ? 0 : last + 1;

	if (++ctx->writes == ctx->cancel_after)
		panthor_test_claim(ctx);
	if (ctx->writes == ctx->submit_after)
		panthor_kunit_submit(ctx->submit_vm);
	if (ctx->writes == ctx->visit_after)
		panthor_test_visit(ctx);

	if (ctx->unwritten) {
		panthor_test_start_writes(op, pages);
		return 0;
	}

	if (ctx->late)
		ctx->written += pages - pages / ctx->freed_part;
	if (ctx->in_use)
		atomic_long_add(pages - pages / ctx->freed_part, &op->missed);
	if (ctx->writes == ctx->unlist_at)
		ctx->unlisted = ctx->unlist[ctx->drains];
	if (ctx->unlisted) {
		ctx->unlisted--;
		atomic_long_inc(&op->missed);
		return 0;
	}
	pages = min_t(unsigned long, pages / ctx->freed_part, ctx->free_swap);
	ctx->free_swap -= pages;
	return pages;
}

static long panthor_test_free_written(void *data, struct panthor_gem_object *bo,
				      pgoff_t first, pgoff_t last)
{
	struct panthor_mem_reclaim_op *op = data;
	struct panthor_mem_reclaim_test *ctx = kunit_get_current_test()->priv;
	unsigned long pages = min(last - first + 1, ctx->written);

	ctx->written -= pages;
	ctx->rotating += ctx->in_flight;
	ctx->in_flight = 0;
	atomic_long_add(ctx->rotating, &op->missed);
	if (ctx->in_use)
		atomic_long_add(last - first + 1, &op->missed);
	return pages;
}

static u64 panthor_test_swap_room(struct panthor_gem_object *bo)
{
	struct panthor_mem_reclaim_test *ctx = kunit_get_current_test()->priv;

	/* The claim would wait for the end of the slice. */
	if (++ctx->looks == ctx->cancel_at_look) {
		list_first_entry(&ctx->ptdev->mem.reclaims, struct panthor_mem_op,
				 node)->cancelled = true;
		ctx->evicted_before = ctx->args->evicted_bytes;
	}

	return ctx->swap_room;
}

static int panthor_mem_reclaim_test_init(struct kunit *test)
{
	struct panthor_mem_reclaim_test *ctx;

	ctx = kunit_kzalloc(test, sizeof(*ctx), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ctx);
	test->priv = ctx;

	ctx->free_swap = LONG_MAX;
	ctx->swap_room = U64_MAX;
	ctx->freed_part = 1;
	kunit_activate_static_stub(test, panthor_mem_swap_room, panthor_test_swap_room);
	kunit_activate_static_stub(test, panthor_mem_free_swap, panthor_test_free_swap);
	kunit_activate_static_stub(test, panthor_mem_write_pages, panthor_test_write_pages);
	kunit_activate_static_stub(test, panthor_mem_free_written, panthor_test_free_written);
	kunit_activate_static_stub(test, panthor_mem_empty_batches, panthor_test_empty_batches);
	/* Other threads do not call the stubs. */
	panthor_kunit_work_alone(test);

	ctx->ptdev = panthor_kunit_device(test);
	ctx->pid = panthor_kunit_process(test);
	ctx->selector.owner = ctx->pid;
	ctx->file = panthor_kunit_open(test, ctx->ptdev, ctx->pid);
	ctx->vm = panthor_kunit_vm(test, ctx->file);
	return 0;
}

/* Gives the target @count BOs that are mapped and can be evicted. */
static void panthor_test_fill(struct kunit *test, u32 count)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;

	for (u32 i = 0; i < count; i++)
		panthor_kunit_mapped_bo(test, ctx->file, ctx->vm, PANTHOR_TEST_BO_SIZE);
}

/* Returns a call for functions that are tested alone. */
static struct panthor_mem_op *panthor_test_op(struct kunit *test)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	struct panthor_mem_op *op = kunit_kzalloc(test, sizeof(*op), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, op);
	op->target.ptdev = ctx->ptdev;
	op->target.selector = &ctx->selector;
	panthor_mem_run_init(&op->run);
	return op;
}

static long panthor_test_gpu_mapped(struct panthor_mem_reclaim_test *ctx)
{
	return atomic_long_read(&ctx->ptdev->reclaim.gpu_mapped_count);
}

static const long panthor_test_bo_pages = PANTHOR_TEST_BO_SIZE / PAGE_SIZE;

/* Sizes of BOs that are paged out. */
static const struct panthor_test_size {
	const char *name;
	u64 bytes;
} panthor_test_sizes[] = {
	{ "one page", PAGE_SIZE },
	{ "less than a piece", SZ_1M - PAGE_SIZE },
	{ "one piece", SZ_1M },
	{ "a piece and a page", SZ_1M + PAGE_SIZE },
	{ "pieces", 4 * SZ_1M },
#if BITS_PER_LONG == 64
	{ "4 GiB", SZ_4G },
	{ "5 GiB and a page", 5ULL * SZ_1G + PAGE_SIZE },
#endif
};

KUNIT_ARRAY_PARAM_DESC(panthor_test_size, panthor_test_sizes, name);

/* Each page of a BO is written once, in order, and counted in bytes. */
static void panthor_mem_reclaim_test_page_out(struct kunit *test)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	const struct panthor_test_size *size = test->param_value;
	struct drm_panthor_mem_reclaim args = {};
	struct panthor_mem_reclaim_op op = { .args = &args };
	struct panthor_gem_object *bo;

	panthor_kunit_show_page_size(test);
	op.base = panthor_test_op(test);

	/* The file is sparse: this takes no memory. */
	bo = panthor_kunit_bo(test, ctx->file, NULL, size->bytes);
	KUNIT_ASSERT_EQ(test, bo->base.size, size->bytes);

	op.base->bos[0] = bo;
	op.base->bytes[0] = size->bytes;
	panthor_mem_page_out(&op, 0, 1);
	KUNIT_EXPECT_EQ(test, ctx->next, 0);
	KUNIT_EXPECT_EQ(test, ctx->writes, DIV_ROUND_UP_ULL(size->bytes, SZ_256K));
	KUNIT_EXPECT_EQ(test, args.freed_bytes, size->bytes);
	KUNIT_EXPECT_EQ(test, LONG_MAX - ctx->free_swap, size->bytes / PAGE_SIZE);

	/* Counts no more than the BO has, and adds to what was counted before. */
	op.base->bytes[0] = PAGE_SIZE;
	panthor_mem_page_out(&op, 0, 1);
	KUNIT_EXPECT_EQ(test, args.freed_bytes, size->bytes + PAGE_SIZE);

	/* A claim ends it. */
	ctx->writes = 0;
	op.base->cancelled = true;
	panthor_mem_page_out(&op, 0, 1);
	KUNIT_EXPECT_EQ(test, ctx->writes, 0);
	KUNIT_EXPECT_EQ(test, args.freed_bytes, size->bytes + PAGE_SIZE);
}

#define PANTHOR_TEST_GIB(n)	((u64)(n) * SZ_1G)

/* When a slice ends. Some sizes do not fit into 32 bits. */
static const struct panthor_test_slice {
	const char *name;
	u64 max;
	u64 freed;
	u64 evicted;
	u64 slice;
	u64 swap;
	u32 flags;
	bool full;
} panthor_test_slices[] = {
	{ .name = "empty slice goes on without swap", .swap = 0, .full = false },
	{ .name = "empty slice goes on at the cap",
	  .max = 1, .freed = 1, .evicted = 1, .swap = SZ_1M, .full = false },
	{ .name = "no cap",
	  .slice = PANTHOR_MEM_SLICE_BYTES - PAGE_SIZE, .swap = PANTHOR_TEST_GIB(9) },
	{ .name = "as much as is evicted at once",
	  .slice = PANTHOR_MEM_SLICE_BYTES, .swap = PANTHOR_TEST_GIB(9), .full = true },
	{ .name = "no swap", .slice = 1, .swap = 0, .full = true },
	{ .name = "swap just filled", .slice = SZ_1M, .swap = SZ_1M, .full = true },
	{ .name = "swap for a page more", .slice = SZ_1M, .swap = SZ_1M + PAGE_SIZE },
	{ .name = "over 4 GiB of swap for a small slice",
	  .slice = SZ_1M, .swap = PANTHOR_TEST_GIB(4) },
	{ .name = "over 4 GiB in the slice for less swap",
	  .slice = PANTHOR_TEST_GIB(4), .swap = SZ_1M, .full = true },
	{ .name = "cap ahead of what is freed and in the slice",
	  .max = PANTHOR_TEST_GIB(6), .freed = PANTHOR_TEST_GIB(6) - SZ_2M, .slice = SZ_1M,
	  .evicted = PANTHOR_TEST_GIB(7), .swap = PANTHOR_TEST_GIB(9) },
	{ .name = "cap reached by what is freed and in the slice",
	  .max = PANTHOR_TEST_GIB(6), .freed = PANTHOR_TEST_GIB(6) - SZ_1M, .slice = SZ_1M,
	  .evicted = PANTHOR_TEST_GIB(6), .swap = PANTHOR_TEST_GIB(9), .full = true },
	{ .name = "cap on what is evicted, ahead",
	  .flags = DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT,
	  .max = PANTHOR_TEST_GIB(6), .evicted = PANTHOR_TEST_GIB(6) - 1,
	  .slice = SZ_1M, .swap = PANTHOR_TEST_GIB(9) },
	{ .name = "cap on what is evicted, reached",
	  .flags = DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT,
	  .max = PANTHOR_TEST_GIB(6), .evicted = PANTHOR_TEST_GIB(6),
	  .slice = SZ_1M, .swap = PANTHOR_TEST_GIB(9), .full = true },
	{ .name = "cap on what would be evicted, reached",
	  .flags = DRM_PANTHOR_MEM_RECLAIM_DRY_RUN,
	  .max = SZ_1M, .evicted = SZ_1M, .slice = SZ_1M, .swap = SZ_2M, .full = true },
};

KUNIT_ARRAY_PARAM_DESC(panthor_test_slice, panthor_test_slices, name);

static void panthor_mem_reclaim_test_slice_full(struct kunit *test)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	const struct panthor_test_slice *slice = test->param_value;
	struct drm_panthor_mem_reclaim args = {
		.flags = slice->flags,
		.max_bytes = slice->max,
		.freed_bytes = slice->freed,
		.evicted_bytes = slice->evicted,
	};
	struct panthor_mem_reclaim_op op = { .args = &args, .slice_bytes = slice->slice };
	struct panthor_gem_object *bo;

	ctx->free_swap = slice->swap / PAGE_SIZE;
	bo = panthor_kunit_bo(test, ctx->file, NULL, PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, panthor_mem_slice_full(&op, bo), slice->full);
}

/* What ends a call, and the status that it sets. */
static const struct panthor_test_stop {
	const char *name;
	u64 max;
	u64 freed;
	u64 evicted;
	long swap;
	u32 flags;
	u32 status;
	bool cancelled;
} panthor_test_stops[] = {
	{ .name = "nothing", .freed = PANTHOR_TEST_GIB(8), .evicted = PANTHOR_TEST_GIB(8),
	  .swap = 1 },
	{ .name = "below the cap, beyond 4 GiB", .max = PANTHOR_TEST_GIB(5),
	  .freed = PANTHOR_TEST_GIB(5) - 1, .evicted = PANTHOR_TEST_GIB(6), .swap = 1 },
	{ .name = "at the cap, beyond 4 GiB", .max = PANTHOR_TEST_GIB(5),
	  .freed = PANTHOR_TEST_GIB(5), .evicted = PANTHOR_TEST_GIB(6), .swap = 1,
	  .status = DRM_PANTHOR_MEM_STATUS_CAPPED },
	{ .name = "not paged out, below the cap", .flags = DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT,
	  .max = 2, .evicted = 1, .swap = 1 },
	{ .name = "not paged out, at the cap", .flags = DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT,
	  .max = 1, .evicted = 1, .swap = 1, .status = DRM_PANTHOR_MEM_STATUS_CAPPED },
	{ .name = "no swap", .swap = 0, .status = DRM_PANTHOR_MEM_STATUS_SWAP_FULL },
	{ .name = "less than no swap", .swap = -1, .status = DRM_PANTHOR_MEM_STATUS_SWAP_FULL },
	{ .name = "cap rather than swap", .max = 1, .freed = 1, .evicted = 1, .swap = 0,
	  .status = DRM_PANTHOR_MEM_STATUS_CAPPED },
	{ .name = "claim rather than cap and swap", .max = 1, .freed = 1, .evicted = 1, .swap = 0,
	  .cancelled = true, .status = DRM_PANTHOR_MEM_STATUS_INTERRUPTED },
};

KUNIT_ARRAY_PARAM_DESC(panthor_test_stop, panthor_test_stops, name);

static void panthor_mem_reclaim_test_should_stop(struct kunit *test)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	const struct panthor_test_stop *stop = test->param_value;
	struct drm_panthor_mem_reclaim args = {
		.flags = stop->flags,
		.max_bytes = stop->max,
		.freed_bytes = stop->freed,
		.evicted_bytes = stop->evicted,
	};
	struct panthor_mem_reclaim_op op = { .args = &args };

	op.base = panthor_test_op(test);
	op.base->cancelled = stop->cancelled;
	ctx->free_swap = stop->swap;

	KUNIT_EXPECT_EQ(test, panthor_mem_reclaim_should_stop(&op), stop->status != 0);
	KUNIT_EXPECT_EQ(test, op.base->stop, stop->status != 0);
	KUNIT_EXPECT_EQ(test, args.status, stop->status);
	/* The answer and the status do not change. */
	ctx->free_swap = 0;
	if (stop->status)
		KUNIT_EXPECT_TRUE(test, panthor_mem_reclaim_should_stop(&op));
	if (stop->status)
		KUNIT_EXPECT_EQ(test, args.status, stop->status);
}

/* Skipped bytes add up beyond 4 GiB. */
static void panthor_mem_reclaim_test_skipped_bytes(struct kunit *test)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	struct drm_panthor_mem_reclaim args = {};
	struct panthor_mem_reclaim_op op = { .args = &args };
	struct panthor_gem_object *bo;

	bo = panthor_kunit_bo(test, ctx->file, NULL, SZ_1G);
	for (u32 i = 0; i < 9; i++)
		panthor_mem_reclaim_skip(&op, bo, DRM_PANTHOR_MEM_STATUS_BUSY);
	panthor_mem_reclaim_skip(&op, bo, DRM_PANTHOR_MEM_STATUS_PINNED);

	KUNIT_EXPECT_EQ(test, args.skipped_bytes, PANTHOR_TEST_GIB(10));
	KUNIT_EXPECT_EQ(test, args.status,
			DRM_PANTHOR_MEM_STATUS_BUSY | DRM_PANTHOR_MEM_STATUS_PINNED);
}

/* How many of five BOs a reclaim with a cap evicts. */
static const struct panthor_test_cap {
	const char *name;
	u64 max;
	u32 bos;
	bool capped;
} panthor_test_caps[] = {
	{ "no cap", 0, 5, false },
	{ "one byte", 1, 1, true },
	{ "a byte less than a BO", PANTHOR_TEST_BO_SIZE - 1, 1, true },
	{ "a BO", PANTHOR_TEST_BO_SIZE, 1, true },
	{ "a byte more than a BO", PANTHOR_TEST_BO_SIZE + 1, 2, true },
	{ "three BOs", 3 * PANTHOR_TEST_BO_SIZE, 3, true },
	{ "all", 5 * PANTHOR_TEST_BO_SIZE, 5, true },
	{ "more than all", 5 * PANTHOR_TEST_BO_SIZE + 1, 5, false },
	{ "more than 4 GiB", 5ULL * SZ_1G, 5, false },
};

KUNIT_ARRAY_PARAM_DESC(panthor_test_cap, panthor_test_caps, name);

static void panthor_test_cap(struct kunit *test, u32 flags)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	const struct panthor_test_cap *cap = test->param_value;
	struct drm_panthor_mem_reclaim args = { .flags = flags, .max_bytes = cap->max };
	bool pages_out = !flags, dry_run = flags & DRM_PANTHOR_MEM_RECLAIM_DRY_RUN;
	long left;

	panthor_test_fill(test, PANTHOR_TEST_BOS);
	left = (PANTHOR_TEST_BOS - (dry_run ? 0 : cap->bos)) * panthor_test_bo_pages;

	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.evicted_bytes, (u64)cap->bos * PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.freed_bytes, pages_out ? args.evicted_bytes : 0);
	KUNIT_EXPECT_EQ(test, args.skipped_bytes, 0);
	KUNIT_EXPECT_EQ(test, args.status, cap->capped ? DRM_PANTHOR_MEM_STATUS_CAPPED : 0);
	KUNIT_EXPECT_EQ(test, panthor_test_gpu_mapped(ctx), left);
	/* Inputs are not changed. */
	KUNIT_EXPECT_EQ(test, args.max_bytes, cap->max);
	KUNIT_EXPECT_EQ(test, args.flags, flags);
}

static void panthor_mem_reclaim_test_cap(struct kunit *test)
{
	panthor_test_cap(test, 0);
}

static void panthor_mem_reclaim_test_cap_no_pageout(struct kunit *test)
{
	panthor_test_cap(test, DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT);
}

static void panthor_mem_reclaim_test_cap_dry_run(struct kunit *test)
{
	panthor_test_cap(test, DRM_PANTHOR_MEM_RECLAIM_DRY_RUN);
}

/* The cap limits what is freed: pages that are in use are not freed and do not count. */
static void panthor_mem_reclaim_test_cap_counts_freed(struct kunit *test)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	struct drm_panthor_mem_reclaim args = { .max_bytes = 2 * PANTHOR_TEST_BO_SIZE };

	panthor_test_fill(test, PANTHOR_TEST_BOS);
	ctx->freed_part = 4;
	ctx->in_use = true;

	/* The first two BOs are written twice, the second time with the batches drained. */
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.freed_bytes, 7 * PANTHOR_TEST_BO_SIZE / 4);
	KUNIT_EXPECT_EQ(test, args.evicted_bytes, PANTHOR_TEST_BOS * PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.status, 0);
	KUNIT_EXPECT_EQ(test, ctx->drains, 1);
}

/* The outputs are 0 if the call itself cannot be allocated. */
static void panthor_mem_reclaim_test_no_memory(struct kunit *test)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	struct drm_panthor_mem_reclaim args = {
		.freed_bytes = U64_MAX,
		.evicted_bytes = U64_MAX,
		.skipped_bytes = U64_MAX,
		.status = U32_MAX,
	};

	panthor_test_fill(test, 1);
	kunit_activate_static_stub(test, panthor_mem_op_alloc, panthor_test_no_op);
	KUNIT_EXPECT_EQ(test, -ENOMEM, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.freed_bytes, 0);
	KUNIT_EXPECT_EQ(test, args.evicted_bytes, 0);
	KUNIT_EXPECT_EQ(test, args.skipped_bytes, 0);
	KUNIT_EXPECT_EQ(test, args.status, 0);

	/* The call that failed is not listed any more. */
	kunit_deactivate_static_stub(test, panthor_mem_op_alloc);
	KUNIT_EXPECT_TRUE(test, list_empty(&ctx->ptdev->mem.reclaims));
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.freed_bytes, PANTHOR_TEST_BO_SIZE);
}

/* A swap device that fails ends the call after one slice, which the cap limits. */
static void panthor_mem_reclaim_test_refused(struct kunit *test)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	struct drm_panthor_mem_reclaim args = { .max_bytes = 2 * PANTHOR_TEST_BO_SIZE };

	panthor_test_fill(test, PANTHOR_TEST_BOS);
	ctx->freed_part = U32_MAX;

	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.freed_bytes, 0);
	KUNIT_EXPECT_EQ(test, args.evicted_bytes, 2 * PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.status, DRM_PANTHOR_MEM_STATUS_SWAP_REFUSED);

	/* What was evicted before is tried again, and not counted again. */
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.evicted_bytes, 0);
	KUNIT_EXPECT_EQ(test, args.status, DRM_PANTHOR_MEM_STATUS_SWAP_REFUSED);

	/* A dry run does not count it. */
	args.flags = DRM_PANTHOR_MEM_RECLAIM_DRY_RUN;
	args.max_bytes = 0;
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.evicted_bytes, 3 * PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.status, DRM_PANTHOR_MEM_STATUS_SWAP_REFUSED);

	/* The device writes again. */
	args.flags = 0;
	ctx->freed_part = 1;
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.freed_bytes, PANTHOR_TEST_BOS * PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.evicted_bytes, args.freed_bytes);
	KUNIT_EXPECT_EQ(test, args.status, 0);
}

/* How many of five BOs are evicted with a swap limit of the cgroup. */
static const struct panthor_test_room {
	const char *name;
	u64 room;
	u32 bos;
} panthor_test_rooms[] = {
	{ "nothing", 0, 0 },
	{ "a page less than a BO", PANTHOR_TEST_BO_SIZE - PAGE_SIZE, 0 },
	{ "a BO", PANTHOR_TEST_BO_SIZE, 1 },
	{ "two BOs and a half", 5 * PANTHOR_TEST_BO_SIZE / 2, 2 },
	{ "all", PANTHOR_TEST_BOS * PANTHOR_TEST_BO_SIZE, PANTHOR_TEST_BOS },
};

KUNIT_ARRAY_PARAM_DESC(panthor_test_room, panthor_test_rooms, name);

static void panthor_test_room(struct kunit *test, u32 flags)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	const struct panthor_test_room *room = test->param_value;
	struct drm_panthor_mem_reclaim args = { .flags = flags };
	u32 stay = PANTHOR_TEST_BOS - room->bos;

	panthor_test_fill(test, PANTHOR_TEST_BOS);
	ctx->swap_room = room->room;

	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.evicted_bytes, room->bos * PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.skipped_bytes, stay * PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.status, stay ? DRM_PANTHOR_MEM_STATUS_SWAP_REFUSED : 0);
}

static void panthor_mem_reclaim_test_room_dry_run(struct kunit *test)
{
	panthor_test_room(test, DRM_PANTHOR_MEM_RECLAIM_DRY_RUN);
}

static void panthor_mem_reclaim_test_room_no_pageout(struct kunit *test)
{
	panthor_test_room(test, DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT);
}

/* A disk frees nothing at once: the writes are waited for, and their pages counted. */
static void panthor_mem_reclaim_test_late(struct kunit *test)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	struct drm_panthor_mem_reclaim args = {};

	panthor_test_fill(test, PANTHOR_TEST_BOS);
	ctx->freed_part = U32_MAX;
	ctx->late = true;

	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.freed_bytes, PANTHOR_TEST_BOS * PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.status, 0);
	/* Pages on their way to a disk are in no batch. */
	KUNIT_EXPECT_EQ(test, ctx->drains, 0);
}

/*
 * Folios of which other CPUs have a reference in a batch: some before they are written, the
 * others after that. The batches are emptied once, and all folios are freed.
 */
static void panthor_mem_reclaim_test_batches(struct kunit *test)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	struct drm_panthor_mem_reclaim args = {};

	panthor_test_fill(test, PANTHOR_TEST_BOS);
	ctx->freed_part = U32_MAX;
	ctx->unwritten = PANTHOR_TEST_BOS * panthor_test_bo_pages;
	ctx->unlisted = panthor_test_bo_pages / 2;

	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.freed_bytes, PANTHOR_TEST_BOS * PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.status, 0);
	KUNIT_EXPECT_EQ(test, ctx->drains, 1);
}

/* One page of the first slice is in a batch, and @more pages of the second. */
static void panthor_test_batches_of_slices(struct kunit *test, unsigned long more,
					   unsigned long left, u32 drains)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	const u32 bos = PANTHOR_MEM_SLICE_BOS + 2 * FOLIO_BATCH_SIZE;
	struct drm_panthor_mem_reclaim args = {};

	for (u32 i = 0; i < bos; i++)
		panthor_kunit_mapped_bo(test, ctx->file, ctx->vm, PAGE_SIZE);
	ctx->unlist_at = PANTHOR_MEM_SLICE_BOS;
	ctx->unlist[0] = 1;
	ctx->unlist[1] = more;

	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.freed_bytes, (bos - left) * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, args.status, 0);
	KUNIT_EXPECT_EQ(test, ctx->drains, drains);
}

/* What does not fit into one batch is worth emptying them again. */
static void panthor_mem_reclaim_test_batches_again(struct kunit *test)
{
	panthor_test_batches_of_slices(test, FOLIO_BATCH_SIZE + 1, 0, 2);
}

static void panthor_mem_reclaim_test_batches_once(struct kunit *test)
{
	panthor_test_batches_of_slices(test, FOLIO_BATCH_SIZE, FOLIO_BATCH_SIZE, 1);
}

/*
 * A claim waits for the end of a slice, so a call that is cancelled in one evicts at most the
 * BO that it is working on.
 */
static void panthor_mem_reclaim_test_cancelled_in_slice(struct kunit *test)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	struct drm_panthor_mem_reclaim args = {};

	panthor_test_fill(test, PANTHOR_TEST_BOS);
	ctx->args = &args;
	ctx->cancel_at_look = PANTHOR_TEST_BOS + 2;

	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_GT(test, ctx->evicted_before, 0);
	KUNIT_EXPECT_LE(test, args.evicted_bytes, ctx->evicted_before + PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_LT(test, args.evicted_bytes, PANTHOR_TEST_BOS * PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.status, DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
}

/* A claim cancels the call, which leaves the written pages to a later one. */
static void panthor_mem_reclaim_test_late_cancelled(struct kunit *test)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	struct drm_panthor_mem_reclaim args = {};

	for (u32 i = 0; i < 4; i++)
		panthor_kunit_mapped_bo(test, ctx->file, ctx->vm, SZ_256K);
	ctx->freed_part = U32_MAX;
	ctx->late = true;
	ctx->cancel_after = 2;

	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.evicted_bytes, 4 * SZ_256K);
	KUNIT_EXPECT_EQ(test, args.freed_bytes, 0);
	KUNIT_EXPECT_EQ(test, ctx->written, 2 * SZ_256K >> PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, args.status, DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
}

/* No more is evicted than swap has room for, except for one BO. */
static void panthor_mem_reclaim_test_swap_bounds_slice(struct kunit *test)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	struct drm_panthor_mem_reclaim args = {};

	panthor_test_fill(test, PANTHOR_TEST_BOS);
	ctx->free_swap = 5 * panthor_test_bo_pages / 2;

	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.freed_bytes, 5 * PANTHOR_TEST_BO_SIZE / 2);
	KUNIT_EXPECT_EQ(test, args.evicted_bytes, 3 * PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.status, DRM_PANTHOR_MEM_STATUS_SWAP_FULL);
	KUNIT_EXPECT_EQ(test, panthor_test_gpu_mapped(ctx), 2 * panthor_test_bo_pages);
}

/* With less swap than a BO needs, one BO is evicted, to make progress. */
static void panthor_mem_reclaim_test_one_bo_always_goes(struct kunit *test)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	struct drm_panthor_mem_reclaim args = {};

	panthor_test_fill(test, PANTHOR_TEST_BOS);
	ctx->free_swap = 1;

	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.freed_bytes, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, args.evicted_bytes, PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.status, DRM_PANTHOR_MEM_STATUS_SWAP_FULL);
}

static void panthor_mem_reclaim_test_no_swap(struct kunit *test)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	struct drm_panthor_mem_reclaim args = {};

	panthor_test_fill(test, 1);
	ctx->free_swap = 0;

	KUNIT_EXPECT_EQ(test, -ENOSPC, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, panthor_test_gpu_mapped(ctx), panthor_test_bo_pages);

	/* The process is looked up first. */
	ctx->selector.owner = panthor_kunit_process(test);
	KUNIT_EXPECT_EQ(test, -ESRCH, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
}

/* More than one slice, with the cap in the middle of the second. */
static void panthor_mem_reclaim_test_slices(struct kunit *test)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	const u32 bos = 2 * PANTHOR_MEM_SLICE_BOS + 1, cap = PANTHOR_MEM_SLICE_BOS + 2;
	struct drm_panthor_mem_reclaim args = { .max_bytes = cap * PAGE_SIZE };

	for (u32 i = 0; i < bos; i++)
		panthor_kunit_mapped_bo(test, ctx->file, ctx->vm, PAGE_SIZE);

	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.evicted_bytes, cap * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, args.status, DRM_PANTHOR_MEM_STATUS_CAPPED);

	/* The stubs leave everything in the page cache, so it is found and written again. */
	args.max_bytes = 0;
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.evicted_bytes, bos * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, args.freed_bytes, bos * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, args.status, 0);
	KUNIT_EXPECT_EQ(test, panthor_test_gpu_mapped(ctx), 0);
}

/* What was evicted without pageout counts, in bytes, once it is paged out. */
static void panthor_mem_reclaim_test_cached(struct kunit *test)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	struct drm_panthor_mem_reclaim args = {};
	struct panthor_gem_object *bo;

	bo = panthor_kunit_mapped_bo(test, ctx->file, ctx->vm, PANTHOR_TEST_BO_SIZE);
	panthor_kunit_evict(test, bo);

	args.flags = DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT;
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.evicted_bytes, 0);

	args.flags = DRM_PANTHOR_MEM_RECLAIM_DRY_RUN;
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.evicted_bytes, PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.freed_bytes, 0);

	args.flags = 0;
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.evicted_bytes, PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.freed_bytes, PANTHOR_TEST_BO_SIZE);
}

/* BOs that no VM maps are found by their handle. */
static void panthor_mem_reclaim_test_unmapped(struct kunit *test)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	struct drm_panthor_mem_reclaim args = {};
	struct panthor_gem_object *bo;

	bo = panthor_kunit_bo(test, ctx->file, NULL, PANTHOR_TEST_BO_SIZE);
	KUNIT_ASSERT_EQ(test, 0, panthor_gem_pin(bo));
	panthor_gem_unpin(bo);
	KUNIT_ASSERT_TRUE(test, panthor_gem_is_resident(bo));

	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.evicted_bytes, PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_TRUE(test, panthor_mem_bo_evicted(bo));
}

static void panthor_mem_reclaim_test_pinned(struct kunit *test)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	struct drm_panthor_mem_reclaim args = {};
	struct panthor_gem_object *bo;

	panthor_test_fill(test, 1);
	bo = panthor_kunit_mapped_bo(test, ctx->file, ctx->vm, PANTHOR_TEST_BO_SIZE);
	KUNIT_ASSERT_EQ(test, 0, panthor_gem_pin(bo));

	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.evicted_bytes, PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.skipped_bytes, PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.status, DRM_PANTHOR_MEM_STATUS_PINNED);
	KUNIT_EXPECT_TRUE(test, panthor_gem_is_resident(bo));
	panthor_gem_unpin(bo);
}

/* Nothing of another process is evicted, and nothing that it shares with the target. */
static void panthor_mem_reclaim_test_only_target(struct kunit *test)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	struct drm_panthor_mem_reclaim args = {};
	struct panthor_gem_object *shared, *private;
	struct drm_file *file;
	struct panthor_vm *vm;
	struct pid *pid;

	pid = panthor_kunit_process(test);
	file = panthor_kunit_open(test, ctx->ptdev, pid);
	vm = panthor_kunit_vm(test, file);
	private = panthor_kunit_mapped_bo(test, file, vm, PANTHOR_TEST_BO_SIZE);

	panthor_test_fill(test, 1);
	shared = panthor_kunit_bo(test, ctx->file, NULL, PANTHOR_TEST_BO_SIZE);
	panthor_kunit_map(test, ctx->vm, shared, SZ_1G);
	panthor_kunit_map(test, vm, shared, SZ_1G);

	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.evicted_bytes, PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.skipped_bytes, PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.status, DRM_PANTHOR_MEM_STATUS_SHARED);
	KUNIT_EXPECT_TRUE(test, panthor_gem_is_resident(shared));
	KUNIT_EXPECT_TRUE(test, panthor_gem_is_resident(private));

	/* Once both files belong to the target, all of it is evicted. */
	panthor_kunit_set_owner(file, ctx->pid);
	args.flags = DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT;
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.evicted_bytes, 2 * PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.status, 0);
	KUNIT_EXPECT_TRUE(test, panthor_mem_bo_evicted(shared));
	KUNIT_EXPECT_TRUE(test, panthor_mem_bo_evicted(private));
}

/* A claim of the process ends the reclaim, with what was done until then. */
static void panthor_mem_reclaim_test_claim_ends_it(struct kunit *test)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	struct drm_panthor_mem_reclaim args = {};

	/* More than one slice, and many BOs in a piece: the call ends after the current BO. */
	for (u32 i = 0; i < PANTHOR_MEM_SLICE_BOS + 1; i++)
		panthor_kunit_mapped_bo(test, ctx->file, ctx->vm, PAGE_SIZE);
	ctx->cancel_after = 3;

	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.evicted_bytes, PANTHOR_MEM_SLICE_BOS * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, args.freed_bytes, 3 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, args.status, DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
}

/* Nothing is evicted from a device that is going away. */
static void panthor_mem_reclaim_test_unplugged(struct kunit *test)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	struct drm_panthor_mem_reclaim args = {};

	panthor_test_fill(test, 1);
	ctx->ptdev->base.unplugged = true;
	KUNIT_EXPECT_EQ(test, -ENODEV, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.evicted_bytes, 0);
	KUNIT_EXPECT_EQ(test, panthor_test_gpu_mapped(ctx), panthor_test_bo_pages);
	ctx->ptdev->base.unplugged = false;
}

static const char *panthor_test_fence_name(struct dma_fence *fence)
{
	return "panthor-kunit";
}

static const struct dma_fence_ops panthor_test_fence_ops = {
	.get_driver_name = panthor_test_fence_name,
	.get_timeline_name = panthor_test_fence_name,
};

/* Work that is not done by the deadline keeps the whole VM. */
static void panthor_mem_reclaim_test_busy(struct kunit *test)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	struct dma_resv *resv = panthor_vm_resv(ctx->vm);
	struct drm_panthor_mem_reclaim args = {};
	struct dma_fence *fence;

	panthor_test_fill(test, 2);

	/* The last reference frees it, which can be that of the reservation. */
	fence = kzalloc_obj(*fence);
	KUNIT_ASSERT_NOT_NULL(test, fence);
	dma_fence_init64(fence, &panthor_test_fence_ops, NULL, dma_fence_context_alloc(1), 1);
	dma_resv_lock(resv, NULL);
	if (!dma_resv_reserve_fences(resv, 1))
		dma_resv_add_fence(resv, fence, DMA_RESV_USAGE_BOOKKEEP);
	dma_resv_unlock(resv);

	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.evicted_bytes, 0);
	KUNIT_EXPECT_EQ(test, args.skipped_bytes, 2 * PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.status, DRM_PANTHOR_MEM_STATUS_BUSY);

	/* A dry run does not wait for it. */
	args.flags = DRM_PANTHOR_MEM_RECLAIM_DRY_RUN;
	args.deadline_ns = S64_MAX;
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.skipped_bytes, 2 * PANTHOR_TEST_BO_SIZE);

	dma_fence_signal(fence);
	dma_fence_put(fence);
	args.flags = 0;
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.evicted_bytes, 2 * PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.status, 0);
}

/* Holds a lock of a VM for a while. */
struct panthor_test_holder {
	struct work_struct work;
	struct completion holds;
	struct panthor_vm *vm;
	bool op_lock;
};

static void panthor_test_hold(struct work_struct *work)
{
	struct panthor_test_holder *holder = container_of(work, typeof(*holder), work);
	struct dma_resv *resv = panthor_vm_resv(holder->vm);

	if (holder->op_lock)
		panthor_kunit_op_lock(holder->vm);
	else
		dma_resv_lock(resv, NULL);

	complete(&holder->holds);
	msleep(50);

	if (holder->op_lock)
		panthor_kunit_op_unlock(holder->vm);
	else
		dma_resv_unlock(resv);
}

/*
 * A call waits until its deadline for a VM whose locks are held, for example by VM_BIND
 * or by the end of a group, and skips nothing of it as busy. The BO is found in another
 * VM, which comes first in order of addresses, so that only its eviction needs the
 * locks.
 */
static void panthor_mem_reclaim_test_contended(struct kunit *test)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	struct panthor_vm *other = panthor_kunit_vm(test, ctx->file);
	struct panthor_test_holder holder = { .vm = max(ctx->vm, other) };
	struct panthor_gem_object *bo;

	bo = panthor_kunit_bo(test, ctx->file, NULL, PANTHOR_TEST_BO_SIZE);
	panthor_kunit_map(test, ctx->vm, bo, SZ_1G);
	panthor_kunit_map(test, other, bo, SZ_1G);

	INIT_WORK_ONSTACK(&holder.work, panthor_test_hold);
	for (u32 i = 0; i < 2; i++) {
		struct drm_panthor_mem_reclaim args = {
			.flags = DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT,
			.deadline_ns = S64_MAX,
		};
		int ret;

		holder.op_lock = i;
		init_completion(&holder.holds);
		schedule_work(&holder.work);
		wait_for_completion(&holder.holds);
		ret = panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args);
		flush_work(&holder.work);

		KUNIT_EXPECT_EQ(test, 0, ret);
		KUNIT_EXPECT_EQ(test, args.evicted_bytes, PANTHOR_TEST_BO_SIZE);
		KUNIT_EXPECT_EQ(test, args.skipped_bytes, 0);
		KUNIT_EXPECT_EQ(test, args.status, 0);
		KUNIT_ASSERT_EQ(test, 0, panthor_gem_pin(bo));
		panthor_gem_unpin(bo);
	}
	destroy_work_on_stack(&holder.work);
}

/* A call does not wait for locks after its deadline: here it would never end. */
static void panthor_mem_reclaim_test_deadline(struct kunit *test)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	struct dma_resv *resv = panthor_vm_resv(ctx->vm);
	struct drm_panthor_mem_reclaim args = {};

	panthor_test_fill(test, 2);
	dma_resv_lock(resv, NULL);
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.evicted_bytes, 0);
	KUNIT_EXPECT_EQ(test, args.skipped_bytes, 2 * PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.status, DRM_PANTHOR_MEM_STATUS_BUSY);
	dma_resv_unlock(resv);

	/* With op_lock held, what the VM maps is unknown, and not counted. */
	panthor_kunit_op_lock(ctx->vm);
	args.deadline_ns = ktime_get_ns() + NSEC_PER_MSEC;
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.evicted_bytes, 0);
	KUNIT_EXPECT_TRUE(test, args.status & DRM_PANTHOR_MEM_STATUS_BUSY);
	panthor_kunit_op_unlock(ctx->vm);

	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.evicted_bytes, 2 * PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.status, 0);
}

/* A submit ends the call, whichever VM of the process it is for. */
static void panthor_mem_reclaim_test_new_work(struct kunit *test)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	struct panthor_vm *other = panthor_kunit_vm(test, ctx->file);
	struct drm_panthor_mem_reclaim args = {};

	for (u32 i = 0; i < PANTHOR_MEM_SLICE_BOS + 1; i++)
		panthor_kunit_mapped_bo(test, ctx->file, ctx->vm, PAGE_SIZE);
	panthor_kunit_mapped_bo(test, ctx->file, other, PAGE_SIZE);
	ctx->submit_after = 3;

	for (u32 i = 0; i < 2; i++) {
		ctx->submit_vm = i ? other : ctx->vm;
		ctx->writes = 0;
		KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
		KUNIT_EXPECT_EQ(test, ctx->writes, 3);
		KUNIT_EXPECT_EQ(test, args.freed_bytes, 3 * PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, args.skipped_bytes, 0);
		KUNIT_EXPECT_EQ(test, args.status, DRM_PANTHOR_MEM_STATUS_BUSY);
	}

	/* Submits before the call do not end it: the process is in the background again. */
	ctx->submit_after = 0;
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.status, 0);
	KUNIT_EXPECT_EQ(test, panthor_test_gpu_mapped(ctx), 0);
}

/* A BO that another reclaim pages out is left to that reclaim, which counts it. */
static void panthor_mem_reclaim_test_two_at_once(struct kunit *test)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	struct drm_panthor_mem_reclaim args = {};
	struct panthor_gem_object *bo;

	bo = panthor_kunit_mapped_bo(test, ctx->file, ctx->vm, PANTHOR_TEST_BO_SIZE);
	panthor_kunit_evict(test, bo);
	atomic_set(&bo->mem_paging, 1);
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.evicted_bytes, 0);
	KUNIT_EXPECT_EQ(test, ctx->writes, 0);

	atomic_set(&bo->mem_paging, 0);
	/* A BO that it evicts after this call has begun is left to it, too. */
	bo->mem_evicted_at = U64_MAX;
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.freed_bytes, 0);

	bo->mem_evicted_at = 0;
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.evicted_bytes, PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, atomic_read(&bo->mem_paging), 0);
}

/*
 * A BO that is visited twice, because another call has visited it in between, counts as
 * evicted for each page that is freed, but no page that is freed late counts twice.
 */
static void panthor_mem_reclaim_test_visited_twice(struct kunit *test)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	struct drm_panthor_mem_reclaim args = {};

	/* All pages are back in RAM at the second visit: the stubs leave them there. */
	ctx->visit_after = 1;
	panthor_kunit_mapped_bo(test, ctx->file, ctx->vm, PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.freed_bytes, 2 * PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.evicted_bytes, 2 * PANTHOR_TEST_BO_SIZE);
}

static void panthor_mem_reclaim_test_freed_at_second_visit(struct kunit *test)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	struct drm_panthor_mem_reclaim args = {};

	ctx->visit_after = 1;
	ctx->freed_part = 2;
	/* With so little swap, the rest is not taken for refused. */
	ctx->free_swap = PANTHOR_MEM_LITTLE_SWAP / 2;
	panthor_kunit_mapped_bo(test, ctx->file, ctx->vm, PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	KUNIT_EXPECT_EQ(test, args.evicted_bytes, PANTHOR_TEST_BO_SIZE);
	KUNIT_EXPECT_EQ(test, args.freed_bytes, PANTHOR_TEST_BO_SIZE);
}

/* A file with dirty pages, which are on the lists of the LRU. */
static struct address_space *panthor_test_file(struct kunit *test, bool unevictable)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	struct panthor_gem_object *bo = panthor_kunit_bo(test, ctx->file, NULL,
							 PANTHOR_TEST_BO_SIZE);
	struct address_space *mapping = bo->base.filp->f_mapping;

	if (!IS_ENABLED(CONFIG_SWAP))
		kunit_skip(test, "needs swap");

	if (unevictable)
		mapping_set_unevictable(mapping);
	for (unsigned long i = 0; i < PANTHOR_TEST_BO_SIZE >> PAGE_SHIFT; i++) {
		struct page *page = shmem_read_mapping_page(mapping, i);

		KUNIT_ASSERT_FALSE(test, IS_ERR(page));
		set_page_dirty(page);
		put_page(page);
	}
	shmem_reclaim_drain();

	return mapping;
}

/* A call that a signal ends is not restarted: a claim may bring the memory back before that. */
static void panthor_mem_reclaim_test_signal(struct kunit *test)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	struct drm_panthor_mem_reclaim args = { .skipped_bytes = 1, .status = 1 };

	panthor_test_fill(test, 1);
	allow_signal(SIGUSR1);
	send_sig(SIGUSR1, current, 0);
	KUNIT_EXPECT_EQ(test, -EINTR, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	flush_signals(current);
	disallow_signal(SIGUSR1);

	KUNIT_EXPECT_EQ(test, args.skipped_bytes, 0);
	KUNIT_EXPECT_EQ(test, args.status, 0);
}

/* A claim ends the call, and then a signal comes. */
static long panthor_test_cancel_then_signal(void)
{
	struct panthor_mem_reclaim_test *ctx = kunit_get_current_test()->priv;

	list_first_entry(&ctx->ptdev->mem.reclaims, struct panthor_mem_op, node)->cancelled = true;
	send_sig(SIGUSR1, current, 0);

	return ctx->free_swap;
}

/* The result is what the claim has made of the call, so that nobody repeats it. */
static void panthor_mem_reclaim_test_cancelled_before_signal(struct kunit *test)
{
	struct panthor_mem_reclaim_test *ctx = test->priv;
	struct drm_panthor_mem_reclaim args = {};

	panthor_test_fill(test, 1);
	kunit_activate_static_stub(test, panthor_mem_free_swap, panthor_test_cancel_then_signal);
	allow_signal(SIGUSR1);
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_reclaim(ctx->ptdev, &ctx->selector, &args));
	flush_signals(current);
	disallow_signal(SIGUSR1);

	KUNIT_EXPECT_EQ(test, args.status, DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
	KUNIT_EXPECT_EQ(test, args.evicted_bytes, 0);
}

/* A signal that came before ends a page-out before it frees the first page. */
static void panthor_mem_reclaim_test_page_out_signal(struct kunit *test)
{
	const unsigned long pages = PANTHOR_TEST_BO_SIZE >> PAGE_SHIFT;
	struct address_space *mapping = panthor_test_file(test, false);
	unsigned long missed = 0;

	allow_signal(SIGUSR1);
	send_sig(SIGUSR1, current, 0);
	KUNIT_EXPECT_EQ(test, 0, shmem_reclaim_range(mapping, 0, pages - 1, &missed));
	flush_signals(current);
	disallow_signal(SIGUSR1);
	KUNIT_EXPECT_EQ(test, missed, 0);
	KUNIT_EXPECT_EQ(test, shmem_pages_in_ram(mapping), pages);
}

/*
 * Pages that the driver holds again stay where they are. vmscan does not expect to be given
 * such pages, which CONFIG_DEBUG_VM checks.
 */
static void panthor_mem_reclaim_test_page_out_held(struct kunit *test)
{
	const unsigned long pages = PANTHOR_TEST_BO_SIZE >> PAGE_SHIFT;
	struct address_space *mapping = panthor_test_file(test, true);
	unsigned long missed = 0;

	KUNIT_EXPECT_EQ(test, 0, shmem_reclaim_range(mapping, 0, pages - 1, &missed));
	KUNIT_EXPECT_EQ(test, missed, 0);
	KUNIT_EXPECT_EQ(test, shmem_pages_in_ram(mapping), pages);
	for (unsigned long i = 0; i < pages; i++) {
		struct folio *folio = filemap_get_folio(mapping, i);

		KUNIT_ASSERT_FALSE(test, IS_ERR(folio));
		KUNIT_EXPECT_TRUE(test, folio_test_lru(folio));
		KUNIT_EXPECT_TRUE(test, folio_test_unevictable(folio));
		folio_put(folio);
	}
}

static struct kunit_case panthor_mem_reclaim_test_cases[] = {
	KUNIT_CASE_PARAM(panthor_mem_reclaim_test_page_out, panthor_test_size_gen_params),
	KUNIT_CASE_PARAM(panthor_mem_reclaim_test_slice_full, panthor_test_slice_gen_params),
	KUNIT_CASE_PARAM(panthor_mem_reclaim_test_should_stop, panthor_test_stop_gen_params),
	KUNIT_CASE(panthor_mem_reclaim_test_skipped_bytes),
	KUNIT_CASE_PARAM(panthor_mem_reclaim_test_cap, panthor_test_cap_gen_params),
	KUNIT_CASE_PARAM(panthor_mem_reclaim_test_cap_no_pageout, panthor_test_cap_gen_params),
	KUNIT_CASE_PARAM(panthor_mem_reclaim_test_cap_dry_run, panthor_test_cap_gen_params),
	KUNIT_CASE(panthor_mem_reclaim_test_cap_counts_freed),
	KUNIT_CASE(panthor_mem_reclaim_test_no_memory),
	KUNIT_CASE(panthor_mem_reclaim_test_refused),
	KUNIT_CASE_PARAM(panthor_mem_reclaim_test_room_dry_run, panthor_test_room_gen_params),
	KUNIT_CASE_PARAM(panthor_mem_reclaim_test_room_no_pageout, panthor_test_room_gen_params),
	KUNIT_CASE(panthor_mem_reclaim_test_late),
	KUNIT_CASE(panthor_mem_reclaim_test_batches),
	KUNIT_CASE(panthor_mem_reclaim_test_batches_again),
	KUNIT_CASE(panthor_mem_reclaim_test_batches_once),
	KUNIT_CASE(panthor_mem_reclaim_test_cancelled_in_slice),
	KUNIT_CASE(panthor_mem_reclaim_test_late_cancelled),
	KUNIT_CASE(panthor_mem_reclaim_test_swap_bounds_slice),
	KUNIT_CASE(panthor_mem_reclaim_test_one_bo_always_goes),
	KUNIT_CASE(panthor_mem_reclaim_test_no_swap),
	KUNIT_CASE(panthor_mem_reclaim_test_slices),
	KUNIT_CASE(panthor_mem_reclaim_test_cached),
	KUNIT_CASE(panthor_mem_reclaim_test_unmapped),
	KUNIT_CASE(panthor_mem_reclaim_test_pinned),
	KUNIT_CASE(panthor_mem_reclaim_test_only_target),
	KUNIT_CASE(panthor_mem_reclaim_test_claim_ends_it),
	KUNIT_CASE(panthor_mem_reclaim_test_unplugged),
	KUNIT_CASE(panthor_mem_reclaim_test_busy),
	KUNIT_CASE(panthor_mem_reclaim_test_contended),
	KUNIT_CASE(panthor_mem_reclaim_test_deadline),
	KUNIT_CASE(panthor_mem_reclaim_test_new_work),
	KUNIT_CASE(panthor_mem_reclaim_test_two_at_once),
	KUNIT_CASE(panthor_mem_reclaim_test_visited_twice),
	KUNIT_CASE(panthor_mem_reclaim_test_freed_at_second_visit),
	KUNIT_CASE(panthor_mem_reclaim_test_signal),
	KUNIT_CASE(panthor_mem_reclaim_test_cancelled_before_signal),
	KUNIT_CASE(panthor_mem_reclaim_test_page_out_signal),
	KUNIT_CASE(panthor_mem_reclaim_test_page_out_held),
	{}
};

static struct kunit_suite panthor_mem_reclaim_test_suite = {
	.name = "panthor_mem_reclaim",
	.init = panthor_mem_reclaim_test_init,
	.test_cases = panthor_mem_reclaim_test_cases,
};

kunit_test_suite(panthor_mem_reclaim_test_suite);
