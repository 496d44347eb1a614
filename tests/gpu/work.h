/* SPDX-License-Identifier: MIT */
/*
 * Operations that tests need the GPU to do, in the instructions that the GPU has.
 *
 * The simulated GPU has special instructions for them, which handle megabytes at a time.
 * A real GPU does not; there a command stream loads, stores, adds and branches. The
 * simulated GPU can do that as well, but slower: GUEST_INSTRUCTIONS=real in the environment
 * selects it.
 */
#ifndef GPU_WORK_H
#define GPU_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include "gpu/ctx.h"

struct gpu_work {
	/* Size of the memory that each context needs for it, 0: none. */
	uint64_t scratch_bytes;

	/* See gpu_fill() and gpu_checksum() in data.h. */
	int (*fill)(struct gpu_ctx *ctx, const struct gpu_bo *bo, uint64_t seed);
	int (*checksum)(struct gpu_ctx *ctx, const struct gpu_bo *bo,
			uint64_t *sum);

	/*
	 * Append a job part that takes at least @ns nanoseconds, 3 s at most: well below the
	 * driver's limit of 5 s.
	 */
	int (*emit_busy)(struct gpu_ctx *ctx, int64_t ns);

	/* Can a tiler heap be made to grow without drawing anything? */
	bool heap_grows;
};

extern const struct gpu_work gpu_work_sim;
extern const struct gpu_work gpu_work_real;

/* The operations to use here. They do not change while a process runs. */
const struct gpu_work *gpu_work(void);

#endif
