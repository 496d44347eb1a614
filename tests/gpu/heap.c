/* SPDX-License-Identifier: MIT */
/*
 * Tiler heaps.
 */
#include <errno.h>

#include "gpu/cs_sim.h"
#include "gpu/data.h"
#include "gpu/heap.h"
#include "gpu/pattern.h"
#include "gpu/work.h"

#define PAGE 4096u

/* As in the driver: the first page of a chunk begins with its header. */
static struct gpu_bo body(const struct gpu_heap *heap, unsigned int chunk)
{
	return (struct gpu_bo) {
		.va = heap->chunk_va[chunk] + PAGE,
		.size = GPU_HEAP_CHUNK_BYTES - PAGE,
	};
}

static uint64_t seed_of(const struct gpu_heap *heap, unsigned int chunk)
{
	return heap->seed + ((uint64_t)chunk << 32);
}

static int add_chunk(struct gpu_heap *heap, uint64_t where)
{
	/* 0: the request was refused, or there is no chunk. */
	if (!where)
		return -ENOMEM;
	heap->chunk_va[heap->chunks++] = where & ~(uint64_t)(PAGE - 1);
	return 0;
}

/*
 * Let the GPU request another chunk. The driver returns its address with the size of the
 * chunk in the low bits.
 */
static int grow(struct gpu_heap *heap, struct gpu_ctx *ctx)
{
	struct gpu_cs *cs = gpu_ctx_begin(ctx);
	int ret;

	cs_move48(cs, 0, gpu_ctx_result_va(ctx));
	cs_move48(cs, 2, heap->context_va);
	cs_trigger_oom(cs, 4, 2);
	cs_store_multiple(cs, 4, 0, 3, 0);
	cs_wait_all(cs);
	cs_flush_caches(cs, 8);
	*gpu_ctx_result(ctx) = 0;
	ret = gpu_ctx_run(ctx, 0);
	if (ret)
		return ret;
	return add_chunk(heap, *gpu_ctx_result(ctx));
}

/*
 * The driver created all chunks, and the first word of each one points to the next, in
 * the same format. Only the GPU can read it.
 */
static int follow(struct gpu_heap *heap, struct gpu_ctx *ctx)
{
	struct gpu_cs *cs = gpu_ctx_begin(ctx);
	int ret;

	cs_move48(cs, 0, gpu_ctx_result_va(ctx));
	cs_move48(cs, 2, heap->chunk_va[heap->chunks - 1]);
	cs_load_multiple(cs, 4, 2, 3, 0);
	cs_wait_all(cs);
	cs_store_multiple(cs, 4, 0, 3, 0);
	cs_wait_all(cs);
	cs_flush_caches(cs, 8);
	*gpu_ctx_result(ctx) = 0;
	ret = gpu_ctx_run(ctx, 0);
	return ret ? ret : add_chunk(heap, *gpu_ctx_result(ctx));
}

static int fill(struct gpu_heap *heap, struct gpu_ctx *ctx, unsigned int chunk)
{
	struct gpu_bo bo = body(heap, chunk);

	return gpu_fill(ctx, &bo, seed_of(heap, chunk));
}

int gpu_heap_create(struct gpu_heap *heap, struct gpu_ctx *ctx,
		    unsigned int chunks, uint64_t seed)
{
	bool grows = gpu_work()->heap_grows;
	struct drm_panthor_tiler_heap_create create = {
		.vm_id = ctx->vm,
		.initial_chunk_count = grows ? 1 : chunks,
		.chunk_size = GPU_HEAP_CHUNK_BYTES,
		.max_chunks = GPU_HEAP_CHUNKS,
		.target_in_flight = GPU_HEAP_CHUNKS,
	};
	int ret;

	if (!chunks || chunks > GPU_HEAP_CHUNKS)
		return -EINVAL;
	ret = gpu_ioctl(ctx->dev->fd, DRM_IOCTL_PANTHOR_TILER_HEAP_CREATE,
			&create);
	if (ret)
		return ret;
	*heap = (struct gpu_heap) {
		.context_va = create.tiler_heap_ctx_gpu_va,
		.chunks = 1,
		.chunk_va = { create.first_heap_chunk_gpu_va },
		.seed = seed,
	};
	while (!ret && heap->chunks < chunks)
		ret = grows ? grow(heap, ctx) : follow(heap, ctx);
	for (unsigned int i = 0; !ret && i < chunks; i++)
		ret = fill(heap, ctx, i);
	return ret;
}

int gpu_heap_check(const struct gpu_heap *heap, struct gpu_ctx *ctx)
{
	for (unsigned int i = 0; i < heap->chunks; i++) {
		struct gpu_bo bo = body(heap, i);
		uint64_t sum;
		int ret = gpu_checksum(ctx, &bo, &sum);

		if (ret)
			return ret;
		if (sum != pattern_expected(seed_of(heap, i), bo.size))
			return -EILSEQ;
	}
	return 0;
}
