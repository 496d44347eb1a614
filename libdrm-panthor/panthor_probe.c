/* SPDX-License-Identifier: MIT */
/* Is it there, and may we? */
#include <errno.h>
#include <string.h>

#include <xf86drm.h>

#include "panthor_drmif.h"
#include "panthor_priv.h"

/*
 * The first major version of panthor is the only one that these ioctl numbers
 * were ever given out for. The minor version does not decide: a kernel that had
 * the ioctls added to an older driver cannot change it.
 */
static int check_driver(int fd)
{
	drmVersionPtr version;
	int saved = errno;
	int ret = -ENODEV;

	errno = 0;
	version = drmGetVersion(fd);
	if (!version) {
		ret = errno ? -errno : -ENOMEM;
	} else {
		if (version->name && !strcmp(version->name, "panthor"))
			ret = version->version_major == 1 ? 0 : -ENOSYS;
		drmFreeVersion(version);
	}

	errno = saved;
	return ret;
}

panthor_public int panthor_mem_probe(int fd)
{
	struct drm_panthor_mem_reclaim arg = {
		.flags = DRM_PANTHOR_MEM_RECLAIM_DRY_RUN,
	};
	int ret;

	ret = check_driver(fd);
	if (ret)
		return ret;

	ret = panthor_ioctl(fd, DRM_IOCTL_PANTHOR_MEM_RECLAIM, &arg);
	switch (ret) {
	case -EINVAL:
		/* What drm_ioctl() says to a number that it does not know. */
		return -ENOSYS;
	case -ESRCH:
		/*
		 * The caller passed every check but owns no file, not even this
		 * one: a primary node that was DRM master stays its opener's.
		 */
		return 0;
	default:
		return ret;
	}
}
