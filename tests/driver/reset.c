/* SPDX-License-Identifier: MIT */
/*
 * The GPU does not answer a cache flush while it goes to sleep. It is reset then, not later in
 * the middle of the next jobs, and a group that is lost says so.
 *
 * The GPU could go to sleep while it is reset, and a new job wants it to wake up.
 */
#include <sched.h>

#include "gpu/buffers.h"
#include "gpu/data.h"
#include "gpu/group.h"
#include "gpu/pattern.h"
#include "gpu/power.h"
#include "gpu/sim.h"
#include "guest.h"

#define BOS 4
#define SEED UINT64_C(0x4e5e7000000000)

/* More flushes than there are when the GPU goes to sleep. */
#define FLUSHES 32
#define SLEEP_MS 60000

static struct gpu_buffers buffers;

static void check_contents(void)
{
	for (unsigned int i = 0; i < BOS; i++) {
		assert_true(gpu_buffers_gpu_reads(&buffers, i, NULL));
	}
}

/*
 * The @nth flush from now on gets no answer. Returns when the GPU sleeps: true if there were so
 * many flushes.
 */
static bool lose_flush(unsigned int nth)
{
	int64_t left;

	ok(sim_param_set("flush_lost", nth), "flush_lost");
	ok(gpu_power_allow_sleep(guest.dev.fd, true), "power/control");
	ok(power_wait_asleep(SLEEP_MS), "sleep");
	ok(sim_param_get("flush_lost", &left), "flush_lost");
	ok(sim_param_set("flush_lost", 0), "flush_lost");
	return !left;
}

/* The group was on the GPU: it ends if its state could not be flushed. */
static void renew_group(struct gpu_ctx *ctx)
{
	struct gpu_group_state state;

	ok(gpu_group_get_state(ctx->dev, ctx->group, &state), "GROUP_GET_STATE");
	if (!state.state)
		return;
	assert_int_equal(state.state, DRM_PANTHOR_GROUP_STATE_TIMEDOUT |
			 DRM_PANTHOR_GROUP_STATE_INNOCENT);
	ok(gpu_ctx_new_group(ctx), "GROUP_CREATE");
}

/* Each unmap and map flushes. */
static void flush_more(void)
{
	for (unsigned int i = 0; i < BOS; i++) {
		ok(gpu_ctx_unbind(&buffers.ctx, &buffers.bos[i]), "unmap");
		ok(gpu_ctx_bind(&buffers.ctx, &buffers.bos[i]), "map");
	}
}

static void flush_lost_in_suspend(void **state)
{
	unsigned int nth;

	(void)state;
	for (nth = 1; nth <= FLUSHES; nth++) {
		int64_t resets;

		/* The group is on the GPU, which is awake. */
		ok(gpu_power_allow_sleep(guest.dev.fd, false), "power/control");
		check_contents();
		resets = stat_of("resets");
		if (!lose_flush(nth))
			break;
		assert_int_equal(stat_of("resets"), resets + 1);
		renew_group(&buffers.ctx);
		check_contents();
		flush_more();
		check_contents();
		assert_int_equal(stat_of("resets"), resets + 1);
		ok(gpu_group_check(&buffers.dev, buffers.ctx.group), "the group");
	}
	/* At least the scheduler and the MMU flush. */
	assert_in_range(nth, 3, FLUSHES);
}

/*
 * Begin a reset in which the firmware leaves a request of the scheduler unanswered, so that it
 * takes 100 ms, and let the GPU sleep. Return when the driver begins to put it to sleep, or when
 * it has been reset.
 */
static void reset_and_allow_sleep(unsigned int bo)
{
	const int64_t resets = stat_of("resets");

	ok(sim_param_set("flush_lost", 1), "flush_lost");
	ok(gpu_ctx_unbind(&buffers.ctx, &buffers.bos[bo]), "unmap");
	ok(sim_param_set("ack_lost", 1), "ack_lost");
	ok(gpu_power_allow_sleep(guest.dev.fd, true), "power/control");
	while (gpu_power_awake(guest.dev.fd) == 1 && stat_of("resets") == resets)
		sched_yield();
}

/* The first job of a group that was not on the GPU. The reset stops its queue. */
static void sleep_during_reset(void **state)
{
	static struct gpu_ctx fresh;
	struct gpu_bo bo;
	unsigned int i;
	int ret;

	(void)state;
	for (i = 0; i < BOS; i++) {
		const uint64_t seed = SEED + (UINT64_C(0x100) + i);
		uint64_t sum;

		ok(gpu_power_allow_sleep(guest.dev.fd, false), "power/control");
		check_contents();
		ok(gpu_ctx_init(&fresh, &buffers.dev, 1), "a context");
		ok(gpu_ctx_alloc(&fresh, MIB, GPU_BO_PRIVATE, &bo), "a BO");
		reset_and_allow_sleep(i);
		/* If the reset has not begun, the group gets a slot, and can be lost with it. */
		ret = gpu_fill(&fresh, &bo, seed);
		ok(sim_param_set("ack_lost", 0), "ack_lost");
		ok(sim_param_set("flush_lost", 0), "flush_lost");
		renew_group(&fresh);
		if (ret)
			ok(gpu_fill(&fresh, &bo, seed), "the job");
		ok(gpu_checksum(&fresh, &bo, &sum), "checksum");
		assert_int_equal(sum, pattern_expected(seed, MIB));
		gpu_ctx_free(&fresh, &bo);
		gpu_ctx_fini(&fresh);
		renew_group(&buffers.ctx);
		ok(gpu_ctx_bind(&buffers.ctx, &buffers.bos[i]), "map");
		check_contents();
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
		cmocka_unit_test_setup_teardown(flush_lost_in_suspend, begin, end),
		cmocka_unit_test_setup_teardown(sleep_during_reset, begin, end),
	};

	return cmocka_run_group_tests_name("reset", tests, NULL, NULL);
}
