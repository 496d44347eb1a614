/* SPDX-License-Identifier: MIT */
/* From what the command line names to processes, clients and cgroups. */
#ifndef TOOL_TARGET_H
#define TOOL_TARGET_H

#include <stdbool.h>

#include "options.h"
#include "problem.h"

/* Does the command line name any? */
bool target_any(const struct options *o);

/* What went wrong with one of those that were named. */
struct target_problem {
	char *named; /* "--comm game" */
	struct problem problem;
};

struct target_problems {
	struct target_problem *items;
	size_t count;
};

void target_no_client(struct target_problems *problems, uint64_t id);
void target_problem_free(struct target_problems *problems);

/*
 * --- to look at: processes and clients -----------------------------------------
 *
 * The processes, without this one unless it is named by its number; what cannot be
 * found becomes a problem, and the others are looked for all the same.
 */
void target_pids(const struct options *o, struct number_list *list,
		 struct target_problems *problems);

/* --- to reclaim and claim ------------------------------------------------------- */

enum target_kind { TARGET_PROCESS, TARGET_CLIENT, TARGET_CGROUP };

struct target {
	enum target_kind kind;
	/* By the user: then it is an error if there is nothing to do for it. */
	bool named;
	/* Of a process, what the user named; of a client, who has it, or 0. */
	pid_t pid;
	char name[PROCESS_NAME]; /* "" if it is not known */
	uint64_t client;
	const char *cgroup;
	/*
	 * A pidfd, so that a number that is given out again while others are worked on
	 * does not lead to a wrong process; or the folder of the cgroup; or -1.
	 */
	int fd;
	/* Why it cannot be worked on: an errno code. */
	int error;
};

struct target_list {
	struct target *targets;
	size_t count;
};

/*
 * What a call each is made for, on a device. A process or client that was named is one,
 * and a cgroup is one: the kernel then takes what its processes share, too. Whoever was
 * found by looking, by name or because the processes of a cgroup have a client that the
 * call for the cgroup does not reach, is named to the kernel by client: a number is for
 * the process that used a file last.
 */
void target_find(const struct options *o, const char *node, int fd, struct target_list *list,
		 struct target_problems *problems);
/* The same for panthor-memd, which takes processes alone and no device. */
void target_processes(const struct options *o, struct target_list *list,
		      struct target_problems *problems);
void target_free(struct target_list *list);

/* "1002 (game)", "client 7 of 1002 (game)", "cgroup /apps"; as it is, whatever bytes. */
char *target_text(const struct target *t);

#endif /* TOOL_TARGET_H */
