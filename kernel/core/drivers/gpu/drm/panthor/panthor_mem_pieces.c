// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * The part of a call that takes the time: writing pages to swap, and reading them
 * back. One BO after the other, in pieces that are small enough to end soon.
 */

#include <linux/blkdev.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>

#include "panthor_device.h"
#include "panthor_gem.h"
#include "panthor_mem.h"
#include "panthor_mem_pieces.h"

/* Much longer than a look for a signal, and short: nobody has to wait long for the end. */
#define PANTHOR_MEM_PIECE_PAGES		(SZ_256K >> PAGE_SHIFT)

static bool panthor_mem_run_stopped(struct panthor_mem_op *op)
{
	return op->stop || panthor_mem_ends_early(op) || fatal_signal_pending(current) ||
	       (signal_pending(current) && !op->run.work->finish);
}

/* Works on all pages of BO @i, and counts them. */
static int panthor_mem_run_bo(struct panthor_mem_op *op, u32 i)
{
	struct panthor_gem_object *bo = op->bos[i];
	pgoff_t end = bo->base.size >> PAGE_SHIFT, first, last;
	long ret;

	for (first = 0; first < end; first = last + 1) {
		if (panthor_mem_run_stopped(op))
			return -EINTR;

		last = min(first + PANTHOR_MEM_PIECE_PAGES, end) - 1;
		ret = op->run.work->piece(op->run.data, bo, first, last);
		if (ret < 0)
			return ret;

		op->pages[i] += ret;
		cond_resched();
	}

	return 0;
}

/**
 * panthor_mem_run_pieces() - Do something with the pages of BOs
 * @op: Call. Of its slice, those BOs are meant that have &panthor_mem_op.bytes.
 * @first: Index of the first BO.
 * @end: Index behind the last BO.
 * @work: What to do.
 * @data: For the functions of @work.
 *
 * A pending signal ends it early, if @work does not say otherwise, and so does
 * whatever panthor_mem_ends_early() knows. What &panthor_mem_work.piece has returned
 * for each BO is then in &panthor_mem_op.pages.
 *
 * Return: 0, -EINTR if it was ended early, or what a piece failed with.
 */
int panthor_mem_run_pieces(struct panthor_mem_op *op, u32 first, u32 end,
			   const struct panthor_mem_work *work, void *data)
{
	struct blk_plug plug;
	int ret = 0;
	u32 i;

	op->run.work = work;
	op->run.data = data;
	for (i = first; i < end; i++)
		op->pages[i] = 0;

	for (i = first; i < end && !ret; i++) {
		/* A disk gets all of a BO at once. */
		blk_start_plug(&plug);
		if (op->bytes[i])
			ret = panthor_mem_run_bo(op, i);
		blk_finish_plug(&plug);

		if (!ret && work->ready && !op->stop)
			work->ready(data, i, i + 1);
	}

	/* What @ready has ended is no failure. */
	return op->stop && ret == -EINTR ? 0 : ret;
}

#if IS_ENABLED(CONFIG_DRM_PANTHOR_KUNIT_TEST)
#include "tests/panthor_mem_pieces_test.c"
#endif
