/* SPDX-License-Identifier: MIT */
/* A signal to the caller while the call runs: EINTR, or a short count. */
#include <errno.h>

#include "cases.h"

#define SEED 0x7369676e616c0000ull

/* The call waits for the GPU, so nothing can be done before the signal. */
static bool try_eintr_while_waiting(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, unit(), SEED + 1);
	struct world_during during = {
		.event = WORLD_EVENT_SIGNAL, .after_ns = 500 * WORLD_MS,
	};
	struct raw_reclaim r = { .arg = {
		.tgid = (uint32_t)world_tgid(w, app, NULL),
		.freed_bytes = 1, .evicted_bytes = 2, .skipped_bytes = 3, .status = 4,
	} };
	uint64_t was = resident(w, app);
	int64_t deadline;
	int ret;

	world_busy(w, app, 0, 0, 2800 * WORLD_MS);
	r.arg.deadline_ns = deadline = world_now(w) + NEVER;
	ret = world_call(w, NULL, raw_reclaim_fn, &r, sizeof(r), &during);
	/* The signal came before the call, or after the work. */
	if (!ret)
		return false;
	assert_int_equal(ret, -EINTR);
	assert_true(r.arg.deadline_ns == deadline);
	assert_int_equal(r.arg.tgid, world_tgid(w, app, NULL));
	assert_int_equal(resident(w, app), was);
	/* Nothing was done, so the outputs are 0. */
	assert_int_equal(r.arg.freed_bytes + r.arg.evicted_bytes + r.arg.skipped_bytes, 0);
	assert_int_equal(r.arg.status, 0);

	/* Repeat the call with the same struct, as drmIoctl() does. */
	world_idle(w, app, 0, 0);
	assert_int_equal(world_call(w, NULL, raw_reclaim_fn, &r, sizeof(r), NULL), 0);
	assert_int_equal(r.arg.evicted_bytes, was - resident(w, app));
	assert_true(r.arg.evicted_bytes >= lot_bytes(&lot));
	lot_check(w, &lot, WORLD_BY_GPU);
	return true;
}

static void eintr_while_waiting(struct world *w)
{
	until_told(w, try_eintr_while_waiting);
}

static int library_fn(int fd, void *arg)
{
	struct raw_reclaim *r = arg;
	struct panthor_mem_reclaim_options opts = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	struct panthor_mem_reclaim_result res = PANTHOR_MEM_RECLAIM_RESULT_INIT;
	int ret;

	opts.flags = r->arg.flags;
	opts.deadline_ns = r->arg.deadline_ns;
	ret = panthor_mem_reclaim_with(fd, (pid_t)r->arg.tgid, &opts, &res);
	r->arg.evicted_bytes = res.evicted_bytes;
	r->arg.freed_bytes = res.freed_bytes;
	r->arg.status = res.status;
	return ret;
}

/* The library starts over, with the same deadline. */
static void library_starts_over(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, unit(), SEED + 2);
	struct world_during during = {
		.event = WORLD_EVENT_SIGNAL, .after_ns = 150 * WORLD_MS,
	};
	struct raw_reclaim r = { .arg.tgid = (uint32_t)world_tgid(w, app, NULL) };
	uint64_t was = resident(w, app);

	world_busy(w, app, 0, 0, 600 * WORLD_MS);
	r.arg.deadline_ns = world_now(w) + NEVER;
	assert_int_equal(world_call(w, NULL, library_fn, &r, sizeof(r), &during), 0);
	assert_true(r.arg.evicted_bytes >= lot_bytes(&lot));
	assert_int_equal(r.arg.evicted_bytes, was - resident(w, app));
	check_no_status(r.arg.status, DRM_PANTHOR_MEM_STATUS_BUSY);
	lot_check(w, &lot, WORLD_BY_GPU);
}

/*
 * The call ends at its deadline. If repeating the call moved the deadline, it would be later
 * than the end of the work.
 */
static bool try_library_gives_up(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct world_during during = {
		.event = WORLD_EVENT_SIGNAL, .after_ns = 1500 * WORLD_MS,
	};
	struct raw_reclaim r = { .arg.tgid = (uint32_t)world_tgid(w, app, NULL) };
	int64_t until;

	lot_alloc(w, app, 4, unit(), SEED + 3);
	until = busy_until(w, app, 0, 2900 * WORLD_MS);
	r.arg.deadline_ns = world_now(w) + 1700 * WORLD_MS;
	assert_int_equal(world_call(w, NULL, library_fn, &r, sizeof(r), &during), 0);
	if (world_now(w) >= until)
		return false;
	assert_true(world_now(w) >= r.arg.deadline_ns);
	check_status(r.arg.status, DRM_PANTHOR_MEM_STATUS_BUSY);
	assert_int_equal(r.arg.evicted_bytes, 0);
	return true;
}

static void library_gives_up(struct world *w)
{
	until_told(w, try_library_gives_up);
}

