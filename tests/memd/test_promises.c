/* SPDX-License-Identifier: MIT */
/*
 * Test the promises of docs/broker.rst while an operation is running: the mock holds a call of
 * the driver until the test releases it.
 */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "suite.h"

/* --- claims --------------------------------------------------------------- */

/* A claim ends earlier reclaims. */
static void test_claim_overtakes(void **state)
{
	struct call running, queued, last;
	sd_bus *bus, *other;

	(void)state;
	bus = world_start_held(&w, "bos=40 held aside", LENIENT, "Reclaim", &running);
	other = world_client(&w, world_me());
	call_start(&queued, other, "Reclaim", w.victims[0], &(struct options){ .max_bytes = MIB });
	settle(other);
	call_start(&last, bus, "Claim", w.victims[0], NULL);
	/* A reclaim that has not begun ends at once, whichever connection sent it. */
	check_not_begun(call_finish(&queued));
	assert_false(call_done(&last));
	check_ok(call_finish_held(&running));
	assert_true(running.reply.status & INTERRUPTED);
	assert_true(running.reply.freed < 20 * MIB);
	check_ok(call_finish(&last));
	assert_int_equal(last.reply.remaining, 0);
	assert_false(last.reply.status & INTERRUPTED);
	assert_int_equal(resident(bus, w.victims[0]), 40 * MIB);
}

/* The second pass of a claim undoes a slice that was running when the claim began. */
static void test_claim_waits_for_the_slice(void **state)
{
	struct call running, last;
	sd_bus *bus;

	(void)state;
	bus = world_start_held(&w, "bos=8 held aside", LENIENT, "Reclaim", &running);
	call_start(&last, bus, "Claim", w.victims[0], NULL);
	settle(bus);
	assert_false(call_done(&last));
	check_ok(call_finish_held(&running));
	check_ok(call_finish(&last));
	assert_int_equal(last.reply.remaining, 0);
	/* The second pass comes when the slice has ended, and not never. */
	assert_false(last.reply.status & INTERRUPTED);
	assert_int_equal(claim(bus, w.victims[0], NULL)->claimed, 0);
	assert_int_equal(resident(bus, w.victims[0]), 8 * MIB);
}

/* Both passes of a claim together have the limit of the caller. */
static void test_limit_of_both_passes(void **state)
{
	struct call running, last;
	sd_bus *bus;

	(void)state;
	bus = world_start_with_client(&w, "bos=8 held aside again", LENIENT);
	call_start_held(&running, &w, bus, "Reclaim", w.victims[0],
			&(struct options){ .max_bytes = 4 * MIB });
	check_freed(call_finish_held(&running), 4 * MIB);
	call_start_held(&running, &w, bus, "Reclaim", w.victims[0], NULL);
	call_start(&last, bus, "Claim", w.victims[0], &(struct options){ .max_bytes = 2 * MIB });
	settle(bus);
	world_release(running.held);
	check_ok(call_finish_released(&w, &running));
	check_ok(call_finish_released(&w, &last));
	assert_int_equal(last.reply.claimed, 2 * MIB);
	assert_true(last.reply.remaining >= 2 * MIB);
	assert_true(last.reply.status & DRM_PANTHOR_MEM_STATUS_CAPPED);
}

/* The newest request wins: a reclaim waits for an earlier claim. */
static void test_reclaim_waits_for_claim(void **state)
{
	struct call first, second;
	sd_bus *bus;

	(void)state;
	bus = world_start_held(&w, "bos=4 evicted held aside", LENIENT, "Claim", &first);
	call_start(&second, bus, "Reclaim", w.victims[0], NULL);
	settle(bus);
	assert_false(call_done(&second));
	assert_false(call_done(&first));
	check_ok(call_finish_held(&first));
	assert_int_equal(first.reply.claimed, 4 * MIB);
	check_freed(call_finish(&second), 4 * MIB);
	assert_false(second.reply.status & INTERRUPTED);
}

