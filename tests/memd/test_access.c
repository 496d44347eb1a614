/* SPDX-License-Identifier: MIT */
/* The access rules and the limits, tested over the bus. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suite.h"

/* Another user, who is no service either. */
#define UID_THIRD 65533

static const int users[VICTIMS] = { UID_A, UID_SERVICE, 0, UID_A };

static void start(const char *config)
{
	world_start(&w, &(struct setup){ .words = "", .uids = users, .config = config });
}

static void test_own(void **state)
{
	(void)state;
	NEEDS_USERS();
	start("");
	check_ok(reclaim(world_client(&w, UID_A), w.victims[0], NULL));
	check_ok(reclaim(world_client(&w, UID_SERVICE), w.victims[1], NULL));
}

static void test_others(void **state)
{
	sd_bus *user, *service;

	(void)state;
	NEEDS_USERS();
	start("");
	user = world_client(&w, UID_A);
	service = world_client(&w, UID_SERVICE);
	/* polkit is not running on this bus. */
	check_error(reclaim(service, w.victims[0], NULL), "AccessDenied", "polkit");
	check_error(claim(service, w.victims[0], NULL), "AccessDenied", "polkit");
	check_error(reclaim(user, w.victims[1], NULL), "AccessDenied", "only root may");
	check_error(reclaim(user, w.victims[2], NULL), "AccessDenied", "only root may");
	check_error(claim(user, w.victims[2], NULL), "AccessDenied", "only root may");
	/* The refused reclaims must not have evicted anything. */
	assert_int_equal(resident(world_client(&w, 0), w.victims[1]), 4 * MIB);
}

static void test_group(void **state)
{
	sd_bus *bus;

	(void)state;
	NEEDS_USERS();
	start("");
	bus = world_client_in_group(&w, UID_BROKER, GROUP_GID);
	check_ok(reclaim(bus, w.victims[0], NULL));
	check_error(reclaim(bus, w.victims[1], NULL), "AccessDenied", "service");
	check_error(reclaim(bus, w.victims[2], NULL), "AccessDenied", "root");
}

static void test_group_with_system(void **state)
{
	sd_bus *bus;

	(void)state;
	NEEDS_USERS();
	start("[Broker]\nManageSystem=yes\n");
	bus = world_client_in_group(&w, UID_BROKER, GROUP_GID);
	check_ok(reclaim(bus, w.victims[1], NULL));
	check_ok(reclaim(bus, w.victims[2], NULL));
}

/* All clients of this test have GID 0, which is no substitute for a group that does not exist. */
static void test_no_group(void **state)
{
	(void)state;
	NEEDS_USERS();
	world_start(&w, &(struct setup){ .words = "", .uids = users, .no_group = true });
	check_error(reclaim(world_client(&w, UID_SERVICE), w.victims[0], NULL), "AccessDenied",
		    "polkit");
}

static void test_root(void **state)
{
	sd_bus *bus;
	int i;

	(void)state;
	NEEDS_USERS();
	start("");
	bus = world_client(&w, 0);
	for (i = 0; i < VICTIMS; i++)
		check_ok(reclaim(bus, w.victims[i], NULL));
}

static void test_own_no(void **state)
{
	(void)state;
	NEEDS_USERS();
	start("[Broker]\nOwnProcesses=no\n");
	check_error(reclaim(world_client(&w, UID_A), w.victims[0], NULL), "AccessDenied",
		    "OwnProcesses=no");
	check_ok(reclaim(world_client_in_group(&w, UID_A, GROUP_GID), w.victims[0], NULL));
}

static void test_own_active(void **state)
{
	(void)state;
	NEEDS_USERS();
	start("[Broker]\nOwnProcesses=active\n");
	/* UID 65534 has no session. */
	check_error(reclaim(world_client(&w, UID_A), w.victims[0], NULL), "AccessDenied",
		    "OwnProcesses=active");
}

