/* SPDX-License-Identifier: GPL-2.0 or MIT */
/* Work on the pages of the BOs of a slice, in pieces, on several CPUs. */

#ifndef __PANTHOR_MEM_PIECES_H__
#define __PANTHOR_MEM_PIECES_H__

#include <linux/atomic.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct panthor_gem_object;
struct panthor_mem_op;
struct panthor_mem_run;

/* Maximum number of BOs in a slice. */
#define PANTHOR_MEM_SLICE_BOS		256

/* Threads that help the caller. With more of them, the disk or memory is the limit. */
#define PANTHOR_MEM_HELPERS		3

/**
 * struct panthor_mem_work - What to do with the pages
 */
struct panthor_mem_work {
	/**
	 * @piece: Works on the pages of a BO from @first to @last, inclusive. Returns
	 * a number of pages, or a negative errno, which ends the run; -EBUSY to be
	 * called again after a pause, until the deadline of the call. Called without
	 * locks, also by helpers.
	 */
	long (*piece)(void *data, struct panthor_gem_object *bo, pgoff_t first, pgoff_t last);

	/**
	 * @ready: Called for BOs whose pages have all been counted by @piece, while
	 * others are still in progress: for ranges of indices in ascending order, of
	 * which @end is exclusive. Only the calling thread calls it. Can be NULL.
	 */
	void (*ready)(void *data, u32 first, u32 end);

	/** @swaps_in: Pages are read from swap. Reads from a disk are started in advance. */
	bool swaps_in;

	/** @killable: Only a fatal signal ends the run. */
	bool killable;
};

/**
 * struct panthor_mem_helper - A worker that helps the caller
 */
struct panthor_mem_helper {
	/** @work: Work item of the helper. */
	struct work_struct work;

	/** @run: Run that it helps with. */
	struct panthor_mem_run *run;
};

/**
 * struct panthor_mem_cursor - A position in the pages of a slice
 */
struct panthor_mem_cursor {
	/** @bo: Index of the BO. */
	u32 bo;

	/** @page: Page of that BO. */
	pgoff_t page;

	/** @before: How many pages of the run precede this one. */
	pgoff_t before;
};

/**
 * struct panthor_mem_run - One pass over the pages of a slice
 */
struct panthor_mem_run {
	/** @op: Call whose slice it is. */
	struct panthor_mem_op *op;

	/** @work: What to do with the pages. */
	const struct panthor_mem_work *work;

	/** @data: Argument for the functions of @work. */
	void *data;

	/** @lock: Protects @next and @readahead. */
	spinlock_t lock;

	/** @next: Start of the next piece. */
	struct panthor_mem_cursor next;

	/** @readahead: Start of the next pages to read ahead from a disk. */
	struct panthor_mem_cursor readahead;

	/** @end: Index after the last BO. */
	u32 end;

	/** @piece_pages: Size of a piece in pages. */
	pgoff_t piece_pages;

	/** @second: Another thread already swaps in BOs of the same VM, in normal order. */
	bool second;

	/** @helped: The helpers were started. */
	bool helped;

	/** @helper_count: Number of @helpers that work on this run. */
	u32 helper_count;

	/** @stop: No thread may begin another piece, or another step of one. */
	bool stop;

	/** @error: First error, or 0. */
	atomic_t error;

	/** @done: For each BO, the sum of what &panthor_mem_work.piece returned. */
	atomic_long_t done[PANTHOR_MEM_SLICE_BOS];

	/** @helpers: Workers that help the caller. */
	struct panthor_mem_helper helpers[PANTHOR_MEM_HELPERS];
};

void panthor_mem_run_init(struct panthor_mem_run *run);
u32 panthor_mem_helper_count(u64 bytes);
bool panthor_mem_spare_cpu(void);
int panthor_mem_wait_for_job(struct panthor_mem_op *op);
int panthor_mem_run_pieces(struct panthor_mem_op *op, u32 first, u32 end,
			   const struct panthor_mem_work *work, void *data);

#endif /* __PANTHOR_MEM_PIECES_H__ */
