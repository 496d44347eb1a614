/* SPDX-License-Identifier: MIT */
/*
 * Internals of a process under test: contents that compress well or badly, and checks
 * whether they have changed.
 *
 * The GPU copies pages from a template, because with the CPU each page would cost a page
 * fault. The template is long enough that neither a compressor nor the branch predictor
 * sees the same page twice in a row.
 */
#include <errno.h>
#include <string.h>

#include "gpu/app_state.h"
#include "gpu/data.h"
#include "gpu/pattern.h"

#define TEMPLATE_BYTES (UINT64_C(1) << 20)
#define PAGE_BYTES 4096u
#define PAGE_WORDS (PAGE_BYTES / sizeof(uint64_t))

/* How many of 256 words of APP_DATA_MIXED are random. */
#define MIXED_RANDOM 77

static uint64_t word(enum app_data data, uint64_t *seed)
{
	uint64_t random;

	switch (data) {
	case APP_DATA_ZERO:
		return 0;
	case APP_DATA_MIXED:
		random = pattern_random(seed);
		return (random & 255) < MIXED_RANDOM ? random : 0;
	case APP_DATA_RANDOM:
		break;
	}
	return pattern_random(seed);
}

static int make_template(struct gpu_ctx *ctx, enum app_data data, uint64_t seed,
			 struct gpu_bo *bo)
{
	int ret = gpu_ctx_alloc(ctx, TEMPLATE_BYTES, GPU_BO_PRIVATE, bo);
	uint64_t *words;

	if (ret)
		return ret;
	ret = gpu_bo_map(ctx->dev->fd, bo);
	if (ret) {
		gpu_ctx_free(ctx, bo);
		return ret;
	}
	words = bo->map;
	for (size_t i = 0; i < TEMPLATE_BYTES / sizeof(*words); i++)
		words[i] = word(data, &seed);
	return 0;
}

static int fill(struct gpu_ctx *ctx, struct app_bo *entry, const struct gpu_bo *template,
		uint64_t offset, uint64_t number)
{
	const uint64_t *words = template->map;
	int ret = gpu_fill_copies(ctx, &entry->bo, template, offset);

	/* All pages of the machine differ, except for zeros. */
	if (!ret && number)
		ret = gpu_number_pages(ctx, &entry->bo, number);
	if (ret)
		return ret;

	entry->sum = pattern_checksum(NULL, 0);
	for (uint64_t page = 0; page < entry->bo.size / PAGE_BYTES; page++) {
		uint64_t at = (offset + page * PAGE_BYTES) % TEMPLATE_BYTES;
		const uint64_t *from = words + at / sizeof(*words);
		uint64_t first = number ? number + page : from[0];

		entry->sum = pattern_checksum_add(entry->sum, &first, sizeof(first));
		entry->sum = pattern_checksum_add(entry->sum, from + 1,
						  PAGE_BYTES - sizeof(first));
	}
	return 0;
}

static bool is_here(const struct app_bo *entry, const struct app_request *req)
{
	return entry->bo.handle && entry->bo.va && entry->file == req->file &&
	       entry->vm == req->vm;
}

int app_data_fill(struct app_state *state, const struct app_request *req)
{
	struct gpu_ctx *ctx = &state->slot[req->file][req->vm].ctx;
	uint64_t number = req->data == APP_DATA_ZERO ? 0 : req->seed | 1;
	struct gpu_bo template;
	uint64_t offset = 0;
	int ret = make_template(ctx, req->data, req->seed, &template);

	if (ret)
		return ret;
	for (unsigned int i = 0; !ret && i < state->bo_count; i++) {
		struct app_bo *entry = &state->bo[i];

		if (!is_here(entry, req))
			continue;
		ret = fill(ctx, entry, &template, offset, number);
		offset = (offset + entry->bo.size) % TEMPLATE_BYTES;
		if (number)
			number += entry->bo.size / PAGE_BYTES;
	}
	gpu_ctx_free(ctx, &template);
	return ret;
}

/* Check as many buffers as a job has room for results. Returns how many differ. */
static int check_some(struct gpu_ctx *ctx, const struct app_bo *const *entries,
		      unsigned int count)
{
	struct gpu_cs *cs = gpu_ctx_begin(ctx);
	volatile uint64_t *sums = gpu_ctx_result(ctx);
	int bad = 0, ret;

	for (unsigned int i = 0; i < count; i++) {
		gpu_emit_checksum(cs, &entries[i]->bo,
				  gpu_ctx_result_va(ctx) + i * sizeof(*sums));
		/* The job must overwrite this: an earlier result must not count. */
		sums[i] = ~entries[i]->sum;
	}
	cs_flush_caches(cs, 8);
	ret = gpu_ctx_run(ctx, 0);
	for (unsigned int i = 0; i < count; i++)
		bad += sums[i] != entries[i]->sum;
	return ret ? ret : bad;
}

int app_data_check(struct app_state *state, const struct app_request *req)
{
	struct gpu_ctx *ctx = &state->slot[req->file][req->vm].ctx;
	const struct app_bo *some[GPU_RESULT_WORDS];
	unsigned int count = 0;
	int bad = 0;

	for (unsigned int i = 0; i < state->bo_count; i++) {
		bool last = i == state->bo_count - 1;
		int ret;

		if (is_here(&state->bo[i], req))
			some[count++] = &state->bo[i];
		if (!count || (count < GPU_RESULT_WORDS && !last))
			continue;
		ret = check_some(ctx, some, count);
		if (ret < 0)
			return ret;
		bad += ret;
		count = 0;
	}
	return bad;
}
