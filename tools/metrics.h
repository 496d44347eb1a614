/* SPDX-License-Identifier: MIT */
/* Counters over all runs of the program, for a Prometheus textfile collector. */
#ifndef TOOL_METRICS_H
#define TOOL_METRICS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "operation.h"

/* "ok", the errors that have a name of their own, and "other". */
#define METRICS_RESULTS 12
/*
 * Every set of causes but the empty one: bit 0 busy, bit 1 shared, bit 2 pinned,
 * bit 3 swap refused.
 */
#define METRICS_CAUSES 15
/* Upper bounds of the histogram, the last of them infinite. */
#define METRICS_BUCKETS 15

struct metrics {
	uint64_t operations[OPERATION_KINDS][METRICS_RESULTS];
	uint64_t statuses[OPERATION_KINDS][OPERATION_STATUS_BITS];
	uint64_t freed;
	uint64_t evicted;
	uint64_t claimed;
	uint64_t skipped[METRICS_CAUSES];
	uint64_t buckets[OPERATION_KINDS][METRICS_BUCKETS]; /* cumulative */
	uint64_t duration_ns[OPERATION_KINDS];
	uint64_t duration_count[OPERATION_KINDS];
	uint64_t last_time[OPERATION_KINDS]; /* of a success, in seconds since 1970 */
};

/* Count one operation. */
void metrics_record(struct metrics *m, enum operation_kind kind, const struct outcome *out,
		    uint64_t time);

/* --- as text (metrics_text.c) ----------------------------------------------- */

void metrics_write(const struct metrics *m, FILE *out);

#define METRICS_WHY 160

/*
 * What metrics_write() wrote, read back: 0, or -1 and, in @why, which line is
 * wrong. Nothing else is accepted, so that nothing can be lost without a word.
 */
int metrics_read(struct metrics *m, const char *text, char why[METRICS_WHY]);

/* --- as a file (metrics_file.c) --------------------------------------------- */

/*
 * Add the operations in @add to the file, which others may be doing at the same
 * time. Returns 0, or -1 after words to the user; the file is then as it was.
 */
int metrics_file_add(const char *path, const struct metrics *add);

#endif /* TOOL_METRICS_H */
