/* SPDX-License-Identifier: MIT */
/* The panthor device that a command works on. */
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
 * Opens @wanted, the name or path of a node; if it is NULL, the first panthor device.
 * Returns 0, or -1 with the reason in @p.
 */
int device_open(struct device *d, const struct roots *roots, const char *wanted,
		struct problem *p);
void device_close(struct device *d);

#endif /* TOOL_DEVICE_H */
