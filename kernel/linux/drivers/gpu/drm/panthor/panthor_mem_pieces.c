// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Writing pages to swap and reading them back, which is where a call spends its
 * time, on several CPUs.
 *
 * The swap device is usually compressed memory, so this is work for a CPU. A run
 * goes through the pages of the BOs of a slice in pieces, and the caller and its
 * helpers take one piece after the other. Progress never depends on a helper: if
 * one never runs, only its help is lost.
 */

#include <linux/atomic.h>
#include <linux/blkdev.h>
#include <linux/cpumask.h>
#include <linux/memcontrol.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/shmem_fs.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include <kunit/static_stub.h>

#include "panthor_device.h"
#include "panthor_gem.h"
#include "panthor_mem.h"
#include "panthor_mem_batch.h"
#include "panthor_mem_pieces.h"
#include "panthor_mmu.h"

/* Checks for signals and claims come this often: cheap, and quick enough to end a call. */
#define PANTHOR_MEM_STEP_PAGES		(SZ_256K >> PAGE_SHIFT)

/*
 * A piece is a fraction of the run, of one step at least and of some steps at most.
 * Large pieces keep threads apart: two of them in one BO contend for the locks of its
 * file. Small pieces spread a short run over all threads, and none of them waits long
 * for the last piece.
 */
#define PANTHOR_MEM_PIECE_STEPS		4
#define PANTHOR_MEM_ROW_PIECES		64

/* Readahead window of a disk. */
#define PANTHOR_MEM_READAHEAD_PAGES	(SZ_8M >> PAGE_SHIFT)

/* With less work for each helper, waking it takes longer than the work. */
#define PANTHOR_MEM_HELP_BYTES		SZ_512K

/*
 * The second thread that swaps in a VM starts at the other end, because two threads in
 * the same order would contend for the same pages. Its BOs are in reverse order, and so
 * are the pages of each BO. Returns the lowest of the @count pages that start at
 * position @first of that order.
 */
static pgoff_t panthor_mem_first_page(const struct panthor_mem_op *op, u32 bo,
				      pgoff_t first, pgoff_t count)
{
	if (!op->run.second)
		return first;

	return (op->bos[bo]->base.size >> PAGE_SHIFT) - first - count;
}

static void panthor_mem_reverse(struct panthor_mem_op *op, u32 first, u32 end)
{
	for (; first + 1 < end; first++, end--) {
		swap(op->bos[first], op->bos[end - 1]);
		swap(op->bytes[first], op->bytes[end - 1]);
	}
}

/*
 * Advances @cursor by at most @pages pages of one BO, and stores where they start in
 * @from. Skips BOs without bytes to process. Returns the number of pages, 0 at the end.
 */
static pgoff_t panthor_mem_advance(const struct panthor_mem_run *run,
				   struct panthor_mem_cursor *cursor, pgoff_t pages,
				   struct panthor_mem_cursor *from)
{
	const struct panthor_mem_op *op = run->op;
	pgoff_t end;

	while (cursor->bo < run->end && !op->bytes[cursor->bo])
		cursor->bo++;
	if (cursor->bo == run->end)
		return 0;

	*from = *cursor;
	end = op->bos[cursor->bo]->base.size >> PAGE_SHIFT;
	pages = min(pages, end - cursor->page);
	cursor->page += pages;
	cursor->before += pages;
	if (cursor->page == end) {
		cursor->page = 0;
		cursor->bo++;
	}

	return pages;
}

static void panthor_mem_stop_run(struct panthor_mem_run *run, int error)
{
	atomic_cmpxchg(&run->error, 0, error);
	WRITE_ONCE(run->stop, true);
}

/* A helper gets no signals, but a claim or new work stops it as it stops the caller. */
static bool panthor_mem_run_stopped(struct panthor_mem_run *run)
{
	if (panthor_mem_ends_early(run->op) || fatal_signal_pending(current) ||
	    (signal_pending(current) && !run->work->killable))
		panthor_mem_stop_run(run, -EINTR);

	return READ_ONCE(run->stop);
}

/* Takes the piece at @cursor, and stores its start. Returns its pages, 0 if there is none. */
static pgoff_t panthor_mem_take(struct panthor_mem_run *run, struct panthor_mem_cursor *cursor,
				struct panthor_mem_cursor *start)
{
	struct panthor_mem_cursor from;
	pgoff_t pages = 0, more;

