/* SPDX-License-Identifier: MIT */
/*
 * Internals of a process under test: frames and long jobs.
 */
#include <errno.h>
#include <time.h>

#include "gpu/app_state.h"
#include "gpu/data.h"
#include "gpu/group.h"
#include "gpu/sync.h"
#include "gpu/work.h"

#define POLL_NS 200000

/*
 * After a frame, the loop pauses for this many times the duration of the frame, so that
 * it leaves time for everything else on a slow machine.
 */
#define FRAME_REST 3

static void pause_for(int64_t ns)
{
	struct timespec ts = { ns / 1000000000, ns % 1000000000 };

	if (ns > 0)
		nanosleep(&ts, NULL);
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

int app_frame(struct app_state *state, unsigned int file, unsigned int vm)
{
	struct gpu_ctx *ctx = &state->slot[file][vm].ctx;
	int fd = ctx->dev->fd;
	int ret;

	cs_nop(gpu_ctx_begin(ctx));
	ret = gpu_sync_reset(fd, ctx->sync);
	if (!ret)
		ret = gpu_ctx_submit(ctx, 0, 0, ctx->sync);
	if (!ret)
		ret = gpu_sync_wait(fd, ctx->sync, GPU_JOB_TIMEOUT_MS);
	if (!ret && gpu_group_check(ctx->dev, ctx->group))
		ret = -EFAULT;
	return ret;
}

/* A job that reports that it has started, and then runs for the given time. */
int app_busy(struct app_state *state, unsigned int file, unsigned int vm,
	     int64_t ns)
{
	struct app_slot *slot = &state->slot[file][vm];
	struct gpu_ctx *ctx = &slot->ctx;
	struct gpu_cs *cs;
	int ret = 0;

	/* One queue runs jobs in order: waiting for the last job is enough. */
	gpu_sync_destroy(ctx->dev->fd, slot->busy);
	slot->busy = 0;
	ret = gpu_sync_create(ctx->dev->fd, false, &slot->busy);
	if (ret)
		return ret;
	cs = gpu_ctx_begin(ctx);
	gpu_emit_store64(cs, gpu_ctx_result_va(ctx), 1);
	cs_flush_caches(cs, 8);
	ret = gpu_work()->emit_busy(ctx, ns);
	*gpu_ctx_result(ctx) = 0;
	if (!ret)
		ret = gpu_ctx_submit(ctx, 0, 0, slot->busy);
	while (!ret && !*gpu_ctx_result(ctx)) {
		pause_for(POLL_NS);
		ret = gpu_group_check(ctx->dev, ctx->group);
	}
	return ret;
}

int app_idle(struct app_state *state, unsigned int file, unsigned int vm)
{
	struct app_slot *slot = &state->slot[file][vm];
	int ret;

	if (!slot->busy)
		return 0;
	ret = gpu_sync_wait(slot->ctx.dev->fd, slot->busy, GPU_JOB_TIMEOUT_MS);
	if (!ret)
		ret = gpu_group_check(slot->ctx.dev, slot->ctx.group);
	gpu_sync_destroy(slot->ctx.dev->fd, slot->busy);
	slot->busy = 0;
	return ret;
}

static void *frames_thread(void *arg)
{
	struct app_state *state = arg;
	bool on = true;

	app_block_signals();
	while (on) {
		int64_t start, rest;
		int ret;

		pthread_mutex_lock(&state->lock);
		start = now_ns();
		ret = app_frame(state, 0, 0);
		rest = (now_ns() - start) * FRAME_REST;
		if (ret)
			state->frames_error = ret;
		else
			state->frames_done++;
		on = state->frames_on && !ret;
		pthread_mutex_unlock(&state->lock);
		if (on)
			pause_for(rest > state->frames_pause_ns ?
				  rest : state->frames_pause_ns);
	}
	return NULL;
}

int app_frames_start(struct app_state *state, int64_t pause_ns)
{
	if (state->frames_on)
		return -EBUSY;
	state->frames_on = true;
	state->frames_pause_ns = pause_ns;
	state->frames_done = 0;
	state->frames_error = 0;
	return -pthread_create(&state->frames_thread, NULL, frames_thread,
			       state);
}

/* The caller holds the lock; it is released while waiting for the thread. */
long app_frames_stop(struct app_state *state)
{
	if (!state->frames_on)
		return -EINVAL;
	state->frames_on = false;
	pthread_mutex_unlock(&state->lock);
	pthread_join(state->frames_thread, NULL);
	pthread_mutex_lock(&state->lock);
	return state->frames_error ? state->frames_error : state->frames_done;
}
