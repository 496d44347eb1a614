/* SPDX-License-Identifier: MIT */
/*
 * Concurrent calls: a claim and the reclaim that it ends, a reclaim and new work of its
 * target, two reclaims; SIGKILL, and many files.
 *
 * usage: hostile-calls [ROUNDS [FILES [CASE]]]
 *
 * ROUNDS (default 200) is the number of races of a reclaim and a claim in each of the cases
 * claim_*, FILES (default 20000) the number of files of the target in many_files.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gpu/tracefs.h"
#include "hostile.h"

#define SEED UINT64_C(0xca11000000000000)
#define LOTS 6

static unsigned int rounds = 200;
static int files = 20000;

/* --- a claim, and the reclaim that it ends ------------------------------------ */

static void sleep_us(int64_t us)
{
	int64_t end = now_ns() + us * 1000;

	if (us >= 1000)
		usleep((useconds_t)us);
	while (now_ns() < end)
		;
}

/* Reclaim everything, undisturbed. The claims of the races come within about that time. */
static int64_t time_of_eviction(void)
{
	int64_t start = now_ns();

	reclaim_all(&app, DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT);
	return (now_ns() - start) / 1000;
}

#define RACE_MAX 2

/* A race of some reclaims and some claims of the same target. */
struct race {
	int64_t claim_ns;	/* when the first claim was called */
	bool ended;		/* all reclaims report that a claim ended them */
	uint64_t lost;		/* bytes evicted when all calls had returned */
};

struct races {
	uint32_t flags;
	unsigned int reclaims, claims;	/* in each race */
	int64_t span_us;	/* the time within which the claims start */
	struct race *race;	/* the last of them */
	unsigned int count;
	/* Results of judge(). */
	const struct race *at;
	unsigned int reclaim;
	bool before;		/* so far, all reclaims of this race began before the claim */
	unsigned int seen, bad;
	uint64_t worst;
};