/* Only root may manage a process with these users. */
static void check_setuid(uid_t real, uid_t effective, uid_t saved)
{
	int pipes[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (!pid) {
		if (setresuid(real, effective, saved))
			_exit(1);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(pipes[0]);
		close(pipes[1]);
		pause();
	}
	close(pipes[1]);
	assert_int_equal(read(pipes[0], &c, 1), 0);
	close(pipes[0]);
	check_error(reclaim(world_client(&w, UID_A), pid, NULL), "AccessDenied", "setuid");
	check_error(reclaim(world_client(&w, 0), pid, NULL), "NoGpuMemory", "");
	world_end_process(pid);
}

/* A setuid program has the real UID of its caller and the effective UID of root. */
static void test_setuid(void **state)
{
	(void)state;
	NEEDS_USERS();
	start("");
	check_setuid(UID_A, 0, 0);
	/* It can act as its caller for some time. */
	check_setuid(UID_A, UID_A, 0);
	check_setuid(0, UID_A, UID_A);
}

/* Start panthor-memd with a victim of UID_A that can change its users. */
static void start_with_changing(int victim, const char *words)
{
	struct setup s = { .words = words, .uids = users, .no_start = true };

	world_start(&w, &s);
	world_end_process(w.victims[victim]);
	w.victims[victim] = world_changing_process(UID_A);
	world_start_memd(&w, &s);
}

/* The process changes its users while its request waits. */
static void change_while_waiting(uid_t real, uid_t uid, const char *why)
{
	struct call running, waiting;
	sd_bus *bus;

	NEEDS_USERS();
	start_with_changing(3, "held aside");
	bus = world_client(&w, UID_A);
	call_start_held(&running, &w, bus, "Reclaim", w.victims[0], NULL);
	call_start(&waiting, bus, "Reclaim", w.victims[3], NULL);
	settle(bus);
	world_change_process(w.victims[3], real, uid);
	check_ok(call_finish_held(&running));
	check_error(call_finish(&waiting), "AccessDenied", why);
}

/* It executes a setuid program. */
static void test_setuid_while_waiting(void **state)
{
	(void)state;
	change_while_waiting(UID_A, 0, "setuid");
}

/* It becomes a process of another user, about whom polkit was not asked. */
static void test_other_user_while_waiting(void **state)
{
	(void)state;
	change_while_waiting(UID_THIRD, UID_THIRD, "try again");
}

/* The same between two slices: the reply has what was done before. */
static void test_setuid_between_slices(void **state)
{
	struct call running;
	sd_bus *bus;

	(void)state;
	NEEDS_USERS();
	start_with_changing(0, "bos=40 held aside");
	bus = world_client(&w, UID_A);
	call_start_held(&running, &w, bus, "Reclaim", w.victims[0], NULL);
	world_change_process(w.victims[0], UID_A, 0);
	call_finish_held(&running);
	assert_string_equal(running.reply.error, "");
	assert_string_equal(running.reply.soft, "AccessDenied");
	assert_int_equal(running.reply.freed, 16 * MIB);
}

/* --- how a process is named ----------------------------------------------- */

static void test_ids(void **state)
{
	sd_bus *bus, *root;
	uint64_t id;

	(void)state;
	bus = world_start_with_client(&w, "", "");
	id = world_id(w.victims[0]);
	check_error(reclaim_id(bus, w.victims[0], id + 1), "NoSuchProcess", "pidfd_id");
	check_error(reclaim_id(bus, w.victims[1], id), "NoSuchProcess", "pidfd_id");
	check_error(reclaim_id(bus, w.victims[0], 0), "InvalidArgs", "pidfd_id is 0");
	check_error(reclaim_id(bus, 0, id), "NoSuchProcess", "");
	check_error(reclaim_id(bus, -1, id), "NoSuchProcess", "");
	check_error(reclaim_id(bus, 4194304, id), "NoSuchProcess", "");
	if (world_many_users()) {
		root = world_client(&w, 0);
		check_ok(reclaim_id(root, w.victims[0], 0));
		check_error(reclaim_id(root, w.victims[0], id + 1), "NoSuchProcess", "pidfd_id");
	}
	world_end_process(w.victims[3]);
	check_error(reclaim_id(bus, w.victims[3], id), "NoSuchProcess", "");
	w.victims[3] = 0;
}

/* Every process has the same number there, so that a client cannot name one by it. */
static void test_ids_before_pidfs(void **state)
{
	sd_bus *bus;
	uint64_t id;

	(void)state;
	bus = world_start_with_client(&w, "oldpidfd", LENIENT);
	id = world_id(w.victims[0]);
	check_ok(reclaim_id(bus, w.victims[0], 0));
	check_ok(reclaim_id(bus, w.victims[0], id));
	check_ok(reclaim_id(bus, w.victims[1], id));
	check_error(reclaim_id(bus, 4194304, id), "NoSuchProcess", "");
	check_ok(claim(bus, w.victims[0], NULL));
}

/* The PID tells processes apart there. */
static void test_pids_before_pidfs(void **state)
{
	sd_bus *bus;

	(void)state;
	bus = world_start_with_client(&w, "oldpidfd", "[Limits]\nMinResidentSec=600\n");
	check_ok(reclaim_id(bus, w.victims[0], 0));
	check_error(reclaim_id(bus, w.victims[0], 0), "TooSoon", "MinResidentSec=");
	check_ok(reclaim_id(bus, w.victims[1], 0));
}

/* As with ProtectProc=invisible before Linux 6.13, which reports the user of a pidfd. */
static void test_user_is_hidden(void **state)
{
	sd_bus *bus;

	(void)state;
	NEEDS_USERS();
	world_start(&w, &(struct setup){ .words = "old", .unit = true });
	bus = world_client(&w, world_me());
	check_error(reclaim(bus, w.victims[0], NULL), "NotSupported", "ProtectProc=default");
}

static void test_memd_itself(void **state)
{
	sd_bus *bus;

	(void)state;
	world_start(&w, &(struct setup){ .words = "" });
	bus = world_client(&w, world_many_users() ? UID_BROKER : getuid());
	check_error(reclaim(bus, w.memd, NULL), "AccessDenied", "itself");
}

/* --- how often ------------------------------------------------------------ */

static void test_rate(void **state)
{
	sd_bus *bus, *other;
	int i;

	(void)state;
	world_start(&w, &(struct setup){ .words = "", .uids = world_many_users() ? users : NULL,
					 .config = "[Limits]\nRequestsPerMinute=1\nBurst=3\n" });
	bus = world_client(&w, world_me());
	for (i = 0; i < 3; i++)
		assert_string_equal(reclaim_id(bus, w.victims[0], 1)->error, "NoSuchProcess");
	check_error(reclaim_id(bus, w.victims[0], 1), "LimitsExceeded", "RequestsPerMinute=");
	/* The limit is per user, not per connection, and does not apply to root. */
	check_error(reclaim_id(world_client(&w, world_me()), w.victims[0], 1), "LimitsExceeded",
		    "RequestsPerMinute=");
	if (!world_many_users())
		return;
	other = world_client(&w, UID_SERVICE);
	check_ok(reclaim(other, w.victims[1], NULL));
	for (i = 0; i < 10; i++)
		assert_string_equal(reclaim_id(world_client(&w, 0), w.victims[0], 1)->error,
				    "NoSuchProcess");
}

static void test_queue(void **state)
{
	struct call held_one, waiting[4];
	sd_bus *bus;
	int i;

	(void)state;
	bus = world_start_held(&w, "held aside", "[Limits]\nQueuePerUser=4\n", "Reclaim",
			       &held_one);
	for (i = 0; i < 3; i++)
		call_start(&waiting[i], bus, "Reclaim", w.victims[i + 1], NULL);
	check_error(reclaim(bus, w.victims[0], NULL), "LimitsExceeded", "wait for their replies");
	check_error(claim(bus, w.victims[0], NULL), "LimitsExceeded", "wait for their replies");
	/* Cancelling a request makes room for another one. */
	assert_int_equal(cancel(bus, w.victims[3]), 1);
	call_start(&waiting[3], bus, "Reclaim", w.victims[3], NULL);
	settle(bus);
	assert_false(call_done(&waiting[3]));
	check_ok(call_finish_held(&held_one));
	for (i = 0; i < 4; i++)
		check_ok(call_finish(&waiting[i]));
}

static void test_whole_queue(void **state)
{
	struct call held_one, waiting;
	sd_bus *bus;

	(void)state;
	world_start(&w, &(struct setup){ .words = "held aside",
					 .config = "[Limits]\nQueue=2\n" });
	bus = world_client(&w, world_many_users() ? 0 : getuid());
	call_start_held(&held_one, &w, bus, "Reclaim", w.victims[0], NULL);
	call_start(&waiting, bus, "Reclaim", w.victims[1], NULL);
	check_error(reclaim(bus, w.victims[2], NULL), "LimitsExceeded", "try again later");
	check_ok(call_finish_held(&held_one));
	check_ok(call_finish(&waiting));
}

/* Users without a request may still add one to a full queue, until it is twice as long. */
static void test_whole_queue_of_many(void **state)
{
	struct call calls[2];
	sd_bus *bus, *other;

	(void)state;
	NEEDS_USERS();
	world_start(&w, &(struct setup){ .words = "held aside", .uids = users,
					 .config = "[Limits]\nQueue=1\n" });
	bus = world_client(&w, UID_A);
	other = world_client(&w, UID_SERVICE);
	call_start_held(&calls[0], &w, bus, "Reclaim", w.victims[0], NULL);
	check_error(reclaim(bus, w.victims[3], NULL), "LimitsExceeded", "try again later");
	call_start(&calls[1], other, "Reclaim", w.victims[1], NULL);
	settle(other);
	check_error(reclaim(world_client(&w, 0), w.victims[2], NULL), "LimitsExceeded",
		    "2 requests are not done yet");
	check_ok(call_finish_held(&calls[0]));
	check_ok(call_finish(&calls[1]));
}

static void test_too_soon(void **state)
{
	sd_bus *bus;

	(void)state;
	bus = world_start_with_client(&w, "", "[Limits]\nMinResidentSec=600\n");
	/* Operations that change nothing do not count. */
	check_ok(reclaim(bus, w.victims[0], &(struct options){ .dry_run = true }));
	check_ok(claim(bus, w.victims[0], NULL));
	check_ok(reclaim(bus, w.victims[0], NULL));
	check_error(reclaim(bus, w.victims[0], NULL), "TooSoon", "MinResidentSec=");
	check_error(reclaim(bus, w.victims[0], &(struct options){ .no_pageout = true }),
		    "TooSoon", "MinResidentSec=");
	check_ok(reclaim(bus, w.victims[0], &(struct options){ .dry_run = true }));
	/* Claims are not refused, and the limit is per process. */
	check_ok(claim(bus, w.victims[0], NULL));
	check_error(reclaim(bus, w.victims[0], NULL), "TooSoon", "MinResidentSec=");
	check_ok(reclaim(bus, w.victims[1], NULL));
	if (world_many_users())
		check_ok(reclaim(world_client(&w, 0), w.victims[0], NULL));
}

/* Reclaim and claim the first victim three times. */
static void make_round_trips(sd_bus *bus)
{
	int i;

	for (i = 0; i < 3; i++) {
		check_ok(reclaim(bus, w.victims[0], NULL));
		check_ok(claim(bus, w.victims[0], NULL));
	}
}

static void test_thrash(void **state)
{
	sd_bus *bus;

	(void)state;
	bus = world_start_with_client(&w, "", "[Limits]\nMinResidentSec=0\nRoundTrips=3\n");
	make_round_trips(bus);
	check_error(reclaim(bus, w.victims[0], NULL), "TooSoon", "too often");
	/* Another connection is refused, too. */
	check_error(reclaim(world_client(&w, world_me()), w.victims[0], NULL), "TooSoon",
		    "too often");
	check_ok(claim(bus, w.victims[0], NULL));
}

/* A reclaim counts once, however many slices it has. */
static void test_thrash_of_slices(void **state)
{
	sd_bus *bus;

	(void)state;
	bus = world_start_with_client(&w, "bos=40", "[Limits]\nMinResidentSec=0\nRoundTrips=3\n");
	make_round_trips(bus);
	check_error(reclaim(bus, w.victims[0], NULL), "TooSoon", "too often");
}

static void test_swap(void **state)
{
	sd_bus *bus;

	(void)state;
	bus = world_start_with_client(&w, "swap=31", "");
	check_error(reclaim(bus, w.victims[0], NULL), "SwapFull", "SwapReserve=");
	check_ok(reclaim(bus, w.victims[0], &(struct options){ .dry_run = true }));
	check_ok(reclaim(bus, w.victims[0], &(struct options){ .no_pageout = true }));
	check_ok(claim(bus, w.victims[0], NULL));
	if (world_many_users())
		check_ok(reclaim(world_client(&w, 0), w.victims[0], NULL));
}

static void test_no_swap(void **state)
{
	sd_bus *bus;

	(void)state;
	bus = world_start_with_client(&w, "swap=0", "");
	check_error(reclaim(bus, w.victims[0], NULL), "SwapFull", "swapon(8)");
	check_error(reclaim(bus, w.victims[0], &(struct options){ .dry_run = true }), "SwapFull",
		    "swapon(8)");
	check_ok(claim(bus, w.victims[0], NULL));
}

static void test_swap_writes(void **state)
{
	sd_bus *bus;

	(void)state;
	bus = world_start_with_client(&w, "", "[Limits]\nSwapWritePerHour=1M\n");
	check_ok(reclaim(bus, w.victims[0], NULL));
	check_error(reclaim(bus, w.victims[1], NULL), "LimitsExceeded", "SwapWritePerHour=");
	if (world_many_users())
		check_ok(reclaim(world_client(&w, 0), w.victims[1], NULL));
}

/* --- the same limits for requests that wait ------------------------------- */

/* Hold a call on the first victim, have a reclaim of it wait, and return the reply to that. */
static const struct reply *after(const char *first, const char *words, const char *config,
				 int victim)
{
	static struct call running, waiting;
	sd_bus *bus;

	bus = world_start_held(&w, words, config, first, &running);
	/* Equal requests would be done once. */
	call_start(&waiting, bus, "Reclaim", w.victims[victim],
		   &(struct options){ .max_bytes = 2 * MIB });
	settle(bus);
	assert_false(call_done(&waiting));
	check_ok(call_finish_held(&running));
	return call_finish(&waiting);
}

static void test_too_soon_after_wait(void **state)
{
	(void)state;
	check_error(after("Reclaim", "held aside", "[Limits]\nMinResidentSec=600\n", 0), "TooSoon",
		    "MinResidentSec=");
}

static void test_too_soon_after_claim(void **state)
{
	(void)state;
	check_error(after("Claim", "evicted held aside", "[Limits]\nMinResidentSec=600\n", 0),
		    "TooSoon", "MinResidentSec=");
}

static void test_thrash_after_wait(void **state)
{
	(void)state;
	check_error(after("Reclaim", "held aside", "[Limits]\nMinResidentSec=0\nRoundTrips=1\n", 0),
		    "TooSoon", "too often");
}

static void test_swap_writes_after_wait(void **state)
{
	(void)state;
	check_error(after("Reclaim", "held aside", "[Limits]\nSwapWritePerHour=1M\n", 1),
		    "LimitsExceeded", "SwapWritePerHour=");
}

/* A large reclaim ends at the limit, to within one slice. */
static void test_swap_writes_of_slices(void **state)
{
	const struct reply *r;
	sd_bus *bus;

	(void)state;
	bus = world_start_with_client(&w, "bos=40", "[Limits]\nSwapWritePerHour=20M\n");
	r = reclaim(bus, w.victims[0], NULL);
	check_freed(r, 32 * MIB);
	assert_true(r->status & DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
	if (world_many_users())
		check_freed(reclaim(world_client(&w, 0), w.victims[1], NULL), 40 * MIB);
}

/* Later slices do not count what the earlier ones have written again. */
static void test_swap_writes_count_once(void **state)
{
	const struct reply *r;
	sd_bus *bus;

	(void)state;
	bus = world_start_with_client(&w, "bos=40", "[Limits]\nSwapWritePerHour=41M\n");
	r = reclaim(bus, w.victims[0], NULL);
	check_freed(r, 40 * MIB);
	assert_false(r->status & DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
	/* There is 1 MiB left, and the next slice begins. */
	assert_int_equal(reclaim(bus, w.victims[1], NULL)->freed, 16 * MIB);
}

/* An equal request of root is not done for the user, to whom limits apply. */
static void test_equal_requests_of_two_users(void **state)
{
	struct call running, user, root;
	sd_bus *buses[2];

	(void)state;
	NEEDS_USERS();
	world_start(&w, &(struct setup){ .words = "held aside", .uids = users,
					 .config = "[Limits]\nMinResidentSec=600\n" });
	buses[0] = world_client(&w, UID_A);
	buses[1] = world_client(&w, 0);
	call_start_held(&running, &w, buses[0], "Reclaim", w.victims[0],
			&(struct options){ .max_bytes = MIB });
	call_start(&user, buses[0], "Reclaim", w.victims[0], NULL);
	settle(buses[0]);
	call_start(&root, buses[1], "Reclaim", w.victims[0], NULL);
	settle(buses[1]);
	check_ok(call_finish_held(&running));
	check_error(call_finish(&user), "TooSoon", "MinResidentSec=");
	check_freed(call_finish(&root), 3 * MIB);
}

static void test_subscribers(void **state)
{
	sd_bus *buses[9];
	int i;

	(void)state;
	world_start(&w, &(struct setup){ .words = "" });
	for (i = 0; i < 9; i++)
		buses[i] = world_client(&w, world_me());
	for (i = 0; i < 8; i++)
		assert_string_equal(plain_call(buses[i], "Subscribe"), "");
	assert_string_equal(plain_call(buses[8], "Subscribe"), "LimitsExceeded");
	/* A connection that closes makes room for another subscriber. */
	world_disconnect(&w, buses[0]);
	settle(buses[8]);
	assert_string_equal(plain_call(buses[8], "Subscribe"), "");
}

/* --- errors of the kernel ------------------------------------------------- */

static void test_no_capability(void **state)
{
	(void)state;
	world_start(&w, &(struct setup){ .words = "nocap" });
	check_error(reclaim(world_client(&w, world_me()), w.victims[0], NULL), "NotSupported",
		    "CAP_SYS_RESOURCE");
	assert_non_null(strstr(world_log(&w), "CAP_SYS_RESOURCE"));
}

static void test_no_ioctls(void **state)
{
	(void)state;
	world_start(&w, &(struct setup){ .words = "nomem" });
	check_error(reclaim(world_client(&w, world_me()), w.victims[0], NULL), "NotSupported",
		    "1.10");
}

static void test_kernel_without_swap(void **state)
{
	(void)state;
	world_start(&w, &(struct setup){ .words = "noswap" });
	check_error(reclaim(world_client(&w, world_me()), w.victims[0], NULL), "NotSupported",
		    "CONFIG_SWAP");
}

/* Without a reserve, the kernel says when swap is full. */
static void test_no_reserve(void **state)
{
	const struct reply *r;
	sd_bus *bus;

	(void)state;
	bus = world_start_with_client(&w, "bos=40 swap=20", "[Limits]\nSwapReserve=0\n");
	r = reclaim(bus, w.victims[0], NULL);
	check_freed(r, 20 * MIB);
	assert_true(r->status & DRM_PANTHOR_MEM_STATUS_SWAP_FULL);
	check_error(reclaim(bus, w.victims[1], NULL), "SwapFull", "no swap is free");
}

static void test_gpu_does_not_answer(void **state)
{
	(void)state;
	world_start(&w, &(struct setup){ .words = "fail=mmu" });
	check_error(reclaim(world_client(&w, world_me()), w.victims[0], NULL), "Failed",
		    "ETIMEDOUT");
}

static void test_no_memory_for_the_result(void **state)
{
	(void)state;
	world_start(&w, &(struct setup){ .words = "fail=result" });
	check_error(reclaim(world_client(&w, world_me()), w.victims[0], NULL), "Failed",
		    "raise MemoryMax");
}

static void test_memory_runs_out(void **state)
{
	(void)state;
	world_start(&w, &(struct setup){ .words = "evicted fail=alloc" });
	check_error(claim(world_client(&w, world_me()), w.victims[0], NULL), "NoMemory",
		    "reclaim another process");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_own),
		TEST(test_others),
		TEST(test_group),
		TEST(test_group_with_system),
		TEST(test_no_group),
		TEST(test_root),
		TEST(test_own_no),
		TEST(test_own_active),
		TEST(test_setuid),
		TEST(test_setuid_while_waiting),
		TEST(test_other_user_while_waiting),
		TEST(test_setuid_between_slices),
		TEST(test_ids),
		TEST(test_ids_before_pidfs),
		TEST(test_pids_before_pidfs),
		TEST(test_user_is_hidden),
		TEST(test_memd_itself),
		TEST(test_rate),
		TEST(test_queue),
		TEST(test_whole_queue),
		TEST(test_whole_queue_of_many),
		TEST(test_too_soon),
		TEST(test_thrash),
		TEST(test_thrash_of_slices),
		TEST(test_swap),
		TEST(test_no_swap),
		TEST(test_swap_writes),
		TEST(test_too_soon_after_wait),
		TEST(test_too_soon_after_claim),
		TEST(test_thrash_after_wait),
		TEST(test_swap_writes_after_wait),
		TEST(test_swap_writes_of_slices),
		TEST(test_swap_writes_count_once),
		TEST(test_equal_requests_of_two_users),
		TEST(test_subscribers),
		TEST(test_no_capability),
		TEST(test_no_ioctls),
		TEST(test_kernel_without_swap),
		TEST(test_no_reserve),
		TEST(test_gpu_does_not_answer),
		TEST(test_no_memory_for_the_result),
		TEST(test_memory_runs_out),
	};

	return cmocka_run_group_tests_name("access", tests, NULL, NULL);
}
