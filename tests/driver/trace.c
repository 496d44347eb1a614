/* SPDX-License-Identifier: MIT */
/*
 * Compares the tracepoints of a reclaim, of a claim, and of each BO that is evicted or
 * brought back with what really happened.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "gpu/app.h"
#include "gpu/mem.h"
#include "gpu/pattern.h"
#include "gpu/sysmem.h"
#include "gpu/tracefs.h"
#include "guest.h"

#define BOS 8
#define BO_SIZE MIB
#define TOTAL (BOS * BO_SIZE)
#define SEED UINT64_C(0x7ace000000000000)

static struct gpu_app app = { .sock = -1 };

/* What the events say. */
struct record {
	unsigned int calls_begun;
	unsigned int calls_ended;
	bool in_call;
	int64_t tgid, requested, flags, freed, evicted, skipped, claimed, remaining;
	int64_t status, ret, duration;
	uint64_t gone, back;		/* bytes of BOs evicted and brought back */
	uint64_t gone_outside;		/* bytes evicted outside of begin and end */
	const char *reason;		/* the expected reason, */
	const char *or_else;		/* or this one */
	uint64_t of_reason;		/* bytes with the expected reason */
	unsigned int other_reasons;
};

static int64_t value(const struct trace_event *event, const char *key)
{
	int64_t v = -1;

	if (!trace_field(event, key, &v))
		fail_msg("%s without %s: %s", event->name, key, event->text);
	return v;
}

static void see(const struct trace_event *e, void *arg)
{
	struct record *r = arg;

	if (!strcmp(e->name, "panthor_mem_reclaim_begin") ||
	    !strcmp(e->name, "panthor_mem_claim_begin")) {
		r->calls_begun++;
		r->in_call = true;
		assert_int_equal(value(e, "tgid"), app.pid);
		r->flags = value(e, "flags");
		r->requested = value(e, "requested");
	} else if (!strcmp(e->name, "panthor_mem_reclaim_end")) {
		r->calls_ended++;
		r->in_call = false;
		assert_int_equal(value(e, "tgid"), app.pid);
		assert_int_equal(value(e, "requested"), r->requested);
		r->freed = value(e, "freed");
		r->evicted = value(e, "evicted");
		r->skipped = value(e, "skipped");
		r->status = value(e, "status");
		r->ret = value(e, "ret");
		r->duration = value(e, "duration_ns");
	} else if (!strcmp(e->name, "panthor_mem_claim_end")) {
		r->calls_ended++;
		r->in_call = false;
		assert_int_equal(value(e, "tgid"), app.pid);
		r->claimed = value(e, "claimed");
		r->remaining = value(e, "remaining");
		r->status = value(e, "status");
		r->ret = value(e, "ret");
		r->duration = value(e, "duration_ns");
	} else if (!strcmp(e->name, "panthor_gem_evict") ||
		   !strcmp(e->name, "panthor_gem_swapin")) {
		uint64_t size = (uint64_t)value(e, "size");

		*(e->name[strlen("panthor_gem_")] == 'e' ? &r->gone : &r->back) += size;
		if (!r->in_call)
			r->gone_outside += size;
		if (trace_field_is(e, "reason", r->reason))
			r->of_reason += size;
		else if (!trace_field_is(e, "reason", r->or_else))
			r->other_reasons++;
	}
}

static struct record record_of_two(const char *reason, const char *or_else)
{
	struct record r = { .reason = reason, .or_else = or_else };

	ok(trace_stop(), "tracing off");
	ok(trace_for_each(see, &r), "reading the trace");
	if (r.other_reasons)
		fail_msg("%u events have another reason than %s", r.other_reasons, reason);
	return r;
}

static struct record record_of(const char *reason)
{
	return record_of_two(reason, reason);
}

static void begin_recording(void)
{
	ok(trace_reset(4096), "tracefs");
	ok(trace_enable("panthor/panthor_mem_reclaim_begin", NULL), "reclaim_begin");
	ok(trace_enable("panthor/panthor_mem_reclaim_end", NULL), "reclaim_end");
	ok(trace_enable("panthor/panthor_mem_claim_begin", NULL), "claim_begin");
	ok(trace_enable("panthor/panthor_mem_claim_end", NULL), "claim_end");
	ok(trace_enable("panthor/panthor_gem_evict", NULL), "gem_evict");
	ok(trace_enable("panthor/panthor_gem_swapin", NULL), "gem_swapin");
	ok(trace_start(), "tracing on");
}

static void alloc(bool unbound)
{
	ok(gpu_app_ask(&app, &(struct app_request) {
		.op = APP_ALLOC, .count = BOS, .size = BO_SIZE, .seed = SEED,
		.exclusive = true, .unbound = unbound }, NULL, NULL, NULL), "allocating");
}

static struct drm_panthor_mem_reclaim reclaim(void)
{
	struct drm_panthor_mem_reclaim args = {
		.tgid = (uint32_t)app.pid,
		.max_bytes = UINT64_C(1) << 40,
		.deadline_ns = now_ns() + INT64_C(10000000000),
	};

