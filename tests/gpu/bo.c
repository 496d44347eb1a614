/* SPDX-License-Identifier: MIT */
/*
 * Buffer objects: create, map, export, import.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gpu/bo.h"
#include "gpu/device.h"
#include "gpu/pattern.h"

#define WINDOW (UINT64_C(4) << 20)

int gpu_bo_create(int fd, uint64_t size, uint32_t vm, uint32_t flags,
		  struct gpu_bo *bo)
{
	struct drm_panthor_bo_create create = {
		.size = size,
		.flags = flags,
		.exclusive_vm_id = vm,
	};
	int ret = gpu_ioctl(fd, DRM_IOCTL_PANTHOR_BO_CREATE, &create);

	memset(bo, 0, sizeof(*bo));
	if (ret)
		return ret;
	bo->handle = create.handle;
	bo->size = create.size;
	return 0;
}

void gpu_bo_destroy(int fd, struct gpu_bo *bo)
{
	gpu_bo_unmap(bo);
	if (bo->handle)
		drmCloseBufferHandle(fd, bo->handle);
	memset(bo, 0, sizeof(*bo));
}

int gpu_bo_map_window(int fd, const struct gpu_bo *bo, uint64_t offset,
		      size_t size, void **map)
{
	struct drm_panthor_bo_mmap_offset where = { .handle = bo->handle };
	int ret = gpu_ioctl(fd, DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &where);
	void *addr;

	if (ret)
		return ret;
	/* DRM requires a mapping to begin at the start of the BO, but not to cover all of it. */
	addr = mmap(NULL, offset + size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    (off_t)where.offset);
	if (addr == MAP_FAILED)
		return -errno;
	*map = (char *)addr + offset;
	return 0;
}

void gpu_bo_unmap_window(void *map, uint64_t offset, size_t size)
{
	munmap((char *)map - offset, offset + size);
}

/* Process one range of a BO, through the mapping of the whole BO if there is one. */
static int begin_window(int fd, const struct gpu_bo *bo, uint64_t at,
			size_t *size, void **map)
{
	*size = bo->size - at < WINDOW ? bo->size - at : WINDOW;
	if (!bo->map)
		return gpu_bo_map_window(fd, bo, at, *size, map);
	*map = (char *)bo->map + at;
	return 0;
}

static void end_window(const struct gpu_bo *bo, uint64_t at, size_t size,
		       void *map)
{
	if (!bo->map)
		gpu_bo_unmap_window(map, at, size);
}

int gpu_bo_cpu_fill(int fd, const struct gpu_bo *bo, uint64_t seed)
{
	size_t size;

	for (uint64_t at = 0; at < bo->size; at += size) {
		void *map;
		int ret = begin_window(fd, bo, at, &size, &map);

		if (ret)
			return ret;
		pattern_write(map, size, seed + at / sizeof(seed));
		end_window(bo, at, size, map);
	}
	return 0;
}

int gpu_bo_cpu_checksum(int fd, const struct gpu_bo *bo, uint64_t *sum)
{
	size_t size;

	*sum = pattern_checksum(NULL, 0);
	for (uint64_t at = 0; at < bo->size; at += size) {
		void *map;
		int ret = begin_window(fd, bo, at, &size, &map);

		if (ret)
			return ret;
		*sum = pattern_checksum_add(*sum, map, size);
		end_window(bo, at, size, map);
	}
	return 0;
}

int gpu_bo_map(int fd, struct gpu_bo *bo)
{
	if (bo->map)
		return 0;
	return gpu_bo_map_window(fd, bo, 0, bo->size, &bo->map);
}

void gpu_bo_unmap(struct gpu_bo *bo)
{
	if (bo->map)
		munmap(bo->map, bo->size);
	bo->map = NULL;
}

int gpu_bo_export(int fd, const struct gpu_bo *bo, int *dmabuf)
{
	if (drmPrimeHandleToFD(fd, bo->handle, DRM_CLOEXEC | DRM_RDWR, dmabuf))
		return -errno;
	return 0;
}

int gpu_bo_import(int fd, int dmabuf, struct gpu_bo *bo)
{
	off_t size = lseek(dmabuf, 0, SEEK_END);

	memset(bo, 0, sizeof(*bo));
	if (size < 0)
		return -errno;
	if (drmPrimeFDToHandle(fd, dmabuf, &bo->handle))
		return -errno;
	bo->size = (uint64_t)size;
	return 0;
}
