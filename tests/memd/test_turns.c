/* SPDX-License-Identifier: MIT */
/*
 * Test how requests share the device: equal ones are done once, and users take turns. The mock
 * holds a call of the driver until the test releases it.
 */
#include <stdio.h>
#include <string.h>

#include "suite.h"

/* --- equal requests ------------------------------------------------------- */

/* Two equal requests are done once. */
static void test_equal_requests(void **state)
{
	struct call running, first, second, third;
	sd_bus *bus, *other;

	(void)state;
	bus = world_start_held(&w, "held aside", LENIENT, "Reclaim", &running);
	other = world_client(&w, world_me());
	call_start(&first, bus, "Reclaim", w.victims[1], NULL);
	call_start(&second, other, "Reclaim", w.victims[1], NULL);
	/* This one differs by its limit. */
	call_start(&third, other, "Reclaim", w.victims[1],
		   &(struct options){ .max_bytes = 1000 * MIB });
	settle(other);
	check_ok(call_finish_held(&running));
	check_freed(call_finish(&first), 4 * MIB);
	check_freed(call_finish(&second), 4 * MIB);
	check_freed(call_finish(&third), 0);
}

/* Requests with different options are done one by one. */
static void test_unequal_requests(void **state)
{
	static const struct options options[] = {
		{ .dry_run = true }, { .no_pageout = true }, { .max_bytes = 0 },
	};
	struct call running, calls[3];
	sd_bus *bus;
	int i;

	(void)state;
	bus = world_start_held(&w, "held aside", LENIENT, "Reclaim", &running);
	for (i = 0; i < 3; i++)
		call_start(&calls[i], bus, "Reclaim", w.victims[1], &options[i]);
	settle(bus);
	check_ok(call_finish_held(&running));
	for (i = 0; i < 3; i++) {
		check_ok(call_finish(&calls[i]));
		assert_int_equal(calls[i].reply.evicted, 4 * MIB);
	}
	assert_int_equal(calls[0].reply.freed, 0);
	assert_int_equal(calls[1].reply.freed, 0);
	assert_int_equal(calls[2].reply.freed, 4 * MIB);
}

/* A claim ends earlier reclaims also if it is done together with an equal one before them. */
static void test_equal_claims(void **state)
{
	struct call running, first, between, second;
	sd_bus *bus;

	(void)state;
	bus = world_start_held(&w, "evicted held aside", LENIENT, "Claim", &running);
	call_start(&first, bus, "Claim", w.victims[1], NULL);
	call_start(&between, bus, "Reclaim", w.victims[1], NULL);
	settle(bus);
	assert_false(call_done(&between));
	call_start(&second, bus, "Claim", w.victims[1], NULL);
	settle(bus);
	assert_true(call_done(&between));
	check_not_begun(call_finish(&between));
	check_ok(call_finish_held(&running));
	check_ok(call_finish(&first));
	check_ok(call_finish(&second));
}

/* Cancelling one of two equal requests does not affect the other. */
static void test_equal_requests_one_cancelled(void **state)
{
	struct call running, first, second;
	sd_bus *bus, *other;

	(void)state;
	bus = world_start_held(&w, "held aside", LENIENT, "Reclaim", &running);
	other = world_client(&w, world_me());
	call_start(&first, bus, "Reclaim", w.victims[1], NULL);
	call_start(&second, other, "Reclaim", w.victims[1], NULL);
	settle(bus);
	settle(other);
	assert_int_equal(cancel(bus, w.victims[1]), 1);
	check_freed(call_finish(&first), 0);
	world_release(running.held);
	check_freed(call_finish(&second), 4 * MIB);
	check_ok(call_finish(&running));
}

