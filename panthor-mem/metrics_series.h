/* SPDX-License-Identifier: MIT */
/* Names of what is counted, and all the series there are. Private to metrics*.c. */
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
	/* Set at the first series of a family. */
	const char *family;
	const char *type;
	const char *help;

	char name[160]; /* with its labels */
	uint64_t *value;
	bool ns;  /* the value is in nanoseconds and shown in seconds */
	bool sum; /* adding two files' values means something */
};

/* A line that is not ours: of a series, or a comment about its family. */
struct metrics_line {
	char *family;
	char *text;
};

/*
 * All series of @m, in the order of the file, with a label for @device; returns how many.
 * Without a device, "", there are those alone that say what kept a run from beginning. If
 * @device is NULL, @m is about all devices, and there is no label.
 */
size_t metrics_series(struct metrics *m, const char *device,
		      struct metrics_series list[METRICS_SERIES_MAX]);

#endif /* TOOL_METRICS_SERIES_H */
