/* SPDX-License-Identifier: MIT */
/*
 * What a GROUP_SUBMIT brings back: everything if a job has a command stream, and nothing if
 * none has. Mesa submits jobs without a stream to wait for a queue.
 */

#include "gpu/data.h"
#include "gpu/group.h"
#include "gpu/mem.h"
#include "gpu/pattern.h"
#include "gpu/sync.h"
#include "guest.h"

#define BOS 8
#define SEED UINT64_C(0x5b317000000000)

static struct gpu_ctx ctx;
static struct gpu_bo bos[BOS];

/* Bytes of this process that are evicted. */
static uint64_t evicted(void)
{
	struct drm_panthor_mem_claim args = { .flags = DRM_PANTHOR_MEM_CLAIM_DRY_RUN };

	ok(gpu_mem_claim(guest.dev.fd, &args), "MEM_CLAIM, dry run");
	return args.claimed_bytes + args.remaining_bytes;
}

static void evict_all(void)
{
	struct drm_panthor_mem_reclaim args;

	ok(gpu_mem_reclaim_all(guest.dev.fd, 0, 0, &args), "MEM_RECLAIM");
	assert_true(evicted() >= BOS * MIB);
}

/* Returns when the job is done. */
static void submit(uint64_t va, uint32_t size)
{
	ok(gpu_sync_reset(guest.dev.fd, ctx.sync), "sync object");
	ok(gpu_group_submit(&guest.dev, ctx.group, 0, va, size, 0, ctx.sync), "GROUP_SUBMIT");
	ok(gpu_sync_wait(guest.dev.fd, ctx.sync, GPU_JOB_TIMEOUT_MS), "the job");
}

static void without_a_stream(void **state)
{
	uint64_t before;

	(void)state;
	evict_all();
	before = evicted();
	submit(0, 0);
	assert_int_equal(evicted(), before);
}

static void with_a_stream(void **state)
{
	(void)state;
	evict_all();
	submit(0, 0);
	for (unsigned int i = 0; i < BOS; i++) {
		uint64_t sum;

		ok(gpu_checksum(&ctx, &bos[i], &sum), "checksum");
		assert_int_equal(evicted(), 0);
		assert_int_equal(sum, pattern_expected(SEED + i, MIB));
	}
}

static int begin(void **state)
{
	int ret = guest_open(state);

	if (!ret)
		ret = gpu_ctx_init(&ctx, &guest.dev, 1);
	for (unsigned int i = 0; !ret && i < BOS; i++) {
		ret = gpu_ctx_alloc(&ctx, MIB, GPU_BO_PRIVATE, &bos[i]);
		if (!ret)
			ret = gpu_fill(&ctx, &bos[i], SEED + i);
	}
	return ret;
}

static int end(void **state)
{
	gpu_ctx_fini(&ctx);
	return guest_close(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(without_a_stream, begin, end),
		cmocka_unit_test_setup_teardown(with_a_stream, begin, end),
	};

	return cmocka_run_group_tests_name("submit", tests, NULL, NULL);
}
