/* SPDX-License-Identifier: MIT */
/*
 * The work that command streams start on the simulated GPU: it has no shader cores, but
 * it accesses the memory that the work names, clears render targets and fills the tiler heap.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "desc.h"
#include "gpu/fdinfo.h"
#include "gpu/group.h"
#include "gpu/klog.h"
#include "gpu/mem.h"
#include "gpu/sync.h"
#include "guest.h"
#include "sim_work.h"

#define POOL_BYTES (UINT64_C(64) << 10)
#define LOG_TIMEOUT_MS 30000

void work_alloc(struct gpu_ctx *ctx, uint64_t bytes, struct gpu_bo *bo)
{
	ok(gpu_ctx_alloc(ctx, bytes, GPU_BO_PRIVATE, bo), "BO");
	ok(gpu_bo_map(guest.dev.fd, bo), "mmap");
}

void pool_init(struct pool *pool, struct gpu_ctx *ctx)
{
	pool->used = 0;
	work_alloc(ctx, POOL_BYTES, &pool->bo);
}

uint64_t pool_take(struct pool *pool, size_t bytes, uint32_t **words)
{
	size_t at = pool->used;

	bytes = (bytes + DESC_ALIGN - 1) & ~(size_t)(DESC_ALIGN - 1);
	assert_true(at + bytes <= POOL_BYTES);
	pool->used += bytes;
	*words = (uint32_t *)((char *)pool->bo.map + at);
	return pool->bo.va + at;
}

void pool_free(struct pool *pool, struct gpu_ctx *ctx)
{
	gpu_ctx_free(ctx, &pool->bo);
}

uint64_t work_shader(struct pool *pool)
{
	uint32_t *binary, *shader;
	uint64_t binary_va = pool_take(pool, 64, &binary);
	uint64_t va = pool_take(pool, DESC_BYTES, &shader);

	desc_shader(shader, binary_va);
	return va;
}

static void run(struct gpu_ctx *ctx)
{
	ok(gpu_sync_reset(guest.dev.fd, ctx->sync), "sync object");
	ok(gpu_ctx_submit(ctx, 0, 0, ctx->sync), "submit");
	ok(gpu_sync_wait(guest.dev.fd, ctx->sync, GPU_JOB_TIMEOUT_MS), "the job does not end");
}

void work_must_die(struct gpu_ctx *ctx, uint64_t va)
{
	struct gpu_group_state state;
	struct klog log;
	char text[64];

	ok(klog_open(&log), "kernel log");
	run(ctx);
	ok(gpu_group_get_state(&guest.dev, ctx->group, &state), "group state");
	if (!(state.state & DRM_PANTHOR_GROUP_STATE_FATAL_FAULT))
		fail_msg("the group's state is %#x", state.state);
	if (va) {
		snprintf(text, sizeof(text), "at VA 0x%016llX", (unsigned long long)va);
		if (klog_wait(&log, text, LOG_TIMEOUT_MS))
			fail_msg("no fault %s", text);
	}
	klog_close(&log);
}

void work_must_complain(struct gpu_ctx *ctx)
{
	int64_t faults = stat_of("cs_faults");

	run(ctx);
	assert_int_equal(stat_of("cs_faults"), faults + 1);
	ok(gpu_group_check(ctx->dev, ctx->group), "group after the error");
	cs_nop(gpu_ctx_begin(ctx));
	ok(gpu_ctx_run(ctx, 0), "job after the error");
}

void work_reclaim(void)
{
	struct drm_panthor_mem_reclaim result;
	struct gpu_fdinfo info;

	ok(gpu_mem_reclaim_all(guest.dev.fd, 0, 0, &result), "MEM_RECLAIM");
	ok(gpu_fdinfo_read(getpid(), &info), "fdinfo");
	assert_int_equal(info.resident, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GUEST_CASE(dispatch_reads_what_it_names),
		GUEST_CASE(dispatch_on_a_missing_page),
		GUEST_CASE(dispatch_on_a_freed_buffer),
		GUEST_CASE(dispatch_that_uses_nothing),
		GUEST_CASE(dispatch_of_nothing),
		GUEST_CASE(dispatch_of_no_shader),
		GUEST_CASE(dispatch_of_too_much),
		GUEST_CASE(dispatch_after_a_reclaim),
		GUEST_CASE(clear_linear),
		GUEST_CASE(clear_tiled),
		GUEST_CASE(clear_several),
		GUEST_CASE(clear_nothing),
		GUEST_CASE(clear_missing_memory),
		GUEST_CASE(clear_between_reclaims),
		GUEST_CASE(result_without_a_wait),
		GUEST_CASE(registers_are_copied),
		GUEST_CASE(signal_after_the_work),
		GUEST_CASE(poll_for_a_result),
		GUEST_CASE(work_in_a_suspended_group),
		GUEST_CASE(draws_take_chunks),
		GUEST_CASE(chunks_are_used_again),
		GUEST_CASE(chunk_content_is_checked),
		GUEST_CASE(chunks_through_swap),
		GUEST_CASE(draw_without_a_pass),
		GUEST_CASE(heap_full_without_a_handler),
		GUEST_CASE(heap_full_with_a_handler),
		GUEST_CASE(heap_full_until_a_frame_ends),
		GUEST_CASE(draw_reads_what_it_names),
	};

	return cmocka_run_group_tests_name("sim-work", tests, NULL, NULL);
}
