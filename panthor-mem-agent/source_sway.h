/* SPDX-License-Identifier: MIT */
/* Windows as sway reports them by its IPC, see sway-ipc(7). */
#ifndef AGENT_SOURCE_SWAY_H
#define AGENT_SOURCE_SWAY_H

#include "sdbus.h"
#include "source.h"

struct sway_settings {
	/* A socket of sway, or NULL. */
	const char *socket;
	/* Where to look for one if @socket is NULL or nobody listens on it, or NULL. */
	const char *directory;
	/* The use of the binding with this command is a hint; "" for none. */
	const char *hint_binding;
	/* For tests: a connection to use once, instead of a socket; else -1. */
	int connection;
};

/*
 * Connects to sway now or as soon as it can, and again if the connection is lost. The strings
 * in @settings have to stay. NULL if there is not enough memory.
 */
struct source *source_sway_new(sd_event *event, const struct sway_settings *settings,
			       const struct source_handler *handler);

#endif /* AGENT_SOURCE_SWAY_H */
