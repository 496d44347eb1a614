/* SPDX-License-Identifier: MIT */
/*
 * A context has what one application needs to run jobs: a VM, a group with some queues, a
 * buffer for command streams, and addresses for buffers.
 */
#ifndef GPU_CTX_H
#define GPU_CTX_H

#include <stdint.h>

#include "gpu/bo.h"
#include "gpu/cs.h"
#include "gpu/device.h"

/* The command-stream buffer is a ring of slots, each with a job and its result. */
#define GPU_SLOT_COUNT 8
#define GPU_SLOT_BYTES 4096
#define GPU_RESULT_WORDS 8
#define GPU_STREAM_WORDS (GPU_SLOT_BYTES / 8 - GPU_RESULT_WORDS)

/* Long enough for a job of one of many processes in a slow guest, on a busy machine. */
#define GPU_JOB_TIMEOUT_MS 240000

struct gpu_ctx {
	const struct gpu_device *dev;
	uint32_t vm;
	uint32_t group;
	unsigned int queues;
	uint32_t sync;		/* sync object of gpu_ctx_run() */
	struct gpu_bo streams;
	struct gpu_bo scratch;	/* memory for work.h */
	unsigned int slot;	/* slot of the job that is being built */
	uint64_t next_va;
	struct gpu_cs cs;
	uint64_t words[GPU_STREAM_WORDS];
};

/* @dev must outlive the context. */
int gpu_ctx_init(struct gpu_ctx *ctx, const struct gpu_device *dev,
		 unsigned int queues);
void gpu_ctx_fini(struct gpu_ctx *ctx);

/* Replace the group, because a group that had a fault never runs again. */
int gpu_ctx_new_group(struct gpu_ctx *ctx);

enum gpu_bo_kind {
	GPU_BO_PRIVATE,		/* can only ever be bound in this VM */
	GPU_BO_SHAREABLE,	/* can be exported, or bound elsewhere */
};

/* Create a BO and bind it; unbind and destroy it. */
int gpu_ctx_alloc(struct gpu_ctx *ctx, uint64_t size, enum gpu_bo_kind kind,
		  struct gpu_bo *bo);
void gpu_ctx_free(struct gpu_ctx *ctx, struct gpu_bo *bo);

/* Bind or unbind an existing BO, for instance an imported one. */
int gpu_ctx_bind(struct gpu_ctx *ctx, struct gpu_bo *bo);
int gpu_ctx_unbind(struct gpu_ctx *ctx, struct gpu_bo *bo);

/*
 * Build a job with the cs_*() functions after gpu_ctx_begin(). Then call either
 * gpu_ctx_submit(), which does not wait, or gpu_ctx_run(), which waits and returns the
 * result of the job. Slots are reused in turn, so at most GPU_SLOT_COUNT - 1 jobs may be
 * unfinished.
 */
struct gpu_cs *gpu_ctx_begin(struct gpu_ctx *ctx);
int gpu_ctx_submit(struct gpu_ctx *ctx, unsigned int queue, uint32_t in_sync,
		   uint32_t out_sync);
int gpu_ctx_run(struct gpu_ctx *ctx, unsigned int queue);

/* Address where the current job, or the last one, can store results. */
uint64_t gpu_ctx_result_va(const struct gpu_ctx *ctx);
volatile uint64_t *gpu_ctx_result(const struct gpu_ctx *ctx);

#endif
