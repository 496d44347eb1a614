/* SPDX-License-Identifier: MIT */
/*
 * Tiler heaps: memory that the driver itself allocates in a VM, a chunk at a
 * time, when the tiler of a job runs out of it. No handle leads to a chunk.
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
 * A heap of @chunks chunks: on the simulated GPU the first comes with it, and the
 * others are grown, one for each time that a job runs out of memory; elsewhere
 * all of them come with it. All but the first page of each is filled with a pattern.
 */
int gpu_heap_create(struct gpu_heap *heap, struct gpu_ctx *ctx,
		    unsigned int chunks, uint64_t seed);

/* Does each chunk still have it, as the GPU sees it? -EILSEQ: no. */
int gpu_heap_check(const struct gpu_heap *heap, struct gpu_ctx *ctx);

#endif
