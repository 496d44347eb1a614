/* SPDX-License-Identifier: MIT */
/*
 * Sync objects: user space waits on them for a job or a queued bind.
 */
#include <errno.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <linux/sync_file.h>
#include <xf86drm.h>

#include "gpu/sync.h"

int gpu_sync_create(int fd, bool signaled, uint32_t *sync)
{
	uint32_t flags = signaled ? DRM_SYNCOBJ_CREATE_SIGNALED : 0;

	return drmSyncobjCreate(fd, flags, sync) ? -errno : 0;
}

void gpu_sync_destroy(int fd, uint32_t sync)
{
	if (sync)
		drmSyncobjDestroy(fd, sync);
}

int gpu_sync_reset(int fd, uint32_t sync)
{
	return drmSyncobjReset(fd, &sync, 1) ? -errno : 0;
}

int gpu_sync_wait(int fd, uint32_t sync, unsigned int timeout_ms)
{
	struct timespec now;
	int64_t deadline;

	clock_gettime(CLOCK_MONOTONIC, &now);
	deadline = now.tv_sec * INT64_C(1000000000) + now.tv_nsec +
		   timeout_ms * INT64_C(1000000);
	return drmSyncobjWait(fd, &sync, 1, deadline, 0, NULL);
}

int gpu_fence_error(int fence, int *error)
{
	struct sync_file_info info = { 0 };

	if (ioctl(fence, SYNC_IOC_FILE_INFO, &info))
		return -errno;
	*error = info.status < 0 ? info.status : 0;
	return 0;
}

int gpu_sync_check(int fd, uint32_t sync)
{
	int fence, error = 0, ret;

	if (drmSyncobjExportSyncFile(fd, sync, &fence))
		return -errno;
	ret = gpu_fence_error(fence, &error);
	close(fence);
	return ret ? ret : error;
}

uint32_t gpu_sync_ops(struct drm_panthor_sync_op ops[2], uint32_t in_sync,
		      uint32_t out_sync)
{
	uint32_t count = 0;

	if (in_sync)
		ops[count++] = (struct drm_panthor_sync_op) {
			.flags = DRM_PANTHOR_SYNC_OP_WAIT,
			.handle = in_sync,
		};
	if (out_sync)
		ops[count++] = (struct drm_panthor_sync_op) {
			.flags = (uint32_t)DRM_PANTHOR_SYNC_OP_SIGNAL,
			.handle = out_sync,
		};
	return count;
}
