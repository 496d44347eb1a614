/* SPDX-License-Identifier: MIT */
/*
 * A device file with a context, and buffers of 1 MiB with known contents, for a program that holds
 * GPU memory while it is evicted.
 */
#ifndef GPU_BUFFERS_H
#define GPU_BUFFERS_H

#include <stdbool.h>
#include <stdint.h>

#include "gpu/ctx.h"

#define GPU_BUFFERS_MOST 256

struct gpu_buffers {
	struct gpu_device dev;
	struct gpu_ctx ctx;
	struct gpu_bo bos[GPU_BUFFERS_MOST];
	unsigned int count;
	uint64_t seed;
};

/*
 * The GPU fills them. Programs whose seeds differ in the upper 16 bits have no word in common. What
 * was created before an error stays until the program ends.
 */
int gpu_buffers_create(struct gpu_buffers *b, unsigned int count, uint64_t seed);
void gpu_buffers_destroy(struct gpu_buffers *b);

/* Read one of them. Returns whether it has its contents. @sum: its checksum, may be NULL. */
bool gpu_buffers_gpu_reads(struct gpu_buffers *b, unsigned int number, uint64_t *sum);
bool gpu_buffers_cpu_reads(struct gpu_buffers *b, unsigned int number, uint64_t *sum);

/* Submit jobs that keep the GPU busy for 2 s each. The driver would end a longer job. */
int gpu_buffers_keep_busy(struct gpu_buffers *b, unsigned int jobs);

#endif