/* The same when they run. */
static void test_equal_requests_one_cancelled_late(void **state)
{
	struct call running, first, second;
	sd_bus *bus, *other;
	int held;

	(void)state;
	bus = world_start_with_client(&w, "bos=40 held aside again", LENIENT);
	other = world_client(&w, world_me());
	call_start_held(&running, &w, bus, "Reclaim", w.victims[0],
			&(struct options){ .max_bytes = MIB });
	call_start(&first, bus, "Reclaim", w.victims[1], NULL);
	call_start(&second, other, "Reclaim", w.victims[1], NULL);
	settle(bus);
	settle(other);
	world_release_and_wait(&w, running.held);
	held = world_wait_held(&w);
	check_ok(call_finish(&running));
	assert_int_equal(cancel(bus, w.victims[1]), 1);
	check_ok(call_finish(&first));
	assert_int_equal(first.reply.status, INTERRUPTED);
	world_release(held);
	check_freed(call_finish_released(&w, &second), 40 * MIB);
	assert_false(second.reply.status & INTERRUPTED);
}

/* --- turns ---------------------------------------------------------------- */

/* Connect UID_A and UID_SERVICE, who has the last victim, and hold a request of UID_A. */
static void start_two_users(const char *words, const char *method, struct call *running,
			    sd_bus **bus, sd_bus **other)
{
	static const int uids[VICTIMS] = { UID_A, UID_A, UID_A, UID_SERVICE };

	world_start(&w, &(struct setup){ .words = words, .uids = uids, .config = LENIENT });
	*bus = world_client(&w, UID_A);
	*other = world_client(&w, UID_SERVICE);
	call_start_held(running, &w, *bus, method, w.victims[0], NULL);
}

/* A claim does not wait for the claims of another user. */
static void test_turns(void **state)
{
	struct call held_claim, more[3], others;
	sd_bus *bus, *other;
	int i;

	(void)state;
	NEEDS_USERS();
	start_two_users("evicted held aside", "Claim", &held_claim, &bus, &other);
	for (i = 0; i < 3; i++)
		call_start(&more[i], bus, "Claim", w.victims[(i + 1) % 3], NULL);
	settle(bus);
	call_start(&others, other, "Claim", w.victims[3], NULL);
	check_ok(call_finish(&others));
	for (i = 0; i < 3; i++)
		assert_false(call_done(&more[i]));
	check_ok(call_finish_held(&held_claim));
	for (i = 0; i < 3; i++)
		check_ok(call_finish(&more[i]));
}

/* Users whose reclaims wait are served in turn. */
static void test_turns_of_reclaims(void **state)
{
	struct call running, first, second, others;
	sd_bus *bus, *other;

	(void)state;
	NEEDS_USERS();
	start_two_users("held aside again", "Reclaim", &running, &bus, &other);
	call_start(&first, bus, "Reclaim", w.victims[1], NULL);
	call_start(&second, bus, "Reclaim", w.victims[2], NULL);
	settle(bus);
	call_start(&others, other, "Reclaim", w.victims[3], NULL);
	settle(other);
	check_ok(call_finish_held(&running));
	/* The other user is served next, although its request came last. */
	world_release(world_wait_held(&w));
	check_ok(call_finish(&others));
	assert_false(call_done(&first));
	world_release(world_wait_held(&w));
	check_ok(call_finish(&first));
	world_release(world_wait_held(&w));
	check_ok(call_finish(&second));
}

/* A long reclaim does not keep the device: users take turns after each slice. */
static void test_turns_of_slices(void **state)
{
	struct call longer, others;
	sd_bus *bus, *other;
	int held;

	(void)state;
	NEEDS_USERS();
	start_two_users("bos=40 held aside again", "Reclaim", &longer, &bus, &other);
	call_start(&others, other, "Reclaim", w.victims[3], &(struct options){ .max_bytes = MIB });
	settle(other);
	world_release_and_wait(&w, longer.held);
	/* This is the slice of the other user, and the next one is of the long reclaim again. */
	world_release_and_wait(&w, world_wait_held(&w));
	held = world_wait_held(&w);
	settle(other);
	assert_true(call_done(&others));
	check_freed(call_finish(&others), MIB);
	assert_false(call_done(&longer));
	world_release_and_wait(&w, held);
	world_release(world_wait_held(&w));
	check_freed(call_finish(&longer), 40 * MIB);
	assert_false(longer.reply.status & INTERRUPTED);
}

