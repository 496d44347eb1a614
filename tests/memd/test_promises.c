/* SPDX-License-Identifier: MIT */
/*
 * Test the promises of docs/broker.rst while an operation is running: the mock holds a call of
 * the driver until the test releases it.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <panthor_mem.h>

#include "world.h"

#define INTERRUPTED DRM_PANTHOR_MEM_STATUS_INTERRUPTED

static struct world w;

static int stop(void **state)
{
	(void)state;
	world_stop(&w);
	return 0;
}

/* Returns a client, connected to the bus. */
static sd_bus *start(const char *words)
{
	world_start(&w, &(struct setup){ .words = words, .config = LENIENT });
	return world_client(&w, world_me());
}

/* A claim ends earlier reclaims. */
static void test_claim_overtakes(void **state)
{
	struct call running, queued, last;
	sd_bus *bus, *other;
	int held;

	(void)state;
	bus = start("bos=40 held aside");
	other = world_client(&w, world_me());
	call_start(&running, bus, "Reclaim", w.victims[0], NULL);
	held = world_wait_held(&w);
	call_start(&queued, other, "Reclaim", w.victims[0],
		   &(struct options){ .max_bytes = MIB });
	settle(other);
	call_start(&last, bus, "Claim", w.victims[0], NULL);
	/* A reclaim that has not begun ends at once, whichever connection sent it. */
	check_ok(call_finish(&queued));
	assert_int_equal(queued.reply.freed, 0);
	assert_int_equal(queued.reply.status, INTERRUPTED);
	assert_false(call_done(&last));
	world_release(held);
	check_ok(call_finish(&running));
	assert_true(running.reply.status & INTERRUPTED);
	assert_true(running.reply.freed < 20 * MIB);
	check_ok(call_finish(&last));
	assert_int_equal(last.reply.remaining, 0);
	/* Everything is resident: a dry run would evict all of it. */
	assert_int_equal(reclaim(bus, w.victims[0], &(struct options){ .dry_run = true })->evicted,
			 40 * MIB);
}

/* The second pass of a claim undoes a slice that was running when the claim began. */
static void test_claim_waits_for_the_slice(void **state)
{
	struct call running, last;
	sd_bus *bus;
	int held;

	(void)state;
	bus = start("bos=8 held aside");
	call_start(&running, bus, "Reclaim", w.victims[0], NULL);
	held = world_wait_held(&w);
	call_start(&last, bus, "Claim", w.victims[0], NULL);
	settle(bus);
	assert_false(call_done(&last));
	world_release(held);
	check_ok(call_finish(&last));
	check_ok(call_finish(&running));
	assert_int_equal(last.reply.remaining, 0);
	assert_int_equal(reclaim(bus, w.victims[0], &(struct options){ .dry_run = true })->evicted,
			 8 * MIB);
}

/* Both passes of a claim together have the limit of the caller. */
static void test_limit_of_both_passes(void **state)
{
	struct call running, last;
	sd_bus *bus;
	int held;

	(void)state;
	bus = start("bos=8 held aside again");
	call_start(&running, bus, "Reclaim", w.victims[0],
		   &(struct options){ .max_bytes = 4 * MIB });
	world_release(world_wait_held(&w));
	check_ok(call_finish(&running));
	assert_int_equal(running.reply.freed, 4 * MIB);
	call_start(&running, bus, "Reclaim", w.victims[0], NULL);
	held = world_wait_held(&w);
	call_start(&last, bus, "Claim", w.victims[0],
		   &(struct options){ .max_bytes = 2 * MIB });
	settle(bus);
	world_release(held);
	check_ok(call_finish_released(&w, &running));
	check_ok(call_finish_released(&w, &last));
	assert_int_equal(last.reply.claimed, 2 * MIB);
	assert_true(last.reply.remaining >= 2 * MIB);
	assert_true(last.reply.status & DRM_PANTHOR_MEM_STATUS_CAPPED);
}

