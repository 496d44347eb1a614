/* SPDX-License-Identifier: MIT */
/*
 * Keep the GPU busy as long as a test needs it.
 *
 * The waiting queue is blocked, not running, so it needs no GPU time, and the device can
 * even go to sleep.
 */
#include <errno.h>

#include "gpu/group.h"
#include "gpu/hold.h"
#include "gpu/sync.h"

int gpu_hold_begin(struct gpu_hold *hold, struct gpu_ctx *ctx)
{
	struct gpu_cs *cs;
	int ret;

	if (ctx->queues < 2)
		return -EINVAL;
	*hold = (struct gpu_hold) { .ctx = ctx };
	ret = gpu_sync_create(ctx->dev->fd, false, &hold->sync);
	if (ret)
		return ret;

	cs = gpu_ctx_begin(ctx);
	hold->word_va = gpu_ctx_result_va(ctx);
	*gpu_ctx_result(ctx) = 0;
	cs_move48(cs, 0, hold->word_va);
	cs_move48(cs, 2, 0);
	cs_sync_wait_gt64(cs, 0, 2);
	ret = gpu_ctx_submit(ctx, ctx->queues - 1, 0, hold->sync);
	if (ret)
		gpu_sync_destroy(ctx->dev->fd, hold->sync);
	return ret;
}

int gpu_hold_end(struct gpu_hold *hold)
{
	struct gpu_ctx *ctx = hold->ctx;
	struct gpu_cs *cs = gpu_ctx_begin(ctx);
	int ret;

	cs_move48(cs, 0, hold->word_va);
	cs_move48(cs, 2, 1);
	cs_sync_set64(cs, 0, 2);
	ret = gpu_ctx_run(ctx, 0);
	if (!ret)
		ret = gpu_sync_wait(ctx->dev->fd, hold->sync,
				    GPU_JOB_TIMEOUT_MS);
	if (!ret)
		ret = gpu_group_check(ctx->dev, ctx->group);
	gpu_sync_destroy(ctx->dev->fd, hold->sync);
	return ret;
}
