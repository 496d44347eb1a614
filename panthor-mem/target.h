/* SPDX-License-Identifier: MIT */
/* Finds the processes, clients and cgroups that the command line names. */
#ifndef TOOL_TARGET_H
#define TOOL_TARGET_H

#include <stdbool.h>

#include "options.h"
#include "problem.h"

/* Does the command line name any? */
bool target_any(const struct options *o);

/* What went wrong with one named target. */
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
 * --- for list and watch ----------------------------------------------------------
 *
 * Lists the processes, without this one unless the user gave its PID. A target that cannot be
 * found becomes a problem; the others are still searched for.
 */
void target_pids(const struct options *o, struct number_list *list,
		 struct target_problems *problems);

/* --- for reclaim and claim -------------------------------------------------------- */

enum target_kind { TARGET_PROCESS, TARGET_CLIENT, TARGET_CGROUP };

struct target {
	enum target_kind kind;
	/* The user named it by PID or client id, so it is an error if it holds nothing. */
	bool named;
	/* The process, or one that has the client open, or 0. */
	pid_t pid;
	char name[PROCESS_NAME]; /* "" if it is not known */
	uint64_t client;
	const char *cgroup;
	/*
	 * A pidfd, so that a PID that is reused while other targets are worked on does not
	 * lead to the wrong process; or the directory of the cgroup; or -1.
	 */
	int fd;
	/* An errno code if it cannot be worked on, or 0. */
	int error;
};

struct target_list {
	struct target *targets;
	size_t count;
	/*
	 * Clients that a cgroup may have alone and that the call for it does not reach, but that
	 * processes which cannot be inspected may have open, too; and what keeps them from that.
	 */
	size_t left_out;
	struct problem left_out_why;
};

/*
 * Lists the targets on a device; each takes one call. A named process or client is one target. So
 * is a cgroup: the kernel then also takes what its processes share. Processes found by name are
 * passed to the kernel by client id, because a PID stands for the files that the process used last.
 * So are clients of a cgroup that the call for the cgroup does not reach.
 */
void target_find(const struct options *o, const char *node, int fd, struct target_list *list,
		 struct target_problems *problems);
/* The same for panthor-memd, which takes only processes, and needs no device to be opened. */
void target_processes(const struct options *o, struct target_list *list,
		      struct target_problems *problems);
void target_free(struct target_list *list);

/* "1002 (game)", "client 7 of 1002 (game)", "cgroup /apps". Names are raw, with any bytes. */
char *target_text(const struct target *t);

#endif /* TOOL_TARGET_H */
