/* SPDX-License-Identifier: MIT */
/*
 * Swap that has room but refuses pages, or accepts them slowly.
 *
 * With memory.swap.max of the target's cgroup or of one above it, and with devices that
 * fail writes, (almost) nothing is evicted in vain, the status gives the reason, and
 * everything is reclaimed once the reason is gone. Also, a call that ends early can leave
 * pages in the swap cache: a later reclaim frees them.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gpu/tracefs.h"
#include "hostile.h"

#define SEED UINT64_C(0x5ca9000000000000)
#define BOS 24
#define BO_SIZE MIB
#define LIMIT (8 * MIB)
/* As in the driver, PANTHOR_MEM_SLICE_BYTES: evicted before any of it is written. */
#define SLICE (64 * MIB)
#define MANY_BOS 80
/* Pages that are briefly held by something else in the system. */
#define SLACK (UINT64_C(256) << 10)

static struct drm_panthor_mem_reclaim reclaim_up_to(uint64_t max_bytes, uint32_t flags)
{
	struct drm_panthor_mem_reclaim args = {
		.tgid = (uint32_t)app.pid, .flags = flags, .max_bytes = max_bytes,
	};
	uint64_t evicted, freed, skipped;

	ok(gpu_mem_reclaim(guest.dev.fd, &args), "MEM_RECLAIM");
	evicted = args.evicted_bytes;
	freed = args.freed_bytes;
	skipped = args.skipped_bytes;
	print_message("%s evicted %" PRIu64 " KiB, freed %" PRIu64 ", skipped %" PRIu64
		      ", status 0x%x\n", flags & DRM_PANTHOR_MEM_RECLAIM_DRY_RUN ? "would have" :
		      "has", evicted >> 10, freed >> 10, skipped >> 10, args.status);
	assert_true(freed <= evicted);
	return args;
}

/* --- a cgroup that may not swap -------------------------------------------------- */

struct refusal {
	const char *cgroup;
	const char *text;	/* written to memory.swap.max */
	uint64_t limit;		/* the same as a number */
	uint64_t max_bytes;
};

static void check_refused(const struct refusal *r, const struct drm_panthor_mem_reclaim *args)
{
	assert_true(args->status & DRM_PANTHOR_MEM_STATUS_SWAP_REFUSED);
	assert_false(args->status & DRM_PANTHOR_MEM_STATUS_SWAP_FULL);
	assert_true(args->evicted_bytes <= r->limit);
	/* Memory that may not be swapped is counted. */
	assert_true(args->skipped_bytes + args->evicted_bytes >= BOS * BO_SIZE - r->limit);
}

/* Everything is reclaimed when the limit is removed. */
static void check_lifted(const struct refusal *r, const struct lot *lot)
{
	struct drm_panthor_mem_reclaim args;

	set_limit(r->cgroup, "memory.swap.max", "max");
	args = reclaim_up_to(0, 0);
	assert_false(args.status & DRM_PANTHOR_MEM_STATUS_SWAP_REFUSED);
	assert_true(args.freed_bytes + SLACK >= lot_bytes(lot));
	assert_true(swap_cached() <= SLACK);
	check_lot(lot);
}

static void is_refused(const struct refusal *r)
{
	struct lot lot = { .of = &app, .count = BOS, .size = BO_SIZE, .seed = SEED };
	uint64_t whole, evicted = 0, freed = 0;

	make_cgroups();
	start_app(&app, 1, 1, CGROUP_CHILD);
	alloc_lot(&lot);
	whole = resident_of(&app);
	set_limit(r->cgroup, "memory.swap.max", r->text);
	for (int i = 0; i < 2; i++) {
		struct drm_panthor_mem_reclaim args;

		args = reclaim_up_to(r->max_bytes, DRM_PANTHOR_MEM_RECLAIM_DRY_RUN);
		check_refused(r, &args);
		args = reclaim_up_to(r->max_bytes, 0);
		check_refused(r, &args);
		evicted += args.evicted_bytes;
		freed += args.freed_bytes;
		/* Nothing is evicted twice, or in vain. */
		assert_int_equal(evicted, whole - resident_of(&app));
		assert_true(evicted <= freed + 2 * BO_SIZE);
		assert_true(freed + 2 * BO_SIZE >= r->limit);
	}
	check_lot(&lot);
	check_lifted(r, &lot);
}

