/* SPDX-License-Identifier: MIT */
/*
 * Where the agent learns which windows are hidden. A source reports all windows at once, so
 * that nothing is left over from an earlier state. If it cannot know something, it says so:
 * what is not known counts as visible.
 */
#ifndef AGENT_SOURCE_H
#define AGENT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "sdbus.h"

/* Longer names of applications are cut. */
#define WINDOW_APP_ID 64

struct window {
	pid_t pid; /* 0: nobody knows */
	bool visible;
	bool unsure; /* @pid is what the client says */
	/* Only the focus is known, so a window that is not @visible may be on the screen. */
	bool focus_only;
	char app_id[WINDOW_APP_ID];
};

struct source_handler {
	/* All windows, as they are now. @compositor is never reclaimed. */
	void (*windows)(void *data, const struct window *windows, size_t count,
			pid_t compositor);
	void (*lost)(void *data, const char *why);
	/* A process, or nobody knows which one (0), may be shown soon. */
	void (*hint)(void *data, pid_t pid);
	/*
	 * The compositor that the environment names has ended, and there is no other one. Called
	 * after @lost, and again after each try.
	 */
	void (*ended)(void *data);
	void *data;
};

struct source {
	const char *name;
	/* Report the windows again: later, by the handler. */
	void (*look)(struct source *s);
	/* The session bus is there, if it is at all. Called once, or NULL. */
	void (*bus)(struct source *s, sd_bus *session);
	void (*free)(struct source *s);
};

#endif /* AGENT_SOURCE_H */
