/* SPDX-License-Identifier: MIT */
/*
 * The kernel's trace events: which ones to record, and what was recorded.
 */
#ifndef TRACEFS_H
#define TRACEFS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* One recorded event; the strings live as long as the callback runs. */
struct trace_event {
	pid_t thread;		/* that it happened in */
	unsigned int cpu;
	int64_t ns;		/* CLOCK_MONOTONIC, to the microsecond */
	const char *name;	/* without the subsystem */
	const char *text;	/* what comes after the name */
};

typedef void (*trace_fn)(const struct trace_event *event, void *arg);

/* Forget everything, record nothing. @kib: room for each CPU, 0 for as it is. */
int trace_reset(unsigned int kib);

/* Record an event, "subsystem/name"; @filter in the kernel's syntax or NULL. */
int trace_enable(const char *event, const char *filter);

/* Until the next reset. */
int trace_only_this_thread(void);

int trace_start(void);
int trace_stop(void);

/* All events in order of time. -EOVERFLOW: some were lost for lack of room. */
int trace_for_each(trace_fn fn, void *arg);

/* The value of "key=" in an event's text; false if it is not there. */
bool trace_field(const struct trace_event *event, const char *key, int64_t *value);
bool trace_field_is(const struct trace_event *event, const char *key, const char *value);

#endif