/* With PANTHOR_MEM_INTERRUPTIBLE, the same signal ends the call, and nothing was done. */
static bool try_library_is_cancelled(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, unit(), SEED + 6);
	struct world_during during = {
		.event = WORLD_EVENT_SIGNAL, .after_ns = 500 * WORLD_MS,
	};
	struct raw_reclaim r = { .arg = {
		.tgid = (uint32_t)world_tgid(w, app, NULL), .flags = PANTHOR_MEM_INTERRUPTIBLE,
	} };
	uint64_t was = resident(w, app);
	int ret;

	world_busy(w, app, 0, 0, 2800 * WORLD_MS);
	r.arg.deadline_ns = world_now(w) + NEVER;
	ret = world_call(w, NULL, library_fn, &r, sizeof(r), &during);
	/* The signal came before the call, or after the work. */
	if (!ret)
		return false;
	assert_int_equal(ret, -EINTR);
	assert_int_equal(r.arg.evicted_bytes + r.arg.freed_bytes + r.arg.status, 0);
	assert_int_equal(resident(w, app), was);
	world_idle(w, app, 0, 0);
	lot_check(w, &lot, WORLD_BY_GPU);
	return true;
}

static void library_is_cancelled(struct world *w)
{
	until_told(w, try_library_is_cancelled);
}

/* Pages that something else used for a moment, so that they stayed in RAM. */
#define SOME_PAGES (32 * WORLD_PAGE)

static const int64_t moments[] = {
	WORLD_MS / 10, WORLD_MS, 3 * WORLD_MS, 8 * WORLD_MS, 20 * WORLD_MS, 50 * WORLD_MS,
};

/* Try only every second moment on a slow kernel. */
static unsigned int next_moment(unsigned int i)
{
	return on_debug_kernel() ? i + 2 : i + 1;
}

/*
 * A signal at any moment of a reclaim: either nothing was done, or the counts say what was
 * done. The same call again does the rest.
 */
static void any_moment_of_reclaim(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, many(24), unit(), SEED + 4);
	struct world_during during = { .event = WORLD_EVENT_SIGNAL };
	uint64_t was = resident(w, app);
	unsigned int i;

	for (i = 0; i < sizeof(moments) / sizeof(moments[0]); i = next_moment(i)) {
		struct raw_reclaim r = { .arg.tgid = (uint32_t)world_tgid(w, app, NULL) };
		uint64_t evicted = 0, freed = 0, between, told, gone;
		int ret;

		during.after_ns = moments[i];
		ret = world_call(w, NULL, raw_reclaim_fn, &r, sizeof(r), &during);
		assert_true(ret == 0 || ret == -EINTR);
		if (!ret) {
			evicted = r.arg.evicted_bytes;
			freed = r.arg.freed_bytes;
			assert_true(freed <= evicted);
			if (evicted < was - lot.size)
				check_status(r.arg.status, DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
		}
		between = resident(w, app);
		assert_int_equal(evicted, was - between);

		/* The second call pages out what the first left in RAM, and counts it once. */
		assert_int_equal(raw_reclaim_fn(world_fd(w), &r), 0);
		assert_true(r.arg.evicted_bytes >= between - resident(w, app));
		told = freed + r.arg.freed_bytes;
		gone = was - resident(w, app);
		if (told > gone || told + SOME_PAGES < gone)
			fail_msg("%llu KiB freed by both calls of %llu KiB, signal after %lld us",
				 (unsigned long long)told / 1024, (unsigned long long)gone / 1024,
				 (long long)during.after_ns / 1000);
		claim(w, app);
		assert_int_equal(resident(w, app), was);
	}
	lot_check(w, &lot, WORLD_BY_GPU);
}

/* Writes that are in flight to a slow device when the signal comes count, too. */
static void any_moment_on_disk(struct world *w)
{
	world_set_swap(w, WORLD_SWAP_SLOW);
	any_moment_of_reclaim(w);
}

static void any_moment_of_claim(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, many(24), unit(), SEED + 5);
	struct world_during during = { .event = WORLD_EVENT_SIGNAL };
	uint64_t was = resident(w, app);
	unsigned int i;

	for (i = 0; i < sizeof(moments) / sizeof(moments[0]); i = next_moment(i)) {
		struct raw_claim c = { .arg.tgid = (uint32_t)world_tgid(w, app, NULL) };
		uint64_t claimed = 0, left;
		int ret;

		reclaim(w, app);
		left = resident(w, app);
		during.after_ns = moments[i];
		ret = world_call(w, NULL, raw_claim_fn, &c, sizeof(c), &during);
		assert_true(ret == 0 || ret == -EINTR);
		if (!ret) {
			claimed = c.arg.claimed_bytes;
			assert_int_equal(claimed + c.arg.remaining_bytes, was - left);
			if (c.arg.remaining_bytes)
				check_status(c.arg.status, DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
		}
		assert_int_equal(resident(w, app), left + claimed);

		assert_int_equal(raw_claim_fn(world_fd(w), &c), 0);
		assert_int_equal(resident(w, app), was);
		assert_int_equal(c.arg.remaining_bytes, 0);
	}
	lot_check(w, &lot, WORLD_BY_GPU);
}

const struct conf_case signal_cases[] = {
	{ "eintr_while_waiting", eintr_while_waiting, 0 },
	{ "library_starts_over", library_starts_over, 0 },
	{ "library_gives_up", library_gives_up, 0 },
	{ "library_is_cancelled", library_is_cancelled, 0 },
	{ "any_moment_of_reclaim", any_moment_of_reclaim, 0 },
	{ "any_moment_on_disk", any_moment_on_disk, WORLD_IS_ALONE | WORLD_CAN_SWAP_READ_ERROR },
	{ "any_moment_of_claim", any_moment_of_claim, 0 },
	{ NULL, NULL, 0 },
};
