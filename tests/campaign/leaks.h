/* SPDX-License-Identifier: MIT */
/*
 * What the kernel and the driver still hold.
 */
#ifndef LEAKS_H
#define LEAKS_H

#include <stdint.h>

/* Forget what is lost already. -ENOENT: the kernel has no kmemleak. */
int leaks_begin(void);

/*
 * Find objects that nothing refers to any more, and print the first ones. Returns their
 * number. Takes some seconds, because kmemleak does not judge objects that are younger.
 */
int leaks_count(void);

/* Resources that are as they were when everything of a test is gone. */
struct holdings {
	uint64_t swap_used;	/* bytes */
	uint64_t page_tables;	/* bytes */
	uint64_t slab;		/* bytes */
	uint64_t bos;		/* BOs of the driver, of all processes */
	uint64_t fds;		/* of this process */
};

/* After the kernel was asked to return what it only caches. */
int holdings_read(struct holdings *now);

#endif
