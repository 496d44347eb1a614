/* SPDX-License-Identifier: MIT */
/*
 * Test MaxTimeSec=. Its unit is the second, and the times have to leave a busy machine some
 * seconds, so these tests wait for most of their time.
 */
#include <unistd.h>

#include "suite.h"

/* The time that a request waits for others is not taken from its own. */
static void test_max_time_of_waiting(void **state)
{
	struct call running, queued;
	sd_bus *bus;
	int held;

	(void)state;
	bus = world_start_with_client(&w, "bos=40 held aside again", "[Limits]\nMaxTimeSec=9\n");
	call_start_held(&running, &w, bus, "Reclaim", w.victims[0],
			&(struct options){ .max_bytes = MIB });
	call_start(&queued, bus, "Reclaim", w.victims[1], NULL);
	settle(bus);
	/* Twice this is more than MaxTimeSec=, which leaves a busy machine 4 s. */
	sleep(5);
	check_ok(call_finish_held(&running));
	held = world_wait_held(&w);
	sleep(5);
	world_release(held);
	check_freed(call_finish_released(&w, &queued), 40 * MIB);
	assert_false(queued.reply.status & INTERRUPTED);
}

/* After MaxTimeSec=, the reply comes with INTERRUPTED even if the call is still running. */
static void test_max_time(void **state)
{
	struct call running, queued;
	sd_bus *bus;

	(void)state;
	/* The call has to be held before this time is over. */
	bus = world_start_held(&w, "held aside", "[Limits]\nMaxTimeSec=4\n", "Reclaim", &running);
	call_start(&queued, bus, "Reclaim", w.victims[1], NULL);
	check_ok(call_finish(&queued));
	assert_int_equal(queued.reply.status, INTERRUPTED);
	check_ok(call_finish(&running));
	assert_true(running.reply.status & INTERRUPTED);
	world_release(running.held);
	check_ok(reclaim(bus, w.victims[2], NULL));
}

/* The reply to a claim has what was done, and the user's next claim gets its turn. */
static void test_max_time_of_a_claim(void **state)
{
	struct call running;
	sd_bus *bus;

	(void)state;
	bus = world_start_with_client(&w, "evicted held aside wait", "[Limits]\nMaxTimeSec=4\n");
	/* The mock holds a prefetch after its first page, so there is something to report. */
	call_start_held(&running, &w, bus, "Claim", w.victims[0],
			&(struct options){ .prefetch = true });
	check_ok(call_finish(&running));
	assert_true(running.reply.status & INTERRUPTED);
	assert_int_equal(running.reply.remaining, 4 * MIB);
	check_ok(claim(bus, w.victims[0], NULL));
	assert_int_equal(resident(bus, w.victims[0]), 4 * MIB);
	world_release(running.held);
}

/* A claim that has to wait longer than its turn goes on in another one. */
static void test_claim_of_several_turns(void **state)
{
	sd_bus *bus;

	(void)state;
	bus = world_start_with_client(&w, "evicted locked=2", NULL);
	check_ok(claim(bus, w.victims[0], NULL));
	assert_int_equal(resident(bus, w.victims[0]), 4 * MIB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_max_time_of_waiting),
		TEST(test_max_time),
		TEST(test_max_time_of_a_claim),
		TEST(test_claim_of_several_turns),
	};

	return cmocka_run_group_tests_name("time limits", tests, NULL, NULL);
}