#define REFUSAL(name, where, what, bytes, cap) \
	static void name(void **state) \
	{ \
		(void)state; \
		is_refused(&(struct refusal) { \
			.cgroup = where, .text = what, .limit = bytes, .max_bytes = cap }); \
	}

REFUSAL(no_swap_for_the_cgroup, CGROUP_CHILD, "0", 0, 0)
REFUSAL(no_swap_for_the_cgroup_capped, CGROUP_CHILD, "0", 0, 4 * MIB)
REFUSAL(no_swap_for_the_parent, CGROUP, "0", 0, 0)
REFUSAL(no_swap_for_the_parent_capped, CGROUP, "0", 0, 4 * MIB)
REFUSAL(little_swap_for_the_cgroup, CGROUP_CHILD, "8M", LIMIT, 0)
REFUSAL(little_swap_for_the_cgroup_capped, CGROUP_CHILD, "8M", LIMIT, 12 * MIB)
REFUSAL(little_swap_for_the_parent, CGROUP, "8M", LIMIT, 0)
REFUSAL(little_swap_for_the_parent_capped, CGROUP, "8M", LIMIT, 12 * MIB)

/* --- a device that fails writes --------------------------------------------------- */

static void alloc_random(unsigned int count)
{
	struct lot lot = { .of = &app, .count = count, .size = BO_SIZE, .seed = SEED };

	start_app(&app, 1, 1, NULL);
	alloc_lot(&lot);
	ok(gpu_app_ask(&app, &(struct app_request) {
		.op = APP_DATA, .data = APP_DATA_RANDOM, .seed = SEED }, NULL, NULL, NULL),
	   "random data");
}

static void check_random(void)
{
	assert_int_equal(gpu_app_ask(&app, &(struct app_request) { .op = APP_DATA_CHECK },
				     NULL, NULL, NULL), 0);
}

/* @lift: let the device work from then on. */
static void fails_writes(uint64_t max_bytes, void (*lift)(void))
{
	uint64_t whole = resident_of(&app), evicted = 0, freed = 0, skipped;
	struct drm_panthor_mem_reclaim args;

	for (int i = 0; i < 3; i++) {
		args = reclaim_up_to(max_bytes, 0);
		assert_true(args.status & DRM_PANTHOR_MEM_STATUS_SWAP_REFUSED);
		/* The call ends with the first slice of which a write failed. */
		assert_true(args.evicted_bytes <= args.freed_bytes + BO_SIZE +
			    (max_bytes ? max_bytes : SLICE));
		evicted += args.evicted_bytes;
		freed += args.freed_bytes;
		assert_true(evicted <= whole);
	}
	lift();
	args = reclaim_up_to(0, 0);
	skipped = args.skipped_bytes;
	assert_false(args.status & DRM_PANTHOR_MEM_STATUS_SWAP_REFUSED);
	/* Each page was counted once, when it was freed. */
	freed += args.freed_bytes;
	assert_true(freed <= whole);
	assert_true(freed + skipped + SLACK >= whole);
	assert_true(swap_cached() <= SLACK);
	check_random();
}

static void lift_zram(void)
{
	limit_zram(0);
}

static void zram_is_full(void **state)
{
	(void)state;
	alloc_random(MANY_BOS);
	limit_zram(4 * MIB);
	fails_writes(0, lift_zram);
}

static void zram_is_full_capped(void **state)
{
	(void)state;
	alloc_random(BOS);
	limit_zram(65536);
	fails_writes(4 * MIB, lift_zram);
}

static void disk_fails_writes(void **state)
{
	(void)state;
	swap_on_refusing_disk(96, 4);
	alloc_random(MANY_BOS);
	fails_writes(0, heal_disk);
}

static void disk_fails_writes_capped(void **state)
{
	(void)state;
	swap_on_refusing_disk(64, 1);
	alloc_random(BOS);
	fails_writes(4 * MIB, heal_disk);
}

/* --- pages left in the swap cache --------------------------------------------------- */

static bool is_cached(void *arg)
{
	return !call_runs(arg) || swap_cached() >= MIB;
}

