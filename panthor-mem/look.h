/* SPDX-License-Identifier: MIT */
/* What list and watch begin with: find the targets, and look at them. */
#ifndef TOOL_LOOK_H
#define TOOL_LOOK_H

#include "scan.h"
#include "target.h"

struct look {
	struct scan scan;
	/* Those of the targets that could not be found. */
	struct target_problems problems;
	/* Why nothing could be looked at. */
	struct problem error;
};

void look_around(struct look *look, const struct options *o);
void look_free(struct look *look);

/* The exit status. */
int look_status(const struct look *look);

#endif /* TOOL_LOOK_H */
