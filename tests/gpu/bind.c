/* SPDX-License-Identifier: MIT */
/*
 * Unbind the driver from the device, and bind it again.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gpu/bind.h"
#include "gpu/device.h"
#include "gpu/sysmem.h"

static int resolve(int fd, const char *link, char *path)
{
	char name[128];
	int ret = gpu_device_sysfs(fd, link, name, sizeof(name));

	return ret ? ret : realpath(name, path) ? 0 : -errno;
}

static int copy(char *to, size_t room, const char *from)
{
	if (strlen(from) >= room)
		return -ENAMETOOLONG;
	memcpy(to, from, strlen(from) + 1);
	return 0;
}

int gpu_binding_of(int fd, struct gpu_binding *binding)
{
	char path[PATH_MAX];
	int ret = resolve(fd, ".", path);

	if (!ret)
		ret = copy(binding->device, sizeof(binding->device),
			   strrchr(path, '/') + 1);
	if (!ret)
		ret = resolve(fd, "driver", path);
	if (!ret)
		ret = copy(binding->driver, sizeof(binding->driver), path);
	return ret;
}

static int write_name(const struct gpu_binding *binding, const char *file)
{
	char path[sizeof(binding->driver) + 16];

	snprintf(path, sizeof(path), "%s/%s", binding->driver, file);
	return sysmem_write_file(path, binding->device);
}

int gpu_unbind(const struct gpu_binding *binding)
{
	return write_name(binding, "unbind");
}

int gpu_bind(const struct gpu_binding *binding)
{
	return write_name(binding, "bind");
}
