/* SPDX-License-Identifier: MIT */
/* The JSON of sway's IPC, see sway-ipc(7). */
#ifndef AGENT_SWAY_TREE_H
#define AGENT_SWAY_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "window_list.h"

/*
 * List the windows in the reply to GET_TREE. Returns 0, or -EBADMSG if it is not the tree that
 * sway-ipc(7) describes; then nothing in it can be trusted.
 */
int sway_tree_windows(const char *json, size_t length, struct window_list *list);

/* Does the reply to SUBSCRIBE say that it succeeded? */
bool sway_tree_succeeded(const char *json, size_t length);

struct sway_event {
	bool look;	/* windows may have been shown, hidden, opened or closed */
	bool urgent;	/* a window asks for attention: */
	pid_t pid;
	char command[256]; /* of a binding that was used, or "" */
};

/* Returns 0 or -EBADMSG. @type: one of enum sway_type. */
int sway_tree_event(uint32_t type, const char *json, size_t length, struct sway_event *event);

#endif /* AGENT_SWAY_TREE_H */
