/* SPDX-License-Identifier: MIT */
/*
 * A line on the terminal while a call is under way. What it shows comes from
 * fdinfo: the call itself is one, because a claim that another program makes
 * meanwhile can stop it, and would not stop the second of several.
 */
#ifndef TOOL_PROGRESS_H
#define TOOL_PROGRESS_H

#include "operation.h"
#include "roots.h"

struct progress;
struct target;

/*
 * NULL if standard error is no terminal. @seen: fdinfo shows what the call does, which is
 * not so while pages are only read from swap.
 */
struct progress *progress_start(const struct roots *roots, const char *node,
				enum operation_kind kind, const struct target *target, bool seen);
void progress_end(struct progress *progress);

/* For a handler, when the program is about to end: the line goes, and does not come back. */
void progress_clear(void);

#endif /* TOOL_PROGRESS_H */
