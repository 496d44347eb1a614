/* SPDX-License-Identifier: MIT */
/*
 * Scheduling groups: the queues that jobs are submitted to.
 */
#ifndef GPU_GROUP_H
#define GPU_GROUP_H

#include <stdint.h>

#include "gpu/device.h"

#define GPU_RINGBUF_SIZE 4096	/* the minimum for panthor */
#define GPU_MAX_QUEUES 8

struct gpu_group_state {
	uint32_t state;		/* DRM_PANTHOR_GROUP_STATE_* */
	uint32_t fatal_queues;
};

/* @queues queues (at most GPU_MAX_QUEUES), all cores, medium priority. */
int gpu_group_create(const struct gpu_device *dev, uint32_t vm,
		     unsigned int queues, uint32_t *group);
int gpu_group_destroy(const struct gpu_device *dev, uint32_t group);
int gpu_group_get_state(const struct gpu_device *dev, uint32_t group,
			struct gpu_group_state *state);

/*
 * -ETIMEDOUT: the group was stopped because of unfinished jobs; -EIO: because of a fatal
 * fault. It runs no more jobs.
 */
int gpu_group_check(const struct gpu_device *dev, uint32_t group);

/*
 * Run the command stream at @va (64-byte aligned) on a queue after @in_sync is signalled,
 * and signal @out_sync. Either can be 0. With @size 0 and @va 0, the job does nothing.
 */
int gpu_group_submit(const struct gpu_device *dev, uint32_t group,
		     uint32_t queue, uint64_t va, uint32_t size,
		     uint32_t in_sync, uint32_t out_sync);

#endif