/* The next reclaim finds the pages, frees them and counts them. */
static void check_found(const struct lot *lot, uint64_t left)
{
	uint64_t before = resident_of(&app), gone;
	struct drm_panthor_mem_reclaim args = reclaim_up_to(0, 0);

	gone = before - resident_of(&app);
	if (args.freed_bytes + SLACK < gone + left)
		fail_msg("%" PRIu64 " KiB of the swap cache were not found", left >> 10);
	assert_true(swap_cached() <= SLACK);
	check_lot(lot);
}

/* @leave usually leaves pages in the swap cache, and returns how many bytes. */
static void find_what_is_left(uint64_t (*leave)(void))
{
	struct lot lot = { .of = &app, .count = BOS, .size = BO_SIZE, .seed = SEED };
	uint64_t left = 0;

	swap_on_slow_disk(64, 1000000, 16);
	start_app(&app, 1, 1, NULL);
	alloc_lot(&lot);
	for (int i = 0; i < TRIES && left < MIB; i++)
		left = leave();
	assert_true(left >= MIB);
	check_found(&lot, left);
}

/* Returns the bytes left in the swap cache. */
static uint64_t interrupt_claim(void)
{
	struct call *call;
	uint64_t left;

	reclaim_all(&app, 0);
	call = begin_claim(&(struct drm_panthor_mem_claim) { .tgid = (uint32_t)app.pid });
	wait_until(is_cached, call, "nothing is read ahead");
	signal_call(call);
	end_call(call);
	if (call->ret != -EINTR)
		ok(call->ret, "MEM_CLAIM");
	wait_disk_idle();
	left = swap_cached();
	print_message("a claim that was ended has left %" PRIu64 " KiB\n", left >> 10);
	return left;
}

static void claim_ended_by_a_signal(void **state)
{
	(void)state;
	find_what_is_left(interrupt_claim);
}

/* Runs in the manager. */
static int reclaim_it(int fd, void *arg)
{
	struct drm_panthor_mem_reclaim args;

	return gpu_mem_reclaim_all(fd, *(uint32_t *)arg, 0, &args);
}

static bool has_written(void *arg)
{
	return disk_written() >= *(uint64_t *)arg + MIB;
}

static bool is_reaped(void *arg)
{
	return waitpid(*(pid_t *)arg, NULL, WNOHANG) != 0;
}

static uint64_t kill_manager(void)
{
	uint64_t written, left;
	uint32_t target = (uint32_t)app.pid;

	claim_all(&app);
	start_app(&other, 1, 0, NULL);
	written = disk_written();
	ok(gpu_app_send(&other, &(struct app_request) {
		.op = APP_CALL, .fn = reclaim_it, .payload = sizeof(target) }, &target, -1),
	   "asking the manager");
	wait_until(has_written, &written, "a reclaim does not write");
	kill(other.pid, SIGKILL);
	wait_until(is_reaped, &other.pid, "a manager does not die of SIGKILL");
	close(other.sock);
	other.sock = -1;
	wait_disk_idle();
	left = swap_cached();
	print_message("a manager that was killed has left %" PRIu64 " KiB\n", left >> 10);
	return left;
}

static void manager_killed(void **state)
{
	(void)state;
	find_what_is_left(kill_manager);
}

/* --- a page that cannot be read --------------------------------------------------- */

/* The first pages of a swap device are used first, but each CPU takes a cluster for itself. */
#define BAD_PAGE 300
#define CLUSTER_PAGES 256	/* SWAPFILE_CLUSTER in mm/swap.h */

static uint64_t lost_pages(const struct lot *lot)
{
	uint64_t lost = 0;

	for (unsigned int i = 0; i < lot->count; i++) {
		struct app_reply reply;

		ok(gpu_app_ask(lot->of, &(struct app_request) {
			.op = APP_LOST, .bo = lot->first + i,
			.seed = lot->seed + ((uint64_t)i << 32) }, &reply, NULL, NULL),
		   "looking for lost pages");
		lost += reply.value;
	}
	return lost;
}

/*
 * The kernel reads several pages at once from swap, and a disk fails all of them for one. The
 * others are not lost, whoever reads them. Each BO has one page: the driver brings a BO back
 * as a whole, or not at all.
 */
