// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Pieces of BOs, and who works on them.
 * Included at the end of panthor_mem_pieces.c.
 */

#include <linux/delay.h>

#include <drm/drm_gem.h>

#include <kunit/test.h>

#include "panthor_kunit.h"

#define PANTHOR_TEST_PIECE_BOS		6
#define PANTHOR_TEST_PIECE_PAGES	(16 * PANTHOR_MEM_STEP_PAGES)

/* What was done. Helpers have no current test, and one test runs at a time. */
static struct {
	struct panthor_gem_object *first;
	atomic_t visits[PANTHOR_TEST_PIECE_BOS][PANTHOR_TEST_PIECE_PAGES];
	atomic_t ahead[PANTHOR_TEST_PIECE_BOS][PANTHOR_TEST_PIECE_PAGES];
	atomic_t pieces, pages, pages_ahead;
	long most_ahead;
	u32 not_ahead;
	/* Where the run began. */
	struct panthor_gem_object *first_bo;
	pgoff_t first_page;
	struct panthor_mem_op *cancel;
	bool fail;
	/* How often the pages of the BO with index 3 are locked. */
	u32 busy;
	/* With @wait, the caller waits until a helper has worked on a piece. */
	struct task_struct *caller;
	atomic_t by_others;
	bool wait;
	/* After the first piece, another thread no longer swaps in this VM. */
	struct panthor_vm *alone;
} panthor_test_pieces;

static u32 panthor_test_no_helper(u64 bytes)
{
	return 0;
}

static u32 panthor_test_all_helpers(u64 bytes)
{
	return PANTHOR_MEM_HELPERS;
}

/* Waits until a helper has worked on a piece. */
static void panthor_test_wait_for_helper(void)
{
	for (u32 i = 0; i < 10000 && !atomic_read(&panthor_test_pieces.by_others); i++)
		usleep_range(1000, 2000);
}

static long panthor_test_piece(void *data, struct panthor_gem_object *bo,
			       pgoff_t first, pgoff_t last)
{
	u32 index = bo - panthor_test_pieces.first, nth;

	if (index == 3 && panthor_test_pieces.busy) {
		panthor_test_pieces.busy--;
		return -EBUSY;
	}

	nth = atomic_inc_return(&panthor_test_pieces.pieces);
	if (nth == 1) {
		panthor_test_pieces.first_bo = bo;
		panthor_test_pieces.first_page = last;
	}
	for (pgoff_t page = first; page <= last; page++) {
		atomic_inc(&panthor_test_pieces.visits[index][page]);
		if (!atomic_read(&panthor_test_pieces.ahead[index][page]))
			panthor_test_pieces.not_ahead++;
	}
	atomic_add(last - first + 1, &panthor_test_pieces.pages);

	if (current != panthor_test_pieces.caller)
		atomic_inc(&panthor_test_pieces.by_others);
	else if (panthor_test_pieces.wait && !(panthor_test_pieces.alone && nth == 1))
		panthor_test_wait_for_helper();

	if (panthor_test_pieces.alone && nth == 1)
		panthor_vm_swapin_end(panthor_test_pieces.alone);
	if (panthor_test_pieces.cancel && nth == 2)
		WRITE_ONCE(panthor_test_pieces.cancel->cancelled, true);
	if (panthor_test_pieces.fail && nth == 2)
		return -EIO;

	return last - first + 1;
}

static void panthor_test_start_reading(struct panthor_gem_object *bo, pgoff_t first, pgoff_t last)
{
	u32 index = bo - panthor_test_pieces.first;
	long ahead;

	for (pgoff_t page = first; page <= last; page++)
		atomic_inc(&panthor_test_pieces.ahead[index][page]);

	ahead = atomic_add_return(last - first + 1, &panthor_test_pieces.pages_ahead) -
		atomic_read(&panthor_test_pieces.pages);
	panthor_test_pieces.most_ahead = max(panthor_test_pieces.most_ahead, ahead);
}

