/* SPDX-License-Identifier: MIT */
/* What a source of windows reports, and a bus for it. */
#ifndef LISTEN_H
#define LISTEN_H

#include <stdbool.h>

#include "clock.h"
#include "source.h"

/* Nothing takes this long, even on a busy machine. */
#define PATIENCE_SEC 60
#define HEARD_MOST 64

struct heard {
	int windows; /* how often they were reported */
	size_t count;
	struct window list[HEARD_MOST];
	pid_t compositor;
	int lost;
	char why[160];
	int ended;
};

extern struct heard heard;
extern sd_event *event;
extern const struct source_handler listen_handler;

/* Run the event loop until @condition is true. */
#define RUN_UNTIL(condition) \
	do { \
		const uint64_t end_ = clock_usec() + PATIENCE_SEC * USEC_PER_SEC; \
		while (!(condition)) { \
			if (clock_usec() > end_) \
				fail_msg("timed out: %s (lost: %s)", #condition, heard.why); \
			assert_true(sd_event_run(event, USEC_PER_SEC / 100) >= 0); \
		} \
	} while (0)

/* Everything that has arrived by now was handled. */
void listen_settle(void);
/* The window of this process. Fails unless there is exactly one. */
const struct window *listen_window(pid_t pid);

/* An event loop, and a session bus. */
int listen_setup(void **state);
int listen_teardown(void **state);
/* A directory that listen_teardown() removes. */
const char *listen_dir(void);
/* A connection to the bus. @attach: to the event loop. */
sd_bus *listen_connect(bool attach);
const char *listen_name(sd_bus *bus);
/* Wait until a program listens on this socket. */
void listen_wait_socket(const char *path);
/* Start a program and end it in listen_teardown(). */
pid_t listen_spawn(const char *const *argv);
void listen_end(pid_t pid, int signal);

#endif /* LISTEN_H */
