/* SPDX-License-Identifier: MIT */
/*
 * Control over the machine's swap: switch it off and on, fill it. Needs root.
 */
#ifndef SWAP_H
#define SWAP_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "gpu/disk.h"

struct swap {
	char device[64];	/* the device that was on at first */
	pid_t hog;		/* a process whose memory fills swap, or 0 */
	/* Set by swap_disk(): */
	struct disk disk;
	int64_t readahead;
	cpu_set_t cpus;
};

/* Find the swap device; -ENOENT: there is none. */
int swap_open(struct swap *swap);

/* Restore the state that swap_open() found. */
int swap_normal(struct swap *swap);
int swap_none(struct swap *swap);

/* Fill swap until at most @bytes, and at least half of that, are free. */
int swap_limit(struct swap *swap, uint64_t bytes);

/*
 * Use a disk as swap instead. Its pages are written in the order in which this process
 * evicts them, and read one by one. Lasts until swap_normal() or swap_none(). Meanwhile,
 * this process and the kernel's workers for it stay on one CPU.
 */
int swap_disk(struct swap *swap);

/*
 * Use a disk whose transfers take time and complete later. The kernel's workers run on
 * any CPU.
 */
int swap_slow_disk(struct swap *swap);

/*
 * Add a disk behind the existing swap, which has room for at most @bytes: what this
 * process pages out first goes there, the rest to the disk. All of it runs on one CPU.
 */
int swap_slow_disk_behind(struct swap *swap, uint64_t bytes);
void swap_end_disk(struct swap *swap);

/* Make the next read of the @nth page that was written (from 1) fail. */
int swap_fail_read(struct swap *swap, uint64_t nth);
int swap_heal(struct swap *swap);

/* Let the device that was on at first accept almost nothing more, or everything again. */
int swap_refuse_writes(struct swap *swap, bool refuse);

#endif
