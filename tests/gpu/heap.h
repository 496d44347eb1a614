/* SPDX-License-Identifier: MIT */
/*
 * Tiler heaps: when the tiler of a job runs out of memory, the driver allocates another
 * chunk in the VM. User space has no handle to a chunk.
 */
#ifndef GPU_HEAP_H
#define GPU_HEAP_H

#include <stdint.h>

#include "gpu/ctx.h"

#define GPU_HEAP_CHUNK_BYTES (256u << 10)
#define GPU_HEAP_CHUNKS 16

struct gpu_heap {
	uint64_t context_va;
	unsigned int chunks;
	uint64_t chunk_va[GPU_HEAP_CHUNKS];
	uint64_t seed;
};

/*
 * Create a heap of @chunks chunks. On the simulated GPU it starts with one chunk, and a
 * job that runs out of memory adds each of the others. On other GPUs it starts with all of
 * them. All pages of a chunk except the first are filled with a pattern.
 */
int gpu_heap_create(struct gpu_heap *heap, struct gpu_ctx *ctx,
		    unsigned int chunks, uint64_t seed);

/* Does the GPU still read the pattern in each chunk? -EILSEQ: no. */
int gpu_heap_check(const struct gpu_heap *heap, struct gpu_ctx *ctx);

#endif
