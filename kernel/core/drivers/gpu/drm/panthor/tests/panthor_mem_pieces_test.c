// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Pieces of BOs, and what ends a run over them.
 * Included at the end of panthor_mem_pieces.c.
 */

#include <drm/drm_gem.h>

#include <kunit/static_stub.h>
#include <kunit/test-bug.h>
#include <kunit/test.h>

#define PANTHOR_TEST_PIECE_BOS		6
#define PANTHOR_TEST_PIECE_PAGES	(16 * PANTHOR_MEM_PIECE_PAGES)

/**
 * struct panthor_pieces_test - What was done
 */
struct panthor_pieces_test {
	/** @op: Call. */
	struct panthor_mem_op op;

	/** @bos: Fake BOs, which only have a size. */
	struct panthor_gem_object bos[PANTHOR_TEST_PIECE_BOS];

	/** @visits: How often each page was visited. */
	u8 visits[PANTHOR_TEST_PIECE_BOS][PANTHOR_TEST_PIECE_PAGES];

	/** @pieces: Number of pieces so far. */
	u32 pieces;

	/** @next: The BO that is to be ready next. */
	u32 next;

	/** @fail: The second piece fails. */
	bool fail;

	/** @busy: How often the pages of the BO with index 3 are locked. */
	u32 busy;

	/** @cancel: A claim comes in the middle of the second piece. */
	bool cancel;

	/** @stop: The first BO that is ready ends the call. */
	bool stop;
};

static int panthor_pieces_test_init(struct kunit *test)
{
	static const u64 pages[PANTHOR_TEST_PIECE_BOS] = {
		1, PANTHOR_MEM_PIECE_PAGES, 7, PANTHOR_MEM_PIECE_PAGES + 1,
		4 * PANTHOR_MEM_PIECE_PAGES, 2 * PANTHOR_MEM_PIECE_PAGES - 1,
	};
	struct panthor_pieces_test *ctx;

	ctx = kunit_kzalloc(test, sizeof(*ctx), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ctx);
	test->priv = ctx;

	for (u32 i = 0; i < PANTHOR_TEST_PIECE_BOS; i++) {
		ctx->bos[i].base.size = pages[i] << PAGE_SHIFT;
		ctx->op.bos[i] = &ctx->bos[i];
		/* The run skips one of them. */
		ctx->op.bytes[i] = i == 2 ? 0 : ctx->bos[i].base.size;
	}
	ctx->op.bo_count = PANTHOR_TEST_PIECE_BOS;

	return 0;
}

static long panthor_test_piece(void *data, struct panthor_gem_object *bo,
			       pgoff_t first, pgoff_t last)
{
	struct panthor_pieces_test *ctx = data;

	if (bo == &ctx->bos[3] && ctx->busy) {
		ctx->busy--;
		return -EBUSY;
	}

	ctx->pieces++;
	for (pgoff_t page = first; page <= last; page++)
		ctx->visits[bo - ctx->bos][page]++;
	if (ctx->cancel && ctx->pieces == 2)
		ctx->op.cancelled = true;
	if (ctx->fail && ctx->pieces == 2)
		return -EIO;

	return last - first + 1;
}

/* Each BO is ready in order, after all of its pages. */
static void panthor_test_ready(void *data, u32 first, u32 end)
{
	struct kunit *test = kunit_get_current_test();
	struct panthor_pieces_test *ctx = data;

	KUNIT_EXPECT_EQ(test, first, ctx->next);
	KUNIT_EXPECT_LT(test, first, end);
	for (u32 i = first; i < end; i++) {
		u64 pages = ctx->bos[i].base.size >> PAGE_SHIFT;

		for (u64 page = 0; ctx->op.bytes[i] && page < pages; page++)
			KUNIT_EXPECT_EQ(test, 1, ctx->visits[i][page]);
	}
	ctx->next = end;
	if (ctx->stop)
		ctx->op.stop = true;
}

static const struct panthor_mem_work panthor_test_work = {
	.piece = panthor_test_piece,
	.ready = panthor_test_ready,
};

static const struct panthor_mem_work panthor_test_work_killable = {
	.piece = panthor_test_piece,
	.killable = true,
};

static void panthor_test_expect_all(struct kunit *test)
{
	struct panthor_pieces_test *ctx = test->priv;

	for (u32 i = 0; i < PANTHOR_TEST_PIECE_BOS; i++) {
		u64 pages = ctx->op.bytes[i] ? ctx->bos[i].base.size >> PAGE_SHIFT : 0;

		KUNIT_EXPECT_EQ(test, ctx->op.pages[i], pages);
		for (u64 page = 0; page < PANTHOR_TEST_PIECE_PAGES; page++)
			KUNIT_EXPECT_EQ(test, page < pages, ctx->visits[i][page]);
	}
}

