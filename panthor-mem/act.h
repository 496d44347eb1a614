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
	/* Those of them that could not be found. */
	struct target_problems problems;
	struct act_result *results;
	size_t n_results;
	/* From this one on they were not tried: the limit was reached, or a signal came. */
	size_t tried;
	/* The signal that came, or 0. */
	int stopped;
	/* Why none was tried at all. */
	struct problem problem;
};

/* On standard output; @bytes: sizes in bytes. */
void act_table(const struct act *act, bool bytes, enum term_when colour);
void act_json(const struct act *act);

#endif /* TOOL_ACT_H */
