/* SPDX-License-Identifier: MIT */
/* From what the command line names to processes. */
#ifndef TOOL_TARGET_H
#define TOOL_TARGET_H

#include <stdbool.h>

#include "options.h"
#include "problem.h"

/* Does the command line name any? */
bool target_any(const struct options *o);

/*
 * The processes, without this one unless it is named by its number. Returns 0, or
 * -1 and why there are none.
 */
int target_find(const struct options *o, struct pid_list *list, struct problem *p);

/*
 * A pidfd of each, so that a number that is given out again while others are
 * worked on does not lead to a wrong process; -1 for those that have none.
 */
int *target_hold(const struct options *o, const struct pid_list *list);
void target_release(int *pidfds, const struct pid_list *list);

#endif /* TOOL_TARGET_H */