/* Cancel a waiting and a running reclaim. */
static void test_cancel(void **state)
{
	struct call running, queued, others;
	sd_bus *bus, *other;
	int held;

	(void)state;
	bus = start("bos=40 held aside");
	other = world_client(&w, world_me());
	call_start(&running, bus, "Reclaim", w.victims[0], NULL);
	held = world_wait_held(&w);
	call_start(&queued, bus, "Reclaim", w.victims[1], NULL);
	call_start(&others, other, "Reclaim", w.victims[1], NULL);
	settle(bus);
	settle(other);
	assert_int_equal(cancel(bus, w.victims[2]), 0);
	assert_int_equal(cancel_id(bus, w.victims[1], world_id(w.victims[1]) + 1), 0);
	assert_int_equal(cancel(bus, w.victims[1]), 1);
	check_ok(call_finish(&queued));
	assert_int_equal(queued.reply.status, INTERRUPTED);
	assert_int_equal(queued.reply.freed, 0);
	assert_int_equal(cancel(bus, w.victims[0]), 1);
	world_release(held);
	check_ok(call_finish(&running));
	/* The current slice is completed. */
	assert_int_equal(running.reply.freed, 16 * MIB);
	assert_true(running.reply.status & INTERRUPTED);
	/* The request of another connection is not cancelled. */
	check_ok(call_finish(&others));
	assert_int_equal(others.reply.freed, 40 * MIB);
}

/* Who wants no reply to Cancel still cancels. */
static void test_cancel_without_reply(void **state)
{
	struct call running, queued;
	sd_bus_message *m = NULL;
	sd_bus *bus;
	int held;

	(void)state;
	bus = start("held aside");
	call_start(&running, bus, "Reclaim", w.victims[0], NULL);
	held = world_wait_held(&w);
	call_start(&queued, bus, "Reclaim", w.victims[1], NULL);
	assert_true(sd_bus_message_new_method_call(bus, &m, BROKER_NAME, BROKER_PATH, BROKER_NAME,
						   "Cancel") >= 0);
	assert_true(sd_bus_message_append(m, "ut", (uint32_t)w.victims[1],
					  world_id(w.victims[1])) >= 0);
	/* Without a cookie, sd-bus asks for no reply. */
	assert_true(sd_bus_send(bus, m, NULL) >= 0);
	sd_bus_message_unref(m);
	settle(bus);
	assert_true(call_done(&queued));
	assert_int_equal(call_finish(&queued)->status, INTERRUPTED);
	world_release(held);
	check_ok(call_finish(&running));
}

/* A running claim goes on. */
static void test_cancel_claim(void **state)
{
	struct call running;
	sd_bus *bus;
	int held;

	(void)state;
	bus = start("evicted held aside");
	call_start(&running, bus, "Claim", w.victims[0], NULL);
	held = world_wait_held(&w);
	assert_int_equal(cancel(bus, w.victims[0]), 0);
	world_release(held);
	check_ok(call_finish(&running));
	assert_int_equal(running.reply.claimed, 4 * MIB);
	assert_false(running.reply.status & INTERRUPTED);
}

/* A reclaim waits for a claim until that is cancelled, or its connection is closed. */
static void test_claim_is_withdrawn(void **state)
{
	struct call first, second, later;
	sd_bus *bus, *other;
	int held;

	(void)state;
	bus = start("evicted held aside");
	other = world_client(&w, world_me());
	call_start(&first, other, "Claim", w.victims[0], NULL);
	held = world_wait_held(&w);
	/* Only one claim of a user runs at a time. */
	call_start(&second, bus, "Claim", w.victims[1], NULL);
	settle(bus);
	call_start(&later, other, "Reclaim", w.victims[1], NULL);
	settle(other);
	assert_false(call_done(&later));
	assert_int_equal(cancel(bus, w.victims[1]), 1);
	check_ok(call_finish(&second));
	check_ok(call_finish(&later));
	assert_int_equal(later.reply.freed, 4 * MIB);
	call_start(&second, bus, "Claim", w.victims[2], NULL);
	settle(bus);
	call_start(&later, other, "Reclaim", w.victims[2], NULL);
	settle(other);
	assert_false(call_done(&later));
	call_forget(&second);
	world_disconnect(&w, bus);
	check_ok(call_finish(&later));
	assert_int_equal(later.reply.freed, 4 * MIB);
	assert_false(call_done(&first));
	world_release(held);
	check_ok(call_finish(&first));
}

/* Nothing more is reclaimed for a closed connection. */
static void test_disconnect(void **state)
{
	struct call running, queued;
	sd_bus *bus, *watcher;
	int held;

	(void)state;
	bus = start("bos=40 held aside");
	watcher = world_client(&w, world_me());
	call_start(&running, bus, "Reclaim", w.victims[0], NULL);
	held = world_wait_held(&w);
	call_start(&queued, bus, "Reclaim", w.victims[1], NULL);
	settle(bus);
	call_forget(&running);
	call_forget(&queued);
	world_disconnect(&w, bus);
	settle(watcher);
	world_release(held);
	/* One slice of the first, nothing of the second. */
	assert_int_equal(reclaim(watcher, w.victims[1],
				 &(struct options){ .dry_run = true })->evicted, 40 * MIB);
	assert_int_equal(reclaim(watcher, w.victims[0],
				 &(struct options){ .dry_run = true })->evicted, 24 * MIB);
}

