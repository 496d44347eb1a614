/* SPDX-License-Identifier: MIT */
/*
 * Control over the machine's swap: off, on, nearly full. Needs root.
 */
#ifndef GPU_SWAP_H
#define GPU_SWAP_H

#include <stdint.h>
#include <sys/types.h>

struct swap {
	char device[64];	/* the one that was on at first */
	pid_t hog;		/* process whose memory fills it, or 0 */
};

/* Find the swap device; -ENOENT: there is none. */
int swap_open(struct swap *swap);

/* As swap_open() found it. */
int swap_normal(struct swap *swap);
int swap_none(struct swap *swap);

/* Fill it until at most @bytes, and at least half of that, are free. */
int swap_limit(struct swap *swap, uint64_t bytes);

#endif