	ok(gpu_mem_reclaim(guest.dev.fd, &args), "MEM_RECLAIM");
	assert_true(args.evicted_bytes >= TOTAL);
	return args;
}

static void a_reclaim(void **state)
{
	struct drm_panthor_mem_reclaim args;
	struct record r;

	(void)state;
	alloc(false);
	begin_recording();
	args = reclaim();
	r = record_of("explicit");
	assert_int_equal(r.calls_begun, 1);
	assert_int_equal(r.calls_ended, 1);
	assert_int_equal(r.flags, 0);
	assert_int_equal(r.requested, INT64_C(1) << 40);
	assert_int_equal(r.freed, args.freed_bytes);
	assert_int_equal(r.evicted, args.evicted_bytes);
	assert_int_equal(r.skipped, args.skipped_bytes);
	assert_int_equal(r.status, args.status);
	assert_int_equal(r.ret, 0);
	assert_true(r.duration > 0);
	assert_int_equal(r.gone, args.evicted_bytes);
	assert_int_equal(r.gone_outside, 0);
	assert_int_equal(r.back, 0);
}

static void a_claim(void **state)
{
	struct drm_panthor_mem_claim args;
	struct record r;

	(void)state;
	alloc(false);
	reclaim();
	begin_recording();
	ok(gpu_mem_claim_all(guest.dev.fd, (uint32_t)app.pid, &args), "MEM_CLAIM");
	r = record_of("explicit");
	assert_int_equal(r.calls_begun, 1);
	assert_int_equal(r.calls_ended, 1);
	assert_int_equal(r.claimed, args.claimed_bytes);
	assert_int_equal(r.remaining, args.remaining_bytes);
	assert_int_equal(r.status, args.status);
	assert_int_equal(r.ret, 0);
	assert_true(r.duration > 0);
	assert_true(args.claimed_bytes >= TOTAL);
	assert_int_equal(r.back, args.claimed_bytes);
	assert_int_equal(r.gone_outside, 0);
	assert_int_equal(r.gone, 0);
}

static void a_submit(void **state)
{
	struct drm_panthor_mem_reclaim args;
	struct record r;

	(void)state;
	alloc(false);
	args = reclaim();
	begin_recording();
	ok(gpu_app_ask(&app, &(struct app_request) { .op = APP_FRAME }, NULL, NULL, NULL),
	   "a frame");
	/* First, the CPU writes the command stream of the frame. */
	r = record_of_two("submit", "cpu-fault");
	assert_int_equal(r.calls_begun, 0);
	assert_int_equal(r.back, args.evicted_bytes);
	assert_true(r.of_reason >= TOTAL);
	assert_int_equal(r.gone, 0);
}

static void a_cpu_fault(void **state)
{
	struct app_reply reply;
	struct record r;

	(void)state;
	alloc(true);
	reclaim();
	begin_recording();
	ok(gpu_app_ask(&app, &(struct app_request) { .op = APP_SUM }, &reply, NULL, NULL),
	   "reading by the CPU");
	r = record_of("cpu-fault");
	assert_true(reply.value == pattern_expected(SEED, BO_SIZE));
	assert_int_equal(r.back, BO_SIZE);
	assert_int_equal(r.gone, 0);
}

/* Run the driver's own shrinker through debugfs. */
static void the_shrinker(void **state)
{
	struct record r;

	(void)state;
	alloc(false);
	begin_recording();
	ok(sysmem_write_file("/sys/kernel/debug/dri/panthor/shrink", "100000"), "shrink");
	r = record_of("shrinker");
	assert_true(r.gone >= TOTAL);
	assert_int_equal(r.calls_begun, 0);
	assert_int_equal(r.back, 0);
}

/* A call that fails is traced with its errno. One that is refused at once is not traced. */
static void a_failure(void **state)
{
	struct drm_panthor_mem_reclaim args = { .tgid = (uint32_t)app.pid, .pad = 1 };
	struct record r;

	(void)state;
	begin_recording();
	assert_int_equal(gpu_mem_reclaim(guest.dev.fd, &args), -EINVAL);
	r = record_of("");
	assert_int_equal(r.calls_begun, 0);

	args.pad = 0;
	ok(system("swapoff -a") ? -EIO : 0, "swapoff");
	begin_recording();
	assert_int_equal(gpu_mem_reclaim(guest.dev.fd, &args), -ENOSPC);
	r = record_of("");
	ok(system("swapon /dev/zram0") ? -EIO : 0, "swapon");
	assert_int_equal(r.calls_begun, 1);
	assert_int_equal(r.calls_ended, 1);
	assert_int_equal(r.ret, -ENOSPC);
}

static int begin(void **state)
{
	struct gpu_app_setup setup = {
		.cred = GPU_APP_ROOT, .files = 1, .vms = 1, .pidns = -1,
	};
	int ret = guest_open(state);

	return ret ? ret : gpu_app_start(&app, &setup);
}

static int end(void **state)
{
	trace_reset(0);
	gpu_app_kill(&app);
	return guest_close(state);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_reclaim),
		CASE(a_claim),
		CASE(a_submit),
		CASE(a_cpu_fault),
		CASE(the_shrinker),
		CASE(a_failure),
	};

	return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
