/* SPDX-License-Identifier: GPL-2.0 or MIT */
/* Work on the pages of the BOs of a slice, cut into pieces, on several CPUs. */

#ifndef __PANTHOR_MEM_PIECES_H__
#define __PANTHOR_MEM_PIECES_H__

#include <linux/atomic.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct panthor_gem_object;
struct panthor_mem_op;
struct panthor_mem_run;

/* A slice has so many BOs at most. */
#define PANTHOR_MEM_SLICE_BOS		256

/* Next to the caller. The disk, or memory, is the limit before that. */
#define PANTHOR_MEM_HELPERS		3

/**
 * struct panthor_mem_work - What is done with pieces
 */
struct panthor_mem_work {
	/**
	 * @piece: Work on pages of a BO, from the first to the last one, inclusive.
	 * Returns a number of pages, or a negative errno that ends it all. Called
	 * without locks, and by other threads, too.
	 */
	long (*piece)(void *data, struct panthor_gem_object *bo, pgoff_t first, pgoff_t last);

	/**
	 * @ready: Called meanwhile for BOs all of whose pages have been counted by
	 * @piece: a range of indices, in ascending order; @end is exclusive. By the
	 * calling thread alone. Can be NULL.
	 */
	void (*ready)(void *data, u32 first, u32 end);

	/** @swaps_in: Pages are read from swap. A disk is asked for them in advance. */
	bool swaps_in;

	/** @finish: Go on if a signal is pending that is not fatal. */
	bool finish;
};

/**
 * struct panthor_mem_helper - Another thread
 */
struct panthor_mem_helper {
	/** @work: Runs it. */
	struct work_struct work;

	/** @run: What it helps with. */
	struct panthor_mem_run *run;
};

/**
 * struct panthor_mem_place - A place in the row of all pages of a slice
 */
struct panthor_mem_place {
	/** @bo: Index of the BO. */
	u32 bo;

	/** @page: Its page. */
	pgoff_t page;

	/** @before: How many pages of the row are in front of it. */
	pgoff_t before;
};

/**
 * struct panthor_mem_run - Pieces that are being worked on
 */
struct panthor_mem_run {
	/** @op: Call whose slice it is. */
	struct panthor_mem_op *op;

	/** @work: What is done with them. */
	const struct panthor_mem_work *work;

	/** @data: For the functions of @work. */
	void *data;

	/** @lock: Protects @next and @ahead. */
	spinlock_t lock;

	/** @next: Where the next piece begins. */
	struct panthor_mem_place next;

	/** @ahead: Where the next pages are that a disk is asked for. */
	struct panthor_mem_place ahead;

	/** @end: Index behind the last BO. */
	u32 end;

	/** @piece_pages: Pages of a piece. */
	pgoff_t piece_pages;

	/** @second: Another thread swaps in BOs of the same VM, from the first one on. */
	bool second;

	/** @stop: No piece, and no step of one, is to be begun any more. */
	bool stop;

	/** @error: First error, or 0. */
	atomic_t error;

	/** @done: Sum of what &panthor_mem_work.piece returned, for each BO. */
	atomic_long_t done[PANTHOR_MEM_SLICE_BOS];

	/** @helpers: Other threads. */
	struct panthor_mem_helper helpers[PANTHOR_MEM_HELPERS];
};

void panthor_mem_run_init(struct panthor_mem_run *run);
u32 panthor_mem_helper_count(u64 bytes);
int panthor_mem_run_pieces(struct panthor_mem_op *op, u32 first, u32 end,
			   const struct panthor_mem_work *work, void *data);

#endif /* __PANTHOR_MEM_PIECES_H__ */
