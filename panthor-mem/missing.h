/* SPDX-License-Identifier: MIT */
/* Why did a call by number reach nothing? */
#ifndef TOOL_MISSING_H
#define TOOL_MISSING_H

#include "problem.h"

/*
 * There is no such process; it has no file of the device; it has one that another process
 * used last; or one whose last user has exited. @fd: a file of the device.
 */
void missing_explain(struct problem *p, const struct roots *roots, const char *node, int fd,
		     pid_t pid);

#endif /* TOOL_MISSING_H */