/* A reclaim that waits for what is locked does not keep the device, either. */
static void test_turns_of_waits(void **state)
{
	static const int uids[VICTIMS] = { UID_A, UID_A, UID_A, UID_SERVICE };
	const struct options wait = { .wait_usec = 1000000 };
	struct call running, waiting, others;
	char first[64], second[64];
	sd_bus *bus, *other;

	(void)state;
	NEEDS_USERS();
	world_start(&w, &(struct setup){ .words = "held aside locked=1", .uids = uids,
					 .config = LENIENT "[Broker]\nLogLevel=debug\n" });
	bus = world_client(&w, UID_A);
	other = world_client(&w, UID_SERVICE);
	call_start_held(&running, &w, other, "Reclaim", w.victims[3],
			&(struct options){ .max_bytes = MIB });
	call_start(&waiting, bus, "Reclaim", w.victims[0], &wait);
	settle(bus);
	call_start(&others, other, "Reclaim", w.victims[3], NULL);
	settle(other);
	check_ok(call_finish_held(&running));
	check_ok(call_finish(&others));
	check_freed(call_finish(&waiting), 4 * MIB);
	assert_false(waiting.reply.status & DRM_PANTHOR_MEM_STATUS_BUSY);
	/* UID_A was served first, but finished last. */
	snprintf(first, sizeof(first), "reclaim of %d for UID %d: ok, %d bytes", w.victims[3],
		 UID_SERVICE, (int)(3 * MIB));
	snprintf(second, sizeof(second), "reclaim of %d for", w.victims[0]);
	assert_non_null(strstr(world_log(&w), first));
	assert_non_null(strstr(strstr(world_log(&w), first), second));
}

/*
 * Start a long reclaim of UID_A, and one of UID_SERVICE. Returns when the first slice of the
 * latter is held, and the long reclaim waits with 16 MiB done.
 */
static int start_between_slices(struct call *longer, struct call *others, sd_bus **bus,
				sd_bus **other)
{
	start_two_users("bos=40 held aside again", "Reclaim", longer, bus, other);
	call_start(others, *other, "Reclaim", w.victims[3], NULL);
	settle(*other);
	world_release_and_wait(&w, longer->held);
	return world_wait_held(&w);
}

/* A request that comes after the first slice does not get what was done before it. */
static void test_equal_request_comes_late(void **state)
{
	struct call longer, later, others;
	sd_bus *bus, *other;
	int held;

	(void)state;
	NEEDS_USERS();
	held = start_between_slices(&longer, &others, &bus, &other);
	call_start(&later, bus, "Reclaim", w.victims[0], NULL);
	settle(bus);
	world_release(held);
	check_freed(call_finish_released(&w, &longer), 40 * MIB);
	check_freed(call_finish_released(&w, &later), 0);
	check_ok(call_finish_released(&w, &others));
}

/* Cancel, and a claim, when a reclaim waits for its next slice. */
static void test_between_slices(void **state)
{
	struct call longer, later, others, last;
	sd_bus *bus, *other;
	int held;

	(void)state;
	NEEDS_USERS();
	held = start_between_slices(&longer, &others, &bus, &other);
	assert_int_equal(cancel(bus, w.victims[0]), 1);
	check_freed(call_finish(&longer), 16 * MIB);
	assert_true(longer.reply.status & INTERRUPTED);
	call_start(&later, bus, "Reclaim", w.victims[1], NULL);
	settle(bus);
	world_release_and_wait(&w, held);
	held = world_wait_held(&w);
	/* Now the other user's reclaim waits, and its own claim ends it. */
	call_start(&last, other, "Claim", w.victims[3], NULL);
	check_freed(call_finish(&others), 16 * MIB);
	assert_true(others.reply.status & INTERRUPTED);
	world_release(held);
	check_ok(call_finish_released(&w, &last));
	assert_int_equal(last.reply.claimed, 16 * MIB);
	check_freed(call_finish_released(&w, &later), 40 * MIB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_equal_requests),
		TEST(test_unequal_requests),
		TEST(test_equal_claims),
		TEST(test_equal_requests_one_cancelled),
		TEST(test_equal_requests_one_cancelled_late),
		TEST(test_turns),
		TEST(test_turns_of_reclaims),
		TEST(test_turns_of_slices),
		TEST(test_turns_of_waits),
		TEST(test_equal_request_comes_late),
		TEST(test_between_slices),
	};

	return cmocka_run_group_tests_name("turns", tests, NULL, NULL);
}
