/* SPDX-License-Identifier: MIT */
/*
 * Open panthor devices, and query their properties.
 *
 * Every function of this library returns 0 or a negative errno, unless its comment says
 * otherwise. No object may be used by several threads at a time.
 */
#ifndef GPU_DEVICE_H
#define GPU_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#include <xf86drm.h>

#include "panthor_drm.h"

struct gpu_device {
	int fd;
	struct drm_panthor_gpu_info info;
	struct drm_panthor_csif_info csif;
};

/* drmIoctl() that returns the negative errno. */
int gpu_ioctl(int fd, unsigned long request, void *arg);

/*
 * Open the first render node of panthor, or the primary node of the same device. -ENODEV:
 * there is none. gpu_device_from_fd() does the same with a node that is already open; it
 * owns @fd from then on, even if it fails.
 */
int gpu_device_open(struct gpu_device *dev);
int gpu_device_open_primary(struct gpu_device *dev);
int gpu_device_from_fd(struct gpu_device *dev, int fd);
void gpu_device_close(struct gpu_device *dev);

/*
 * Open the first render node of a driver, for instance as a second device to share buffers
 * with, and return the descriptor. -ENODEV: there is none.
 */
int gpu_node_open(const char *driver);

/* Store the path that a file of the device behind @fd has in sysfs, such as "mem_reclaim". */
int gpu_device_sysfs(int fd, const char *name, char *path, size_t size);

/* Make one DEV_QUERY, into a caller's structure. */
int gpu_device_query(int fd, uint32_t type, void *data, uint32_t size);

#endif
