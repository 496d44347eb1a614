/* SPDX-License-Identifier: MIT */
/*
 * Control over the machine's swap: off, on, nearly full. Needs root.
 */
#ifndef GPU_SWAP_H
#define GPU_SWAP_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "gpu/disk.h"

struct swap {
	char device[64];	/* the one that was on at first */
	pid_t hog;		/* process whose memory fills it, or 0 */
	/* Of swap_disk(): */
	struct disk disk;
	int64_t readahead;
	cpu_set_t cpus;
};

/* Find the swap device; -ENOENT: there is none. */
int swap_open(struct swap *swap);

/* As swap_open() found it. */
int swap_normal(struct swap *swap);
int swap_none(struct swap *swap);

/* Fill it until at most @bytes, and at least half of that, are free. */
int swap_limit(struct swap *swap, uint64_t bytes);

/*
 * Swap on a disk instead, whose pages are written in the order in which this
 * process pushes them out, and read one by one. Until swap_normal() or
 * swap_none(); this process, and the kernel's workers for it, stay on one CPU so
 * long.
 */
int swap_disk(struct swap *swap);

/*
 * A disk whose transfers take a while, and who began one does not wait. The
 * kernel's workers run where they like.
 */
int swap_slow_disk(struct swap *swap);

/*
 * The same behind what was there before, which has room for @bytes at most: what this
 * process pushes out first goes there, the rest to the disk. All of it on one CPU.
 */
int swap_slow_disk_behind(struct swap *swap, uint64_t bytes);
void swap_end_disk(struct swap *swap);

/* The @nth page that was written (from 1) cannot be read the next time. */
int swap_fail_read(struct swap *swap, uint64_t nth);
int swap_heal(struct swap *swap);

/* The device that was on at first takes next to nothing more; or again all. */
int swap_refuse_writes(struct swap *swap, bool refuse);

#endif