static const struct panthor_mem_work panthor_test_work = {
	.piece = panthor_test_piece,
};

static const struct panthor_mem_work panthor_test_work_swaps_in = {
	.piece = panthor_test_piece,
	.swaps_in = true,
};

static const struct panthor_mem_work panthor_test_work_killable = {
	.piece = panthor_test_piece,
	.killable = true,
};

/* Fake BOs, which only have a size: of up to one step, of several, and one to skip. */
static struct panthor_mem_op *panthor_test_pieces_op(struct kunit *test)
{
	static const u64 pages[PANTHOR_TEST_PIECE_BOS] = {
		1, PANTHOR_MEM_STEP_PAGES, 7, PANTHOR_MEM_STEP_PAGES + 1,
		4 * PANTHOR_MEM_STEP_PAGES, 2 * PANTHOR_MEM_STEP_PAGES - 1,
	};
	struct panthor_gem_object *bos;
	struct panthor_mem_op *op;

	op = kunit_kzalloc(test, sizeof(*op), GFP_KERNEL);
	bos = kunit_kcalloc(test, PANTHOR_TEST_PIECE_BOS, sizeof(*bos), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, op);
	KUNIT_ASSERT_NOT_NULL(test, bos);
	panthor_mem_run_init(&op->run);

	for (u32 i = 0; i < PANTHOR_TEST_PIECE_BOS; i++) {
		bos[i].base.size = pages[i] << PAGE_SHIFT;
		op->bos[i] = &bos[i];
		op->bytes[i] = i == 2 ? 0 : bos[i].base.size;
	}
	op->bo_count = PANTHOR_TEST_PIECE_BOS;

	memset(&panthor_test_pieces, 0, sizeof(panthor_test_pieces));
	panthor_test_pieces.first = bos;
	panthor_test_pieces.caller = current;

	return op;
}

/* Expects that each page of the selected BOs was visited once, by any thread. */
static void panthor_test_expect_all(struct kunit *test, struct panthor_mem_op *op,
				    u32 first, u32 end)
{
	for (u32 i = 0; i < op->bo_count; i++) {
		u64 pages = op->bos[i]->base.size >> PAGE_SHIFT;
		bool selected = i >= first && i < end && op->bytes[i];

		for (u64 page = 0; page < PANTHOR_TEST_PIECE_PAGES; page++)
			KUNIT_EXPECT_EQ(test, selected && page < pages,
					atomic_read(&panthor_test_pieces.visits[i][page]));
		if (selected)
			KUNIT_EXPECT_EQ(test, op->pages[i], pages);
		else if (i >= first && i < end)
			KUNIT_EXPECT_EQ(test, op->pages[i], 0);
	}
}

static int panthor_test_run(struct panthor_mem_op *op, u32 first, u32 end)
{
	return panthor_mem_run_pieces(op, first, end, &panthor_test_work, NULL);
}

static void panthor_pieces_test_alone(struct kunit *test)
{
	struct panthor_mem_op *op = panthor_test_pieces_op(test);

	kunit_activate_static_stub(test, panthor_mem_helper_count, panthor_test_no_helper);
	KUNIT_EXPECT_EQ(test, 0, panthor_test_run(op, 0, op->bo_count));
	panthor_test_expect_all(test, op, 0, op->bo_count);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&panthor_test_pieces.by_others));
}

static void panthor_pieces_test_part(struct kunit *test)
{
	struct panthor_mem_op *op = panthor_test_pieces_op(test);

	KUNIT_EXPECT_EQ(test, 0, panthor_test_run(op, 1, 4));
	panthor_test_expect_all(test, op, 1, 4);

	/* Runs without a selected BO do nothing. */
	KUNIT_EXPECT_EQ(test, 0, panthor_test_run(op, 2, 3));
	KUNIT_EXPECT_EQ(test, 0, panthor_test_run(op, 2, 2));
	panthor_test_expect_all(test, op, 1, 4);
}

