/* SPDX-License-Identifier: MIT */
/* The ioctl system call. */
#include <errno.h>
#include <sys/ioctl.h>

#include <xf86drm.h>

#include "panthor_priv.h"

bool panthor_part_done(int ret)
{
	return ret == -ENOMEM || ret == -EIO || ret == -ETIMEDOUT;
}

int panthor_ioctl(int fd, unsigned long request, void *arg)
{
	int saved = errno;
	int ret = 0;

	/*
	 * drmIoctl() repeats on EINTR with the same struct. That is right here: the
	 * kernel returns EINTR only when nothing was done and never changes the inputs,
	 * and the deadline is a point in time.
	 */
	if (drmIoctl(fd, request, arg))
		ret = -errno;

	errno = saved;
	return ret;
}

int panthor_ioctl_once(int fd, unsigned long request, void *arg)
{
	int saved = errno;
	int ret = 0;

	if (ioctl(fd, (panthor_request)request, arg))
		ret = -errno;

	errno = saved;
	return ret;
}