	lockdep_assert_held(&run->lock);

	if (panthor_mem_run_stopped(run))
		return 0;

	*start = *cursor;
	do {
		more = panthor_mem_advance(run, cursor, run->piece_pages - pages, &from);
		pages += more;
	} while (more && pages < run->piece_pages);

	return pages;
}

static pgoff_t panthor_mem_take_piece(struct panthor_mem_run *run,
				      struct panthor_mem_cursor *start)
{
	guard(spinlock)(&run->lock);

	return panthor_mem_take(run, &run->next, start);
}

static pgoff_t panthor_mem_take_readahead(struct panthor_mem_run *run,
					  struct panthor_mem_cursor *start)
{
	guard(spinlock)(&run->lock);

	if (!run->work->swaps_in ||
	    run->readahead.before >= run->next.before + PANTHOR_MEM_READAHEAD_PAGES)
		return 0;

	return panthor_mem_take(run, &run->readahead, start);
}

/* Does nothing for swap in RAM. */
static void panthor_mem_start_reading(struct panthor_gem_object *bo, pgoff_t first, pgoff_t last)
{
	KUNIT_STATIC_STUB_REDIRECT(panthor_mem_start_reading, bo, first, last);

	if (panthor_mem_supported())
		shmem_start_swapin(bo->base.filp->f_mapping, first, last);
}

static void panthor_mem_do_readahead(struct panthor_mem_run *run)
{
	struct panthor_mem_cursor cursor, from;
	pgoff_t pages, count, first;

	while ((pages = panthor_mem_take_readahead(run, &cursor))) {
		for (; pages; pages -= count) {
			count = panthor_mem_advance(run, &cursor, pages, &from);
			first = panthor_mem_first_page(run->op, from.bo, from.page, count);
			panthor_mem_start_reading(run->op->bos[from.bo], first,
						  first + count - 1);
		}
		cond_resched();
	}
}

/* Pauses because a page is locked. Returns 0, or an error that ends the step. */
static int panthor_mem_pause_step(struct panthor_mem_run *run, u32 *us)
{
	return panthor_mem_run_stopped(run) ? -EINTR : panthor_mem_pause(run->op, us);
}

/* A BO that another thread has brought back meanwhile has nothing left to read. */
static long panthor_mem_do_step(struct panthor_mem_run *run, struct panthor_gem_object *bo,
				pgoff_t first, pgoff_t count)
{
	u32 us = 0;
	long ret;

	do {
		if (run->work->swaps_in && panthor_gem_is_resident(bo))
			return count;

		ret = run->work->piece(run->data, bo, first, first + count - 1);
		if (ret != -EBUSY)
			return ret;

		ret = panthor_mem_pause_step(run, &us);
	} while (!ret);

	return ret;
}

static bool panthor_mem_do_piece(struct panthor_mem_run *run)
{
	struct mem_cgroup *memcg = set_active_memcg(run->op->memcg);
	struct panthor_mem_cursor cursor, from;
	struct blk_plug plug;
	pgoff_t pages, count, first;
	long ret;

	panthor_mem_do_readahead(run);
	pages = panthor_mem_take_piece(run, &cursor);
	if (!pages) {
		set_active_memcg(memcg);
		return false;
	}

	/* Submit the whole piece to the disk at once. */
	blk_start_plug(&plug);
	for (; pages && !panthor_mem_run_stopped(run); pages -= count) {
		count = panthor_mem_advance(run, &cursor, min(pages, PANTHOR_MEM_STEP_PAGES),
					    &from);
		first = panthor_mem_first_page(run->op, from.bo, from.page, count);
		ret = panthor_mem_do_step(run, run->op->bos[from.bo], first, count);
		if (ret >= 0) {
			atomic_long_add_return_release(ret, &run->done[from.bo]);
		} else if (ret == -EBUSY) {
			/* The deadline has passed. Other pages can be free. */
			atomic_cmpxchg(&run->error, 0, ret);
		} else {
			/* What has stopped the run meanwhile is no error of this thread. */
			if (!READ_ONCE(run->stop))
				panthor_mem_stop_run(run, ret);
			break;
		}
		cond_resched();
	}
	blk_finish_plug(&plug);
	set_active_memcg(memcg);

	return true;
}

