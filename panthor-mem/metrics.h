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

/* "ok", the errors that have a name of their own, and "other". */
#define METRICS_RESULTS 14
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

/*
 * Count one that did not get as far as a process, and took no time that would say
 * anything.
 */
void metrics_refused(struct metrics *m, enum operation_kind kind, int error);

/* Is there anything to add? */
bool metrics_any(const struct metrics *m);

/* --- as text (metrics_text.c) ----------------------------------------------- */

/*
 * Lines of a file that are kept as they are: series of other devices, and what another
 * version of the program wrote and this one does not know.
 */
struct metrics_rest {
	struct metrics_line *lines;
	size_t count;
};

void metrics_rest_free(struct metrics_rest *rest);

/* @device: a node's name, or "" for what was done to none. */
void metrics_write(const struct metrics *m, const char *device, const struct metrics_rest *rest,
		   FILE *out);

#define METRICS_WHY 160

/*
 * What metrics_write() of this or another version wrote, read back: 0, or -1 and, in
 * @why, which line is wrong. Series that are not there begin at 0. @rest is to be freed
 * in both cases.
 */
int metrics_read(struct metrics *m, const char *device, struct metrics_rest *rest,
		 const char *text, char why[METRICS_WHY]);

/* --- as a file (metrics_file.c) --------------------------------------------- */

/*
 * Add the operations in @add to the file, which others may be doing at the same
 * time. A signal and some seconds end the wait for them. Returns 0, or -1 and @p; the
 * file is then as it was.
 */
int metrics_file_add(const char *path, const char *device, const struct metrics *add,
		     struct problem *p);

/* As JSON: what came of it (command_metrics.c). */
void metrics_json(const char *path, const struct problem *p);

#endif /* TOOL_METRICS_H */
