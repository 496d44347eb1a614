/* SPDX-License-Identifier: MIT */
/*
 * Jobs that write and verify buffers.
 *
 * Registers: r0 address, r2 length, r4 value, r6 second address, r8 scratch.
 */
#include <stddef.h>
#include <string.h>

#include "gpu/cs_sim.h"
#include "gpu/data.h"
#include "gpu/pattern.h"
#include "gpu/work.h"

#define PAGE 4096u
#define PAGE_WORDS (PAGE / sizeof(uint64_t))

void gpu_emit_fill(struct gpu_cs *cs, const struct gpu_bo *bo, uint64_t seed)
{
	cs_move48(cs, 0, bo->va);
	cs_move48(cs, 2, bo->size);
	cs_move64(cs, 4, seed);
	cs_fill_count(cs, 4, 0, 2);
}

void gpu_emit_checksum(struct gpu_cs *cs, const struct gpu_bo *bo,
		       uint64_t result_va)
{
	cs_move48(cs, 0, bo->va);
	cs_move48(cs, 2, bo->size);
	cs_move48(cs, 6, result_va);
	cs_checksum(cs, 4, 0, 2);
	cs_store_multiple(cs, 4, 6, 3, 0);
	cs_wait_all(cs);
}

void gpu_emit_store64(struct gpu_cs *cs, uint64_t va, uint64_t value)
{
	cs_move48(cs, 0, va);
	cs_move64(cs, 4, value);
	cs_store_multiple(cs, 4, 0, 3, 0);
	cs_wait_all(cs);
}

int gpu_fill(struct gpu_ctx *ctx, const struct gpu_bo *bo, uint64_t seed)
{
	return gpu_work()->fill(ctx, bo, seed);
}

int gpu_checksum(struct gpu_ctx *ctx, const struct gpu_bo *bo, uint64_t *sum)
{
	return gpu_work()->checksum(ctx, bo, sum);
}

static void emit_copy(struct gpu_cs *cs, uint64_t to, uint64_t from, uint64_t len)
{
	cs_move48(cs, 0, from);
	cs_move48(cs, 2, len);
	cs_move48(cs, 6, to);
	cs_copy(cs, 6, 0, 2);
}

/* Copy the first @len bytes of a BO to offset @to. */
static int copy_head(struct gpu_ctx *ctx, const struct gpu_bo *bo, uint64_t to,
		     uint64_t len)
{
	emit_copy(gpu_ctx_begin(ctx), bo->va + to, bo->va, len);
	return gpu_ctx_run(ctx, 0);
}

int gpu_fill_copies(struct gpu_ctx *ctx, const struct gpu_bo *bo,
		    const struct gpu_bo *from, uint64_t offset)
{
	uint64_t done = 0;
	int ret = 0;

	while (!ret && done < bo->size) {
		uint64_t at = (offset + done) % from->size, len = from->size - at;

		if (len > bo->size - done)
			len = bo->size - done;
		emit_copy(gpu_ctx_begin(ctx), bo->va + done, from->va + at, len);
		ret = gpu_ctx_run(ctx, 0);
		done += len;
	}
	return ret;
}

int gpu_number_pages(struct gpu_ctx *ctx, const struct gpu_bo *bo, uint64_t first)
{
	struct gpu_cs *cs = gpu_ctx_begin(ctx);
	size_t loop;

	cs_move48(cs, 0, bo->va);
	cs_move64(cs, 4, first);
	cs_move32(cs, 2, (uint32_t)(bo->size / PAGE));
	loop = cs->count;
	cs_store_multiple(cs, 4, 0, 3, 0);
	cs_wait_all(cs);
	cs_add_imm64(cs, 0, 0, PAGE);
	cs_add_imm64(cs, 4, 4, 1);
	cs_add_imm32(cs, 2, 2, -1);
	cs_branch_to(cs, 2, SIM_COND_NE, loop);
	cs_flush_caches(cs, 8);
	return gpu_ctx_run(ctx, 0);
}

int gpu_fill_random(struct gpu_ctx *ctx, struct gpu_bo *bo, uint64_t seed,
		    uint64_t *sum)
{
	uint64_t words[PAGE_WORDS];
	uint64_t first;
	void *map;
	int ret;

	for (size_t i = 0; i < PAGE_WORDS; i++)
		words[i] = pattern_random(&seed);
	first = words[0];

	ret = gpu_bo_map_window(ctx->dev->fd, bo, 0, PAGE, &map);
	if (ret)
		return ret;
	memcpy(map, words, PAGE);
	gpu_bo_unmap_window(map, 0, PAGE);

	/* Double the copied part each time, so that source and target never overlap. */
	for (uint64_t done = PAGE; !ret && done < bo->size; done *= 2) {
		uint64_t len = bo->size - done < done ? bo->size - done : done;

		ret = copy_head(ctx, bo, done, len);
	}
	if (!ret)
		ret = gpu_number_pages(ctx, bo, first);

	*sum = pattern_checksum(NULL, 0);
	for (uint64_t page = 0; page < bo->size / PAGE; page++) {
		words[0] = first + page;
		*sum = pattern_checksum_add(*sum, words, PAGE);
	}
	return ret;
}
