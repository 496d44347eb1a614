/* SPDX-License-Identifier: MIT */
/*
 * How long a reclaim and a claim hold the locks that other processes need, and how much work
 * they do meanwhile.
 *
 * usage: locks [--files N] [MIB...]
 *
 * With --files, other processes have N files of the device open. For each MIB (default 16),
 * an application holds that much, in buffers of 64 KiB to 2 MiB, and is reclaimed and
 * claimed while another one renders. lockdep's tracepoints tell when the calling thread
 * takes and releases a lock. The output has a histogram of the times for each lock, and the
 * longest time, with and without the periods in which another thread had the CPU. The
 * times are for the reader: they depend on the machine, and tracing makes them longer, so
 * the program does not judge whether the longest one grows with MIB. A kernel without KASAN
 * gives better times: run-guest --kernel locks.
 *
 * The test judges the work within one hold: one BO is evicted or brought back under a VM's
 * op_lock, a BO's gpuva.lock or the LRU's mutex, none under filelist_mutex, a batch of BOs
 * under a reservation lock, and no page is written to swap or read from it under any lock.
 *
 * Needs a kernel with LOCK_STAT, for the tracepoints: debug or locks.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gpu/app.h"
#include "gpu/mem.h"
#include "gpu/tracefs.h"
#include "guest.h"

/* As in the driver: PANTHOR_MEM_BATCH_BOS, PANTHOR_MEM_BATCH_BYTES. */
#define BATCH_BOS 64
#define BATCH_BYTES (1 * MIB)
/* The last BO of a batch may exceed the limit. */
#define BO_MAX (2 * MIB)
/* Each request to the swap device, at the time when it is issued. */
#define IO_EVENT "block_bio_queue"
#define SWITCH_EVENT "sched_switch"
#define BUCKETS 24
#define SIZES_MAX 8
#define HELD_MAX 8
#define SEED UINT64_C(0x10c4000000000000)
#define CROWD 10

static struct gpu_app app = { .sock = -1 }, other = { .sock = -1 };
static struct gpu_app crowd[CROWD];
static int files;

struct lock {
	const char *label;
	const char *name;	/* class name in lockdep */
	unsigned int most;	/* number of BOs allowed in one hold */
	/* Results: */
	unsigned int holds;
	unsigned int histogram[BUCKETS];
	int64_t longest_ns, sum_ns;
	int64_t working_ns;	/* the longest hold, without the time of other threads */
	unsigned int bos;	/* the largest number of BOs in one hold */
	uint64_t bytes;		/* the same in bytes */
	unsigned int io;	/* pages to and from swap, in all holds */
};

struct held {
	char instance[32];
	struct lock *lock;
	int64_t since, off_ns;
	unsigned int bos;
	uint64_t bytes;
};

struct record {
	struct lock *locks;
	struct held held[HELD_MAX];
	int64_t off_since;	/* time since which another thread has the CPU */
	unsigned int bos;
	unsigned int io;
};

static const struct lock all_locks[] = {
	{ "filelist_mutex", "&dev->filelist_mutex", 0, .holds = 0 },
	{ "gem_lru_mutex", "&dev->gem_lru_mutex", 1, .holds = 0 },
	{ "resv", "reservation_ww_class_mutex", BATCH_BOS, .holds = 0 },
	{ "op_lock", "&vm->op_lock", 1, .holds = 0 },
	{ "gpuva.lock", "&obj->gpuva.lock", 1, .holds = 0 },
};

#define LOCKS (sizeof(all_locks) / sizeof(all_locks[0]))

/* Parse "0000000012345678 try &vm->op_lock": the lock, flags, its class. */
static struct lock *lock_of(struct record *r, const char *text, char instance[32])
{
	const char *name = strrchr(text, ' ');

	snprintf(instance, 32, "%.*s", (int)strcspn(text, " "), text);
	for (size_t i = 0; name && i < LOCKS; i++)
		if (!strcmp(name + 1, r->locks[i].name))
			return &r->locks[i];
	return NULL;
}

static struct held *find_held(struct record *r, const char *instance)
{
	for (unsigned int i = 0; i < HELD_MAX; i++)
		if (r->held[i].lock && !strcmp(r->held[i].instance, instance))
			return &r->held[i];
	return NULL;
}

static void acquire(struct record *r, const struct trace_event *e)
{
	char instance[32];
	struct lock *lock = lock_of(r, e->text, instance);
	struct held *h;

	if (!lock)
		return;
	h = find_held(r, instance);
	if (!h) {
		h = r->held;
		while (h->lock && h < &r->held[HELD_MAX - 1])
			h++;
		if (h->lock)
			fail_msg("more than %d locks held", HELD_MAX);
	}
	/* lock_acquired comes after the wait, so the time starts again. */
	*h = (struct held) { .lock = lock, .since = e->ns };
	strcpy(h->instance, instance);
}

