// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Writing pages to swap and reading them back, which is where a call spends its
 * time: one BO after the other, in pieces that are small enough to stop quickly.
 */

#include <linux/blkdev.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>

#include "panthor_device.h"
#include "panthor_gem.h"
#include "panthor_mem.h"
#include "panthor_mem_pieces.h"

/* Checks for signals and claims come this often: cheap, and quick enough to end a call. */
#define PANTHOR_MEM_PIECE_PAGES		(SZ_256K >> PAGE_SHIFT)

static bool panthor_mem_run_stopped(struct panthor_mem_op *op)
{
	return op->stop || panthor_mem_ends_early(op) || fatal_signal_pending(current) ||
	       (signal_pending(current) && !op->run.work->killable);
}

/* Works on some pages of a BO, and waits for locked ones until the deadline. */
static long panthor_mem_run_piece(struct panthor_mem_op *op, struct panthor_gem_object *bo,
				  pgoff_t first, pgoff_t last)
{
	u32 us = 0;
	long ret;

	do {
		ret = op->run.work->piece(op->run.data, bo, first, last);
		if (ret != -EBUSY)
			return ret;

		ret = panthor_mem_pause(op, &us);
	} while (!ret);

	return ret;
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
		ret = panthor_mem_run_piece(op, bo, first, last);
		if (ret < 0)
			return ret;

		op->pages[i] += ret;
		cond_resched();
	}

	return 0;
}

/**
 * panthor_mem_run_pieces() - Work on the pages of BOs
 * @op: Call. BOs of its slice for which &panthor_mem_op.bytes is 0 are skipped.
 * @first: Index of the first BO.
 * @end: Index after the last BO.
 * @work: What to do.
 * @data: Argument for the functions of @work.
 *
 * A pending signal ends the run early unless &panthor_mem_work.killable is set, and so
 * does whatever panthor_mem_ends_early() finds. On return, &panthor_mem_op.pages has
 * the sum of what &panthor_mem_work.piece returned for each BO.
 *
 * Return: 0, -EINTR if the run ended early, -EBUSY if pages were locked until the deadline,
 * or the error of a piece.
 */
int panthor_mem_run_pieces(struct panthor_mem_op *op, u32 first, u32 end,
			   const struct panthor_mem_work *work, void *data)
{
	struct mem_cgroup *memcg = set_active_memcg(op->memcg);
	struct blk_plug plug;
	int ret = 0;
	u32 i;

	op->run.work = work;
	op->run.data = data;
	for (i = first; i < end; i++)
		op->pages[i] = 0;

	for (i = first; i < end && !ret; i++) {
		/* Submit the whole BO to the disk at once. */
		blk_start_plug(&plug);
		if (op->bytes[i])
			ret = panthor_mem_run_bo(op, i);
		blk_finish_plug(&plug);

		if (!ret && work->ready && !op->stop)
			work->ready(data, i, i + 1);
	}

	set_active_memcg(memcg);

	/* It is no failure if @ready ended the run. */
	return op->stop && ret == -EINTR ? 0 : ret;
}

#if IS_ENABLED(CONFIG_DRM_PANTHOR_KUNIT_TEST)
#include "tests/panthor_mem_pieces_test.c"
#endif