/* A process of the world, until it gets SIGCONT. */
static void pause_process(pid_t pid)
{
	int status;

	kill(pid, SIGSTOP);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
}

/*
 * A claim also ends a reclaim that came before it but whose connection was still unknown, because
 * the bus had not reported its user.
 */
static void test_reclaim_of_unknown_user(void **state)
{
	struct call first, last;
	sd_bus *bus, *other;

	(void)state;
	bus = world_start_with_client(&w, "evicted", LENIENT "[Broker]\nLogLevel=debug\n");
	assert_int_equal(resident(bus, w.victims[1]), 4 * MIB);
	other = world_client(&w, world_me());
	pause_process(w.memd);
	call_start(&first, other, "Reclaim", w.victims[1], NULL);
	settle_bus(other);
	call_start(&last, bus, "Claim", w.victims[1], NULL);
	settle_bus(bus);
	pause_process(w.bus);
	kill(w.memd, SIGCONT);
	world_wait_log(&w, ": claim of");
	kill(w.bus, SIGCONT);
	check_ok(call_finish(&last));
	check_not_begun(call_finish(&first));
	assert_int_equal(resident(bus, w.victims[1]), 4 * MIB);
}

/* The device is removed when a claim waits for its second pass. */
static void test_device_goes_between_passes(void **state)
{
	struct call running, last;
	const struct reply *r;
	sd_bus *bus;

	(void)state;
	bus = world_start_held(&w, "bos=8 held aside", LENIENT, "Reclaim", &running);
	call_start(&last, bus, "Claim", w.victims[0], NULL);
	settle(bus);
	assert_false(call_done(&last));
	world_remove_device(&w, "renderD128");
	world_wait_log(&w, "renderD128 is gone");
	call_finish_held(&running);
	r = call_finish(&last);
	assert_string_equal(*r->error ? r->error : r->soft, "NoDevice");
}

/* --- interrupted calls ---------------------------------------------------- */

/* Cancel ends a call of the driver that would take long. The mock is never released. */
static void test_cancel_in_a_buffer(void **state)
{
	struct call running;
	sd_bus *bus;

	(void)state;
	bus = world_start_held(&w, "bos=2 mib=8 held aside wait", LENIENT, "Reclaim", &running);
	assert_int_equal(cancel(bus, w.victims[0]), 1);
	check_ok(call_finish(&running));
	assert_true(running.reply.status & INTERRUPTED);
	assert_true(running.reply.freed < 8 * MIB);
	/* If the call still ran, this one would only wait. */
	check_freed(reclaim(bus, w.victims[1], NULL), 16 * MIB);
	world_release(running.held);
}

/* A slice that takes more swap than SwapReserve= allows is ended. */
static void test_swap_reserve_in_a_buffer(void **state)
{
	struct call running;
	sd_bus *bus;

	(void)state;
	bus = world_start_held(&w, "bos=2 mib=8 held aside wait fills", LENIENT, "Reclaim",
			       &running);
	check_ok(call_finish(&running));
	assert_true(running.reply.status & DRM_PANTHOR_MEM_STATUS_SWAP_FULL);
	assert_false(running.reply.status & INTERRUPTED);
	check_error(reclaim(bus, w.victims[1], NULL), "SwapFull", "0 MiB of swap are free");
	world_release(running.held);
}

/* A claim that does not come through panthor-memd ends a reclaim, too, and not only a slice. */
static void test_claim_of_others(void **state)
{
	struct call running;
	sd_bus *bus;

	(void)state;
	bus = world_start_held(&w, "bos=40 held aside interrupt", LENIENT, "Reclaim", &running);
	check_ok(call_finish_held(&running));
	assert_int_equal(running.reply.status & INTERRUPTED, INTERRUPTED);
	assert_true(running.reply.freed < 16 * MIB);
	assert_true(resident(bus, w.victims[0]) > 24 * MIB);
}