static void release(struct record *r, const struct trace_event *e)
{
	char instance[32];
	struct lock *lock = lock_of(r, e->text, instance);
	struct held *h = lock ? find_held(r, instance) : NULL;
	unsigned int bucket = 0;
	int64_t ns;

	if (!h)
		return;
	ns = e->ns - h->since;
	while (bucket < BUCKETS - 1 && ns >= (INT64_C(1000) << bucket))
		bucket++;
	lock->histogram[bucket]++;
	lock->holds++;
	lock->sum_ns += ns;
	if (ns > lock->longest_ns)
		lock->longest_ns = ns;
	if (ns - h->off_ns > lock->working_ns)
		lock->working_ns = ns - h->off_ns;
	if (h->bos > lock->bos)
		lock->bos = h->bos;
	if (h->bytes > lock->bytes)
		lock->bytes = h->bytes;
	h->lock = NULL;
}

static void switch_to(struct record *r, const struct trace_event *e)
{
	int64_t prev = 0, next = 0;

	if (!trace_field(e, "prev_pid", &prev) || !trace_field(e, "next_pid", &next))
		fail_msg("an event without threads: %s", e->text);
	if (prev == getpid())
		r->off_since = e->ns;
	if (next != getpid())
		return;
	for (unsigned int i = 0; i < HELD_MAX; i++)
		r->held[i].off_ns += e->ns - r->off_since;
}

static uint64_t size_of(const char *text)
{
	const char *size = strstr(text, "size=");

	if (!size)
		fail_msg("an event without a size: %s", text);
	return strtoull(size + strlen("size="), NULL, 0);
}

static void see(const struct trace_event *e, void *arg)
{
	struct record *r = arg;

	if (!strcmp(e->name, "lock_acquire") || !strcmp(e->name, "lock_acquired")) {
		acquire(r, e);
	} else if (!strcmp(e->name, "lock_release")) {
		release(r, e);
	} else if (!strcmp(e->name, SWITCH_EVENT)) {
		switch_to(r, e);
	} else if (!strncmp(e->name, "panthor_gem_", strlen("panthor_gem_"))) {
		uint64_t bytes = size_of(e->text);

		r->bos++;
		for (unsigned int i = 0; i < HELD_MAX; i++) {
			r->held[i].bos++;
			r->held[i].bytes += bytes;
		}
	} else if (!strcmp(e->name, IO_EVENT)) {
		r->io++;
		for (unsigned int i = 0; i < HELD_MAX; i++)
			if (r->held[i].lock)
				r->held[i].lock->io++;
	}
}

static void begin_recording(void)
{
	char filter[512] = "";

	for (size_t i = 0; i < LOCKS; i++)
		snprintf(filter + strlen(filter), sizeof(filter) - strlen(filter),
			 "%sname == \"%s\"", i ? " || " : "", all_locks[i].name);
	ok(trace_reset(65536), "tracefs");
	ok(trace_enable("lock/lock_acquire", filter), "lock_acquire (a kernel with lockdep?)");
	ok(trace_enable("lock/lock_acquired", filter), "lock_acquired");
	ok(trace_enable("lock/lock_release", filter), "lock_release");
	ok(trace_enable("panthor/panthor_gem_evict", NULL), "gem_evict");
	ok(trace_enable("panthor/panthor_gem_swapin", NULL), "gem_swapin");
	ok(trace_enable("block/" IO_EVENT, NULL), IO_EVENT);
	ok(trace_enable("sched/" SWITCH_EVENT, NULL), SWITCH_EVENT);
	ok(trace_only_this_thread(), "set_event_pid");
	ok(trace_start(), "tracing on");
}

static void print_histogram(const char *what, const struct lock *locks)
{
	print_message("%s: holds by time\n%-15s %8s %10s %10s %10s %4s", what, "", "holds",
		      "mean us", "longest us", "on the CPU", "BOs");
	for (unsigned int b = 0; b < 14; b++)
		print_message(" %5uus", 1u << b);
	print_message("\n");
	for (size_t i = 0; i < LOCKS; i++) {
		const struct lock *l = &locks[i];

		print_message("%-15s %8u %10.1f %10.1f %10.1f %4u", l->label, l->holds,
			      l->holds ? (double)l->sum_ns / l->holds / 1e3 : 0.0,
			      (double)l->longest_ns / 1e3, (double)l->working_ns / 1e3, l->bos);
		for (unsigned int b = 0; b < 14; b++)
			print_message(" %7u", l->histogram[b]);
		print_message("\n");
	}
}

