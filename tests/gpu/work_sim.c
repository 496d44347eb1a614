/* SPDX-License-Identifier: MIT */
/*
 * Operations in the instructions that only the simulated GPU has.
 */
#include "gpu/cs_sim.h"
#include "gpu/data.h"
#include "gpu/work.h"

static int fill(struct gpu_ctx *ctx, const struct gpu_bo *bo, uint64_t seed)
{
	struct gpu_cs *cs = gpu_ctx_begin(ctx);

	gpu_emit_fill(cs, bo, seed);
	cs_flush_caches(cs, 8);
	return gpu_ctx_run(ctx, 0);
}

static int checksum(struct gpu_ctx *ctx, const struct gpu_bo *bo, uint64_t *sum)
{
	struct gpu_cs *cs = gpu_ctx_begin(ctx);
	int ret;

	gpu_emit_checksum(cs, bo, gpu_ctx_result_va(ctx));
	cs_flush_caches(cs, 8);
	/* If the job does not run, an earlier result must not be taken for its result. */
	*gpu_ctx_result(ctx) = 0;
	ret = gpu_ctx_run(ctx, 0);
	*sum = *gpu_ctx_result(ctx);
	return ret;
}

static int emit_busy(struct gpu_ctx *ctx, int64_t ns)
{
	cs_delay(&ctx->cs, (uint32_t)(ns / 1000));
	return 0;
}

const struct gpu_work gpu_work_sim = {
	.fill = fill,
	.checksum = checksum,
	.emit_busy = emit_busy,
	.heap_grows = true,
};