/* Every page is read ahead once, before it is needed, but not too early. */
static void panthor_pieces_test_ahead(struct kunit *test)
{
	struct panthor_mem_op *op = panthor_test_pieces_op(test);
	u32 pages = 0;

	/* More than the readahead window. */
	for (u32 i = 0; i < op->bo_count; i++) {
		op->bos[i]->base.size = PANTHOR_TEST_PIECE_PAGES << PAGE_SHIFT;
		if (op->bytes[i])
			pages += PANTHOR_TEST_PIECE_PAGES;
	}
	KUNIT_ASSERT_GT(test, pages, 2 * PANTHOR_MEM_READAHEAD_PAGES);

	kunit_activate_static_stub(test, panthor_mem_helper_count, panthor_test_no_helper);
	kunit_activate_static_stub(test, panthor_mem_start_reading, panthor_test_start_reading);
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_run_pieces(op, 0, op->bo_count,
							&panthor_test_work_swaps_in, NULL));
	panthor_test_expect_all(test, op, 0, op->bo_count);
	KUNIT_EXPECT_EQ(test, panthor_test_pieces.not_ahead, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&panthor_test_pieces.pages_ahead), pages);
	KUNIT_EXPECT_GT(test, panthor_test_pieces.most_ahead, op->run.piece_pages);
	KUNIT_EXPECT_LT(test, panthor_test_pieces.most_ahead,
			PANTHOR_MEM_READAHEAD_PAGES + op->run.piece_pages);
}

/* Small BOs share a piece, so the lock is taken once for all of them. */
static void panthor_pieces_test_small(struct kunit *test)
{
	struct panthor_mem_op *op = panthor_test_pieces_op(test);
	struct panthor_mem_cursor start;

	/* All of them fit into one piece, with pages of up to 16 KiB. */
	static_assert(3 * (PANTHOR_TEST_PIECE_BOS - 1) <= SZ_256K / SZ_16K);
	if (PAGE_SIZE > SZ_16K)
		kunit_skip(test, "a piece has few pages");

	for (u32 i = 0; i < op->bo_count; i++) {
		op->bos[i]->base.size = 3 * PAGE_SIZE;
		op->bytes[i] = i == 2 ? 0 : 3 * PAGE_SIZE;
	}
	op->run.op = op;
	op->run.work = &panthor_test_work;
	op->run.end = op->bo_count;
	op->run.piece_pages = panthor_mem_piece_pages(0);
	KUNIT_EXPECT_EQ(test, 3 * (op->bo_count - 1), panthor_mem_take_piece(&op->run, &start));
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_take_piece(&op->run, &start));

	KUNIT_EXPECT_EQ(test, 0, panthor_test_run(op, 0, op->bo_count));
	panthor_test_expect_all(test, op, 0, op->bo_count);
}

static void panthor_pieces_test_helped(struct kunit *test)
{
	struct panthor_mem_op *op = panthor_test_pieces_op(test);

	kunit_activate_static_stub(test, panthor_mem_helper_count, panthor_test_all_helpers);
	panthor_test_pieces.wait = true;
	KUNIT_EXPECT_EQ(test, 0, panthor_test_run(op, 0, op->bo_count));
	panthor_test_expect_all(test, op, 0, op->bo_count);
	KUNIT_EXPECT_GT(test, atomic_read(&panthor_test_pieces.by_others), 0);
}

/*
 * Gives the call a VM, and its BOs a file with no page in swap: where a helper works, nothing
 * replaces panthor_mem_start_reading().
 */
static void panthor_test_pieces_vm(struct kunit *test, struct panthor_mem_op *op)
{
	struct panthor_device *ptdev = panthor_kunit_device(test);
	struct drm_file *file = panthor_kunit_open(test, ptdev, panthor_kunit_process(test));
	struct panthor_gem_object *bo = panthor_kunit_bo(test, file, NULL, PAGE_SIZE);

	op->vm = panthor_kunit_vm(test, file);
	for (u32 i = 0; i < op->bo_count; i++)
		op->bos[i]->base.filp = bo->base.filp;
}

