/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xf86drm.h>

#include "device.h"
#include "memory.h"

#define ACCESS_REMEDY "run it as root, or join the group that owns the file"

/* The name of the driver behind @fd, or "" if it is not a DRM device. */
static void driver_of(int fd, char driver[NODE_NAME])
{
	drmVersionPtr version = drmGetVersion(fd);

	snprintf(driver, NODE_NAME, "%s",
		 version && version->name ? version->name : "");
	drmFreeVersion(version);
}

static int open_path(struct device *d, const char *path, struct problem *p)
{
	char driver[NODE_NAME];

	d->fd = open(path, O_RDWR | O_CLOEXEC);
	if (d->fd < 0 && errno == EACCES) {
		problem_set(p, EACCES, STATUS_NOT_PERMITTED, ACCESS_REMEDY, "cannot open %s: %s",
			    path, strerror(EACCES));
		return -1;
	}
	if (d->fd < 0) {
		problem_set(p, errno, STATUS_UNSUPPORTED, "`ls /dev/dri` shows the devices",
			    "cannot open %s: %s", path, strerror(errno));
		return -1;
	}
	driver_of(d->fd, driver);
	if (!strcmp(driver, DEVICE_DRIVER))
		return 0;
	if (*driver)
		problem_set(p, ENODEV, STATUS_UNSUPPORTED,
			    "only panthor can reclaim and claim", "the driver of %s is %s", path,
			    driver);
	else
		problem_set(p, ENOTTY, STATUS_UNSUPPORTED, "`ls /dev/dri` shows the devices",
			    "%s is not a DRM device", path);
	device_close(d);
	return -1;
}

static int find(struct device *d, const struct roots *roots, struct problem *p)
{
	struct problem none;
	int n;

	problem_set(&none, ENODEV, STATUS_UNSUPPORTED,
		    "the driver panthor is needed: see `ls /dev/dri` and dmesg(1)",
		    "there is no panthor device");
	for (n = NODE_FIRST_RENDER; n <= NODE_LAST_RENDER; n++) {
		struct problem why = { 0 };
		char driver[NODE_NAME], *path;
		int ret;

		snprintf(d->node, sizeof(d->node), "renderD%d", n);
		/* Opening a node wakes its device, so skip those known to have another driver. */
		node_driver(roots, d->node, driver);
		if (*driver && strcmp(driver, DEVICE_DRIVER))
			continue;
		path = memory_text("/dev/dri/%s", d->node);
		ret = open_path(d, path, &why);
		free(path);
		if (!ret)
			return 0;
		if (why.status == STATUS_NOT_PERMITTED)
			none = why;
	}
	*p = none;
	return -1;
}

int device_open(struct device *d, const struct roots *roots, const char *wanted,
		struct problem *p)
{
	char *path;
	int ret;

	d->fd = -1;
	d->node[0] = '\0';
	if (!wanted)
		return find(d, roots, p);
	if (!node_of_name(roots, wanted, d->node)) {
		problem_set(p, EINVAL, STATUS_USAGE, "name one like renderD128",
			    "%s is not the name of a DRM node", wanted);
		return -1;
	}
	path = strchr(wanted, '/') ? memory_text("%s", wanted) :
				     memory_text("/dev/dri/%s", d->node);
	ret = open_path(d, path, p);
	free(path);
	return ret;
}

void device_close(struct device *d)
{
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
}
