/* SPDX-License-Identifier: MIT */
/*
 * A context: what one application needs to run jobs. A VM, a group with some
 * queues, a place for command streams, and addresses to bind buffers at.
 */
#ifndef GPU_CTX_H
#define GPU_CTX_H

#include <stdint.h>

#include "gpu/bo.h"
#include "gpu/cs.h"
#include "gpu/device.h"

/* The command-stream buffer is a ring of slots; a job and its result in each. */
#define GPU_SLOT_COUNT 8
#define GPU_SLOT_BYTES 4096
#define GPU_RESULT_WORDS 8
#define GPU_STREAM_WORDS (GPU_SLOT_BYTES / 8 - GPU_RESULT_WORDS)

/* Enough for a job on a slow guest with every debug option. */
#define GPU_JOB_TIMEOUT_MS 60000

struct gpu_ctx {
	const struct gpu_device *dev;
	uint32_t vm;
	uint32_t group;
	unsigned int queues;
	uint32_t sync;		/* of gpu_ctx_run() */
	struct gpu_bo streams;
	struct gpu_bo scratch;	/* of work.h */
	unsigned int slot;	/* of the job that is being built */
	uint64_t next_va;
	struct gpu_cs cs;
	uint64_t words[GPU_STREAM_WORDS];
};

/* @dev must outlive the context. */
int gpu_ctx_init(struct gpu_ctx *ctx, const struct gpu_device *dev,
		 unsigned int queues);
void gpu_ctx_fini(struct gpu_ctx *ctx);

/* Replace the group: a group that had a fault never runs again. */
int gpu_ctx_new_group(struct gpu_ctx *ctx);

enum gpu_bo_kind {
	GPU_BO_PRIVATE,		/* belongs to this VM for ever */
	GPU_BO_SHAREABLE,	/* can be exported, or bound elsewhere */
};

/* Create a BO and bind it; destroy it and what is bound of it. */
int gpu_ctx_alloc(struct gpu_ctx *ctx, uint64_t size, enum gpu_bo_kind kind,
		  struct gpu_bo *bo);
void gpu_ctx_free(struct gpu_ctx *ctx, struct gpu_bo *bo);

/* Bind or unbind a BO that exists, for instance an imported one. */
int gpu_ctx_bind(struct gpu_ctx *ctx, struct gpu_bo *bo);
int gpu_ctx_unbind(struct gpu_ctx *ctx, struct gpu_bo *bo);

/*
 * A job is built with the cs_*() functions between gpu_ctx_begin() and either
 * gpu_ctx_submit(), which does not wait, or gpu_ctx_run(), which does and
 * reports what became of the job. At most GPU_SLOT_COUNT - 1 jobs may be in
 * flight: the slots are reused in turn.
 */
struct gpu_cs *gpu_ctx_begin(struct gpu_ctx *ctx);
int gpu_ctx_submit(struct gpu_ctx *ctx, unsigned int queue, uint32_t in_sync,
		   uint32_t out_sync);
int gpu_ctx_run(struct gpu_ctx *ctx, unsigned int queue);

/* Where the job that is being built, or was last, can leave results. */
uint64_t gpu_ctx_result_va(const struct gpu_ctx *ctx);
volatile uint64_t *gpu_ctx_result(const struct gpu_ctx *ctx);

#endif
