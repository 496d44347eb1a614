/* SPDX-License-Identifier: MIT */
/*
 * Keeping the GPU busy for as long as a test needs it: a job on one queue of a
 * context that waits for a word in memory, and a job on another that sets it.
 * Not for longer than some 4 s: panthor gives a blocked queue 5 s, like a
 * running one, when nothing else of its group could unblock it.
 */
#ifndef GPU_HOLD_H
#define GPU_HOLD_H

#include "gpu/ctx.h"

struct gpu_hold {
	struct gpu_ctx *ctx;
	uint64_t word_va;
	uint32_t sync;
};

/*
 * Needs a context of at least 2 queues; the job sits on the last one. Queue 0
 * stays free for gpu_hold_end() and other jobs. Everything that the VM has
 * bound is busy until the end.
 */
int gpu_hold_begin(struct gpu_hold *hold, struct gpu_ctx *ctx);
int gpu_hold_end(struct gpu_hold *hold);

#endif