static void run_race(const struct races *all, struct race *r)
{
	struct drm_panthor_mem_reclaim args = { .tgid = (uint32_t)app.pid, .flags = all->flags };
	struct call *call[RACE_MAX], *claim[RACE_MAX];
	double u = drand48();

	for (unsigned int i = 0; i < all->reclaims; i++)
		call[i] = begin_reclaim(&args);
	/* Claim soon in most races: then there is little to bring back, and it is fast. */
	sleep_us((int64_t)((double)all->span_us * u * u));
	r->claim_ns = now_ns();
	for (unsigned int i = 0; i < all->claims; i++)
		claim[i] = begin_claim(&(struct drm_panthor_mem_claim) {
			.tgid = (uint32_t)app.pid });
	for (unsigned int i = 0; i < all->claims; i++) {
		end_call(claim[i]);
		ok(claim[i]->ret, "MEM_CLAIM");
		assert_int_equal(claim[i]->claim.status, 0);
	}
	r->ended = true;
	for (unsigned int i = 0; i < all->reclaims; i++) {
		end_call(call[i]);
		ok(call[i]->ret, "MEM_RECLAIM");
		r->ended &= !!(call[i]->reclaim.status & DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
	}
	r->lost = claim_all(&app).claimed_bytes;
}

/*
 * A reclaim that began before a claim was called, or that reports that the claim ended it,
 * evicts nothing more when the claim has returned.
 */
static void judge(const struct trace_event *e, void *arg)
{
	struct races *all = arg;
	const struct race *r = all->at;

	assert_true(r < all->race + all->count);
	/* Times of events are truncated to microseconds, so the order within one is unknown. */
	all->before &= e->ns + 1000 < r->claim_ns || r->ended;
	if (++all->reclaim < all->reclaims)
		return;
	if (all->before) {
		all->seen++;
		all->bad += r->lost > 0;
		if (r->lost > all->worst)
			all->worst = r->lost;
	}
	all->at++;
	all->reclaim = 0;
	all->before = true;
}

static void run_races(struct races *all)
{
	ok(trace_reset(4096), "tracefs");
	ok(trace_enable("panthor/panthor_mem_reclaim_begin", NULL), "reclaim_begin");
	ok(trace_start(), "tracing on");
	for (unsigned int i = 0; i < all->count; i++)
		run_race(all, &all->race[i]);
	ok(trace_stop(), "tracing off");
	all->at = all->race;
	all->reclaim = 0;
	all->before = true;
	ok(trace_for_each(judge, all), "reading the trace");
	assert_ptr_equal(all->at, all->race + all->count);
}

static void claim_ends_reclaim(struct races *all)
{
	all->count = rounds / 4 + 1;
	all->race = calloc(all->count, sizeof(*all->race));
	assert_non_null(all->race);
	all->span_us = 2 * time_of_eviction() + 200;
	claim_all(&app);
	for (int i = 0; all->seen < rounds && i < 4 * TRIES; i++)
		run_races(all);
	free(all->race);
	print_message("%u times all reclaims had begun before the claims\n", all->seen);
	if (all->bad)
		fail_msg("in %u of %u races something was evicted when all had returned, up to %"
			 PRIu64 " KiB", all->bad, all->seen, all->worst >> 10);
	assert_true(all->seen >= rounds);
}

static void claim_with(struct lot *lots, unsigned int count, uint32_t flags,
		       unsigned int calls)
{
	struct races all = { .flags = flags, .reclaims = calls, .claims = calls };

	for (unsigned int i = 0; i < count; i++)
		alloc_lot(&lots[i]);
	claim_ends_reclaim(&all);
	for (unsigned int i = 0; i < count; i++)
		check_lot(&lots[i]);
}

static void claim_ends_eviction(void **state)
{
	struct lot lot = { .of = &app, .count = many(256), .size = 65536, .seed = SEED };

	(void)state;
	start_app(&app, 1, 1, NULL);
	claim_with(&lot, 1, DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT, 2);
}

static void claim_ends_page_out(void **state)
{
	struct lot lot = { .of = &app, .count = many(128), .size = 4096, .shareable = true };

	(void)state;
	start_app(&app, 1, 1, NULL);
	claim_with(&lot, 1, 0, 2);
}

static void claim_of_small_ones(void **state)
{
	struct lot lot = { .of = &app, .count = many(128), .size = 4096, .shareable = true };

	(void)state;
	start_app(&app, 1, 1, NULL);
	claim_with(&lot, 1, DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT, 1);
}

static void claim_of_several_vms(void **state)
{
	struct lot lots[LOTS];

	(void)state;
	start_app(&app, 3, 2, NULL);
	for (unsigned int i = 0; i < LOTS; i++)
		lots[i] = (struct lot) {
			.of = &app, .file = i / 2, .vm = i % 2, .count = many(60), .size = 4096,
			.seed = SEED + (UINT64_C(1) << 40) * i, .shareable = true,
		};
	claim_with(lots, LOTS, DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT, 2);
}

static void claim_of_what_no_vm_maps(void **state)
{
	struct lot lot = { .of = &app, .count = many(240), .size = 4096, .seed = SEED,
			   .unbound = true };

	(void)state;
	start_app(&app, 1, 1, NULL);
	claim_with(&lot, 1, DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT, 1);
}

static void open_many(int count)
{
	ok(gpu_app_ask(&app, &(struct app_request) {
		.op = APP_CALL, .fn = open_files, .payload = sizeof(count) },
		NULL, &count, NULL), "opening files");
}

/* Searching the files takes a while, and the claim also comes during that time. */
static void claim_of_many_files(void **state)
{
	struct lot lot = { .of = &app, .count = many(240), .size = 4096, .seed = SEED,
			   .unbound = true };

	(void)state;
	start_app(&app, 1, 1, NULL);
	open_many(1000);
	claim_with(&lot, 1, DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT, 1);
}

/* --- new work of the target ---------------------------------------------------- */

/* The order of events. */
struct order {
	bool called;		/* GROUP_SUBMIT was called */
	bool queued;		/* the job has everything that it needs */
	bool ended_first;	/* the reclaim ended before the call */
	uint64_t gone;		/* bytes evicted */
	uint64_t gone_after;	/* bytes evicted after the job was queued */
	uint64_t back;
	uint64_t written, written_after;	/* to swap, in bytes; the part after the call */
};

/* "NR 16 (fd, request, ...": is it GROUP_SUBMIT? */
static bool is_submit(const struct trace_event *e)
{
	unsigned int fd, request;

	return sscanf(e->text, "NR %*d (%x, %x", &fd, &request) == 2 &&
	       request == (unsigned int)DRM_IOCTL_PANTHOR_GROUP_SUBMIT;
}

/* "7,0 WS 8 + 16 [name]": in sectors. */
static uint64_t bytes_written(const struct trace_event *e)
{
	unsigned int sectors;
	char kind[16];

	if (sscanf(e->text, "%*u,%*u %15s %*u + %u", kind, &sectors) != 2 || kind[0] != 'W')
		return 0;
	return sectors * UINT64_C(512);
}

static void see(const struct trace_event *e, void *arg)
{
	struct order *o = arg;
	int64_t size = 0;

	if (!strcmp(e->name, "sys_enter")) {
		o->called |= e->thread == app.pid && is_submit(e);
	} else if (!strcmp(e->name, "drm_sched_job_queue")) {
		o->queued |= e->thread == app.pid;
	} else if (!strcmp(e->name, "panthor_mem_reclaim_end")) {
		o->ended_first = !o->called;
	} else if (!strcmp(e->name, "block_bio_queue")) {
		o->written += bytes_written(e);
		if (o->called)
			o->written_after += bytes_written(e);
	} else if (trace_field(e, "size", &size)) {
		if (!strcmp(e->name, "panthor_gem_swapin")) {
			o->back += (uint64_t)size;
			return;
		}
		o->gone += (uint64_t)size;
		if (o->queued)
			o->gone_after += (uint64_t)size;
	}
}

static void record_order(void)
{
	char ioctls[32];

	snprintf(ioctls, sizeof(ioctls), "id == %d", SYS_ioctl);
	ok(trace_reset(8192), "tracefs");
	ok(trace_enable("raw_syscalls/sys_enter", ioctls), "sys_enter");
	ok(trace_enable("gpu_scheduler/drm_sched_job_queue", NULL), "drm_sched_job_queue");
	ok(trace_enable("block/block_bio_queue", NULL), "block_bio_queue");
	ok(trace_enable("panthor/panthor_mem_reclaim_end", NULL), "reclaim_end");
	ok(trace_enable("panthor/panthor_gem_evict", NULL), "gem_evict");
	ok(trace_enable("panthor/panthor_gem_swapin", NULL), "gem_swapin");
	ok(trace_start(), "tracing on");
}

struct work {
	struct call *call;
	uint64_t whole;		/* bytes resident before */
	uint64_t enough;	/* bytes evicted before the job comes */
	uint64_t pinned;	/* bytes that are never evicted */
	uint64_t batch;		/* still evicted: the job does not take its lock */
	unsigned int vm;	/* the VM of the job */
	bool slow;		/* writing to swap takes much longer than everything else */
};

static bool evicts_or_ends(void *arg)
{
	const struct work *w = arg;

	return !call_runs(w->call) || resident_of(&app) + w->enough <= w->whole;
}

static void show(const struct order *o, const struct drm_panthor_mem_reclaim *args)
{
	uint64_t freed = args->freed_bytes, skipped = args->skipped_bytes;

	print_message("evicted %" PRIu64 " KiB, of these %" PRIu64 " after the job, back %" PRIu64
		      "; written %" PRIu64 ", of these %" PRIu64 " after the job; freed %" PRIu64
		      ", skipped %" PRIu64 ", status 0x%x\n", o->gone >> 10, o->gone_after >> 10,
		      o->back >> 10, o->written >> 10, o->written_after >> 10, freed >> 10,
		      skipped >> 10, args->status);
}

/* Returns false if the reclaim was almost done when the job came, or met a held lock. */
static bool try_new_work(struct work *w)
{
	struct drm_panthor_mem_reclaim args = { .tgid = (uint32_t)app.pid }, *got;
	struct order o = { .gone = 0 };

	claim_all(&app);
	w->whole = resident_of(&app);
	record_order();
	w->call = begin_reclaim(&args);
	wait_until(evicts_or_ends, w, "nothing is evicted");
	run_frame(&app, 0, w->vm);
	end_call(w->call);
	ok(trace_stop(), "tracing off");
	ok(trace_for_each(see, &o), "reading the trace");
	ok(w->call->ret, "MEM_RECLAIM");
	got = &w->call->reclaim;
	show(&o, got);
	assert_true(o.called && o.queued);
	assert_int_equal(o.gone, got->evicted_bytes);

	if (o.gone_after > w->batch)
		fail_msg("%" PRIu64 " KiB were evicted after the job", o.gone_after >> 10);
	if (o.ended_first || o.written - o.written_after > w->whole / 2)
		return false;
	if (!(got->status & DRM_PANTHOR_MEM_STATUS_BUSY))
		fail_msg("a reclaim that was ended by new work does not say BUSY");
	/*
	 * Memory that the new work uses is not counted as skipped. A BO is, if its lock was held
	 * for too long: on a loaded machine, the submit can have it before it is counted.
	 */
	if (got->skipped_bytes > w->pinned)
		return false;
	/* Writes to a slow disk that have begun complete, but no new ones begin. */
	return !w->slow || o.written_after <= w->whole / 4;
}

static void new_work(struct work *w)
{
	w->pinned = reclaim_all(&app, 0).skipped_bytes;
	for (int i = 0; i < TRIES; i++)
		if (try_new_work(w))
			return;
	fail_msg("in %d tries the reclaim wrote nearly everything, or skipped memory", TRIES);
}

/* One job brings each BO back exactly once. */
static void new_work_ends_reclaim(void **state)
{
	struct lot lot = { .of = &app, .count = 96, .size = MIB, .seed = SEED };
	struct work w = { .enough = 4 * MIB };

	(void)state;
	start_app(&app, 1, 1, NULL);
	alloc_lot(&lot);
	new_work(&w);
	/* The frame has brought everything back, and nothing was evicted since. */
	assert_int_equal(resident_of(&app), w.whole);
	check_lot(&lot);
}

static void new_work_ends_page_out(void **state)
{
	struct lot lot = { .of = &app, .count = 48, .size = MIB, .seed = SEED };
	struct work w = { .enough = 8 * MIB, .slow = true };

	(void)state;
	swap_on_slow_disk(128, 1000000, 16);
	queue_little();
	start_app(&app, 1, 1, NULL);
	alloc_lot(&lot);
	new_work(&w);
	assert_int_equal(resident_of(&app), w.whole);
	check_lot(&lot);
}

/* The job is in a VM that maps none of the evicted BOs. */
static void new_work_of_another_vm(void **state)
{
	struct lot lot = { .of = &app, .count = 96, .size = MIB, .seed = SEED };
	struct work w = { .enough = 4 * MIB, .batch = 2 * MIB, .vm = 1 };

	(void)state;
	start_app(&app, 1, 2, NULL);
	alloc_lot(&lot);
	new_work(&w);
	check_lot(&lot);
}

/* When the job comes, the reclaim is working on BOs that no VM maps. */
static void new_work_without_them(void **state)
{
	struct lot lot = { .of = &app, .count = 96, .size = MIB, .seed = SEED, .unbound = true };
	struct work w = { .enough = 4 * MIB, .batch = 2 * MIB };

	(void)state;
	start_app(&app, 1, 1, NULL);
	alloc_lot(&lot);
	new_work(&w);
	check_lot(&lot);
}

/* --- two reclaims -------------------------------------------------------------- */

struct two_reclaims {
	struct call *first;
	uint64_t written;	/* by the disk, before the first began */
};

static bool writes_or_ends(void *arg)
{
	const struct two_reclaims *two = arg;

	return !call_runs(two->first) || disk_written() > two->written;
}

/*
 * Each page is counted by the call that evicted it or paged it out, not by the other.
 * @later: the second begins when the first writes its first slice to a disk. Returns true if
 * both have evicted something.
 */
static bool reclaim_twice(bool later)
{
	struct drm_panthor_mem_reclaim args = { .tgid = (uint32_t)app.pid };
	struct two_reclaims two = { .written = later ? disk_written() : 0 };
	uint64_t before = resident_of(&app), gone, by_first, by_second;
	struct call *second;

	two.first = begin_reclaim(&args);
	if (later)
		wait_until(writes_or_ends, &two, "nothing is written");
	second = begin_reclaim(&args);
	end_call(two.first);
	end_call(second);
	ok(two.first->ret, "MEM_RECLAIM");
	ok(second->ret, "MEM_RECLAIM");
	gone = before - resident_of(&app);
	by_first = two.first->reclaim.evicted_bytes;
	by_second = second->reclaim.evicted_bytes;
	if (by_first + by_second != gone)
		fail_msg("%" PRIu64 " KiB were evicted, counted were %" PRIu64 " and %" PRIu64,
			 gone >> 10, by_first >> 10, by_second >> 10);
	assert_true(two.first->reclaim.freed_bytes <= by_first);
	assert_true(second->reclaim.freed_bytes <= by_second);
	claim_all(&app);
	return by_first && by_second;
}

/* Both begin at once. On a busy machine, one of them can be done before the other begins. */
static void two_managers(void **state)
{
	struct lot lot = { .of = &app, .count = many(1536), .size = MIB / 32, .seed = SEED };
	unsigned int both = 0, tries = 0;

	(void)state;
	start_app(&app, 1, 1, NULL);
	alloc_lot(&lot);
	for (; tries < 2 * TRIES && both < 10; tries++)
		both += reclaim_twice(false);
	print_message("both evicted something in %u of %u tries\n", both, tries);
	check_lot(&lot);
}

/* The second evicts what is not in the first slice of the first, 64 MiB. */
static void two_managers_one_writes(void **state)
{
	struct lot lot = { .of = &app, .count = 96, .size = MIB, .seed = SEED };
	bool both = false;

	(void)state;
	swap_on_slow_disk(128, 100000, 64);
	start_app(&app, 1, 1, NULL);
	alloc_lot(&lot);
	for (int i = 0; i < TRIES && !both; i++)
		both = reclaim_twice(true);
	assert_true(both);
	check_lot(&lot);
}

/* --- SIGKILL -------------------------------------------------------------------- */

struct order_of_kill {
	bool ended;
	uint64_t claimed, remaining;
};

static void see_claim(const struct trace_event *e, void *arg)
{
	struct order_of_kill *o = arg;
	int64_t claimed, remaining;

	if (strcmp(e->name, "panthor_mem_claim_end") || !trace_field(e, "claimed", &claimed) ||
	    !trace_field(e, "remaining", &remaining))
		return;
	o->ended = true;
	o->claimed = (uint64_t)claimed;
	o->remaining = (uint64_t)remaining;
}

/* Runs in the manager. */
static int claim_it(int fd, void *arg)
{
	struct drm_panthor_mem_claim args;

	return gpu_mem_claim_all(fd, *(uint32_t *)arg, &args);
}

static void send_claim(void)
{
	uint32_t target = (uint32_t)app.pid;

	ok(gpu_app_send(&other, &(struct app_request) {
		.op = APP_CALL, .fn = claim_it, .payload = sizeof(target) }, &target, -1),
	   "asking the manager");
}

static bool is_reaped(void *arg)
{
	return waitpid(*(pid_t *)arg, NULL, WNOHANG) != 0;
}

static void kill_manager(void)
{
	kill(other.pid, SIGKILL);
	wait_until(is_reaped, &other.pid, "a manager does not die of SIGKILL");
	close(other.sock);
	other.sock = -1;
}

static bool disk_reads(void *arg)
{
	return disk_read() > *(uint64_t *)arg;
}

/* A claim that is killed ends at once, because nobody reads its result. */
static void killed_claim_looks_at_nothing_more(void **state)
{
	struct order_of_kill order = { .ended = false };
	uint64_t evicted, read;

	(void)state;
	swap_on_slow_disk(64, 1000000, 16);
	start_app(&app, 4, 1, NULL);
	for (unsigned int i = 0; i < 4; i++) {
		struct lot lot = { .of = &app, .file = i, .count = 2, .size = 4 * MIB,
				   .seed = SEED + i };

		alloc_lot(&lot);
	}
	evicted = reclaim_all(&app, 0).evicted_bytes;
	start_app(&other, 1, 0, NULL);
	ok(trace_reset(1024), "tracefs");
	ok(trace_enable("panthor/panthor_mem_claim_end", NULL), "claim_end");
	ok(trace_start(), "tracing on");
	read = disk_read();
	send_claim();
	wait_until(disk_reads, &read, "a claim does not read");
	kill_manager();
	ok(trace_stop(), "tracing off");
	ok(trace_for_each(see_claim, &order), "reading the trace");
	assert_true(order.ended);
	print_message("evicted %" PRIu64 " KiB; claimed %" PRIu64 ", remaining %" PRIu64 "\n",
		      evicted >> 10, order.claimed >> 10, order.remaining >> 10);
	if (order.claimed + order.remaining >= evicted)
		fail_msg("a claim that was killed has looked at everything");
}

/* The time must grow with the number of files, not with its square. */
static void many_files(void **state)
{
	struct lot lot = { .of = &app, .count = 4, .size = MIB, .seed = SEED };
	int fd;

	(void)state;
	start_app(&app, 1, 1, NULL);
	alloc_lot(&lot);
	open_many(files);
	end_call(begin_reclaim(&(struct drm_panthor_mem_reclaim) { .tgid = (uint32_t)app.pid }));
	start_app(&other, 1, 0, NULL);
	send_claim();
	sleep_ms(10);
	kill(other.pid, SIGKILL);
	/* Other processes do not wait for it. */
	fd = gpu_node_open("panthor");
	ok(fd, "opening the device");
	close(fd);
	kill_manager();
	end_call(begin_claim(&(struct drm_panthor_mem_claim) { .tgid = (uint32_t)app.pid }));
	check_lot(&lot);
}

/* -------------------------------------------------------------------------------- */

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		HOSTILE_CASE(claim_ends_eviction),
		HOSTILE_CASE(claim_ends_page_out),
		HOSTILE_CASE(claim_of_small_ones),
		HOSTILE_CASE(claim_of_several_vms),
		HOSTILE_CASE(claim_of_what_no_vm_maps),
		HOSTILE_CASE(claim_of_many_files),
		HOSTILE_CASE(new_work_ends_reclaim),
		HOSTILE_CASE(new_work_ends_page_out),
		HOSTILE_CASE(new_work_of_another_vm),
		HOSTILE_CASE(new_work_without_them),
		HOSTILE_CASE(two_managers),
		HOSTILE_CASE(two_managers_one_writes),
		HOSTILE_CASE(killed_claim_looks_at_nothing_more),
		HOSTILE_CASE(many_files),
	};

	if (argc > 1)
		rounds = (unsigned int)atoi(argv[1]);
	if (argc > 2)
		files = atoi(argv[2]);
	if (argc > 3)
		cmocka_set_test_filter(argv[3]);
	return cmocka_run_group_tests_name("hostile-calls", tests, NULL, NULL);
}
