/* SPDX-License-Identifier: MIT */
/*
 * The functions of libdrm that the library uses, because Debian has no libdrm built with
 * musl. They do what xf86drm.h specifies, and no more.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include <xf86drm.h>

int drmIoctl(int fd, unsigned long request, void *arg)
{
	int ret;

	do {
		ret = ioctl(fd, (int)request, arg);
	} while (ret == -1 && (errno == EINTR || errno == EAGAIN));
	return ret;
}

/* Of the strings, only the name is set. */
drmVersionPtr drmGetVersion(int fd)
{
	drmVersionPtr version = calloc(1, sizeof(*version));
	struct drm_version asked = { 0 };

	if (!version || drmIoctl(fd, DRM_IOCTL_VERSION, &asked))
		goto fail;
	version->name = calloc(1, asked.name_len + 1);
	if (!version->name)
		goto fail;
	asked.name = version->name;
	asked.date_len = asked.desc_len = 0;
	if (drmIoctl(fd, DRM_IOCTL_VERSION, &asked))
		goto fail;
	version->version_major = asked.version_major;
	version->version_minor = asked.version_minor;
	version->name_len = (int)asked.name_len;
	return version;
fail:
	drmFreeVersion(version);
	return NULL;
}

void drmFreeVersion(drmVersionPtr version)
{
	if (version)
		free(version->name);
	free(version);
}
