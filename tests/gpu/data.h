/* SPDX-License-Identifier: MIT */
/*
 * Jobs that write and verify buffers. All of them run on queue 0 and return when
 * they are done; -EIO: the job was killed. The first two are in whatever
 * instructions the GPU has (work.h), the rest needs the simulated one.
 */
#ifndef GPU_DATA_H
#define GPU_DATA_H

#include <stdint.h>

#include "gpu/ctx.h"

/* Fill a BO with the pattern of @seed (pattern.h). */
int gpu_fill(struct gpu_ctx *ctx, const struct gpu_bo *bo, uint64_t seed);

/* Its checksum, to be compared with pattern_expected(seed, bo->size). */
int gpu_checksum(struct gpu_ctx *ctx, const struct gpu_bo *bo, uint64_t *sum);

/*
 * Fill a BO with data that hardly compresses: the CPU writes one random page,
 * the GPU copies it to all the others and numbers them, so that no two pages
 * are equal. @sum: the checksum afterwards, computed on the CPU.
 */
int gpu_fill_random(struct gpu_ctx *ctx, struct gpu_bo *bo, uint64_t seed,
		    uint64_t *sum);

/* Fill a BO with copies of @from, from @offset of it on. */
int gpu_fill_copies(struct gpu_ctx *ctx, const struct gpu_bo *bo,
		    const struct gpu_bo *from, uint64_t offset);

/* The first word of page n becomes @first + n: a loop of real instructions. */
int gpu_number_pages(struct gpu_ctx *ctx, const struct gpu_bo *bo, uint64_t first);

/* Append to a stream: the same as parts of a larger job. */
void gpu_emit_fill(struct gpu_cs *cs, const struct gpu_bo *bo, uint64_t seed);
void gpu_emit_checksum(struct gpu_cs *cs, const struct gpu_bo *bo,
		       uint64_t result_va);

/* One 64-bit word, written by the GPU with instructions of real hardware. */
void gpu_emit_store64(struct gpu_cs *cs, uint64_t va, uint64_t value);

#endif
