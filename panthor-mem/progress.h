/* SPDX-License-Identifier: MIT */
/*
 * A line on the terminal that shows the progress of a call, as fdinfo reports it. The call is not
 * split into several to measure progress: a claim by another program stops a reclaim, but it would
 * stop only one of several.
 */
#ifndef TOOL_PROGRESS_H
#define TOOL_PROGRESS_H

#include "operation.h"
#include "roots.h"

struct progress;
struct target;

/*
 * Returns NULL if standard error is not a terminal. @seen: fdinfo shows what the call does,
 * which is false while pages are only read from swap.
 */
struct progress *progress_start(const struct roots *roots, const char *node,
				enum operation_kind kind, const struct target *target, bool seen);
void progress_end(struct progress *progress);

/* Erases the line for good. For a signal handler that is about to end the program. */
void progress_clear(void);

#endif /* TOOL_PROGRESS_H */
