/* SPDX-License-Identifier: GPL-2.0 or MIT */
/* Work on the pages of the BOs of a slice. */

#ifndef __PANTHOR_MEM_PIECES_H__
#define __PANTHOR_MEM_PIECES_H__

#include <linux/types.h>

struct panthor_gem_object;
struct panthor_mem_op;

/* A slice has so many BOs at most. */
#define PANTHOR_MEM_SLICE_BOS		256

/**
 * struct panthor_mem_work - What is done with the pages
 */
struct panthor_mem_work {
	/**
	 * @piece: Work on pages of a BO, from the first to the last one, inclusive.
	 * Returns a number of pages, or a negative errno that ends it all. Called
	 * without locks.
	 */
	long (*piece)(void *data, struct panthor_gem_object *bo, pgoff_t first, pgoff_t last);

	/**
	 * @ready: Called for BOs all of whose pages have been counted by @piece: a
	 * range of indices, in ascending order; @end is exclusive. Can be NULL.
	 */
	void (*ready)(void *data, u32 first, u32 end);

	/** @swaps_in: Pages are read from swap. */
	bool swaps_in;

	/** @finish: Go on if a signal is pending that is not fatal. */
	bool finish;
};

/**
 * struct panthor_mem_run - Pages that are being worked on
 */
struct panthor_mem_run {
	/** @work: What is done with them. */
	const struct panthor_mem_work *work;

	/** @data: For the functions of @work. */
	void *data;
};

static inline void panthor_mem_run_init(struct panthor_mem_run *run)
{
}

int panthor_mem_run_pieces(struct panthor_mem_op *op, u32 first, u32 end,
			   const struct panthor_mem_work *work, void *data);

#endif /* __PANTHOR_MEM_PIECES_H__ */
