/* SPDX-License-Identifier: MIT */
/*
 * What a GROUP_SUBMIT brings back: everything if a job has a command stream, and nothing if
 * none has. Mesa submits jobs without a stream to wait for a queue.
 */

#include "gpu/buffers.h"
#include "gpu/group.h"
#include "gpu/mem.h"
#include "gpu/sync.h"
#include "guest.h"

#define BOS 8
#define SEED UINT64_C(0x5b317000000000)

static struct gpu_buffers buffers;

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
	ok(gpu_sync_reset(buffers.dev.fd, buffers.ctx.sync), "sync object");
	ok(gpu_group_submit(&buffers.dev, buffers.ctx.group, 0, va, size, 0, buffers.ctx.sync),
	   "GROUP_SUBMIT");
	ok(gpu_sync_wait(buffers.dev.fd, buffers.ctx.sync, GPU_JOB_TIMEOUT_MS), "the job");
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
		assert_true(gpu_buffers_gpu_reads(&buffers, i, NULL));
		assert_int_equal(evicted(), 0);
	}
}

static int begin(void **state)
{
	int ret = guest_open(state);

	return ret ? ret : gpu_buffers_create(&buffers, BOS, SEED);
}

static int end(void **state)
{
	gpu_buffers_destroy(&buffers);
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
