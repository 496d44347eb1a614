/* SPDX-License-Identifier: MIT */
/*
 * Keep the GPU busy as long as a test needs it: a job on one queue of a context waits for
 * a word in memory, and a job on another queue sets it. Do not hold for longer than about
 * 4 s: panthor allows a blocked queue 5 s, as it does a running one, if nothing else in
 * its group can unblock it.
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
 * The context needs at least 2 queues; the job uses the last one. Queue 0 stays available
 * for gpu_hold_end() and other jobs. Everything that is bound in the VM is busy until the
 * end.
 */
int gpu_hold_begin(struct gpu_hold *hold, struct gpu_ctx *ctx);
int gpu_hold_end(struct gpu_hold *hold);

#endif
