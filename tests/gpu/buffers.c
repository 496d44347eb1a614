// SPDX-License-Identifier: MIT
#include <errno.h>

#include "gpu/buffers.h"
#include "gpu/data.h"
#include "gpu/pattern.h"
#include "gpu/work.h"

#define BYTES (UINT64_C(1) << 20)
#define JOB_NS INT64_C(2000000000)

static uint64_t seed_of(const struct gpu_buffers *b, unsigned int number)
{
	return b->seed + ((uint64_t)number << 32);
}

int gpu_buffers_create(struct gpu_buffers *b, unsigned int count, uint64_t seed)
{
	int ret;

	if (count > GPU_BUFFERS_MOST)
		return -EINVAL;
	*b = (struct gpu_buffers){ .count = count, .seed = seed };
	ret = gpu_device_open(&b->dev);
	if (!ret)
		ret = gpu_ctx_init(&b->ctx, &b->dev, 1);
	for (unsigned int i = 0; !ret && i < count; i++) {
		ret = gpu_ctx_alloc(&b->ctx, BYTES, GPU_BO_PRIVATE, &b->bos[i]);
		if (!ret)
			ret = gpu_fill(&b->ctx, &b->bos[i], seed_of(b, i));
	}
	return ret;
}

void gpu_buffers_destroy(struct gpu_buffers *b)
{
	gpu_ctx_fini(&b->ctx);
	gpu_device_close(&b->dev);
}

static bool is_intact(const struct gpu_buffers *b, unsigned int number, uint64_t got, uint64_t *sum)
{
	if (sum)
		*sum = got;
	return got == pattern_expected(seed_of(b, number), BYTES);
}

bool gpu_buffers_gpu_reads(struct gpu_buffers *b, unsigned int number, uint64_t *sum)
{
	uint64_t got;

	return !gpu_checksum(&b->ctx, &b->bos[number], &got) && is_intact(b, number, got, sum);
}

bool gpu_buffers_cpu_reads(struct gpu_buffers *b, unsigned int number, uint64_t *sum)
{
	uint64_t got;

	return !gpu_bo_cpu_checksum(b->dev.fd, &b->bos[number], &got) &&
	       is_intact(b, number, got, sum);
}

int gpu_buffers_keep_busy(struct gpu_buffers *b, unsigned int jobs)
{
	int ret = 0;

	for (unsigned int i = 0; i < jobs && !ret; i++) {
		gpu_ctx_begin(&b->ctx);
		ret = gpu_work()->emit_busy(&b->ctx, JOB_NS);
		if (!ret)
			ret = gpu_ctx_submit(&b->ctx, 0, 0, 0);
	}
	return ret;
}
