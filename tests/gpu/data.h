/* SPDX-License-Identifier: MIT */
/*
 * Jobs that write and verify buffers. All of them run on queue 0 and return when they are
 * done; -EIO means that the job was killed. The first two use the instructions that the
 * GPU has (work.h), the others need the simulated GPU.
 */
#ifndef GPU_DATA_H
#define GPU_DATA_H

#include <stdint.h>

#include "gpu/ctx.h"

/* Fill a BO with the pattern of @seed (pattern.h). */
int gpu_fill(struct gpu_ctx *ctx, const struct gpu_bo *bo, uint64_t seed);

/* Checksum of the BO, to be compared with pattern_expected(seed, bo->size). */
int gpu_checksum(struct gpu_ctx *ctx, const struct gpu_bo *bo, uint64_t *sum);

/*
 * Fill a BO with data that hardly compresses: the CPU writes one random page, and the GPU
 * copies it to all other pages and numbers them, so that no two pages are equal. @sum
 * returns the checksum of the result, computed on the CPU.
 */
int gpu_fill_random(struct gpu_ctx *ctx, struct gpu_bo *bo, uint64_t seed,
		    uint64_t *sum);

/* Fill a BO with copies of @from, starting at @offset of it. */
int gpu_fill_copies(struct gpu_ctx *ctx, const struct gpu_bo *bo,
		    const struct gpu_bo *from, uint64_t offset);

/* Set the first word of page n to @first + n, with a loop of real instructions. */
int gpu_number_pages(struct gpu_ctx *ctx, const struct gpu_bo *bo, uint64_t first);

/* Append the same to a stream, as part of a larger job. */
void gpu_emit_fill(struct gpu_cs *cs, const struct gpu_bo *bo, uint64_t seed);
void gpu_emit_checksum(struct gpu_cs *cs, const struct gpu_bo *bo,
		       uint64_t result_va);

/* Write one 64-bit word with instructions of real hardware. */
void gpu_emit_store64(struct gpu_cs *cs, uint64_t va, uint64_t value);

#endif
