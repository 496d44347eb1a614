/* SPDX-License-Identifier: MIT */
/*
 * A context: VM, group, command-stream slots, addresses.
 */
#include <errno.h>
#include <string.h>

#include "gpu/ctx.h"
#include "gpu/group.h"
#include "gpu/sync.h"
#include "gpu/vm.h"
#include "gpu/work.h"

#define FIRST_VA UINT64_C(0x1000000)
#define VA_ALIGN UINT64_C(0x200000)	/* so that huge pages can be used */

int gpu_ctx_new_group(struct gpu_ctx *ctx)
{
	if (ctx->group)
		gpu_group_destroy(ctx->dev, ctx->group);
	ctx->group = 0;
	return gpu_group_create(ctx->dev, ctx->vm, ctx->queues, &ctx->group);
}

static int alloc_mapped(struct gpu_ctx *ctx, uint64_t size, struct gpu_bo *bo)
{
	int ret = gpu_ctx_alloc(ctx, size, GPU_BO_PRIVATE, bo);

	return ret ? ret : gpu_bo_map(ctx->dev->fd, bo);
}

int gpu_ctx_init(struct gpu_ctx *ctx, const struct gpu_device *dev,
		 unsigned int queues)
{
	int ret;

	memset(ctx, 0, sizeof(*ctx));
	ctx->dev = dev;
	ctx->queues = queues;
	ctx->next_va = FIRST_VA;

	ret = gpu_vm_create(dev->fd, NULL, &ctx->vm);
	if (!ret)
		ret = alloc_mapped(ctx, GPU_SLOT_COUNT * GPU_SLOT_BYTES,
				   &ctx->streams);
	if (!ret && gpu_work()->scratch_bytes)
		ret = alloc_mapped(ctx, gpu_work()->scratch_bytes,
				   &ctx->scratch);
	if (!ret)
		ret = gpu_sync_create(dev->fd, false, &ctx->sync);
	if (!ret)
		ret = gpu_ctx_new_group(ctx);
	if (ret)
		gpu_ctx_fini(ctx);
	return ret;
}

void gpu_ctx_fini(struct gpu_ctx *ctx)
{
	if (ctx->group)
		gpu_group_destroy(ctx->dev, ctx->group);
	gpu_sync_destroy(ctx->dev->fd, ctx->sync);
	gpu_bo_destroy(ctx->dev->fd, &ctx->streams);
	gpu_bo_destroy(ctx->dev->fd, &ctx->scratch);
	if (ctx->vm)
		gpu_vm_destroy(ctx->dev->fd, ctx->vm);
	ctx->group = ctx->sync = ctx->vm = 0;
}

int gpu_ctx_bind(struct gpu_ctx *ctx, struct gpu_bo *bo)
{
	int ret = gpu_vm_map(ctx->dev->fd, ctx->vm, bo->handle, 0, ctx->next_va,
			     bo->size, 0);

	if (ret)
		return ret;
	bo->va = ctx->next_va;
	ctx->next_va += (bo->size + VA_ALIGN - 1) & ~(VA_ALIGN - 1);
	return 0;
}

int gpu_ctx_unbind(struct gpu_ctx *ctx, struct gpu_bo *bo)
{
	int ret;

	if (!bo->va)
		return 0;
	ret = gpu_vm_unmap(ctx->dev->fd, ctx->vm, bo->va, bo->size);
	if (!ret)
		bo->va = 0;
	return ret;
}

int gpu_ctx_alloc(struct gpu_ctx *ctx, uint64_t size, enum gpu_bo_kind kind,
		  struct gpu_bo *bo)
{
	uint32_t vm = kind == GPU_BO_PRIVATE ? ctx->vm : 0;
	int ret = gpu_bo_create(ctx->dev->fd, size, vm, 0, bo);

	if (ret)
		return ret;
	ret = gpu_ctx_bind(ctx, bo);
	if (ret)
		gpu_bo_destroy(ctx->dev->fd, bo);
	return ret;
}

void gpu_ctx_free(struct gpu_ctx *ctx, struct gpu_bo *bo)
{
	gpu_ctx_unbind(ctx, bo);
	gpu_bo_destroy(ctx->dev->fd, bo);
}

struct gpu_cs *gpu_ctx_begin(struct gpu_ctx *ctx)
{
	ctx->slot = (ctx->slot + 1) % GPU_SLOT_COUNT;
	cs_init(&ctx->cs, ctx->words, GPU_STREAM_WORDS);
	ctx->cs.scoreboards = (1u << ctx->dev->csif.scoreboard_slot_count) - 1;
	return &ctx->cs;
}

static uint64_t slot_va(const struct gpu_ctx *ctx)
{
	return ctx->streams.va + ctx->slot * GPU_SLOT_BYTES;
}

static uint64_t *slot_words(const struct gpu_ctx *ctx)
{
	return (uint64_t *)ctx->streams.map +
	       ctx->slot * (GPU_SLOT_BYTES / sizeof(uint64_t));
}

uint64_t gpu_ctx_result_va(const struct gpu_ctx *ctx)
{
	return slot_va(ctx) + GPU_STREAM_WORDS * sizeof(uint64_t);
}

volatile uint64_t *gpu_ctx_result(const struct gpu_ctx *ctx)
{
	return slot_words(ctx) + GPU_STREAM_WORDS;
}

int gpu_ctx_submit(struct gpu_ctx *ctx, unsigned int queue, uint32_t in_sync,
		   uint32_t out_sync)
{
	size_t bytes = ctx->cs.count * sizeof(uint64_t);
	int ret = cs_check(&ctx->cs);

	if (ret)
		return ret;
	memcpy(slot_words(ctx), ctx->words, bytes);
	return gpu_group_submit(ctx->dev, ctx->group, queue, slot_va(ctx),
				(uint32_t)bytes, in_sync, out_sync);
}

int gpu_ctx_run(struct gpu_ctx *ctx, unsigned int queue)
{
	int ret = gpu_sync_reset(ctx->dev->fd, ctx->sync);

	if (!ret)
		ret = gpu_ctx_submit(ctx, queue, 0, ctx->sync);
	if (!ret)
		ret = gpu_sync_wait(ctx->dev->fd, ctx->sync, GPU_JOB_TIMEOUT_MS);
	if (!ret)
		ret = gpu_group_check(ctx->dev, ctx->group);
	if (!ret)
		ret = gpu_sync_check(ctx->dev->fd, ctx->sync);
	return ret;
}
