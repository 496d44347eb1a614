/* SPDX-License-Identifier: MIT */
/* Events while a reclaim waits for its target or evicts its memory. */
#include <errno.h>

#include "cases.h"

#define SEED 0x7761697400000000ull

/* A reclaim that waits as long as there is work, with an event meanwhile. */
static int waiting_reclaim(struct world *w, struct world_app *app, struct raw_reclaim *r,
			   struct world_during *during)
{
	int ret;

	*r = (struct raw_reclaim){ .restart = 1 };
	r->arg.tgid = (uint32_t)world_tgid(w, app, NULL);
	r->arg.deadline_ns = world_now(w) + NEVER;
	ret = world_call(w, NULL, raw_reclaim_fn, r, sizeof(*r), during);
	assert_true(world_now(w) < r->arg.deadline_ns);
	return ret;
}

/* By TGID, or by the id of the app's only file: both claims are of the same target. */
static bool try_claim_ends_wait_by(struct world *w, bool client)
{
	const struct world_spawn manager = { .cred = WORLD_CRED_MANAGER };
	struct world_app *app = world_spawn(w, NULL);
	struct world_app *claimer = world_spawn(w, &manager);
	struct lot lot = lot_alloc(w, app, 4, unit(), SEED + 8);
	struct target target = client ? by_client(w, app, 0) : by_tgid(w, app);
	struct raw_claim c = { .arg = {
		.flags = target.flags, .tgid = target.tgid, .target = target.id,
	} };
	struct world_during during = {
		.event = WORLD_EVENT_CALL, .after_ns = 400 * WORLD_MS,
		.app = claimer, .fn = raw_claim_fn, .arg = &c, .arg_size = sizeof(c),
	};
	struct raw_reclaim r;
	uint64_t was = resident(w, app);
	int64_t until = busy_until(w, app, 0, 2800 * WORLD_MS);

	assert_int_equal(waiting_reclaim(w, app, &r, &during), 0);
	assert_int_equal(during.ret, 0);
	if (world_now(w) >= until)
		return false;
	check_status(r.arg.status, DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
	assert_int_equal(r.arg.evicted_bytes, 0);
	assert_int_equal(resident(w, app), was);
	world_idle(w, app, 0, 0);
	lot_check(w, &lot, WORLD_BY_GPU);
	return true;
}

static bool try_claim_ends_wait(struct world *w)
{
	return try_claim_ends_wait_by(w, false);
}

static void claim_ends_wait(struct world *w)
{
	until_told(w, try_claim_ends_wait);
}

static bool try_claim_by_client_ends_wait(struct world *w)
{
	return try_claim_ends_wait_by(w, true);
}

static void claim_by_client_ends_wait(struct world *w)
{
	until_told(w, try_claim_by_client_ends_wait);
}

/* A claim of another target, or a dry run of a claim, does not end it. */
static void other_claim(struct world *w, bool dry_run)
{
	const struct world_spawn manager = { .cred = WORLD_CRED_MANAGER };
	struct world_app *app = world_spawn(w, NULL);
	struct world_app *claimer = world_spawn(w, &manager);
	struct lot lot = lot_alloc(w, app, 4, unit(), SEED + 9);
	struct raw_claim c = { .arg = {
		.flags = dry_run ? DRM_PANTHOR_MEM_CLAIM_DRY_RUN : 0,
		.tgid = dry_run ? (uint32_t)world_tgid(w, app, claimer) : 0,
	} };
	struct world_during during = {
		.event = WORLD_EVENT_CALL, .after_ns = 100 * WORLD_MS,
		.app = claimer, .fn = raw_claim_fn, .arg = &c, .arg_size = sizeof(c),
	};
	struct raw_reclaim r;
	int64_t until = busy_until(w, app, 0, 500 * WORLD_MS);

	assert_int_equal(waiting_reclaim(w, app, &r, &during), 0);
	assert_int_equal(during.ret, 0);
	assert_true(world_now(w) >= until);
	check_no_status(r.arg.status, DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
	assert_true(r.arg.evicted_bytes >= lot_bytes(&lot));
}

static void others_claim(struct world *w)
{
	other_claim(w, false);
}

static void dry_run_of_claim(struct world *w)
{
	other_claim(w, true);
}

/* New work shows that the target is in use, so the reclaim ends. */
static bool try_new_work_ends_wait(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, unit(), SEED + 10);
	struct world_during during = {
		.event = WORLD_EVENT_BUSY, .after_ns = 100 * WORLD_MS,
		.app = app, .busy_ns = 1500 * WORLD_MS,
	};
	struct raw_reclaim r;
	uint64_t was = resident(w, app);

	busy_until(w, app, 0, 500 * WORLD_MS);
	assert_int_equal(waiting_reclaim(w, app, &r, &during), 0);
	/* The new work came after the end of the old, or had ended, too. */
	if (r.arg.evicted_bytes)
		return false;
	assert_int_equal(resident(w, app), was);
	check_status(r.arg.status, DRM_PANTHOR_MEM_STATUS_BUSY);
	/* What the new work uses is not counted. */
	assert_true(r.arg.skipped_bytes < lot_bytes(&lot));
	world_idle(w, app, 0, 0);
	lot_check(w, &lot, WORLD_BY_GPU);
	return true;
}

static void new_work_ends_wait(struct world *w)
{
	until_told(w, try_new_work_ends_wait);
}

/* --- a target that keeps its locks -------------------------------- */

/* Long for a call, but short compared with the time that the app is blocked. */
#define A_WHILE (300 * WORLD_MS)

struct held_up {
	struct world_cgroup *group;
	struct world_app *app;
	struct lot lot;
	uint64_t evicted;
};

/* All BOs are private to the VM whose locks are held. */
static void start_held_up(struct world *w, struct held_up *h, bool evicted)
{
	struct world_spawn how = { .cred = WORLD_CRED_USER };
	const struct world_alloc private = {
		.count = 4, .size = unit(), .seed = SEED + 16, .exclusive = true,
	};

	h->group = how.cgroup = world_cgroup(w, NULL, true);
	h->app = world_spawn(w, &how);
	h->lot = lot_alloc_with(w, h->app, &private);
	h->evicted = evicted ? reclaim(w, h->app).evicted_bytes : 0;
	world_hold_up(w, h->app, h->group);
}

/* The call returns at its deadline, or at once without one. */
static void locked_reclaim(struct world *w)
{
	const int64_t waits[] = { 0, A_WHILE };
	struct held_up h;
	unsigned int i;

	start_held_up(w, &h, false);
	for (i = 0; i < 2; i++) {
		struct raw_reclaim r = { .restart = 1, .arg.tgid = by_tgid(w, h.app).tgid };

		if (waits[i])
			r.arg.deadline_ns = world_now(w) + waits[i];
		assert_int_equal(raw_reclaim_fn(world_fd(w), &r), 0);
		assert_true(world_now(w) >= r.arg.deadline_ns);
		check_status(r.arg.status, DRM_PANTHOR_MEM_STATUS_BUSY);
		assert_true(r.arg.skipped_bytes >= lot_bytes(&h.lot));
		assert_true(r.arg.evicted_bytes < h.lot.size);
	}
	world_kill(w, h.app);
}

static void locked_claim(struct world *w)
{
	struct held_up h;
	int i;

	start_held_up(w, &h, true);
	for (i = 0; i < 2; i++) {
		struct raw_claim c = { .restart = 1, .arg.tgid = by_tgid(w, h.app).tgid };

		/* A deadline in the past, and one in the future. */
		c.arg.deadline_ns = i ? world_now(w) + A_WHILE : 1;
		assert_int_equal(raw_claim_fn(world_fd(w), &c), 0);
		assert_true(world_now(w) >= c.arg.deadline_ns);
		check_status(c.arg.status, DRM_PANTHOR_MEM_STATUS_BUSY);
		assert_true(c.arg.remaining_bytes >= lot_bytes(&h.lot));
		assert_true(c.arg.claimed_bytes < h.lot.size);
	}
	world_kill(w, h.app);
}

/* Without a deadline, only a signal ends the wait. */
static void locked_claim_without_deadline(struct world *w)
{
	struct world_during during = { .event = WORLD_EVENT_SIGNALS, .after_ns = A_WHILE };
	struct raw_claim c = { .restart = 0 };
	struct held_up h;
	int ret;

	start_held_up(w, &h, true);
	c.arg.tgid = by_tgid(w, h.app).tgid;
	ret = world_call(w, NULL, raw_claim_fn, &c, sizeof(c), &during);
	/* If pages were read from swap by then, this counts as done. */
	if (ret) {
		assert_int_equal(ret, -EINTR);
		assert_int_equal(c.arg.status, 0);
	} else {
		check_status(c.arg.status, DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
		assert_true(c.arg.remaining_bytes >= lot_bytes(&h.lot));
	}
	world_kill(w, h.app);
}

/* Dry runs do not wait, whatever the deadline. */
static void locked_dry_runs(struct world *w)
{
	struct raw_reclaim r = { .restart = 1 };
	struct raw_claim c = { .restart = 1 };
	struct held_up h;

	start_held_up(w, &h, true);
	r.arg.tgid = c.arg.tgid = by_tgid(w, h.app).tgid;
	r.arg.flags = DRM_PANTHOR_MEM_RECLAIM_DRY_RUN;
	r.arg.deadline_ns = world_now(w) + NEVER;
	assert_int_equal(raw_reclaim_fn(world_fd(w), &r), 0);
	assert_true(world_now(w) < r.arg.deadline_ns);
	c.arg.flags = DRM_PANTHOR_MEM_CLAIM_DRY_RUN;
	assert_int_equal(raw_claim_fn(world_fd(w), &c), 0);
	check_status(c.arg.status, DRM_PANTHOR_MEM_STATUS_BUSY);
	assert_true(c.arg.remaining_bytes >= lot_bytes(&h.lot));
	world_kill(w, h.app);
}

/* --- a target that dies ------------------------------------------------------- */

static void target_killed(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct world_during during = {
		.event = WORLD_EVENT_KILL, .after_ns = 100 * WORLD_MS, .app = app,
	};
	struct raw_reclaim r;
	int ret;

	lot_alloc(w, app, 4, unit(), SEED + 11);
	busy_until(w, app, 0, 2500 * WORLD_MS);
	ret = waiting_reclaim(w, app, &r, &during);
	assert_true(ret == 0 || ret == -ESRCH);

	/* The target is gone, and other processes still work. */
	assert_int_equal(panthor_mem_reclaim(world_fd(w), world_tgid(w, app, NULL), NULL), -ESRCH);
	app = world_spawn(w, NULL);
	assert_int_equal(world_frame(w, app, 0, 0), 0);
}

/*
 * The driver's own memory in a VM, mainly ring buffers. It has no handle and is pinned until
 * its owner dies; then it can be evicted, too.
 */
#define DRIVER_BYTES WORLD_MIB

/* The target dies while the reclaim evicts its memory. */
static void target_killed_at_work(struct world *w)
{
	static const int64_t moments[] = { WORLD_MS, 6 * WORLD_MS, 15 * WORLD_MS };
	struct world_app *other = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, other, 2, unit(), SEED + 14);
	struct panthor_mem_reclaim_result res;
	unsigned int i;
	int ret;

	for (i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		struct world_app *app = world_spawn(w, NULL);
		struct raw_reclaim r = { .arg.tgid = (uint32_t)world_tgid(w, app, NULL) };
		struct world_during during = {
			.event = WORLD_EVENT_KILL, .after_ns = moments[i], .app = app,
		};
		uint64_t was;

		lot_alloc(w, app, 16, unit(), SEED + 15);
		was = resident(w, app);
		ret = world_call(w, NULL, raw_reclaim_fn, &r, sizeof(r), &during);
		assert_true(ret == 0 || ret == -ESRCH);
		if (!ret) {
			assert_true(r.arg.evicted_bytes <= was + DRIVER_BYTES);
			assert_true(r.arg.freed_bytes <= r.arg.evicted_bytes);
		}
	}
	lot_check(w, &lot, WORLD_BY_GPU);
	res = reclaim(w, other);
	assert_true(res.evicted_bytes >= lot_bytes(&lot));
	lot_check(w, &lot, WORLD_BY_GPU);
}

const struct conf_case wait_cases[] = {
	{ "claim_ends_wait", claim_ends_wait, 0 },
	{ "claim_by_client_ends_wait", claim_by_client_ends_wait, WORLD_HAS_TARGETS },
	{ "others_claim", others_claim, 0 },
	{ "dry_run_of_claim", dry_run_of_claim, 0 },
	{ "new_work_ends_wait", new_work_ends_wait, 0 },
	{ "locked_reclaim", locked_reclaim, WORLD_HAS_CGROUPS | WORLD_HAS_MEMCG },
	{ "locked_claim", locked_claim, WORLD_HAS_CGROUPS | WORLD_HAS_MEMCG },
	{ "locked_claim_without_deadline", locked_claim_without_deadline,
	  WORLD_HAS_CGROUPS | WORLD_HAS_MEMCG },
	{ "locked_dry_runs", locked_dry_runs, WORLD_HAS_CGROUPS | WORLD_HAS_MEMCG },
	{ "target_killed", target_killed, 0 },
	{ "target_killed_at_work", target_killed_at_work, 0 },
	{ NULL, NULL, 0 },
};
