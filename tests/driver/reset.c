/* SPDX-License-Identifier: MIT */
/*
 * The GPU does not answer a cache flush while it goes to sleep. It is reset then, not later in
 * the middle of the next jobs, and a group that is lost says so.
 */
#include "gpu/buffers.h"
#include "gpu/group.h"
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
static void renew_group(void)
{
	struct gpu_group_state state;

	ok(gpu_group_get_state(&buffers.dev, buffers.ctx.group, &state), "GROUP_GET_STATE");
	if (!state.state)
		return;
	assert_int_equal(state.state, DRM_PANTHOR_GROUP_STATE_TIMEDOUT |
			 DRM_PANTHOR_GROUP_STATE_INNOCENT);
	ok(gpu_ctx_new_group(&buffers.ctx), "GROUP_CREATE");
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
		renew_group();
		check_contents();
		flush_more();
		check_contents();
		assert_int_equal(stat_of("resets"), resets + 1);
		ok(gpu_group_check(&buffers.dev, buffers.ctx.group), "the group");
	}
	/* At least the scheduler and the MMU flush. */
	assert_in_range(nth, 3, FLUSHES);
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
	};

	return cmocka_run_group_tests_name("reset", tests, NULL, NULL);
}