static void check(const char *what, uint64_t bytes)
{
	struct lock locks[LOCKS];
	struct record r = { .locks = locks };

	memcpy(locks, all_locks, sizeof(locks));
	ok(trace_stop(), "tracing off");
	ok(trace_for_each(see, &r), "reading the trace");
	print_histogram(what, locks);
	print_message("%u BOs, %" PRIu64 " MiB, %u requests to swap\n", r.bos, bytes / MIB, r.io);
	for (size_t i = 0; i < LOCKS; i++) {
		assert_true(locks[i].holds > 0);
		if (locks[i].bos > locks[i].most)
			fail_msg("%u BOs in one hold of %s", locks[i].bos, locks[i].label);
		if (locks[i].bytes >= BATCH_BYTES + BO_MAX)
			fail_msg("%" PRIu64 " bytes in one hold of %s", locks[i].bytes,
				 locks[i].label);
		if (locks[i].io)
			fail_msg("%u requests to swap with %s held", locks[i].io, locks[i].label);
	}
	assert_true(r.io > 0);
	/* All evictions were seen: each BO has at least 64 KiB, none more than 2 MiB. */
	assert_true(r.bos >= bytes / (2 * MIB));
}

static void alloc(uint64_t size, uint64_t bytes)
{
	ok(gpu_app_ask(&app, &(struct app_request) {
		.op = APP_ALLOC, .count = (unsigned int)(bytes / size), .size = size,
		.seed = SEED + size, .exclusive = size != MIB }, NULL, NULL, NULL),
	   "allocating");
}

/* Small buffers, shareable ones and large ones. */
static void alloc_all(uint64_t total)
{
	alloc(65536, total / 8);
	alloc(MIB, total / 4);
	alloc(2 * MIB, total * 5 / 8);
	ok(gpu_app_ask(&other, &(struct app_request) { .op = APP_FRAMES_START },
		       NULL, NULL, NULL), "frames of another process");
}

static void frames_were_fine(void)
{
	assert_true(gpu_app_ask(&other, &(struct app_request) { .op = APP_FRAMES_STOP },
				NULL, NULL, NULL) > 0);
}

static uint64_t reclaim(uint64_t total)
{
	struct drm_panthor_mem_reclaim args;

	ok(gpu_mem_reclaim_all(guest.dev.fd, (uint32_t)app.pid, 0, &args), "MEM_RECLAIM");
	assert_true(args.evicted_bytes >= total);
	return args.evicted_bytes;
}

static uint64_t claim(uint64_t total)
{
	struct drm_panthor_mem_claim args;

	ok(gpu_mem_claim_all(guest.dev.fd, (uint32_t)app.pid, &args), "MEM_CLAIM");
	assert_true(args.claimed_bytes >= total);
	return args.claimed_bytes;
}

static void holds(void **state)
{
	uint64_t total = *(uint64_t *)*state, bytes;

	alloc_all(total);
	begin_recording();
	bytes = reclaim(total);
	check("reclaim", bytes);
	begin_recording();
	bytes = claim(total);
	check("claim", bytes);
	frames_were_fine();
}

static int gather_crowd(void)
{
	struct gpu_app_setup setup = { .cred = GPU_APP_ROOT, .files = 1, .vms = 1, .pidns = -1 };
	int each = files / CROWD, ret = 0;

	for (int i = 0; files && !ret && i < CROWD; i++) {
		ret = gpu_app_start(&crowd[i], &setup);
		if (!ret)
			ret = (int)gpu_app_ask(&crowd[i], &(struct app_request) {
				.op = APP_CALL, .fn = open_files, .payload = sizeof(each) },
				NULL, &each, NULL);
	}
	return ret;
}

static int begin(void **state)
{
	struct gpu_app_setup setup = {
		.cred = GPU_APP_ROOT, .files = 1, .vms = 1, .pidns = -1,
	};
	int ret = guest_open(state);

	if (!ret)
		ret = gpu_app_start(&app, &setup);
	if (!ret)
		ret = gpu_app_start(&other, &setup);
	return ret ? ret : gather_crowd();
}

static int end(void **state)
{
	trace_reset(0);
	gpu_app_kill(&app);
	gpu_app_kill(&other);
	for (int i = 0; files && i < CROWD; i++)
		gpu_app_kill(&crowd[i]);
	return guest_close(state);
}

int main(int argc, char **argv)
{
	struct CMUnitTest tests[SIZES_MAX];
	uint64_t totals[SIZES_MAX] = { 16 * MIB };
	int count;

	if (argc > 2 && !strcmp(argv[1], "--files")) {
		files = atoi(argv[2]);
		argv += 2;
		argc -= 2;
	}
	count = argc > 1 ? argc - 1 : 1;
	if (count > SIZES_MAX) {
		fprintf(stderr, "locks: at most %d sizes\n", SIZES_MAX);
		return 2;
	}
	for (int i = 0; i < count; i++) {
		if (argc > 1)
			totals[i] = strtoull(argv[i + 1], NULL, 10) * MIB;
		if (!totals[i] || totals[i] % (16 * MIB)) {
			fprintf(stderr, "locks: %s: not a multiple of 16 MiB\n", argv[i + 1]);
			return 2;
		}
		tests[i] = (struct CMUnitTest) {
			.name = "holds", .test_func = holds, .setup_func = begin,
			.teardown_func = end, .initial_state = &totals[i],
		};
	}
	/* The macro needs an array; only the given sizes are in it. */
	return _cmocka_run_group_tests("locks", tests, (size_t)count, NULL, NULL);
}