/*
 * A worker that charges a cgroup sleeps if that is over its memory.high, and the call would
 * have to wait for it. The caller itself belongs to another cgroup, or to the one that it
 * charges.
 */
static bool panthor_mem_may_sleep_for(struct mem_cgroup *memcg)
{
#ifdef CONFIG_MEMCG
	for (; memcg; memcg = parent_mem_cgroup(memcg)) {
		if (READ_ONCE(memcg->memory.high) != PAGE_COUNTER_MAX ||
		    READ_ONCE(memcg->swap.high) != PAGE_COUNTER_MAX)
			return true;
	}
#endif
	return false;
}

static void panthor_mem_help(struct work_struct *work)
{
	struct panthor_mem_run *run = container_of(work, struct panthor_mem_helper, work)->run;

	while (!panthor_mem_may_sleep_for(run->op->memcg) && panthor_mem_do_piece(run))
		;
}

/*
 * Half of the CPUs are left to the program in the foreground. With two or three CPUs,
 * two are used, because two threads that share CPUs with it are faster than one.
 */
static u32 panthor_mem_most_helpers(u32 cpus)
{
	return min(clamp(cpus / 2, 2, PANTHOR_MEM_HELPERS + 1), cpus) - 1;
}

/**
 * panthor_mem_helper_count() - Get the number of helpers for a run
 * @bytes: Size of the work.
 *
 * The helpers are workers with a nice value of 0. A nicer caller works alone, so that
 * its call takes no more CPU time from others than its own nice value allows.
 *
 * Return: The number of helpers.
 */
u32 panthor_mem_helper_count(u64 bytes)
{
	KUNIT_STATIC_STUB_REDIRECT(panthor_mem_helper_count, bytes);

	if (task_nice(current) > 0)
		return 0;

	return min(panthor_mem_most_helpers(num_online_cpus()), bytes / PANTHOR_MEM_HELP_BYTES);
}

/* Returns true if a call leaves one of @cpus idle. */
static bool panthor_mem_leaves_cpu(u32 cpus)
{
	return panthor_mem_most_helpers(cpus) + 1 < cpus;
}

/**
 * panthor_mem_spare_cpu() - Check whether a job that swaps in leaves a CPU to a claim
 *
 * Return: true if its thread and the helpers are fewer than the CPUs.
 */
bool panthor_mem_spare_cpu(void)
{
	KUNIT_STATIC_STUB_REDIRECT(panthor_mem_spare_cpu);

	return panthor_mem_leaves_cpu(num_online_cpus());
}

/**
 * panthor_mem_wait_for_job() - Let a job that swaps in the VM of a slice finish
 * @op: Claim.
 *
 * Without a CPU of its own, another thread would only contend with those of the job for
 * pages and locks, and the frame would come later. The wait ends at the deadline. It
 * also ends at the next submit, so a process that submits all the time cannot hold up
 * the claim.
 *
 * Return: 0, or a negative errno of panthor_mem_pause() that ends the claim.
 */
int panthor_mem_wait_for_job(struct panthor_mem_op *op)
{
	u32 submits, us = 0;
	int ret = 0;

	if (!op->vm || panthor_mem_spare_cpu())
		return 0;

	submits = panthor_vm_submits(op->vm);
	while (!ret && panthor_vm_has_evicted(op->vm) && panthor_vm_swaps_in_for_job(op->vm) &&
	       panthor_vm_submits(op->vm) == submits)
		ret = panthor_mem_pause(op, &us);

	return ret == -EBUSY ? 0 : ret;
}

/* Returns the index of the first BO, from @ready on, that has pages left to process. */
static u32 panthor_mem_ready(struct panthor_mem_run *run, u32 ready)
{
	struct panthor_mem_op *op = run->op;

	while (ready < run->end &&
	       (!op->bytes[ready] || atomic_long_read_acquire(&run->done[ready]) ==
				     op->bos[ready]->base.size >> PAGE_SHIFT))
		ready++;

	return ready;
}

static pgoff_t panthor_mem_piece_pages(u64 bytes)
{
	return clamp((bytes >> PAGE_SHIFT) / PANTHOR_MEM_ROW_PIECES, PANTHOR_MEM_STEP_PAGES,
		     PANTHOR_MEM_PIECE_STEPS * PANTHOR_MEM_STEP_PAGES);
}

