/* SPDX-License-Identifier: MIT */
/*
 * Unbind the driver from the device, and bind it again. Needs root.
 */
#ifndef BIND_H
#define BIND_H

struct gpu_binding {
	char driver[256];	/* directory of the driver in sysfs */
	char device[64];	/* name of the device on its bus */
};

/* Find the driver of the device behind @fd, while it is still bound. */
int gpu_binding_of(int fd, struct gpu_binding *binding);

/* Files of the device stay open, but can no longer be used. */
int gpu_unbind(const struct gpu_binding *binding);

/* The device gets a new node, which may have another number. */
int gpu_bind(const struct gpu_binding *binding);

#endif
