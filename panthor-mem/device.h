/* SPDX-License-Identifier: MIT */
/* The panthor device that is worked on. */
#ifndef TOOL_DEVICE_H
#define TOOL_DEVICE_H

#include "node.h"
#include "problem.h"
#include "roots.h"

#define DEVICE_DRIVER "panthor"

struct device {
	int fd;
	char node[NODE_NAME];
};

/*
 * Open @wanted, a node's name or path; or, if it is NULL, the first panthor
 * device that there is. Returns 0, or -1 and why not.
 */
int device_open(struct device *d, const struct roots *roots, const char *wanted,
		struct problem *p);
void device_close(struct device *d);

#endif /* TOOL_DEVICE_H */
