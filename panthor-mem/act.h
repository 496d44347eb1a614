/* SPDX-License-Identifier: MIT */
/* A reclaim or claim of many targets, and its report. */
#ifndef TOOL_ACT_H
#define TOOL_ACT_H

#include "node.h"
#include "operation.h"
#include "problem.h"
#include "target.h"
#include "term.h"

struct act_result {
	const struct target *target;
	struct outcome outcome;
	struct problem problem;
};

struct act {
	struct operation op;
	char node[NODE_NAME];
	struct target_list targets;
	/* Named targets that could not be found. */
	struct target_problems problems;
	struct act_result *results;
	size_t n_results;
	/*
	 * Processes found by name or cgroup that panthor-memd refused, if others were worked on: it
	 * does not say whether they hold anything. The reason is that of the first one.
	 */
	size_t skipped;
	struct problem skipped_why;
	/* How many were tried. The others were not: the limit was reached, or a signal came. */
	size_t tried;
	/* The signal that came during the work, or 0. */
	int stopped;
	/* Why there is no result at all. */
	struct problem problem;
};

/* Both print to standard output. @bytes: print sizes in bytes, without a unit. */
void act_table(const struct act *act, bool bytes, enum term_when colour);
void act_json(const struct act *act);

#endif /* TOOL_ACT_H */
