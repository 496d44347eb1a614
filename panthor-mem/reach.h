/* SPDX-License-Identifier: MIT */
/*
 * Finds which processes a call by PID reaches, or why it reaches none. The kernel takes the files
 * on which the process was the last to issue an ioctl, and that need not be a process that has
 * them open.
 */
#ifndef TOOL_REACH_H
#define TOOL_REACH_H

#include "problem.h"
#include "scan.h"

/*
 * Finds this out for all panthor clients on @node, by dry runs on @fd, a file of that device, and
 * counts the clients for their holders again. The answer stays unknown without the permission to
 * claim, or if procfs belongs to another pid namespace. A process that is reached through one of
 * its clients counts as reached for all of them.
 */
void reach_find(struct scan *s, const struct roots *roots, const char *node, int fd);

/* The same for each device in the scan that can be opened. */
void reach_find_all(struct scan *s, const struct roots *roots);

/*
 * Sets @p to the reason why a call by PID reached nothing: there is no such process, it has no
 * file of the device, another process used its file last, or the last user has exited. @fd: a
 * file of the device.
 */
void reach_explain(struct problem *p, const struct roots *roots, const char *node, int fd,
		   pid_t pid);

#endif /* TOOL_REACH_H */