/*
 * The second thread that swaps in a VM starts with the last page of the last BO, uses
 * no helpers, and misses nothing.
 */
static void panthor_pieces_test_second(struct kunit *test)
{
	struct panthor_mem_op *op = panthor_test_pieces_op(test);
	struct panthor_gem_object *bos[PANTHOR_TEST_PIECE_BOS];

	panthor_test_pieces_vm(test, op);
	KUNIT_ASSERT_FALSE(test, panthor_vm_swapin_begin(op->vm));
	memcpy(bos, op->bos, sizeof(bos));
	kunit_activate_static_stub(test, panthor_mem_helper_count, panthor_test_all_helpers);
	kunit_activate_static_stub(test, panthor_mem_start_reading, panthor_test_start_reading);
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_run_pieces(op, 1, op->bo_count,
							&panthor_test_work_swaps_in, NULL));
	panthor_vm_swapin_end(op->vm);
	KUNIT_EXPECT_PTR_EQ(test, bos[op->bo_count - 1], panthor_test_pieces.first_bo);
	KUNIT_EXPECT_EQ(test, panthor_test_pieces.first_page,
			(bos[op->bo_count - 1]->base.size >> PAGE_SHIFT) - 1);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&panthor_test_pieces.by_others));
	KUNIT_EXPECT_EQ(test, panthor_test_pieces.not_ahead, 0);

	KUNIT_EXPECT_PTR_EQ(test, op->bos[0], bos[0]);
	for (u32 i = 1; i < op->bo_count; i++) {
		u32 index = op->bo_count - i;
		u64 pages = bos[index]->base.size >> PAGE_SHIFT;

		KUNIT_EXPECT_PTR_EQ(test, op->bos[i], bos[index]);
		KUNIT_EXPECT_EQ(test, op->bytes[i], index == 2 ? 0 : bos[index]->base.size);
		KUNIT_EXPECT_EQ(test, op->pages[i], index == 2 ? 0 : pages);
		for (u64 page = 0; page < PANTHOR_TEST_PIECE_PAGES; page++)
			KUNIT_EXPECT_EQ(test, index != 2 && page < pages,
					atomic_read(&panthor_test_pieces.visits[index][page]));
	}
}

/* The second thread gets helpers as soon as the first one has ended. */
static void panthor_pieces_test_second_alone(struct kunit *test)
{
	struct panthor_mem_op *op = panthor_test_pieces_op(test);

	panthor_test_pieces_vm(test, op);
	KUNIT_ASSERT_FALSE(test, panthor_vm_swapin_begin(op->vm));
	panthor_test_pieces.alone = op->vm;
	panthor_test_pieces.wait = true;
	kunit_activate_static_stub(test, panthor_mem_helper_count, panthor_test_all_helpers);
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_run_pieces(op, 0, op->bo_count,
							&panthor_test_work_swaps_in, NULL));
	KUNIT_EXPECT_EQ(test, 0, panthor_vm_swapins(op->vm));
	KUNIT_EXPECT_GT(test, atomic_read(&panthor_test_pieces.by_others), 0);
}

struct panthor_test_ready {
	struct kunit *test;
	struct panthor_mem_op *op;
	u32 next;
	u32 calls;
	u32 stop_after;
};

static void panthor_test_ready(void *data, u32 first, u32 end)
{
	struct panthor_test_ready *ctx = data;

	KUNIT_EXPECT_PTR_EQ(ctx->test, current, panthor_test_pieces.caller);
	KUNIT_EXPECT_EQ(ctx->test, first, ctx->next);
	KUNIT_EXPECT_LT(ctx->test, first, end);
	for (u32 i = first; i < end; i++) {
		u64 pages = ctx->op->bos[i]->base.size >> PAGE_SHIFT;

		for (u64 page = 0; ctx->op->bytes[i] && page < pages; page++)
			KUNIT_EXPECT_EQ(ctx->test, 1,
					atomic_read(&panthor_test_pieces.visits[i][page]));
	}
	ctx->next = end;
	if (++ctx->calls == ctx->stop_after)
		ctx->op->stop = true;
}

