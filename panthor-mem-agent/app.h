/* SPDX-License-Identifier: MIT */
/*
 * Applications: the processes that use a panthor device, by the window that they belong to. See
 * owner.h for which process that is.
 */
#ifndef AGENT_APP_H
#define AGENT_APP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "config.h"
#include "freezer.h"
#include "numbers.h"
#include "roots.h"
#include "source.h"
#include "window_list.h"

/* Of the processes of an application that only share clients, more than these are not kept. */
#define APP_SHARING_MOST 7

/* A process that cannot be mistaken for another one that gets its PID later. */
struct member {
	pid_t pid;
	int pidfd;
	uint64_t id; /* the inode number of the pidfd */
	bool seen;
	bool has_device;
	/* A client is counted for it. If not, it shares those of other processes. */
	bool counted;
	uint64_t bytes; /* of these clients */
};

struct app {
	uint64_t number; /* is never used for another application */
	pid_t pid;	 /* of the window */
	char app_id[WINDOW_APP_ID];
	bool hidden;
	bool unsure;
	bool exempt;
	bool playing; /* sound */
	uint64_t grace;
	/* The cgroup to freeze, or "" if that would stop something else, too. */
	char cgroup[FREEZER_PATH];
	/* GPU memory of all members. */
	uint64_t resident, evicted, gpu_ns;
	/* The first one is the process of the window, which may have no GPU memory. */
	struct member *members;
	size_t n_members;
	bool seen;
};

struct apps {
	struct app *list;
	size_t count;
	uint64_t last_number;
	/* The numbers of the applications that apps_update() has removed. */
	uint64_t *gone;
	size_t n_gone;
	/* What apps_update() was called with, or nothing if it was not called. */
	struct window_list windows;
};

struct app_rules {
	const struct roots *roots;
	const struct config *config;
	uid_t uid;
	/* Never touched, see owner.h. */
	pid_t compositor, self;
	/* PIDs of programs that play sound, and of those that wait for media keys; or NULL. */
	const struct number_list *playing, *players;
};

/* Make @apps the applications of @windows. Returns 0, or -errno if nothing is known. */
int apps_update(struct apps *apps, const struct app_rules *rules, const struct window *windows,
		size_t count);
/*
 * Set only which applications are hidden, without a look at any process. Returns false if anything
 * else about the windows has changed since apps_update(), which has to be called then.
 */
bool apps_show(struct apps *apps, const struct window *windows, size_t count);
const struct app *apps_find(const struct apps *apps, uint64_t number);
/* Returns the application that this process is part of, or NULL. */
const struct app *apps_find_pid(const struct apps *apps, pid_t pid);
void apps_free(struct apps *apps);

#endif /* AGENT_APP_H */