/* The newest request wins: a reclaim waits for an earlier claim. */
static void test_reclaim_waits_for_claim(void **state)
{
	struct call first, second;
	sd_bus *bus;
	int held;

	(void)state;
	bus = start("bos=4 evicted held aside");
	call_start(&first, bus, "Claim", w.victims[0], NULL);
	held = world_wait_held(&w);
	call_start(&second, bus, "Reclaim", w.victims[0], NULL);
	settle(bus);
	assert_false(call_done(&second));
	assert_false(call_done(&first));
	world_release(held);
	check_ok(call_finish(&first));
	assert_int_equal(first.reply.claimed, 4 * MIB);
	check_ok(call_finish(&second));
	assert_int_equal(second.reply.freed, 4 * MIB);
	assert_false(second.reply.status & INTERRUPTED);
}

/* Two equal requests are done once. */
static void test_equal_requests(void **state)
{
	struct call running, first, second, third;
	sd_bus *bus, *other;
	int held;

	(void)state;
	bus = start("held aside");
	other = world_client(&w, world_me());
	call_start(&running, bus, "Reclaim", w.victims[0], NULL);
	held = world_wait_held(&w);
	call_start(&first, bus, "Reclaim", w.victims[1], NULL);
	call_start(&second, other, "Reclaim", w.victims[1], NULL);
	/* This one differs by its limit. */
	call_start(&third, other, "Reclaim", w.victims[1],
		   &(struct options){ .max_bytes = 1000 * MIB });
	settle(other);
	world_release(held);
	check_ok(call_finish(&running));
	check_ok(call_finish(&first));
	check_ok(call_finish(&second));
	check_ok(call_finish(&third));
	assert_int_equal(first.reply.freed, 4 * MIB);
	assert_int_equal(second.reply.freed, 4 * MIB);
	assert_int_equal(third.reply.freed, 0);
}

/* Requests with different options are done one by one. */
static void test_unequal_requests(void **state)
{
	static const struct options options[] = {
		{ .dry_run = true }, { .no_pageout = true }, { .max_bytes = 0 },
	};
	struct call running, calls[3];
	sd_bus *bus;
	int held, i;

	(void)state;
	bus = start("held aside");
	call_start(&running, bus, "Reclaim", w.victims[0], NULL);
	held = world_wait_held(&w);
	for (i = 0; i < 3; i++)
		call_start(&calls[i], bus, "Reclaim", w.victims[1],
			   &options[i]);
	settle(bus);
	world_release(held);
	check_ok(call_finish(&running));
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
	int held;

	(void)state;
	bus = start("evicted held aside");
	call_start(&running, bus, "Claim", w.victims[0], NULL);
	held = world_wait_held(&w);
	call_start(&first, bus, "Claim", w.victims[1], NULL);
	call_start(&between, bus, "Reclaim", w.victims[1], NULL);
	settle(bus);
	assert_false(call_done(&between));
	call_start(&second, bus, "Claim", w.victims[1], NULL);
	settle(bus);
	assert_true(call_done(&between));
	assert_int_equal(call_finish(&between)->status, INTERRUPTED);
	assert_int_equal(between.reply.freed, 0);
	world_release(held);
	check_ok(call_finish(&running));
	check_ok(call_finish(&first));
	check_ok(call_finish(&second));
}

/* Cancelling one of two equal requests does not affect the other. */
static void test_equal_requests_one_cancelled(void **state)
{
	struct call running, first, second;
	sd_bus *bus, *other;
	int held;

	(void)state;
	bus = start("held aside");
	other = world_client(&w, world_me());
	call_start(&running, bus, "Reclaim", w.victims[0], NULL);
	held = world_wait_held(&w);
	call_start(&first, bus, "Reclaim", w.victims[1], NULL);
	call_start(&second, other, "Reclaim", w.victims[1], NULL);
	settle(bus);
	settle(other);
	assert_int_equal(cancel(bus, w.victims[1]), 1);
	check_ok(call_finish(&first));
	assert_int_equal(first.reply.freed, 0);
	world_release(held);
	check_ok(call_finish(&second));
	assert_int_equal(second.reply.freed, 4 * MIB);
	check_ok(call_finish(&running));
}

