/* SPDX-License-Identifier: MIT */
/*
 * Whom does a call by number reach? The kernel takes the files that a process was the
 * last to issue an ioctl on, which need not be the process that has them open.
 */
#ifndef TOOL_REACH_H
#define TOOL_REACH_H

#include "scan.h"

/*
 * Find out for all clients of panthor on @node, by dry runs on @fd, which is a file of it;
 * and count them for their holders accordingly. Stays unknown without the permission to
 * claim, or if procfs counts otherwise than this process. A process that is reached
 * because of one client is taken to be so for each that it has.
 */
void reach_find(struct scan *s, const struct roots *roots, const char *node, int fd);

/* The same for each device in the scan that can be opened. */
void reach_find_all(struct scan *s, const struct roots *roots);

#endif /* TOOL_REACH_H */
