/* SPDX-License-Identifier: MIT */
/*
 * Scheduling groups: create them, submit jobs, query their state.
 */
#include <errno.h>

#include "gpu/group.h"
#include "gpu/sync.h"

int gpu_group_create(const struct gpu_device *dev, uint32_t vm,
		     unsigned int queues, uint32_t *group)
{
	struct drm_panthor_queue_create queue[GPU_MAX_QUEUES];
	struct drm_panthor_group_create create = {
		.queues = DRM_PANTHOR_OBJ_ARRAY(queues, queue),
		.max_compute_cores =
			(uint8_t)__builtin_popcountll(dev->info.shader_present),
		.max_fragment_cores =
			(uint8_t)__builtin_popcountll(dev->info.shader_present),
		.max_tiler_cores =
			(uint8_t)__builtin_popcountll(dev->info.tiler_present),
		.priority = PANTHOR_GROUP_PRIORITY_MEDIUM,
		.compute_core_mask = dev->info.shader_present,
		.fragment_core_mask = dev->info.shader_present,
		.tiler_core_mask = dev->info.tiler_present,
		.vm_id = vm,
	};
	int ret;

	if (queues > GPU_MAX_QUEUES)
		return -EINVAL;
	for (unsigned int i = 0; i < queues; i++)
		queue[i] = (struct drm_panthor_queue_create) {
			.priority = 1,
			.ringbuf_size = GPU_RINGBUF_SIZE,
		};
	ret = gpu_ioctl(dev->fd, DRM_IOCTL_PANTHOR_GROUP_CREATE, &create);
	if (!ret)
		*group = create.group_handle;
	return ret;
}

int gpu_group_destroy(const struct gpu_device *dev, uint32_t group)
{
	struct drm_panthor_group_destroy destroy = { .group_handle = group };

	return gpu_ioctl(dev->fd, DRM_IOCTL_PANTHOR_GROUP_DESTROY, &destroy);
}

int gpu_group_get_state(const struct gpu_device *dev, uint32_t group,
			struct gpu_group_state *state)
{
	struct drm_panthor_group_get_state get = { .group_handle = group };
	int ret = gpu_ioctl(dev->fd, DRM_IOCTL_PANTHOR_GROUP_GET_STATE, &get);

	if (ret)
		return ret;
	state->state = get.state;
	state->fatal_queues = get.fatal_queues;
	return 0;
}

int gpu_group_check(const struct gpu_device *dev, uint32_t group)
{
	struct gpu_group_state state;
	int ret = gpu_group_get_state(dev, group, &state);

	if (ret)
		return ret;
	if (state.state & DRM_PANTHOR_GROUP_STATE_FATAL_FAULT)
		return -EIO;
	if (state.state & DRM_PANTHOR_GROUP_STATE_TIMEDOUT)
		return -ETIMEDOUT;
	return 0;
}

int gpu_group_submit(const struct gpu_device *dev, uint32_t group,
		     uint32_t queue, uint64_t va, uint32_t size,
		     uint32_t in_sync, uint32_t out_sync)
{
	struct drm_panthor_sync_op syncs[2];
	uint32_t count = gpu_sync_ops(syncs, in_sync, out_sync);
	struct drm_panthor_queue_submit job = {
		.queue_index = queue,
		.stream_size = size,
		.stream_addr = va,
		.syncs = DRM_PANTHOR_OBJ_ARRAY(count, syncs),
	};
	struct drm_panthor_group_submit submit = {
		.group_handle = group,
		.queue_submits = DRM_PANTHOR_OBJ_ARRAY(1, &job),
	};

	return gpu_ioctl(dev->fd, DRM_IOCTL_PANTHOR_GROUP_SUBMIT, &submit);
}