/* The same when they run. */
static void test_equal_requests_one_cancelled_late(void **state)
{
	struct call running, first, second;
	sd_bus *bus, *other;
	int held;

	(void)state;
	bus = start("bos=40 held aside again");
	other = world_client(&w, world_me());
	call_start(&running, bus, "Reclaim", w.victims[0],
		   &(struct options){ .max_bytes = MIB });
	held = world_wait_held(&w);
	call_start(&first, bus, "Reclaim", w.victims[1], NULL);
	call_start(&second, other, "Reclaim", w.victims[1], NULL);
	settle(bus);
	settle(other);
	world_release_and_wait(&w, held);
	held = world_wait_held(&w);
	check_ok(call_finish(&running));
	assert_int_equal(cancel(bus, w.victims[1]), 1);
	check_ok(call_finish(&first));
	assert_int_equal(first.reply.status, INTERRUPTED);
	world_release(held);
	check_ok(call_finish_released(&w, &second));
	assert_int_equal(second.reply.freed, 40 * MIB);
	assert_false(second.reply.status & INTERRUPTED);
}

/* A claim does not wait for the claims of another user. */
static void test_turns(void **state)
{
	static const int uids[VICTIMS] = { UID_A, UID_SERVICE, UID_A, UID_A };
	struct call held_claim, more[3], others;
	sd_bus *bus, *other;
	int held, i;

	(void)state;
	NEEDS_USERS();
	world_start(&w, &(struct setup){ .words = "evicted held aside", .uids = uids,
					 .config = LENIENT });
	bus = world_client(&w, UID_A);
	other = world_client(&w, UID_SERVICE);
	call_start(&held_claim, bus, "Claim", w.victims[0], NULL);
	held = world_wait_held(&w);
	call_start(&more[0], bus, "Claim", w.victims[2], NULL);
	call_start(&more[1], bus, "Claim", w.victims[3], NULL);
	call_start(&more[2], bus, "Claim", w.victims[0], NULL);
	settle(bus);
	call_start(&others, other, "Claim", w.victims[1], NULL);
	check_ok(call_finish(&others));
	for (i = 0; i < 3; i++)
		assert_false(call_done(&more[i]));
	world_release(held);
	check_ok(call_finish(&held_claim));
	for (i = 0; i < 3; i++)
		check_ok(call_finish(&more[i]));
}

/* Start panthor-memd, and connect UID_A, and UID_SERVICE, who has the last victim. */
static void start_two_users(const char *words, sd_bus **bus, sd_bus **other)
{
	static const int uids[VICTIMS] = { UID_A, UID_A, UID_A, UID_SERVICE };

	world_start(&w, &(struct setup){ .words = words, .uids = uids, .config = LENIENT });
	*bus = world_client(&w, UID_A);
	*other = world_client(&w, UID_SERVICE);
}

/* Users whose reclaims wait are served in turn. */
static void test_turns_of_reclaims(void **state)
{
	struct call running, first, second, others;
	sd_bus *bus, *other;
	int held;

	(void)state;
	NEEDS_USERS();
	start_two_users("held aside again", &bus, &other);
	call_start(&running, bus, "Reclaim", w.victims[0], NULL);
	held = world_wait_held(&w);
	call_start(&first, bus, "Reclaim", w.victims[1], NULL);
	call_start(&second, bus, "Reclaim", w.victims[2], NULL);
	settle(bus);
	call_start(&others, other, "Reclaim", w.victims[3], NULL);
	settle(other);
	world_release(held);
	check_ok(call_finish(&running));
	/* The other user is served next, although its request came last. */
	held = world_wait_held(&w);
	world_release(held);
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
	start_two_users("bos=40 held aside again", &bus, &other);
	call_start(&longer, bus, "Reclaim", w.victims[0], NULL);
	held = world_wait_held(&w);
	call_start(&others, other, "Reclaim", w.victims[3],
		   &(struct options){ .max_bytes = MIB });
	settle(other);
	world_release_and_wait(&w, held);
	/* This is the slice of the other user, and the next one is of the long reclaim again. */
	world_release_and_wait(&w, world_wait_held(&w));
	held = world_wait_held(&w);
	settle(other);
	assert_true(call_done(&others));
	check_ok(call_finish(&others));
	assert_int_equal(others.reply.freed, MIB);
	assert_false(call_done(&longer));
	world_release_and_wait(&w, held);
	world_release(world_wait_held(&w));
	check_ok(call_finish(&longer));
	assert_int_equal(longer.reply.freed, 40 * MIB);
	assert_false(longer.reply.status & INTERRUPTED);
}

