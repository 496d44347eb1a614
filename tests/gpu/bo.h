/* SPDX-License-Identifier: MIT */
/*
 * Buffer objects: memory that GPU jobs and the CPU share.
 */
#ifndef GPU_BO_H
#define GPU_BO_H

#include <stddef.h>
#include <stdint.h>

struct gpu_bo {
	uint32_t handle;
	uint64_t size;
	uint64_t va;	/* address where it is bound, 0: not bound */
	void *map;	/* CPU mapping of the whole BO, or NULL */
};

/*
 * @vm: the only VM that can ever map the BO (a private BO, which drivers in user space
 * use for nearly everything), or 0. A private BO cannot be exported.
 */
int gpu_bo_create(int fd, uint64_t size, uint32_t vm, uint32_t flags,
		  struct gpu_bo *bo);

/* Removes the CPU mapping and closes the handle. A binding in a VM remains. */
void gpu_bo_destroy(int fd, struct gpu_bo *bo);

/* Map the whole BO; the address is also stored in @bo. */
int gpu_bo_map(int fd, struct gpu_bo *bo);
void gpu_bo_unmap(struct gpu_bo *bo);

/*
 * Map the BO in order to use a part of it at a time. For large BOs: a process of
 * User-Mode Linux can have only some ten thousand mapped pages.
 */
int gpu_bo_map_window(int fd, const struct gpu_bo *bo, uint64_t offset,
		      size_t size, void **map);
void gpu_bo_unmap_window(void *map, uint64_t offset, size_t size);

/*
 * Write a pattern (pattern.h) to the whole BO with the CPU, or read the whole BO and
 * compute its checksum: through its mapping if it has one, else window by window.
 */
int gpu_bo_cpu_fill(int fd, const struct gpu_bo *bo, uint64_t seed);
int gpu_bo_cpu_checksum(int fd, const struct gpu_bo *bo, uint64_t *sum);

int gpu_bo_export(int fd, const struct gpu_bo *bo, int *dmabuf);
int gpu_bo_import(int fd, int dmabuf, struct gpu_bo *bo);

#endif
