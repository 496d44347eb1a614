/* SPDX-License-Identifier: MIT */
/*
 * faults: a file from open to close, with a VM, BOs, a group, a tiler heap and a dma-buf. The
 * first call that fails ends it. Whatever was made until then has to go away.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "faults.h"
#include "gpu/heap.h"
#include "gpu/mem.h"

static char *node;

static int find_node(uint32_t unused)
{
	(void)unused;
	if (!node)
		node = drmGetDeviceNameFromFd2(subject.dev.fd);
	return node ? 0 : -errno;
}

static int live(struct gpu_device *dev, struct gpu_ctx *ctx)
{
	struct drm_panthor_mem_reclaim args;
	struct gpu_bo bo = { 0 };
	int dmabuf = -1;
	int ret = gpu_ctx_init(ctx, dev, 1);

	if (ret)
		return ret;
	ret = gpu_ctx_alloc(ctx, 16384, GPU_BO_SHAREABLE, &bo);
	if (!ret)
		ret = gpu_bo_export(dev->fd, &bo, &dmabuf);
	if (!ret)
		ret = gpu_mem_reclaim_all(dev->fd, 0, DRM_PANTHOR_MEM_RECLAIM_DRY_RUN, &args);
	/* Nothing runs on the GPU: only the objects are made. */
	if (!ret) {
		struct drm_panthor_tiler_heap_create create = {
			.vm_id = ctx->vm, .initial_chunk_count = 1,
			.chunk_size = GPU_HEAP_CHUNK_BYTES, .max_chunks = 2,
			.target_in_flight = 1,
		};

		ret = gpu_ioctl(dev->fd, DRM_IOCTL_PANTHOR_TILER_HEAP_CREATE, &create);
	}
	if (dmabuf >= 0)
		close(dmabuf);
	gpu_bo_unmap(&ctx->streams);
	gpu_bo_unmap(&ctx->scratch);
	return ret;
}

static int live_from_open_to_close(void)
{
	struct gpu_device dev = { .fd = open(node, O_RDWR | O_CLOEXEC) };
	static struct gpu_ctx ctx;
	int ret;

	if (dev.fd < 0)
		return -errno;
	ret = gpu_device_from_fd(&dev, dev.fd);
	if (ret)
		return ret;
	ret = live(&dev, &ctx);
	/* Closing the file has to clean up after what is left. */
	gpu_device_close(&dev);
	return ret;
}

/*
 * shmem returns ENOSPC if there is no memory for an inode, and VM_CREATE returns EINVAL if there
 * is none for the first page table.
 */
static int act_life(void)
{
	int ret = live_from_open_to_close();

	return ret == -ENOSPC || ret == -EINVAL ? -ENOMEM : ret;
}

const struct step life_steps[] = {
	{ "life", find_node, act_life, NULL, 0 },
	{ 0 },
};
