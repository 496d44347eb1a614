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
	uint64_t va;	/* where it is bound, 0: nowhere */
	void *map;	/* whole CPU mapping, or NULL */
};

/*
 * @vm: the only VM that may ever map it (a private BO, as drivers of user
 * space make nearly all of them), or 0. A private BO cannot be exported.
 */
int gpu_bo_create(int fd, uint64_t size, uint32_t vm, uint32_t flags,
		  struct gpu_bo *bo);

/* Unmaps the CPU side and closes the handle. A binding in a VM lives on. */
void gpu_bo_destroy(int fd, struct gpu_bo *bo);

/* Map all of it; the address is also kept in @bo. */
int gpu_bo_map(int fd, struct gpu_bo *bo);
void gpu_bo_unmap(struct gpu_bo *bo);

/*
 * Map it to use a part only. For large BOs: a User-Mode-Linux process can hold
 * only some ten thousand mapped pages, so use one part after the other.
 */
int gpu_bo_map_window(int fd, const struct gpu_bo *bo, uint64_t offset,
		      size_t size, void **map);
void gpu_bo_unmap_window(void *map, uint64_t offset, size_t size);

/*
 * Write a pattern (pattern.h) to a whole BO by the CPU, or read all of it and
 * compute its checksum. Through the mapping that it has, else window by window.
 */
int gpu_bo_cpu_fill(int fd, const struct gpu_bo *bo, uint64_t seed);
int gpu_bo_cpu_checksum(int fd, const struct gpu_bo *bo, uint64_t *sum);

int gpu_bo_export(int fd, const struct gpu_bo *bo, int *dmabuf);
int gpu_bo_import(int fd, int dmabuf, struct gpu_bo *bo);

#endif