static const struct panthor_mem_work panthor_test_work_ready = {
	.piece = panthor_test_piece,
	.ready = panthor_test_ready,
};

/* Each BO is ready once, in order, when all of its pages have been visited. */
static void panthor_pieces_test_ready(struct kunit *test)
{
	for (u32 helpers = 0; helpers < 2; helpers++) {
		struct panthor_mem_op *op = panthor_test_pieces_op(test);
		struct panthor_test_ready ctx = { .test = test, .op = op };

		if (helpers)
			kunit_activate_static_stub(test, panthor_mem_helper_count,
						   panthor_test_all_helpers);
		else
			kunit_activate_static_stub(test, panthor_mem_helper_count,
						   panthor_test_no_helper);
		KUNIT_EXPECT_EQ(test, 0, panthor_mem_run_pieces(op, 0, op->bo_count,
								&panthor_test_work_ready,
								&ctx));
		KUNIT_EXPECT_EQ(test, ctx.next, op->bo_count);
		if (!helpers)
			KUNIT_EXPECT_GT(test, ctx.calls, 1);
		panthor_test_expect_all(test, op, 0, op->bo_count);
		kunit_deactivate_static_stub(test, panthor_mem_helper_count);
	}
}

/* The ready function can end the run: no piece is started after that. */
static void panthor_pieces_test_ready_stops(struct kunit *test)
{
	struct panthor_mem_op *op = panthor_test_pieces_op(test);
	struct panthor_test_ready ctx = { .test = test, .op = op, .stop_after = 1 };

	kunit_activate_static_stub(test, panthor_mem_helper_count, panthor_test_no_helper);
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_run_pieces(op, 0, op->bo_count,
							&panthor_test_work_ready, &ctx));
	KUNIT_EXPECT_EQ(test, ctx.calls, 1);
	KUNIT_EXPECT_LT(test, ctx.next, op->bo_count);
	KUNIT_EXPECT_LT(test, op->pages[op->bo_count - 1],
			op->bos[op->bo_count - 1]->base.size >> PAGE_SHIFT);
}

static void panthor_pieces_test_error(struct kunit *test)
{
	struct panthor_mem_op *op = panthor_test_pieces_op(test);
	u64 pages = 0;

	kunit_activate_static_stub(test, panthor_mem_helper_count, panthor_test_no_helper);
	panthor_test_pieces.fail = true;
	KUNIT_EXPECT_EQ(test, -EIO,
			panthor_test_run(op, 0, op->bo_count));
	KUNIT_EXPECT_EQ(test, 2, atomic_read(&panthor_test_pieces.pieces));

	/* The piece that failed does not count. */
	for (u32 i = 0; i < op->bo_count; i++)
		pages += op->pages[i];
	KUNIT_EXPECT_EQ(test, pages, 1);
}

static int panthor_test_pause(struct panthor_mem_op *op, u32 *us)
{
	return 0;
}

/* Pages that are locked for a while are tried again. */
static void panthor_pieces_test_locked(struct kunit *test)
{
	struct panthor_mem_op *op = panthor_test_pieces_op(test);

	kunit_activate_static_stub(test, panthor_mem_helper_count, panthor_test_no_helper);
	kunit_activate_static_stub(test, panthor_mem_pause, panthor_test_pause);
	panthor_test_pieces.busy = 5;
	KUNIT_EXPECT_EQ(test, 0, panthor_test_run(op, 0, op->bo_count));
	KUNIT_EXPECT_EQ(test, 0, panthor_test_pieces.busy);
	panthor_test_expect_all(test, op, 0, op->bo_count);
}

