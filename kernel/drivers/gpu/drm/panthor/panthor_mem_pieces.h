/* SPDX-License-Identifier: GPL-2.0 or MIT */
/* Work on the pages of BOs, cut into pieces, on several CPUs. */

#ifndef __PANTHOR_MEM_PIECES_H__
#define __PANTHOR_MEM_PIECES_H__

#include <linux/types.h>

struct panthor_gem_object;
struct panthor_mem_op;
struct panthor_mem_run;

/**
 * struct panthor_mem_work - What is done with pieces
 */
struct panthor_mem_work {
	/**
	 * @piece: Work on pages of a BO, from the first to the last one. Returns a
	 * number of pages, or a negative errno that ends it all. Called without
	 * locks, and by other threads, too.
	 */
	long (*piece)(void *data, struct panthor_gem_object *bo, pgoff_t first, pgoff_t last);

	/**
	 * @ahead: Called for the same pages, some time before. Can be NULL.
	 */
	void (*ahead)(struct panthor_gem_object *bo, pgoff_t first, pgoff_t last);

	/**
	 * @ready: Called meanwhile for BOs all of whose pages have been counted by
	 * @piece: a range of indices, in ascending order, of a batch or more. By the
	 * calling thread alone. Can be NULL.
	 */
	void (*ready)(void *data, u32 first, u32 last);

	/** @finish: Go on if a signal is pending that is not fatal. */
	bool finish;
};

struct panthor_mem_run *panthor_mem_run_alloc(void);
u32 panthor_mem_helper_count(u64 bytes);
int panthor_mem_run_pieces(struct panthor_mem_op *op, u32 first, u32 last,
			   const struct panthor_mem_work *work, void *data);

#endif /* __PANTHOR_MEM_PIECES_H__ */
