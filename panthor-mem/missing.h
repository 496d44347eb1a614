/* SPDX-License-Identifier: MIT */
/* Explains why a call by PID reached nothing. */
#ifndef TOOL_MISSING_H
#define TOOL_MISSING_H

#include "problem.h"

/*
 * Sets @p to the reason: there is no such process, it has no file of the device, another process
 * used its file last, or the last user has exited. @fd: a file of the device.
 */
void missing_explain(struct problem *p, const struct roots *roots, const char *node, int fd,
		     pid_t pid);

#endif /* TOOL_MISSING_H */
