/* SPDX-License-Identifier: MIT */
/* The first step of list and watch: find the targets and scan what they hold. */
#ifndef TOOL_LOOK_H
#define TOOL_LOOK_H

#include "scan.h"
#include "target.h"

struct look {
	struct scan scan;
	/* Named targets that could not be found. */
	struct target_problems problems;
	/* Why there is no scan. */
	struct problem error;
};

void look_around(struct look *look, const struct options *o);
void look_free(struct look *look);

/* The exit status. */
int look_status(const struct look *look);

#endif /* TOOL_LOOK_H */
