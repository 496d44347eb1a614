/* SPDX-License-Identifier: MIT */
/*
 * Opening panthor devices and asking what they are.
 *
 * Every function of this library returns 0 or a negative errno, unless its
 * comment says something else. Nothing here is thread safe on one object.
 */
#ifndef GPU_DEVICE_H
#define GPU_DEVICE_H

#include <stdint.h>

#include <xf86drm.h>

#include "panthor_drm.h"

struct gpu_device {
	int fd;
	struct drm_panthor_gpu_info info;
	struct drm_panthor_csif_info csif;
};

/* drmIoctl(), but with the error in the return value. */
int gpu_ioctl(int fd, unsigned long request, void *arg);

/*
 * Open the first render node that panthor drives, or the primary node of that
 * device. -ENODEV: there is none.
 * gpu_device_from_fd() does the rest of it on a node that is open already and
 * owns @fd from then on, also on failure.
 */
int gpu_device_open(struct gpu_device *dev);
int gpu_device_open_primary(struct gpu_device *dev);
int gpu_device_from_fd(struct gpu_device *dev, int fd);
void gpu_device_close(struct gpu_device *dev);

/*
 * A file of the first render node of a driver, for instance a second one to share
 * buffers with, or -errno. -ENODEV: there is none.
 */
int gpu_node_open(const char *driver);

/* One DEV_QUERY into a structure of the caller's. */
int gpu_device_query(int fd, uint32_t type, void *data, uint32_t size);

#endif
