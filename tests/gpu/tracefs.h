/* SPDX-License-Identifier: MIT */
/*
 * The kernel's trace events: select which ones to record, and read them.
 */
#ifndef TRACEFS_H
#define TRACEFS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* One recorded event. The strings are valid until the callback returns. */
struct trace_event {
	pid_t thread;		/* the thread that caused it */
	unsigned int cpu;
	int64_t ns;		/* CLOCK_MONOTONIC, with a resolution of 1 us */
	const char *name;	/* without the name of the subsystem */
	const char *text;	/* the text after the name */
};

typedef void (*trace_fn)(const struct trace_event *event, void *arg);

/* Drop all events and record none. @kib: buffer size of each CPU, 0: unchanged. */
int trace_reset(unsigned int kib);

/* Record an event "subsystem/name". @filter has the kernel's syntax, or is NULL. */
int trace_enable(const char *event, const char *filter);

/* Record until the next reset. */
int trace_only_this_thread(void);

int trace_start(void);
int trace_stop(void);

/* All events in order of time. -EOVERFLOW: the buffer was too small, some were lost. */
int trace_for_each(trace_fn fn, void *arg);

/* Read the value of "key=" in an event's text. Returns false if there is none. */
bool trace_field(const struct trace_event *event, const char *key, int64_t *value);
bool trace_field_is(const struct trace_event *event, const char *key, const char *value);

#endif
