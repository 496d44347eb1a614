/* SPDX-License-Identifier: MIT */
/*
 * fuzz: how the arguments of a call are made from random words.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "fuzz_args.h"

#define FIRST_VA UINT64_C(0x1000000)

struct fuzz_pool fuzz_bos, fuzz_vms, fuzz_groups, fuzz_heaps, fuzz_syncs;
int fuzz_cgroup_fd = -1;
char *fuzz_node;
static int device_fd = -1;

int fuzz_objects_open(void)
{
	struct gpu_device dev;
	int ret = gpu_device_open(&dev);

	if (ret)
		return ret;
	fuzz_node = drmGetDeviceNameFromFd2(dev.fd);
	fuzz_cgroup_fd = open("/sys/fs/cgroup", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	device_fd = dev.fd;
	return fuzz_node && fuzz_cgroup_fd >= 0 ? 0 : -errno;
}

int fuzz_dev_fd(void)
{
	return device_fd;
}

int fuzz_ioctl(unsigned long request, void *arg)
{
	return ioctl(device_fd, request, arg) ? -errno : 0;
}

void fuzz_put(struct fuzz_pool *pool, uint32_t id)
{
	atomic_store(&pool->id[atomic_fetch_add(&pool->next, 1) % FUZZ_POOL], id);
}

uint32_t fuzz_get(struct fuzz_pool *pool)
{
	uint64_t which = fuzz_draw();

	if (which % 32 == 31)
		return (uint32_t)(which >> 32);
	return atomic_load(&pool->id[(which >> 8) % FUZZ_POOL]);
}

uint64_t fuzz_odd(void)
{
	static const uint64_t numbers[] = {
		0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 255, 256, 4095, 4096, 4097,
		INT32_MAX, UINT32_C(1) << 31, UINT32_MAX, UINT64_C(1) << 32,
		UINT64_C(1) << 47, INT64_MAX, UINT64_C(1) << 63, UINT64_MAX, UINT64_MAX - 4095,
	};
	uint64_t which = fuzz_draw();

	if (which % 4 == 3)
		return which >> 2;
	return numbers[(which >> 2) % (sizeof(numbers) / sizeof(numbers[0]))];
}

uint64_t fuzz_mostly(uint64_t usual)
{
	return fuzz_below(24) ? usual : fuzz_odd();
}

uint64_t fuzz_size(void)
{
	return fuzz_mostly(FUZZ_PAGE * (1 + (fuzz_below(8) ? fuzz_below(32) : fuzz_below(700))));
}

uint64_t fuzz_va(void)
{
	return fuzz_mostly(FIRST_VA + FUZZ_PAGE * fuzz_below(2048));
}

uint32_t fuzz_flags(unsigned int bits)
{
	uint64_t r = fuzz_draw();

	return (uint32_t)(r % 4 ? r >> 8 & r >> 40 & ((1u << bits) - 1) : 0);
}

pid_t fuzz_pid(void)
{
	uint64_t which = fuzz_below(FUZZ_PROCESSES + 4);

	if (which < FUZZ_PROCESSES)
		return atomic_load(&fuzz->pid[which]);
	if (which == FUZZ_PROCESSES)
		return atomic_load(&fuzz->witness);
	if (which == FUZZ_PROCESSES + 1)
		return (pid_t)fuzz_odd();
	return 0;
}

struct drm_panthor_obj_array fuzz_array(void *elements, uint32_t size, uint32_t count)
{
	struct drm_panthor_obj_array result = {
		.stride = (uint32_t)fuzz_mostly(size),
		.count = count,
		.array = (uintptr_t)elements,
	};

	if (!fuzz_below(64)) {
		result.array = fuzz_odd();
		result.count = (uint32_t)fuzz_below(64);
	}
	/* The kernel reads no further than the elements. */
	if (result.stride > size)
		result.count = 1;
	return result;
}

uint32_t fuzz_sync_ops(struct drm_panthor_sync_op *ops)
{
	uint32_t count = (uint32_t)(fuzz_below(3) ? 0 : fuzz_below(3));

	for (uint32_t i = 0; i < count; i++)
		ops[i] = (struct drm_panthor_sync_op) {
			.flags = (uint32_t)fuzz_mostly(fuzz_below(2) ? DRM_PANTHOR_SYNC_OP_WAIT :
						       (uint32_t)DRM_PANTHOR_SYNC_OP_SIGNAL),
			.handle = fuzz_get(&fuzz_syncs),
			.timeline_value = fuzz_mostly(0),
		};
	return count;
}
