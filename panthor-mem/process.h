/* SPDX-License-Identifier: MIT */
/* Processes, as /proc shows them. */
#ifndef TOOL_PROCESS_H
#define TOOL_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "numbers.h"
#include "roots.h"

/* A name of 15 bytes is what the kernel keeps; threads of it can have longer ones. */
#define PROCESS_NAME 64
#define PROCESS_NAME_KEPT 15

enum process_numbers {
	PROCESS_NUMBERS_OWN,
	PROCESS_NUMBERS_FOREIGN,
	/* This process is not in it: there is no procfs, or that of a namespace below. */
	PROCESS_NUMBERS_UNKNOWN,
};

/*
 * Does procfs count processes as this process's pid namespace does? One of another
 * namespace, as in a container that has the host's, has numbers that mean somebody else
 * here, and so must not be put into a system call, nor be taken for one that the user
 * has given.
 */
enum process_numbers process_numbers(const struct roots *roots);

/* Are they our own, for certain? */
bool process_numbers_count(const struct roots *roots);

/* And is it the machine's, and none that a test has made? */
bool process_numbers_usable(const struct roots *roots);

/* The number that a name in procfs is, or 0. */
pid_t process_number(const char *name);

struct process_state {
	bool ended; /* its first thread: others may go on */
	uid_t uid;
};

/* False if there is no such process. */
bool process_state(const struct roots *roots, pid_t pid, struct process_state *state);

/* All processes, in the order of their numbers; 0 or -errno. */
int process_all(const struct roots *roots, struct number_list *list);

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
