/* SPDX-License-Identifier: MIT */
/* Processes, as /proc shows them. */
#ifndef TOOL_PROCESS_H
#define TOOL_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "roots.h"

/* A name of 15 bytes is what the kernel keeps; threads of it can have longer ones. */
#define PROCESS_NAME 64
#define PROCESS_NAME_KEPT 15

struct pid_list {
	pid_t *pids;
	size_t count;
};

void pid_list_add(struct pid_list *list, pid_t pid); /* unless it is there */
bool pid_list_has(const struct pid_list *list, pid_t pid);
void pid_list_free(struct pid_list *list);

/* All processes, in the order of their numbers; 0 or -errno. */
int process_all(const struct roots *roots, struct pid_list *list);

/* The name as it is, whatever bytes it has; false if there is no such process. */
bool process_name(const struct roots *roots, pid_t pid, char name[PROCESS_NAME]);

/* Is @name the process's, as far as the kernel keeps names? */
bool process_is_called(const char *kept, const char *name);

/*
 * The process that a number belongs to: itself, or that of the thread with this
 * number; 0 if there is none.
 */
pid_t process_of(const struct roots *roots, pid_t number);

#endif /* TOOL_PROCESS_H */
