/* SPDX-License-Identifier: MIT */
/*
 * Sync objects: user space waits on them for a job or a queued bind.
 */
#ifndef GPU_SYNC_H
#define GPU_SYNC_H

#include <stdbool.h>
#include <stdint.h>

#include "panthor_drm.h"

int gpu_sync_create(int fd, bool signaled, uint32_t *sync);
void gpu_sync_destroy(int fd, uint32_t sync);
int gpu_sync_reset(int fd, uint32_t sync);

/*
 * -ETIME: not signalled within @timeout_ms. A signalled job need not have succeeded: one
 * that the driver killed signals as well (see gpu_group_check()), and so does one that it could
 * not run (see gpu_sync_check()).
 */
int gpu_sync_wait(int fd, uint32_t sync, unsigned int timeout_ms);

/* Store the error, a negative errno, with which the job of a sync file has ended, or 0. */
int gpu_fence_error(int fence, int *error);

/* The same for the job that has signalled @sync, as the return value. */
int gpu_sync_check(int fd, uint32_t sync);

/* Fill in the sync operations of a submit or a bind, and return their number. */
uint32_t gpu_sync_ops(struct drm_panthor_sync_op ops[2], uint32_t in_sync,
		      uint32_t out_sync);

#endif
