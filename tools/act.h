/* SPDX-License-Identifier: MIT */
/* A reclaim or claim of many processes, and its report. */
#ifndef TOOL_ACT_H
#define TOOL_ACT_H

#include "node.h"
#include "operation.h"
#include "problem.h"
#include "process.h"
#include "term.h"

struct act_result {
	struct outcome outcome;
	struct problem problem;
};

struct act {
	struct operation op;
	char node[NODE_NAME];
	struct act_result *results;
	size_t n_results;
	/* Not tried any more: the limit was reached, or a signal came. */
	struct pid_list rest;
	/* Why none was tried at all. */
	struct problem problem;
};

/* On standard output; @bytes: sizes in bytes. */
void act_table(const struct act *act, bool bytes, enum term_when colour);
void act_json(const struct act *act);

#endif /* TOOL_ACT_H */
