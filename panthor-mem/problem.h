/* SPDX-License-Identifier: MIT */
/* What went wrong, in words, and what would help. */
#ifndef TOOL_PROBLEM_H
#define TOOL_PROBLEM_H

#include <sys/types.h>

#include "roots.h"
#include "say.h"

#define PROBLEM_TEXT 256

struct problem {
	int error; /* errno code; 0: none */
	enum status status;
	char what[PROBLEM_TEXT];
	char remedy[PROBLEM_TEXT]; /* or "" */
};

void problem_set(struct problem *p, int error, enum status status, const char *remedy,
		 const char *what, ...) __attribute__((format(printf, 5, 6)));

/* For an error of libdrm_panthor on @node. */
void problem_of_call(struct problem *p, int error, const struct roots *roots, const char *node);

/* For an error of scan(). */
void problem_of_scan(struct problem *p, int error, const char *proc);

/* For a PID from the user. */
void problem_no_process(struct problem *p, pid_t pid);
void problem_thread(struct problem *p, pid_t pid, pid_t process);

/* procfs belongs to another pid namespace. */
void problem_foreign(struct problem *p, const char *proc);

/* What to do about processes that cannot be inspected. Root may lack capabilities, too. */
const char *problem_more_rights(void);

/* What was searched for may be in processes that the user may not inspect. */
void problem_unreadable(struct problem *p);

/* "ENOSPC" and so on, for JSON and metrics. */
const char *problem_code(int error);

/* Prints the problem to standard error, after @subject if that is not NULL. */
void problem_say(const struct problem *p, const char *subject);

#endif /* TOOL_PROBLEM_H */
