/* SPDX-License-Identifier: MIT */
/*
 * Open panthor devices, and query their properties.
 *
 * The nodes are tried one after the other, and recognised by the name of their driver.
 * libdrm's device enumeration requires a device tree name for platform devices, which the
 * simulated GPU does not have.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "gpu/device.h"

#define FIRST_RENDER_MINOR 128
#define LAST_RENDER_MINOR 191

int gpu_ioctl(int fd, unsigned long request, void *arg)
{
	return drmIoctl(fd, request, arg) ? -errno : 0;
}

int gpu_device_query(int fd, uint32_t type, void *data, uint32_t size)
{
	struct drm_panthor_dev_query query = {
		.type = type,
		.size = size,
		.pointer = (uintptr_t)data,
	};

	memset(data, 0, size);
	return gpu_ioctl(fd, DRM_IOCTL_PANTHOR_DEV_QUERY, &query);
}

int gpu_device_from_fd(struct gpu_device *dev, int fd)
{
	int ret;

	dev->fd = fd;
	ret = gpu_device_query(fd, DRM_PANTHOR_DEV_QUERY_GPU_INFO, &dev->info,
			       sizeof(dev->info));
	if (!ret)
		ret = gpu_device_query(fd, DRM_PANTHOR_DEV_QUERY_CSIF_INFO,
				       &dev->csif, sizeof(dev->csif));
	if (ret)
		gpu_device_close(dev);
	return ret;
}

static int is_driver(int fd, const char *name)
{
	drmVersionPtr version = drmGetVersion(fd);
	int yes;

	if (!version)
		return 0;
	yes = version->name && !strcmp(version->name, name);
	drmFreeVersion(version);
	return yes;
}

int gpu_node_open(const char *driver)
{
	int err = -ENODEV;

	for (int minor = FIRST_RENDER_MINOR; minor <= LAST_RENDER_MINOR; minor++) {
		char path[64];
		int fd;

		snprintf(path, sizeof(path), "/dev/dri/renderD%d", minor);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0) {
			/* Report it, because "permission denied" does not mean "no GPU". */
			if (errno != ENOENT)
				err = -errno;
			continue;
		}
		if (is_driver(fd, driver))
			return fd;
		close(fd);
	}
	return err;
}

int gpu_device_open(struct gpu_device *dev)
{
	int fd = gpu_node_open("panthor");

	if (fd >= 0)
		return gpu_device_from_fd(dev, fd);
	dev->fd = -1;
	return fd;
}

int gpu_device_open_primary(struct gpu_device *dev)
{
	int render = gpu_node_open("panthor");
	int fd = render;
	char *path;

	dev->fd = -1;
	if (render < 0)
		return render;
	path = drmGetPrimaryDeviceNameFromFd(render);
	fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	if (fd < 0)
		fd = path ? -errno : -ENODEV;
	free(path);
	close(render);
	return fd < 0 ? fd : gpu_device_from_fd(dev, fd);
}

int gpu_device_sysfs(int fd, const char *name, char *path, size_t size)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	snprintf(path, size, "/sys/dev/char/%u:%u/device/%s", major(st.st_rdev),
		 minor(st.st_rdev), name);
	return 0;
}

void gpu_device_close(struct gpu_device *dev)
{
	if (dev->fd >= 0)
		close(dev->fd);
	dev->fd = -1;
}
