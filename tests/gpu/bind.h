/* SPDX-License-Identifier: MIT */
/*
 * Taking the driver away from the device, and giving it back. Needs root.
 */
#ifndef GPU_BIND_H
#define GPU_BIND_H

struct gpu_binding {
	char driver[256];	/* its folder in sysfs */
	char device[64];	/* the device's name on its bus */
};

/* Who drives the device behind @fd, while it is still bound. */
int gpu_binding_of(int fd, struct gpu_binding *binding);

/* Files of the device stay open and are of no use any more. */
int gpu_unbind(const struct gpu_binding *binding);

/* The device comes back with another node, which may have another number. */
int gpu_bind(const struct gpu_binding *binding);

#endif
