/* SPDX-License-Identifier: MIT */
/* Counters over all runs of the program, for a Prometheus textfile collector. */
#ifndef TOOL_METRICS_H
#define TOOL_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "operation.h"
#include "problem.h"

/* "ok", the errors that have a series of their own, and "other". */
#define METRICS_RESULTS 14
/*
 * Every combination of at least one cause: bit 0 busy, bit 1 shared, bit 2 pinned,
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

/* Counts one operation. */
void metrics_record(struct metrics *m, enum operation_kind kind, const struct outcome *out,
		    uint64_t time);

/* Counts an operation that failed before it reached a target, so its duration means nothing. */
void metrics_refused(struct metrics *m, enum operation_kind kind, int error);

/* Is there anything to add? */
bool metrics_any(const struct metrics *m);

/* --- as text (metrics_text.c) ----------------------------------------------- */

/*
 * Lines of a file that are kept as they are: series of other devices, and series that only
 * another version of the program knows.
 */
struct metrics_rest {
	struct metrics_line *lines;
	size_t count;
};

void metrics_rest_free(struct metrics_rest *rest);

/* @device: the name of a node, or "" for operations that failed before they had one. */
void metrics_write(const struct metrics *m, const char *device, const struct metrics_rest *rest,
		   FILE *out);

#define METRICS_WHY 160

/*
 * Reads back what metrics_write() of this or another version wrote. Returns 0, or -1 with
 * the reason in @why. Missing series start at 0. The caller frees @rest in both cases.
 */
int metrics_read(struct metrics *m, const char *device, struct metrics_rest *rest,
		 const char *text, char why[METRICS_WHY]);

/* --- as a file (metrics_file.c) --------------------------------------------- */

/*
 * Adds the operations in @add to the file. Other runs may do the same at the same time; the
 * wait for their lock ends after some seconds or with a signal. Returns 0, or -1 with the
 * reason in @p and the file unchanged.
 */
int metrics_file_add(const char *path, const char *device, const struct metrics *add,
		     struct problem *p);

/* Prints the outcome as JSON (command_metrics.c). */
void metrics_json(const char *path, const struct problem *p);

#endif /* TOOL_METRICS_H */
