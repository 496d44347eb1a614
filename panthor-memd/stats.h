/* SPDX-License-Identifier: MIT */
/* The counters, and the file for Prometheus. */
#ifndef BROKER_STATS_H
#define BROKER_STATS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "fault.h"
#include "metrics.h"

struct stats {
	struct metrics done;
	uint64_t refused[FAULT_KINDS];
	uint64_t waits[METRICS_BUCKETS]; /* cumulative */
	uint64_t wait_usec;
	uint64_t wait_count;
	uint64_t queued[OPERATION_KINDS]; /* requests that have no reply yet */
	char *path;
	bool complained; /* a write error was logged */
};

/* @folder: the directory of the file; NULL: no file is written. */
void stats_start(struct stats *s, const char *folder);
void stats_stop(struct stats *s);
void stats_waited(struct stats *s, uint64_t usec);
void stats_print(const struct stats *s, FILE *out);
/* Write the file, unless its contents are up to date. */
void stats_write(struct stats *s);

#endif /* BROKER_STATS_H */
