/* SPDX-License-Identifier: MIT */
/* All series, and the values of their labels. Private to metrics*.c. */
#ifndef TOOL_METRICS_SERIES_H
#define TOOL_METRICS_SERIES_H

#include <stdbool.h>
#include <string.h>

#include "metrics.h"

extern const char *const metrics_result_names[METRICS_RESULTS];
extern const char *const metrics_cause_names[METRICS_CAUSES];
extern const char *const metrics_bucket_names[METRICS_BUCKETS];

#define METRICS_SERIES_MAX 128

struct metrics_series {
	/* @family is set in the first series of each family only. */
	const char *family;
	const char *type;
	const char *help;

	char name[160]; /* with its labels */
	uint64_t *value;
	bool ns;  /* the value is in nanoseconds and shown in seconds */
	bool sum; /* values add up; otherwise the larger one counts */
};

/* A line that is kept as it is: a series, or a comment about its family. */
struct metrics_line {
	char *family;
	char *text;
};

/*
 * Lists all series of @m in the order of the file, with a label for @device, and returns their
 * number. If @device is "", lists only the operations, since a run without a device does nothing
 * else that could be counted. If it is NULL, @m is about all devices, and there is no label.
 */
size_t metrics_series(struct metrics *m, const char *device,
		      struct metrics_series list[METRICS_SERIES_MAX]);

#endif /* TOOL_METRICS_SERIES_H */
