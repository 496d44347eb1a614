/* SPDX-License-Identifier: MIT */
/*
 * fuzz: groups and their jobs, tiler heaps, and sync objects.
 */
#include "fuzz_args.h"
#include "fuzz_ops.h"

int fuzz_run_group_create(void)
{
	struct drm_panthor_queue_create queue[FUZZ_ARRAY] = { 0 };
	uint32_t count = (uint32_t)(fuzz_below(4) ? 1 : fuzz_below(FUZZ_ARRAY));
	struct drm_panthor_group_create args = {
		.max_compute_cores = (uint8_t)fuzz_mostly(1),
		.max_fragment_cores = (uint8_t)fuzz_mostly(1),
		.max_tiler_cores = (uint8_t)fuzz_mostly(1),
		.priority = (uint8_t)fuzz_mostly(fuzz_below(4)),
		.compute_core_mask = fuzz_mostly(1), .fragment_core_mask = fuzz_mostly(1),
		.tiler_core_mask = fuzz_mostly(1), .vm_id = fuzz_get(&fuzz_vms),
	};
	int ret;

	for (uint32_t i = 0; i < count; i++)
		queue[i] = (struct drm_panthor_queue_create) {
			.priority = (uint8_t)fuzz_mostly(fuzz_below(16)),
			.ringbuf_size = (uint32_t)fuzz_mostly(FUZZ_PAGE << fuzz_below(3)),
		};
	args.queues = fuzz_array(queue, sizeof(queue[0]), count);
	ret = fuzz_ioctl(DRM_IOCTL_PANTHOR_GROUP_CREATE, &args);
	if (!ret)
		fuzz_put(&fuzz_groups, args.group_handle);
	return ret;
}

int fuzz_run_group_destroy(void)
{
	struct drm_panthor_group_destroy args = {
		.group_handle = fuzz_get(&fuzz_groups), .pad = (uint32_t)fuzz_mostly(0),
	};

	return fuzz_ioctl(DRM_IOCTL_PANTHOR_GROUP_DESTROY, &args);
}

int fuzz_run_group_state(void)
{
	struct drm_panthor_group_get_state args = {
		.group_handle = fuzz_get(&fuzz_groups), .pad = (uint32_t)fuzz_mostly(0),
	};

	return fuzz_ioctl(DRM_IOCTL_PANTHOR_GROUP_GET_STATE, &args);
}

int fuzz_run_submit(void)
{
	struct drm_panthor_queue_submit job[FUZZ_ARRAY] = { 0 };
	struct drm_panthor_sync_op sync[FUZZ_ARRAY][2] = { 0 };
	uint32_t count = (uint32_t)(fuzz_below(4) ? 1 : fuzz_below(FUZZ_ARRAY));
	struct drm_panthor_group_submit args = {
		.group_handle = fuzz_get(&fuzz_groups), .pad = (uint32_t)fuzz_mostly(0),
	};

	for (uint32_t i = 0; i < count; i++) {
		bool empty = !fuzz_below(6);

		job[i] = (struct drm_panthor_queue_submit) {
			.queue_index = (uint32_t)fuzz_mostly(0),
			.stream_size = (uint32_t)fuzz_mostly(empty ? 0 : 64),
			.stream_addr = fuzz_mostly(empty ? 0 : fuzz_va()),
			.latest_flush = (uint32_t)fuzz_mostly(0),
			.syncs = fuzz_array(sync[i], sizeof(sync[i][0]), fuzz_sync_ops(sync[i])),
		};
	}
	args.queue_submits = fuzz_array(job, sizeof(job[0]), count);
	return fuzz_ioctl(DRM_IOCTL_PANTHOR_GROUP_SUBMIT, &args);
}

int fuzz_run_heap_create(void)
{
	struct drm_panthor_tiler_heap_create args = {
		.vm_id = fuzz_get(&fuzz_vms),
		.initial_chunk_count = (uint32_t)fuzz_mostly(fuzz_below(3)),
		.chunk_size = (uint32_t)fuzz_mostly(128u << 10),
		.max_chunks = (uint32_t)fuzz_mostly(4),
		.target_in_flight = (uint32_t)fuzz_mostly(1),
	};
	int ret;

	/* What fits into the memory of this cgroup. */
	if (args.initial_chunk_count > 16)
		args.chunk_size = (uint32_t)fuzz_odd() & 0xfffff;
	ret = fuzz_ioctl(DRM_IOCTL_PANTHOR_TILER_HEAP_CREATE, &args);
	if (!ret)
		fuzz_put(&fuzz_heaps, args.handle);
	return ret;
}

int fuzz_run_heap_destroy(void)
{
	struct drm_panthor_tiler_heap_destroy args = {
		.handle = fuzz_get(&fuzz_heaps), .pad = (uint32_t)fuzz_mostly(0),
	};

	return fuzz_ioctl(DRM_IOCTL_PANTHOR_TILER_HEAP_DESTROY, &args);
}

int fuzz_run_sync_create(void)
{
	struct drm_syncobj_create args = { .flags = (uint32_t)fuzz_below(2) };
	int ret = fuzz_ioctl(DRM_IOCTL_SYNCOBJ_CREATE, &args);

	if (!ret)
		fuzz_put(&fuzz_syncs, args.handle);
	return ret;
}

int fuzz_run_sync_destroy(void)
{
	struct drm_syncobj_destroy args = { .handle = fuzz_get(&fuzz_syncs) };

	return fuzz_ioctl(DRM_IOCTL_SYNCOBJ_DESTROY, &args);
}

int fuzz_run_sync_signal(void)
{
	uint32_t handle = fuzz_get(&fuzz_syncs);
	struct drm_syncobj_array args = { .handles = (uintptr_t)&handle, .count_handles = 1 };

	return fuzz_ioctl(fuzz_below(2) ? DRM_IOCTL_SYNCOBJ_SIGNAL : DRM_IOCTL_SYNCOBJ_RESET,
			  &args);
}
