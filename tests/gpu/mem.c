/* SPDX-License-Identifier: MIT */
/*
 * The two ioctls of panthor_mem.h, without the library.
 */
#include <errno.h>

#include "gpu/device.h"
#include "gpu/mem.h"

int gpu_mem_reclaim(int fd, struct drm_panthor_mem_reclaim *args)
{
	return gpu_ioctl(fd, DRM_IOCTL_PANTHOR_MEM_RECLAIM, args);
}

int gpu_mem_claim(int fd, struct drm_panthor_mem_claim *args)
{
	return gpu_ioctl(fd, DRM_IOCTL_PANTHOR_MEM_CLAIM, args);
}

int gpu_mem_reclaim_all(int fd, uint32_t tgid, uint32_t flags,
			struct drm_panthor_mem_reclaim *result)
{
	*result = (struct drm_panthor_mem_reclaim) {
		.flags = flags,
		.tgid = tgid,
	};
	return gpu_mem_reclaim(fd, result);
}

int gpu_mem_claim_all(int fd, uint32_t tgid,
		      struct drm_panthor_mem_claim *result)
{
	*result = (struct drm_panthor_mem_claim) { .tgid = tgid };
	return gpu_mem_claim(fd, result);
}

bool gpu_mem_supported(int fd)
{
	struct drm_panthor_mem_reclaim args;

	return gpu_mem_reclaim_all(fd, 0, DRM_PANTHOR_MEM_RECLAIM_DRY_RUN,
				   &args) != -EINVAL;
}
