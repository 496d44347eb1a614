/* SPDX-License-Identifier: MIT */
/* Names of DRM devices. A device can have a primary and a render node. */
#ifndef TOOL_NODE_H
#define TOOL_NODE_H

#include <stdbool.h>
#include <sys/types.h>

#include "roots.h"

#define NODE_NAME 32

/* The minor numbers of render nodes. */
#define NODE_FIRST_RENDER 128
#define NODE_LAST_RENDER 191

/*
 * Finds the name by which panthor-mem knows a device: its render node, if it has one.
 * @name: "renderD128", "card0" or "/dev/dri/card0". Returns false if it is not the name of
 * a DRM node.
 */
bool node_of_name(const struct roots *roots, const char *name, char node[NODE_NAME]);

#define NODE_LINK 4096

/*
 * Reads the link @fd in @dir, which is a directory /proc/PID/fd. Returns false if the file
 * cannot be a device. Does not ask the file's own file system, which might never answer.
 */
bool node_link(int dir, const char *fd, char link[NODE_LINK]);

/*
 * Finds the name of the device for that file, which is a driver's according to fdinfo.
 * Returns false if it is not a file of a DRM device.
 */
bool node_of_file(const struct roots *roots, int dir, const char *fd, const char *link,
		  char node[NODE_NAME]);

/* Name of the driver that serves the node, or "" if sysfs does not say. */
void node_driver(const struct roots *roots, const char *node, char driver[NODE_NAME]);

#endif /* TOOL_NODE_H */
