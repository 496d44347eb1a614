/* SPDX-License-Identifier: MIT */
/*
 * What a test has the GPU do for it, in the instructions that the GPU knows.
 *
 * The simulated GPU has instructions of its own for it, one for megabytes at a
 * time. Real ones have none of them: there a command stream loads, stores, adds
 * and branches. The simulated GPU can do that too, only slower, and does with
 * GUEST_INSTRUCTIONS=real in the environment.
 */
#ifndef GPU_WORK_H
#define GPU_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include "gpu/ctx.h"

struct gpu_work {
	/* Of memory that each context needs for it, 0: none. */
	uint64_t scratch_bytes;

	/* See gpu_fill() and gpu_checksum() in data.h. */
	int (*fill)(struct gpu_ctx *ctx, const struct gpu_bo *bo, uint64_t seed);
	int (*checksum)(struct gpu_ctx *ctx, const struct gpu_bo *bo,
			uint64_t *sum);

	/*
	 * Append: take at least @ns nanoseconds from now, at most 3 s of them,
	 * which leaves room to the driver's limit of 5 s.
	 */
	int (*emit_busy)(struct gpu_ctx *ctx, int64_t ns);

	/* A tiler heap can be made to grow, without anything being drawn. */
	bool heap_grows;
};

extern const struct gpu_work gpu_work_sim;
extern const struct gpu_work gpu_work_real;

/* The one to use here; always the same one in a process. */
const struct gpu_work *gpu_work(void);

#endif