static void bad_page(bool claimed)
{
	struct lot lot = { .of = &app, .count = 1024, .size = 4096, .seed = SEED };
	uint64_t lost = 0;

	swap_on_fast_disk(64);
	start_app(&app, 1, 1, NULL);
	alloc_lot(&lot);
	/* Until the bad page is one of the application's. */
	for (unsigned int i = 0; !lost && i < TRIES; i++) {
		int ret = 0;

		reclaim_all(&app, 0);
		assert_true(swap_cached() <= SLACK);
		fail_page(BAD_PAGE + i * CLUSTER_PAGES);
		if (claimed) {
			struct call *call = begin_claim(&(struct drm_panthor_mem_claim) {
				.tgid = (uint32_t)app.pid });

			end_call(call);
			ret = call->ret;
		}
		lost = lost_pages(&lot);
		assert_int_equal(ret, claimed && lost ? -EIO : 0);
		heal_disk();
	}
	/* It stays lost. */
	assert_int_equal(lost, 1);
	assert_int_equal(lost_pages(&lot), 1);
}

static void bad_page_in_claim(void **state)
{
	(void)state;
	bad_page(true);
}

static void bad_page_at_a_fault(void **state)
{
	(void)state;
	bad_page(false);
}

/* --- two devices ------------------------------------------------------------------ */

struct reads {
	char disk[32];
	unsigned int pages, alone;	/* read in total, and one by one */
};

/* "7,0 R 8 + 16 [name]": in sectors. */
static void see(const struct trace_event *e, void *arg)
{
	struct reads *r = arg;
	char device[32], kind[16];
	unsigned int pages;

	if (sscanf(e->text, "%31s %15s %*u + %u", device, kind, &pages) != 3 ||
	    strcmp(device, r->disk) || kind[0] != 'R')
		return;
	pages /= 8;
	r->pages += pages;
	r->alone += pages == 1;
}

/*
 * A page on zram must not end the readahead on the disk. Readahead makes large requests
 * to the disk, a read on demand asks for one page. Few pages have no neighbour on the
 * disk.
 */
static void reads_ahead_past_zram(void **state)
{
	struct lot lot = { .of = &app, .count = 1, .size = 8 * MIB, .seed = SEED };

	(void)state;
	swap_on_slow_disk_behind_zram(MIB);
	start_app(&app, 1, 1, NULL);
	alloc_lot(&lot);
	/* The boundary of the pages on zram differs from round to round. */
	for (int i = 0; i < 3; i++) {
		struct reads r = { .pages = 0 };

		reclaim_all(&app, 0);
		disk_number(r.disk);
		ok(trace_reset(4096), "tracefs");
		ok(trace_enable("block/block_bio_queue", NULL), "block_bio_queue");
		ok(trace_start(), "tracing on");
		claim_all(&app);
		ok(trace_stop(), "tracing off");
		ok(trace_for_each(see, &r), "reading the trace");
		print_message("%u pages were on the disk, %u were read alone\n", r.pages, r.alone);
		/* Both devices have pages. */
		assert_true(r.pages >= 1024);
		assert_true(r.pages < lot_bytes(&lot) / 4096);
		assert_true(r.alone < 16);
	}
	check_lot(&lot);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		HOSTILE_CASE(no_swap_for_the_cgroup),
		HOSTILE_CASE(no_swap_for_the_cgroup_capped),
		HOSTILE_CASE(no_swap_for_the_parent),
		HOSTILE_CASE(no_swap_for_the_parent_capped),
		HOSTILE_CASE(little_swap_for_the_cgroup),
		HOSTILE_CASE(little_swap_for_the_cgroup_capped),
		HOSTILE_CASE(little_swap_for_the_parent),
		HOSTILE_CASE(little_swap_for_the_parent_capped),
		HOSTILE_CASE(zram_is_full),
		HOSTILE_CASE(zram_is_full_capped),
		HOSTILE_CASE(disk_fails_writes),
		HOSTILE_CASE(disk_fails_writes_capped),
		HOSTILE_CASE(claim_ended_by_a_signal),
		HOSTILE_CASE(manager_killed),
		HOSTILE_CASE(bad_page_in_claim),
		HOSTILE_CASE(bad_page_at_a_fault),
		HOSTILE_CASE(reads_ahead_past_zram),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("hostile-swap", tests, NULL, NULL);
}
