/* SPDX-License-Identifier: MIT */
/*
 * The maximum that the machine can do: the same work without a GPU, in several processes
 * at a time, each with memory of its own.
 */
#ifndef BENCH_RAW_H
#define BENCH_RAW_H

#include "bench.h"

#define RAW_PROCESSES_MAX 8

enum raw_kind {
	RAW_PAGEOUT,	/* MADV_PAGEOUT on anonymous memory */
	RAW_WILLNEED,	/* MADV_WILLNEED on what was paged out */
	RAW_WRITE,	/* O_DIRECT to a device */
	RAW_READ,
};

/*
 * Returns the time from the first start to the last end. @device is for RAW_WRITE and
 * RAW_READ.
 */
int64_t raw_run(enum raw_kind kind, uint64_t bytes, unsigned int processes,
		const char *device, enum app_data data);

/* Creates another zram device of @bytes, without swap on it, and returns its path. */
const char *raw_zram(uint64_t bytes);
void raw_zram_end(void);

#endif