static void panthor_pieces_test_all(struct kunit *test)
{
	struct panthor_pieces_test *ctx = test->priv;

	KUNIT_EXPECT_EQ(test, 0, panthor_mem_run_pieces(&ctx->op, 0, PANTHOR_TEST_PIECE_BOS,
							&panthor_test_work, ctx));
	panthor_test_expect_all(test);
	KUNIT_EXPECT_EQ(test, ctx->next, PANTHOR_TEST_PIECE_BOS);
}

static void panthor_pieces_test_ready_stops(struct kunit *test)
{
	struct panthor_pieces_test *ctx = test->priv;

	ctx->stop = true;
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_run_pieces(&ctx->op, 0, PANTHOR_TEST_PIECE_BOS,
							&panthor_test_work, ctx));
	KUNIT_EXPECT_EQ(test, ctx->next, 1);
	KUNIT_EXPECT_EQ(test, ctx->pieces, 1);
}

static void panthor_pieces_test_error(struct kunit *test)
{
	struct panthor_pieces_test *ctx = test->priv;

	ctx->fail = true;
	KUNIT_EXPECT_EQ(test, -EIO, panthor_mem_run_pieces(&ctx->op, 0, PANTHOR_TEST_PIECE_BOS,
							   &panthor_test_work, ctx));
	KUNIT_EXPECT_EQ(test, ctx->pieces, 2);
	KUNIT_EXPECT_EQ(test, ctx->op.pages[0], 1);
	KUNIT_EXPECT_EQ(test, ctx->op.pages[1], 0);
	KUNIT_EXPECT_EQ(test, ctx->next, 1);
}

/* The deadline passes when pages have been locked for the third time. */
static int panthor_test_pause(struct panthor_mem_op *op, u32 *us)
{
	struct panthor_pieces_test *ctx = kunit_get_current_test()->priv;

	return ctx->busy > 2 ? -EBUSY : 0;
}

static void panthor_pieces_test_locked(struct kunit *test)
{
	struct panthor_pieces_test *ctx = test->priv;

	kunit_activate_static_stub(test, panthor_mem_pause, panthor_test_pause);
	ctx->busy = 2;
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_run_pieces(&ctx->op, 0, PANTHOR_TEST_PIECE_BOS,
							&panthor_test_work, ctx));
	KUNIT_EXPECT_EQ(test, ctx->op.pages[3], ctx->bos[3].base.size >> PAGE_SHIFT);

	ctx->busy = U32_MAX;
	ctx->next = 0;
	memset(ctx->visits, 0, sizeof(ctx->visits));
	KUNIT_EXPECT_EQ(test, -EBUSY, panthor_mem_run_pieces(&ctx->op, 0, PANTHOR_TEST_PIECE_BOS,
							     &panthor_test_work, ctx));
	KUNIT_EXPECT_EQ(test, ctx->op.pages[1], ctx->bos[1].base.size >> PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, ctx->op.pages[3], 0);
}

static void panthor_pieces_test_cancelled(struct kunit *test)
{
	struct panthor_pieces_test *ctx = test->priv;

	ctx->cancel = true;
	KUNIT_EXPECT_EQ(test, -EINTR, panthor_mem_run_pieces(&ctx->op, 0, PANTHOR_TEST_PIECE_BOS,
							     &panthor_test_work, ctx));
	KUNIT_EXPECT_EQ(test, ctx->pieces, 2);
	/* The current piece is finished, and counted. */
	KUNIT_EXPECT_EQ(test, ctx->op.pages[1], PANTHOR_MEM_PIECE_PAGES);
}

/* Some work continues after a signal, but not when a claim waits. */
static void panthor_pieces_test_killable(struct kunit *test)
{
	struct panthor_pieces_test *ctx = test->priv;

	allow_signal(SIGUSR1);
	send_sig(SIGUSR1, current, 0);
	KUNIT_EXPECT_EQ(test, -EINTR, panthor_mem_run_pieces(&ctx->op, 0, PANTHOR_TEST_PIECE_BOS,
							     &panthor_test_work, ctx));
	KUNIT_EXPECT_EQ(test, ctx->pieces, 0);
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_run_pieces(&ctx->op, 0, PANTHOR_TEST_PIECE_BOS,
							&panthor_test_work_killable, ctx));
	flush_signals(current);
	disallow_signal(SIGUSR1);
	panthor_test_expect_all(test);
}

static struct kunit_case panthor_pieces_test_cases[] = {
	KUNIT_CASE(panthor_pieces_test_all),
	KUNIT_CASE(panthor_pieces_test_ready_stops),
	KUNIT_CASE(panthor_pieces_test_error),
	KUNIT_CASE(panthor_pieces_test_locked),
	KUNIT_CASE(panthor_pieces_test_cancelled),
	KUNIT_CASE(panthor_pieces_test_killable),
	{}
};

static struct kunit_suite panthor_pieces_test_suite = {
	.name = "panthor_pieces",
	.init = panthor_pieces_test_init,
	.test_cases = panthor_pieces_test_cases,
};

kunit_test_suite(panthor_pieces_test_suite);
