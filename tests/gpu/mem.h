/* SPDX-License-Identifier: MIT */
/*
 * The two ioctls of panthor_mem.h, without the library. Tests of the driver use these.
 */
#ifndef GPU_MEM_H
#define GPU_MEM_H

#include <stdbool.h>
#include <stdint.h>

#include "panthor_mem.h"

int gpu_mem_reclaim(int fd, struct drm_panthor_mem_reclaim *args);
int gpu_mem_claim(int fd, struct drm_panthor_mem_claim *args);

/* Everything of a process, without waiting for busy VMs. */
int gpu_mem_reclaim_all(int fd, uint32_t tgid, uint32_t flags,
			struct drm_panthor_mem_reclaim *result);
int gpu_mem_claim_all(int fd, uint32_t tgid,
		      struct drm_panthor_mem_claim *result);

/* Does the driver have the ioctls? */
bool gpu_mem_supported(int fd);

#endif