/* A request that comes after the first slice does not get what was done before it. */
static void test_equal_request_comes_late(void **state)
{
	struct call longer, later, others;
	sd_bus *bus, *other;
	int held;

	(void)state;
	NEEDS_USERS();
	start_two_users("bos=40 held aside again", &bus, &other);
	call_start(&longer, bus, "Reclaim", w.victims[0], NULL);
	held = world_wait_held(&w);
	call_start(&others, other, "Reclaim", w.victims[3], NULL);
	settle(other);
	world_release_and_wait(&w, held);
	/* The other user's first slice runs, and the long reclaim waits with 16 MiB done. */
	held = world_wait_held(&w);
	call_start(&later, bus, "Reclaim", w.victims[0], NULL);
	settle(bus);
	world_release(held);
	check_ok(call_finish_released(&w, &longer));
	assert_int_equal(longer.reply.freed, 40 * MIB);
	check_ok(call_finish_released(&w, &later));
	assert_int_equal(later.reply.freed, 0);
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
	start_two_users("bos=40 held aside again", &bus, &other);
	call_start(&longer, bus, "Reclaim", w.victims[0], NULL);
	held = world_wait_held(&w);
	call_start(&others, other, "Reclaim", w.victims[3], NULL);
	settle(other);
	world_release_and_wait(&w, held);
	/* The other user's first slice runs, and the long reclaim waits with 16 MiB done. */
	held = world_wait_held(&w);
	assert_int_equal(cancel(bus, w.victims[0]), 1);
	check_ok(call_finish(&longer));
	assert_int_equal(longer.reply.freed, 16 * MIB);
	assert_true(longer.reply.status & INTERRUPTED);
	call_start(&later, bus, "Reclaim", w.victims[1], NULL);
	settle(bus);
	world_release_and_wait(&w, held);
	held = world_wait_held(&w);
	/* Now the other user's reclaim waits, and its own claim ends it. */
	call_start(&last, other, "Claim", w.victims[3], NULL);
	check_ok(call_finish(&others));
	assert_int_equal(others.reply.freed, 16 * MIB);
	assert_true(others.reply.status & INTERRUPTED);
	world_release(held);
	check_ok(call_finish_released(&w, &last));
	assert_int_equal(last.reply.claimed, 16 * MIB);
	check_ok(call_finish_released(&w, &later));
	assert_int_equal(later.reply.freed, 40 * MIB);
}

/* The time that a request waits for others is not taken from its own. */
static void test_max_time_of_waiting(void **state)
{
	struct call running, queued;
	sd_bus *bus;
	int held;

	(void)state;
	world_start(&w, &(struct setup){ .words = "bos=40 held aside again",
					 .config = "[Limits]\nMaxTimeSec=9\n" });
	bus = world_client(&w, world_me());
	call_start(&running, bus, "Reclaim", w.victims[0],
		   &(struct options){ .max_bytes = MIB });
	held = world_wait_held(&w);
	call_start(&queued, bus, "Reclaim", w.victims[1], NULL);
	settle(bus);
	/* Twice this is more than MaxTimeSec=, which leaves a busy machine 4 s. */
	sleep(5);
	world_release(held);
	check_ok(call_finish(&running));
	held = world_wait_held(&w);
	sleep(5);
	world_release(held);
	check_ok(call_finish_released(&w, &queued));
	assert_int_equal(queued.reply.freed, 40 * MIB);
	assert_false(queued.reply.status & INTERRUPTED);
}

/* After MaxTimeSec=, the reply comes with INTERRUPTED even if the call is still running. */
static void test_max_time(void **state)
{
	struct call running, queued;
	sd_bus *bus;
	int held;

	(void)state;
	world_start(&w, &(struct setup){ .words = "held aside",
					 .config = "[Limits]\nMaxTimeSec=1\n" });
	bus = world_client(&w, world_me());
	call_start(&running, bus, "Reclaim", w.victims[0], NULL);
	held = world_wait_held(&w);
	call_start(&queued, bus, "Reclaim", w.victims[1], NULL);
	check_ok(call_finish(&queued));
	assert_int_equal(queued.reply.status, INTERRUPTED);
	check_ok(call_finish(&running));
	assert_true(running.reply.status & INTERRUPTED);
	world_release(held);
	check_ok(reclaim(bus, w.victims[2], NULL));
}

