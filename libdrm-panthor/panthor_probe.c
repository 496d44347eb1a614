/* SPDX-License-Identifier: MIT */
/* Does the kernel have the ioctls, and may the caller use them? */
#include <errno.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <xf86drm.h>

#include "panthor_drmif.h"
#include "panthor_priv.h"

/*
 * These ioctl numbers belong to the first major version of panthor only. The minor version
 * proves nothing: an older driver to which the ioctls were added keeps its own, and
 * the same minor version of a later driver can mean something else.
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

/* Did our ioctl write the outputs? It changes every one of them. */
static bool is_ours(const struct drm_panthor_mem_reclaim *sent,
		    const struct drm_panthor_mem_reclaim *got)
{
	return got->flags == sent->flags && got->tgid == sent->tgid &&
	       got->target == sent->target && got->max_bytes == sent->max_bytes &&
	       got->deadline_ns == sent->deadline_ns &&
	       got->freed_bytes == 0 && got->evicted_bytes != sent->evicted_bytes &&
	       got->skipped_bytes != sent->skipped_bytes &&
	       got->status != sent->status;
}

static bool swap_is_free(void)
{
	struct sysinfo info = { 0 };

	/* sysinfo() fails only for a bad address. */
	return !sysinfo(&info) && info.freeswap;
}

panthor_public int panthor_mem_probe(int fd)
{
	/*
	 * In another driver this number can be another ioctl. The inputs are therefore
	 * valid only for ours: wherever another ioctl would have a handle and the
	 * padding after it, flags or a pointer, the value is not 0 and not one that
	 * it accepts.
	 */
	const struct drm_panthor_mem_reclaim sent = {
		.flags = DRM_PANTHOR_MEM_RECLAIM_DRY_RUN,
		.tgid = (uint32_t)getpid(),
		.max_bytes = UINT64_MAX,
		.deadline_ns = -1,
		.freed_bytes = UINT64_MAX,
		.evicted_bytes = UINT64_MAX,
		.skipped_bytes = UINT64_MAX,
		.status = UINT32_MAX,
	};
	struct drm_panthor_mem_reclaim got = sent;
	int ret;

	ret = check_driver(fd);
	if (ret)
		return ret;

	ret = panthor_ioctl(fd, DRM_IOCTL_PANTHOR_MEM_RECLAIM, &got);
	switch (ret) {
	case 0:
		return is_ours(&sent, &got) ? 0 : -ENOSYS;
	case -EINVAL:
		/* drm_ioctl() returns this for a number that it does not know. */
		return -ENOSYS;
	case -ESRCH:
		/*
		 * The caller owns no file, not even this one: the owner of a primary node
		 * that was DRM master remains the process that opened it. The kernel would
		 * only have checked swap after that.
		 */
		return swap_is_free() ? 0 : -ENOSPC;
	default:
		return ret;
	}
}