static u64 panthor_mem_bytes_of(const struct panthor_mem_op *op, u32 first, u32 end)
{
	u64 bytes = 0;

	for (u32 i = first; i < end; i++)
		bytes += op->bos[i]->base.size;

	return bytes;
}

/* Notes a swap-in of the VM. Returns true if another thread already swaps in its BOs. */
static bool panthor_mem_run_begin_vm(const struct panthor_mem_run *run)
{
	return run->work->swaps_in && run->op->vm && panthor_vm_swapin_begin(run->op->vm);
}

static void panthor_mem_run_end_vm(const struct panthor_mem_run *run)
{
	if (run->work->swaps_in && run->op->vm)
		panthor_vm_swapin_end(run->op->vm);
}

/*
 * Starts the helpers once. The second thread that swaps in a VM starts them when the
 * first one, which has helpers of its own, has ended.
 *
 * Queue each helper on another CPU: where CPUs share no cache, a worker would start on
 * this one and stay here for some scheduler ticks.
 */
static void panthor_mem_start_helpers(struct panthor_mem_run *run)
{
	u32 cpu = raw_smp_processor_id();

	if (run->helped || (run->second && panthor_vm_swapins(run->op->vm) > 1))
		return;

	run->helped = true;
	for (u32 i = 0; i < run->helper_count; i++) {
		cpu = cpumask_next_wrap(cpu, cpu_online_mask);
		queue_work_on(cpu, system_dfl_wq, &run->helpers[i].work);
	}
}

/**
 * panthor_mem_run_pieces() - Work on the pages of BOs, on several CPUs
 * @op: Call. BOs of its slice for which &panthor_mem_op.bytes is 0 are skipped.
 * @first: Index of the first BO.
 * @end: Index after the last BO.
 * @work: What to do.
 * @data: Argument for the functions of @work.
 *
 * If another thread already swaps in BOs of the same VM, the order of the BOs is reversed.
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
	struct panthor_mem_run *run = &op->run;
	u32 i, next, reported = first;
	u64 bytes = 0;

	run->op = op;
	run->work = work;
	run->data = data;
	run->next = (struct panthor_mem_cursor){ .bo = first };
	run->readahead = run->next;
	run->end = end;
	run->stop = false;
	run->second = panthor_mem_run_begin_vm(run);
	run->helped = false;
	atomic_set(&run->error, 0);
	if (run->second)
		panthor_mem_reverse(op, first, end);
	for (i = first; i < end; i++) {
		atomic_long_set(&run->done[i], 0);
		bytes += op->bytes[i];
	}
	run->piece_pages = panthor_mem_piece_pages(bytes);
	run->helper_count = panthor_mem_helper_count(bytes);

	do {
		panthor_mem_start_helpers(run);
		next = panthor_mem_ready(run, reported);
		bytes = panthor_mem_bytes_of(op, reported, next);
		if (work->ready && bytes >= PANTHOR_MEM_BATCH_BYTES) {
			work->ready(data, reported, next);
			reported = next;
		}
		if (op->stop)
			WRITE_ONCE(run->stop, true);
	} while (panthor_mem_do_piece(run));

	/* Helpers that have not started never do. The others finish their piece or step. */
	for (i = 0; i < run->helper_count; i++)
		cancel_work_sync(&run->helpers[i].work);

	for (i = first; i < end; i++)
		op->pages[i] = atomic_long_read(&run->done[i]);

	next = panthor_mem_ready(run, reported);
	if (work->ready && next > reported && !op->stop)
		work->ready(data, reported, next);
	panthor_mem_run_end_vm(run);

	return atomic_read(&run->error);
}

/**
 * panthor_mem_run_init() - Initialize the state of panthor_mem_run_pieces()
 * @run: &panthor_mem_op.run, zeroed.
 */
void panthor_mem_run_init(struct panthor_mem_run *run)
{
	spin_lock_init(&run->lock);
	for (u32 i = 0; i < ARRAY_SIZE(run->helpers); i++) {
		INIT_WORK(&run->helpers[i].work, panthor_mem_help);
		run->helpers[i].run = run;
	}
}

#if IS_ENABLED(CONFIG_DRM_PANTHOR_KUNIT_TEST)
#include "tests/panthor_mem_pieces_test.c"
#endif