static int panthor_test_no_pause(struct panthor_mem_op *op, u32 *us)
{
	return -EBUSY;
}

/* After the deadline, the run leaves out what is locked, and nothing else. */
static void panthor_pieces_test_locked_too_long(struct kunit *test)
{
	struct panthor_mem_op *op = panthor_test_pieces_op(test);

	kunit_activate_static_stub(test, panthor_mem_helper_count, panthor_test_no_helper);
	kunit_activate_static_stub(test, panthor_mem_pause, panthor_test_no_pause);
	panthor_test_pieces.busy = U32_MAX;
	KUNIT_EXPECT_EQ(test, -EBUSY, panthor_test_run(op, 0, op->bo_count));
	KUNIT_EXPECT_EQ(test, op->pages[3], 0);

	for (u32 i = 0; i < op->bo_count; i++) {
		if (op->bytes[i] && i != 3)
			KUNIT_EXPECT_EQ(test, op->pages[i], op->bos[i]->base.size >> PAGE_SHIFT);
	}
}

static void panthor_pieces_test_cancelled(struct kunit *test)
{
	struct panthor_mem_op *op = panthor_test_pieces_op(test);

	kunit_activate_static_stub(test, panthor_mem_helper_count, panthor_test_no_helper);
	panthor_test_pieces.cancel = op;
	KUNIT_EXPECT_EQ(test, -EINTR,
			panthor_test_run(op, 0, op->bo_count));
	KUNIT_EXPECT_EQ(test, 2, atomic_read(&panthor_test_pieces.pieces));
	KUNIT_EXPECT_EQ(test, op->pages[0], 1);
	/* The current step is finished. */
	KUNIT_EXPECT_EQ(test, op->pages[1], PANTHOR_MEM_STEP_PAGES - 1);
	KUNIT_EXPECT_EQ(test, op->pages[3], 0);
}

/* Some work continues after a signal, but not when a claim waits. */
static void panthor_pieces_test_killable(struct kunit *test)
{
	struct panthor_mem_op *op = panthor_test_pieces_op(test);

	kunit_activate_static_stub(test, panthor_mem_helper_count, panthor_test_no_helper);
	allow_signal(SIGUSR1);
	send_sig(SIGUSR1, current, 0);
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_run_pieces(op, 0, op->bo_count,
							&panthor_test_work_killable, NULL));
	flush_signals(current);
	disallow_signal(SIGUSR1);
	panthor_test_expect_all(test, op, 0, op->bo_count);

	op = panthor_test_pieces_op(test);
	panthor_test_pieces.cancel = op;
	KUNIT_EXPECT_EQ(test, -EINTR, panthor_mem_run_pieces(op, 0, op->bo_count,
							     &panthor_test_work_killable, NULL));
	KUNIT_EXPECT_EQ(test, 2, atomic_read(&panthor_test_pieces.pieces));
}

/* With the caller two threads, or half of the CPUs up to four, but never more than CPUs. */
static void panthor_pieces_test_most_helpers(struct kunit *test)
{
	static const u32 most[] = {
		[1] = 0, [2] = 1, [3] = 1, [4] = 1, [5] = 1, [6] = 2, [7] = 2, [8] = 3, [9] = 3,
	};

	for (u32 cpus = 1; cpus < ARRAY_SIZE(most); cpus++) {
		KUNIT_EXPECT_EQ_MSG(test, most[cpus], panthor_mem_most_helpers(cpus),
				    "%u CPUs", cpus);
		KUNIT_EXPECT_EQ_MSG(test, cpus > 2, panthor_mem_leaves_cpu(cpus),
				    "%u CPUs", cpus);
	}
	KUNIT_EXPECT_EQ(test, PANTHOR_MEM_HELPERS, panthor_mem_most_helpers(U32_MAX));
}

