/* SPDX-License-Identifier: MIT */
/* The processes of the user, as procfs shows them. */
#ifndef AGENT_PROCESSES_H
#define AGENT_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "roots.h"

#define PROCESS_UNIT 256
/* Longer chains of parents only come from a /proc that changes while it is read. */
#define PROCESSES_PARENTS 1000

struct entry {
	pid_t pid;
	pid_t parent;
	char name[16];
	/* The unit of an application, like "app-firefox.scope", with the slices above; or "". */
	char unit[PROCESS_UNIT];
	/* It is connected to the compositor, see displays.h, or nobody knows. */
	bool connected;
	/* The process of the window that it belongs to, or 0. See owner.h. */
	pid_t owner;
};

struct processes {
	struct entry *list; /* sorted by PID */
	size_t count;
};

/* Returns 0 or -errno. */
int processes_read(struct processes *p, const struct roots *roots, uid_t uid);
/* Returns 0 or -errno; -ESRCH if there is no such process of this user. */
int processes_read_one(struct entry *e, const struct roots *roots, uid_t uid, pid_t pid);
/* Does it have a controlling terminal, like a shell? If nobody knows, it does. */
bool processes_has_terminal(const struct roots *roots, pid_t pid);
struct entry *processes_find(const struct processes *p, pid_t pid);
void processes_free(struct processes *p);

#endif /* AGENT_PROCESSES_H */