/* A claim of a closed connection ends, and the next claim of the user gets its turn. */
static void test_disconnect_in_a_claim(void **state)
{
	struct call running, next;
	sd_bus *bus, *other;

	(void)state;
	bus = world_start_held(&w, "evicted held aside wait", LENIENT, "Claim", &running);
	other = world_client(&w, world_me());
	call_start(&next, other, "Claim", w.victims[1], NULL);
	settle(other);
	call_forget(&running);
	world_disconnect(&w, bus);
	check_ok(call_finish(&next));
	assert_int_equal(next.reply.status, 0);
	/* One page was read when it ended. */
	assert_true(resident(other, w.victims[0]) < MIB);
	world_release(running.held);
}

/* --- cancelled requests --------------------------------------------------- */

/* Cancel a waiting and a running reclaim. */
static void test_cancel(void **state)
{
	struct call running, queued, others;
	sd_bus *bus, *other;

	(void)state;
	bus = world_start_held(&w, "bos=40 held aside", LENIENT, "Reclaim", &running);
	other = world_client(&w, world_me());
	call_start(&queued, bus, "Reclaim", w.victims[1], NULL);
	call_start(&others, other, "Reclaim", w.victims[1], NULL);
	settle(bus);
	settle(other);
	assert_int_equal(cancel(bus, w.victims[2]), 0);
	assert_int_equal(cancel_id(bus, w.victims[1], world_id(w.victims[1]) + 1), 0);
	assert_int_equal(cancel(bus, w.victims[1]), 1);
	check_not_begun(call_finish(&queued));
	assert_int_equal(cancel(bus, w.victims[0]), 1);
	/* The current slice is completed. */
	check_freed(call_finish_held(&running), 16 * MIB);
	assert_true(running.reply.status & INTERRUPTED);
	/* The request of another connection is not cancelled. */
	check_freed(call_finish(&others), 40 * MIB);
}

/* Who wants no reply to Cancel still cancels. */
static void test_cancel_without_reply(void **state)
{
	struct call running, queued;
	sd_bus_message *m = NULL;
	sd_bus *bus;

	(void)state;
	bus = world_start_held(&w, "held aside", LENIENT, "Reclaim", &running);
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
	check_ok(call_finish_held(&running));
}

/* A running claim goes on. */
static void test_cancel_claim(void **state)
{
	struct call running;
	sd_bus *bus;

	(void)state;
	bus = world_start_held(&w, "evicted held aside", LENIENT, "Claim", &running);
	assert_int_equal(cancel(bus, w.victims[0]), 0);
	check_ok(call_finish_held(&running));
	assert_int_equal(running.reply.claimed, 4 * MIB);
	assert_false(running.reply.status & INTERRUPTED);
}

/* A reclaim waits for a claim until that is cancelled, or its connection is closed. */
static void test_claim_is_withdrawn(void **state)
{
	struct call first, second, later;
	sd_bus *bus, *other;

	(void)state;
	other = world_start_held(&w, "evicted held aside", LENIENT, "Claim", &first);
	bus = world_client(&w, world_me());
	/* Only one claim of a user runs at a time. */
	call_start(&second, bus, "Claim", w.victims[1], NULL);
	settle(bus);
	call_start(&later, other, "Reclaim", w.victims[1], NULL);
	settle(other);
	assert_false(call_done(&later));
	assert_int_equal(cancel(bus, w.victims[1]), 1);
	check_ok(call_finish(&second));
	check_freed(call_finish(&later), 4 * MIB);
	call_start(&second, bus, "Claim", w.victims[2], NULL);
	settle(bus);
	call_start(&later, other, "Reclaim", w.victims[2], NULL);
	settle(other);
	assert_false(call_done(&later));
	call_forget(&second);
	world_disconnect(&w, bus);
	check_freed(call_finish(&later), 4 * MIB);
	assert_false(call_done(&first));
	check_ok(call_finish_held(&first));
}

