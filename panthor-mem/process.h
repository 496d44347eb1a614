/* SPDX-License-Identifier: MIT */
/* Processes, as /proc shows them. */
#ifndef TOOL_PROCESS_H
#define TOOL_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "numbers.h"
#include "roots.h"

/* The kernel keeps 15 bytes of a name; names of kernel threads can be longer. */
#define PROCESS_NAME 64
#define PROCESS_NAME_KEPT 15

enum process_numbers {
	PROCESS_NUMBERS_OWN,
	PROCESS_NUMBERS_FOREIGN,
	/* procfs does not show this process: it is not mounted, or is a child namespace's. */
	PROCESS_NUMBERS_UNKNOWN,
};

/*
 * Are the numbers in procfs those of this process's pid namespace? If procfs belongs to another
 * namespace, as in a container that has the host's, its numbers mean other processes here. They
 * must not be passed to a system call, nor be compared with a PID from the user.
 */
enum process_numbers process_numbers(const struct roots *roots);

/* Are they certainly our own? */
bool process_numbers_count(const struct roots *roots);

/* Is procfs also the real one, and not one that a test has made up? */
bool process_numbers_usable(const struct roots *roots);

/* Returns the PID if @name is the name of a process in procfs, or 0. */
pid_t process_number(const char *name);

struct process_state {
	bool ended; /* the first thread has; others may still run */
	uid_t uid;
};

/* Returns false if there is no such process. */
bool process_state(const struct roots *roots, pid_t pid, struct process_state *state);

/* Lists all processes, sorted by PID. Returns 0 or -errno. */
int process_all(const struct roots *roots, struct number_list *list);

/* Reads the raw name, which can have any bytes. Returns false if there is no such process. */
bool process_name(const struct roots *roots, pid_t pid, char name[PROCESS_NAME]);

/* Is the process with the name @kept called @name? The kernel may have cut @kept. */
bool process_is_called(const char *kept, const char *name);

/*
 * The mount options of the visible procfs, as in ",rw,hidepid=invisible,", or NULL. The caller frees
 * them.
 */
char *process_options(const struct roots *roots);
/* Do these options hide processes from the caller? Only CAP_SYS_PTRACE makes all visible. */
bool process_hidden(const char *options);

/*
 * Returns the process with this number, or the process of the thread with this number; 0 if
 * there is neither.
 */
pid_t process_of(const struct roots *roots, pid_t number);

#endif /* TOOL_PROCESS_H */
