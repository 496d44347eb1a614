/* SPDX-License-Identifier: GPL-2.0 or MIT */
/* Work on the pages of the BOs of a slice. */

#ifndef __PANTHOR_MEM_PIECES_H__
#define __PANTHOR_MEM_PIECES_H__

#include <linux/types.h>

struct panthor_gem_object;
struct panthor_mem_op;

/* Maximum number of BOs in a slice. */
#define PANTHOR_MEM_SLICE_BOS		256

/**
 * struct panthor_mem_work - What to do with the pages
 */
struct panthor_mem_work {
	/**
	 * @piece: Works on the pages of a BO from @first to @last, inclusive. Returns
	 * a number of pages, or a negative errno, which ends the run; -EBUSY to be
	 * called again after a pause, until the deadline of the call. Called without
	 * locks.
	 */
	long (*piece)(void *data, struct panthor_gem_object *bo, pgoff_t first, pgoff_t last);

	/**
	 * @ready: Called for BOs whose pages have all been counted by @piece, for
	 * ranges of indices in ascending order, of which @end is exclusive. Can be NULL.
	 */
	void (*ready)(void *data, u32 first, u32 end);

	/** @swaps_in: Pages are read from swap. */
	bool swaps_in;

	/** @killable: Only a fatal signal ends the run. */
	bool killable;
};

/**
 * struct panthor_mem_run - One pass over the pages of a slice
 */
struct panthor_mem_run {
	/** @work: What to do with the pages. */
	const struct panthor_mem_work *work;

	/** @data: Argument for the functions of @work. */
	void *data;
};

static inline void panthor_mem_run_init(struct panthor_mem_run *run)
{
}

/* A job brings its BOs back with the lock of its VM held, and a claim waits for that. */
static inline int panthor_mem_wait_for_job(struct panthor_mem_op *op)
{
	return 0;
}

int panthor_mem_run_pieces(struct panthor_mem_op *op, u32 first, u32 end,
			   const struct panthor_mem_work *work, void *data);

#endif /* __PANTHOR_MEM_PIECES_H__ */