/* A run that is just large enough for a helper has two pieces; those of a slice are large. */
static void panthor_pieces_test_piece_pages(struct kunit *test)
{
	const u64 step = PANTHOR_MEM_STEP_PAGES << PAGE_SHIFT;
	const u64 piece = PANTHOR_MEM_PIECE_STEPS * step;

	KUNIT_EXPECT_EQ(test, PANTHOR_MEM_STEP_PAGES, panthor_mem_piece_pages(0));
	KUNIT_EXPECT_EQ(test, PANTHOR_MEM_STEP_PAGES,
			panthor_mem_piece_pages(PANTHOR_MEM_ROW_PIECES * step));
	KUNIT_EXPECT_EQ(test, 2 * PANTHOR_MEM_STEP_PAGES,
			panthor_mem_piece_pages(2 * PANTHOR_MEM_ROW_PIECES * step));
	KUNIT_EXPECT_EQ(test, piece >> PAGE_SHIFT,
			panthor_mem_piece_pages(PANTHOR_MEM_SLICE_BYTES));
	KUNIT_EXPECT_EQ(test, piece >> PAGE_SHIFT, panthor_mem_piece_pages(U64_MAX));
	KUNIT_EXPECT_LE(test, 2 * step, PANTHOR_MEM_HELP_BYTES);
}

/* A run that is too small to be worth waking a helper gets none. */
static void panthor_pieces_test_helper_count(struct kunit *test)
{
	u32 most = panthor_mem_most_helpers(num_online_cpus());

	KUNIT_EXPECT_EQ(test, 0, panthor_mem_helper_count(0));
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_helper_count(PANTHOR_MEM_HELP_BYTES - 1));
	KUNIT_EXPECT_EQ(test, min(most, 1u), panthor_mem_helper_count(PANTHOR_MEM_HELP_BYTES));
	KUNIT_EXPECT_EQ(test, most, panthor_mem_helper_count(SZ_1G));
	KUNIT_EXPECT_EQ(test, most, panthor_mem_helper_count(U64_MAX));
}

/* A caller that is nicer than the helpers gets none. */
static void panthor_pieces_test_nice(struct kunit *test)
{
	int nice = task_nice(current);

	if (nice >= MAX_NICE)
		kunit_skip(test, "cannot be nicer");

	set_user_nice(current, 0);
	KUNIT_EXPECT_EQ(test, panthor_mem_most_helpers(num_online_cpus()),
			panthor_mem_helper_count(SZ_1G));
	set_user_nice(current, 1);
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_helper_count(SZ_1G));
	set_user_nice(current, MAX_NICE);
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_helper_count(SZ_1G));
	set_user_nice(current, nice);
}

static struct kunit_case panthor_pieces_test_cases[] = {
	KUNIT_CASE(panthor_pieces_test_alone),
	KUNIT_CASE(panthor_pieces_test_part),
	KUNIT_CASE(panthor_pieces_test_small),
	KUNIT_CASE(panthor_pieces_test_ahead),
	KUNIT_CASE(panthor_pieces_test_helped),
	KUNIT_CASE(panthor_pieces_test_second),
	KUNIT_CASE(panthor_pieces_test_second_alone),
	KUNIT_CASE(panthor_pieces_test_nice),
	KUNIT_CASE(panthor_pieces_test_ready),
	KUNIT_CASE(panthor_pieces_test_ready_stops),
	KUNIT_CASE(panthor_pieces_test_error),
	KUNIT_CASE(panthor_pieces_test_locked),
	KUNIT_CASE(panthor_pieces_test_locked_too_long),
	KUNIT_CASE(panthor_pieces_test_cancelled),
	KUNIT_CASE(panthor_pieces_test_killable),
	KUNIT_CASE(panthor_pieces_test_most_helpers),
	KUNIT_CASE(panthor_pieces_test_piece_pages),
	KUNIT_CASE(panthor_pieces_test_helper_count),
	{}
};

static struct kunit_suite panthor_pieces_test_suite = {
	.name = "panthor_pieces",
	.test_cases = panthor_pieces_test_cases,
};

kunit_test_suite(panthor_pieces_test_suite);
