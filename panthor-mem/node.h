/* SPDX-License-Identifier: MIT */
/* Names of DRM devices. A device can have a primary and a render node. */
#ifndef TOOL_NODE_H
#define TOOL_NODE_H

#include <stdbool.h>
#include <sys/types.h>

#include "roots.h"

#define NODE_NAME 32

/* Numbers of render nodes. */
#define NODE_FIRST_RENDER 128
#define NODE_LAST_RENDER 191

/*
 * The name by which panthor-mem knows the device: its render node if it has
 * one. @name: "renderD128", "card0" or "/dev/dri/card0"; false if it is no name
 * of a DRM node.
 */
bool node_of_name(const struct roots *roots, const char *name, char node[NODE_NAME]);

#define NODE_LINK 4096

/*
 * Where @fd, a name in @dir, a folder /proc/PID/fd, leads to: false if it cannot be a
 * device. No file system is asked, since one that does not answer would hold us up.
 */
bool node_link(int dir, const char *fd, char link[NODE_LINK]);

/*
 * node_of_name() of that file, which fdinfo says is a driver's. False if the file is not
 * one of a DRM device.
 */
bool node_of_file(const struct roots *roots, int dir, const char *fd, const char *link,
		  char node[NODE_NAME]);

/* Name of the driver that serves the node, or "" if sysfs does not say. */
void node_driver(const struct roots *roots, const char *node, char driver[NODE_NAME]);

#endif /* TOOL_NODE_H */