/* The process exits during a reclaim. */
static void test_process_ends(void **state)
{
	struct call running, queued;
	uint64_t id;
	sd_bus *bus;
	int held;

	(void)state;
	bus = start("bos=40 held aside");
	call_start(&running, bus, "Reclaim", w.victims[0], NULL);
	held = world_wait_held(&w);
	call_start(&queued, bus, "Reclaim", w.victims[1], NULL);
	settle(bus);
	id = world_id(w.victims[0]);
	world_end_process(w.victims[0]);
	world_end_process(w.victims[1]);
	world_release(held);
	/* The reply has the counts of the work that was done, and the error that ended it. */
	call_finish(&running);
	assert_string_equal(running.reply.error, "");
	assert_string_equal(running.reply.soft, "NoSuchProcess");
	assert_true(running.reply.freed >= MIB);
	check_error(call_finish(&queued), "NoSuchProcess", "exited");
	check_error(reclaim_id(bus, w.victims[0], id), "NoSuchProcess", "another process");
	w.victims[0] = w.victims[1] = 0;
}

/* The device is removed during a reclaim. */
static void test_device_goes(void **state)
{
	sd_bus *bus;

	(void)state;
	bus = start("bos=40 unplug");
	reclaim(bus, w.victims[0], NULL);
	check_error(reclaim(bus, w.victims[0], NULL), "NoDevice", "panthor");
	world_wait_log(&w, "renderD128 is gone");
}

/* On SIGTERM, waiting requests are refused, and the running slice is completed. */
static void test_sigterm(void **state)
{
	struct call running, queued;
	sd_bus *bus;
	int held;

	(void)state;
	bus = start("bos=8 held aside");
	call_start(&running, bus, "Reclaim", w.victims[0], NULL);
	held = world_wait_held(&w);
	call_start(&queued, bus, "Reclaim", w.victims[1], NULL);
	settle(bus);
	kill(w.memd, SIGTERM);
	check_error(call_finish(&queued), "Cancelled", "try again");
	world_release(held);
	call_finish(&running);
	/* On a very busy machine, panthor-memd may give up after its second of waiting. */
	if (*running.reply.error)
		assert_string_equal(running.reply.error, "NoReply");
	else
		assert_int_equal(running.reply.freed, 8 * MIB);
	world_end_memd(&w, 0);
	assert_int_equal(w.memd_status, 0);
}

/* After SIGKILL, the caller gets a reply or an error, and a new panthor-memd works. */
static void test_killed(void **state)
{
	const struct setup s = { .words = "bos=40", .config = LENIENT };
	struct call running;
	sd_bus *bus;

	(void)state;
	bus = start("bos=40 held");
	call_start(&running, bus, "Reclaim", w.victims[0], NULL);
	world_release(world_wait_held(&w));
	world_end_memd(&w, SIGKILL);
	call_finish(&running);
	if (*running.reply.error)
		assert_string_equal(running.reply.error, "NoReply");
	world_start_memd(&w, &s);
	check_ok(reclaim(bus, w.victims[0], NULL));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, stop)
	const struct CMUnitTest tests[] = {
		TEST(test_claim_overtakes),
		TEST(test_claim_waits_for_the_slice),
		TEST(test_limit_of_both_passes),
		TEST(test_cancel),
		TEST(test_cancel_without_reply),
		TEST(test_cancel_claim),
		TEST(test_claim_is_withdrawn),
		TEST(test_disconnect),
		TEST(test_reclaim_waits_for_claim),
		TEST(test_equal_requests),
		TEST(test_unequal_requests),
		TEST(test_equal_claims),
		TEST(test_equal_requests_one_cancelled),
		TEST(test_equal_requests_one_cancelled_late),
		TEST(test_turns),
		TEST(test_turns_of_reclaims),
		TEST(test_turns_of_slices),
		TEST(test_equal_request_comes_late),
		TEST(test_between_slices),
		TEST(test_max_time_of_waiting),
		TEST(test_max_time),
		TEST(test_process_ends),
		TEST(test_device_goes),
		TEST(test_sigterm),
		TEST(test_killed),
	};

	return cmocka_run_group_tests_name("promises", tests, NULL, NULL);
}