/* Nothing more is reclaimed for a closed connection. */
static void test_disconnect(void **state)
{
	struct call running, queued;
	sd_bus *bus, *watcher;

	(void)state;
	bus = world_start_held(&w, "bos=40 held aside", LENIENT, "Reclaim", &running);
	watcher = world_client(&w, world_me());
	call_start(&queued, bus, "Reclaim", w.victims[1], NULL);
	settle(bus);
	call_forget(&running);
	call_forget(&queued);
	world_disconnect(&w, bus);
	settle(watcher);
	world_release(running.held);
	/* One slice of the first, nothing of the second. */
	assert_int_equal(resident(watcher, w.victims[1]), 40 * MIB);
	assert_int_equal(resident(watcher, w.victims[0]), 24 * MIB);
}

/* --- the end -------------------------------------------------------------- */

/* The process exits during a reclaim. */
static void test_process_ends(void **state)
{
	struct call running, queued;
	const struct reply *r;
	uint64_t id;
	sd_bus *bus;
	pid_t pid;

	(void)state;
	bus = world_start_held(&w, "bos=40 held aside", LENIENT, "Reclaim", &running);
	call_start(&queued, bus, "Reclaim", w.victims[1], NULL);
	settle(bus);
	pid = w.victims[0];
	id = world_id(pid);
	world_end_victim(&w, 0);
	world_end_victim(&w, 1);
	/* The reply has the counts of the work that was done, and the error that ended it. */
	r = call_finish_held(&running);
	assert_string_equal(r->error, "");
	assert_string_equal(r->soft, "NoSuchProcess");
	assert_true(r->freed >= MIB);
	check_error(call_finish(&queued), "NoSuchProcess", "exited");
	check_error(reclaim_id(bus, pid, id), "NoSuchProcess", "another process");
}

/* The device is removed during a reclaim. */
static void test_device_goes(void **state)
{
	sd_bus *bus;

	(void)state;
	bus = world_start_with_client(&w, "bos=40 unplug", LENIENT);
	reclaim(bus, w.victims[0], NULL);
	check_error(reclaim(bus, w.victims[0], NULL), "NoDevice", "panthor");
	world_wait_log(&w, "renderD128 is gone");
}

/* On SIGTERM, waiting requests are refused, and the running slice is completed. */
static void test_sigterm(void **state)
{
	struct call running, queued;
	const struct reply *r;
	sd_bus *bus;

	(void)state;
	bus = world_start_held(&w, "bos=8 held aside", LENIENT, "Reclaim", &running);
	call_start(&queued, bus, "Reclaim", w.victims[1], NULL);
	settle(bus);
	kill(w.memd, SIGTERM);
	check_error(call_finish(&queued), "Cancelled", "try again");
	r = call_finish_held(&running);
	/* On a very busy machine, panthor-memd may give up after its second of waiting. */
	if (*r->error)
		assert_string_equal(r->error, "NoReply");
	else
		assert_int_equal(r->freed, 8 * MIB);
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
	bus = world_start_held(&w, "bos=40 held", LENIENT, "Reclaim", &running);
	world_release(running.held);
	world_end_memd(&w, SIGKILL);
	call_finish(&running);
	if (*running.reply.error)
		assert_string_equal(running.reply.error, "NoReply");
	world_start_memd(&w, &s);
	check_ok(reclaim(bus, w.victims[0], NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_claim_overtakes),
		TEST(test_claim_waits_for_the_slice),
		TEST(test_limit_of_both_passes),
		TEST(test_reclaim_waits_for_claim),
		TEST(test_reclaim_of_unknown_user),
		TEST(test_device_goes_between_passes),
		TEST(test_cancel_in_a_buffer),
		TEST(test_swap_reserve_in_a_buffer),
		TEST(test_claim_of_others),
		TEST(test_disconnect_in_a_claim),
		TEST(test_cancel),
		TEST(test_cancel_without_reply),
		TEST(test_cancel_claim),
		TEST(test_claim_is_withdrawn),
		TEST(test_disconnect),
		TEST(test_process_ends),
		TEST(test_device_goes),
		TEST(test_sigterm),
		TEST(test_killed),
	};

	return cmocka_run_group_tests_name("promises", tests, NULL, NULL);
}
