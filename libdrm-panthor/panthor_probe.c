/* SPDX-License-Identifier: MIT */
/* Is it there, and may we? */
#include <errno.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <xf86drm.h>

#include "panthor_drmif.h"
#include "panthor_priv.h"

/*
 * The first major version of panthor is the only one that these ioctl numbers
 * were ever given out for. The minor version does not decide: a kernel that had
 * the ioctls added to an older driver cannot change it, and a later one can say
 * the same number and mean something else.
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

/* Did the outputs come from our ioctl? None of it leaves them as they were. */
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

	/* It fails for a bad address alone. */
	return !sysinfo(&info) && info.freeswap;
}

panthor_public int panthor_mem_probe(int fd)
{
	/*
	 * Elsewhere this number can be another ioctl. What is sent is therefore
	 * right for ours alone: wherever another one would have a handle and
	 * the padding after it, flags or a pointer, the value is not 0 and not
	 * one that it could take.
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
		/* What drm_ioctl() says to a number that it does not know. */
		return -ENOSYS;
	case -ESRCH:
		/*
		 * The caller owns no file, not even this one: a primary node that
		 * was DRM master stays its opener's. All that the kernel would have
		 * looked at after that is swap.
		 */
		return swap_is_free() ? 0 : -ENOSPC;
	default:
		return ret;
	}
}
