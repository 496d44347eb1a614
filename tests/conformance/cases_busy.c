/* SPDX-License-Identifier: MIT */
/* What the GPU uses now: skipped, waited for, and what ends the wait. */
#include <errno.h>

#include "cases.h"

#define SEED 0x6275737900000000ull

static void skipped(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, WORLD_MIB, SEED + 1);
	struct panthor_mem_reclaim_result res;
	uint64_t was = resident(w, app);
	int64_t start;

	world_busy(w, app, 0, 0, 2 * WORLD_SECOND);
	start = world_now(w);
	res = reclaim(w, app);
	/* It was not waited for. */
	assert_true(world_now(w) - start < WORLD_SECOND);
	assert_int_equal(res.evicted_bytes, 0);
	assert_int_equal(res.freed_bytes, 0);
	assert_true(res.skipped_bytes >= lot_bytes(&lot));
	check_status(res.status, DRM_PANTHOR_MEM_STATUS_BUSY);
	assert_int_equal(resident(w, app), was);

	world_idle(w, app, 0, 0);
	res = reclaim(w, app);
	assert_true(res.evicted_bytes >= lot_bytes(&lot));
	check_no_status(res.status, DRM_PANTHOR_MEM_STATUS_BUSY);
	lot_check(w, &lot, WORLD_BY_GPU);
}

/* One VM is busy; the other's memory goes. */
static void other_vm_goes(struct world *w)
{
	const struct world_spawn how = { .vms = 2 };
	struct world_app *app = world_spawn(w, &how);
	const struct world_alloc idle = {
		.vm = 1, .count = 3, .size = WORLD_MIB, .seed = SEED + 2,
	};
	struct lot busy_lot = lot_alloc(w, app, 2, WORLD_MIB, SEED + 3);
	struct lot idle_lot = lot_alloc_with(w, app, &idle);
	struct panthor_mem_reclaim_result res;
	uint64_t was = resident(w, app);

	world_busy(w, app, 0, 0, 2 * WORLD_SECOND);
	res = reclaim(w, app);
	assert_true(res.evicted_bytes >= lot_bytes(&idle_lot));
	assert_int_equal(res.evicted_bytes, was - resident(w, app));
	assert_true(res.skipped_bytes >= lot_bytes(&busy_lot));
	assert_true(resident(w, app) >= lot_bytes(&busy_lot));
	check_status(res.status, DRM_PANTHOR_MEM_STATUS_BUSY);
	world_idle(w, app, 0, 0);
	lot_check(w, &busy_lot, WORLD_BY_GPU);
	lot_check(w, &idle_lot, WORLD_BY_GPU);
}

static void deadline_waits(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, WORLD_MIB, SEED + 4);
	struct panthor_mem_reclaim_result res;
	int64_t start, took;

	start = world_now(w);
	world_busy(w, app, 0, 0, 300 * WORLD_MS);
	res = reclaim_with(w, app, 0, 0, start + 4 * WORLD_SECOND);
	took = world_now(w) - start;
	assert_true(res.evicted_bytes >= lot_bytes(&lot));
	check_no_status(res.status, DRM_PANTHOR_MEM_STATUS_BUSY);
	/* As long as the work took, not until the deadline. */
	assert_true(took >= 250 * WORLD_MS);
	assert_true(took < 3 * WORLD_SECOND);
	lot_check(w, &lot, WORLD_BY_GPU);
}

/* The deadline is the call's, for all VMs together. */
static void deadline_waits_for_each(struct world *w)
{
	const struct world_spawn how = { .vms = 2 };
	struct world_app *app = world_spawn(w, &how);
	const struct world_alloc second = {
		.vm = 1, .count = 2, .size = WORLD_MIB, .seed = SEED + 12,
	};
	struct lot lot = lot_alloc(w, app, 2, WORLD_MIB, SEED + 13);
	struct lot lot2 = lot_alloc_with(w, app, &second);
	struct panthor_mem_reclaim_result res;
	uint64_t was = resident(w, app);
	int64_t start = world_now(w);

	world_busy(w, app, 0, 0, 250 * WORLD_MS);
	world_busy(w, app, 0, 1, 500 * WORLD_MS);
	res = reclaim_with(w, app, 0, 0, start + 4 * WORLD_SECOND);
	assert_true(res.evicted_bytes >= lot_bytes(&lot) + lot_bytes(&lot2));
	assert_int_equal(res.evicted_bytes, was - resident(w, app));
	check_no_status(res.status, DRM_PANTHOR_MEM_STATUS_BUSY);
	assert_true(world_now(w) - start < 3 * WORLD_SECOND);
	lot_check(w, &lot, WORLD_BY_GPU);
	lot_check(w, &lot2, WORLD_BY_GPU);
}

static void deadline_passes(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, WORLD_MIB, SEED + 5);
	struct panthor_mem_reclaim_result res;
	int64_t start, took;

	world_busy(w, app, 0, 0, 2500 * WORLD_MS);
	start = world_now(w);
	res = reclaim_with(w, app, 0, 0, start + 200 * WORLD_MS);
	took = world_now(w) - start;
	assert_int_equal(res.evicted_bytes, 0);
	assert_true(res.skipped_bytes >= lot_bytes(&lot));
	check_status(res.status, DRM_PANTHOR_MEM_STATUS_BUSY);
	assert_true(took >= 180 * WORLD_MS);
	assert_true(took < 1500 * WORLD_MS);
	world_idle(w, app, 0, 0);
	lot_check(w, &lot, WORLD_BY_GPU);
}

/* Nobody else's work is waited for. */
static void others_work(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct world_app *other = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, WORLD_MIB, SEED + 6);
	struct panthor_mem_reclaim_result res;
	int64_t start;

	lot_alloc(w, other, 1, WORLD_MIB, SEED + 7);
	world_busy(w, other, 0, 0, 2500 * WORLD_MS);
	start = world_now(w);
	res = reclaim_with(w, app, 0, 0, start + 2 * WORLD_SECOND);
	assert_true(world_now(w) - start < 1500 * WORLD_MS);
	assert_true(res.evicted_bytes >= lot_bytes(&lot));
	check_no_status(res.status, DRM_PANTHOR_MEM_STATUS_BUSY);
	world_idle(w, other, 0, 0);
}

/* A reclaim that waits, and what happens meanwhile. Returns how long it took. */
static int64_t waiting_reclaim(struct world *w, struct world_app *app, int64_t wait,
			       struct raw_reclaim *r, struct world_during *during, int *ret)
{
	int64_t start = world_now(w);

	*r = (struct raw_reclaim){ .restart = 1 };
	r->arg.tgid = (uint32_t)world_tgid(w, app, NULL);
	r->arg.deadline_ns = start + wait;
	*ret = world_call(w, NULL, raw_reclaim_fn, r, sizeof(*r), during);
	return world_now(w) - start;
}

static void claim_ends_wait(struct world *w)
{
	const struct world_spawn manager = { .cred = WORLD_CRED_MANAGER };
	struct world_app *app = world_spawn(w, NULL);
	struct world_app *claimer = world_spawn(w, &manager);
	struct lot lot = lot_alloc(w, app, 4, WORLD_MIB, SEED + 8);
	struct raw_claim c = { .arg.tgid = (uint32_t)world_tgid(w, app, claimer) };
	struct world_during during = {
		.event = WORLD_EVENT_CALL, .after_ns = 200 * WORLD_MS,
		.app = claimer, .fn = raw_claim_fn, .arg = &c, .arg_size = sizeof(c),
	};
	struct raw_reclaim r;
	uint64_t was = resident(w, app);
	int64_t took;
	int ret;

	world_busy(w, app, 0, 0, 2800 * WORLD_MS);
	took = waiting_reclaim(w, app, 2500 * WORLD_MS, &r, &during, &ret);
	assert_int_equal(ret, 0);
	assert_int_equal(during.ret, 0);
	assert_true(took < 1500 * WORLD_MS);
	check_status(r.arg.status, DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
	assert_int_equal(r.arg.evicted_bytes, 0);
	assert_int_equal(resident(w, app), was);
	world_idle(w, app, 0, 0);
	lot_check(w, &lot, WORLD_BY_GPU);
}

/* A claim of somebody else does not end it. */
static void others_claim(struct world *w)
{
	const struct world_spawn manager = { .cred = WORLD_CRED_MANAGER };
	struct world_app *app = world_spawn(w, NULL);
	struct world_app *claimer = world_spawn(w, &manager);
	struct lot lot = lot_alloc(w, app, 4, WORLD_MIB, SEED + 9);
	struct raw_claim c = { .arg.tgid = 0 };
	struct world_during during = {
		.event = WORLD_EVENT_CALL, .after_ns = 100 * WORLD_MS,
		.app = claimer, .fn = raw_claim_fn, .arg = &c, .arg_size = sizeof(c),
	};
	struct raw_reclaim r;
	int ret;

	world_busy(w, app, 0, 0, 500 * WORLD_MS);
	waiting_reclaim(w, app, 4 * WORLD_SECOND, &r, &during, &ret);
	assert_int_equal(ret, 0);
	assert_int_equal(during.ret, 0);
	check_no_status(r.arg.status, DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
	assert_true(r.arg.evicted_bytes >= lot_bytes(&lot));
}

/* The target does not sleep after all: it is left alone. */
static void new_work_ends_wait(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, WORLD_MIB, SEED + 10);
	struct world_during during = {
		.event = WORLD_EVENT_BUSY, .after_ns = 100 * WORLD_MS,
		.app = app, .busy_ns = 900 * WORLD_MS,
	};
	struct raw_reclaim r;
	uint64_t was = resident(w, app);
	int64_t took;
	int ret;

	world_busy(w, app, 0, 0, 400 * WORLD_MS);
	took = waiting_reclaim(w, app, 4 * WORLD_SECOND, &r, &during, &ret);
	assert_int_equal(ret, 0);
	assert_int_equal(r.arg.evicted_bytes, 0);
	assert_int_equal(resident(w, app), was);
	assert_true(r.arg.status & (DRM_PANTHOR_MEM_STATUS_BUSY |
				    DRM_PANTHOR_MEM_STATUS_INTERRUPTED));
	assert_true(took < 3 * WORLD_SECOND);
	world_idle(w, app, 0, 0);
	lot_check(w, &lot, WORLD_BY_GPU);
}

static void target_killed(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct world_during during = {
		.event = WORLD_EVENT_KILL, .after_ns = 100 * WORLD_MS, .app = app,
	};
	struct raw_reclaim r;
	int64_t took;
	int ret;

	lot_alloc(w, app, 4, WORLD_MIB, SEED + 11);
	world_busy(w, app, 0, 0, 2500 * WORLD_MS);
	took = waiting_reclaim(w, app, 2 * WORLD_SECOND, &r, &during, &ret);
	assert_true(ret == 0 || ret == -ESRCH);
	assert_true(took < 3500 * WORLD_MS);

	/* Gone for good, and everybody else is well. */
	assert_int_equal(panthor_mem_reclaim(world_fd(w), world_tgid(w, app, NULL), NULL), -ESRCH);
	app = world_spawn(w, NULL);
	assert_int_equal(world_frame(w, app, 0, 0), 0);
}

/* The same in the middle of the work, when there is nothing to wait for. */
static void target_killed_at_work(struct world *w)
{
	static const int64_t moments[] = { WORLD_MS, 6 * WORLD_MS, 15 * WORLD_MS };
	struct world_app *other = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, other, 2, WORLD_MIB, SEED + 14);
	struct panthor_mem_reclaim_result res;
	struct raw_reclaim r;
	unsigned int i;
	int ret;

	for (i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		struct world_app *app = world_spawn(w, NULL);
		struct world_during during = {
			.event = WORLD_EVENT_KILL, .after_ns = moments[i], .app = app,
		};
		uint64_t was;

		lot_alloc(w, app, 16, WORLD_MIB, SEED + 15);
		was = resident(w, app);
		waiting_reclaim(w, app, 0, &r, &during, &ret);
		assert_true(ret == 0 || ret == -ESRCH);
		if (!ret) {
			assert_true(r.arg.evicted_bytes <= was);
			assert_true(r.arg.freed_bytes <= r.arg.evicted_bytes);
		}
	}
	lot_check(w, &lot, WORLD_BY_GPU);
	res = reclaim(w, other);
	assert_true(res.evicted_bytes >= lot_bytes(&lot));
	lot_check(w, &lot, WORLD_BY_GPU);
}

const struct conf_case busy_cases[] = {
	{ "skipped", skipped, 0 },
	{ "other_vm_goes", other_vm_goes, 0 },
	{ "deadline_waits", deadline_waits, 0 },
	{ "deadline_waits_for_each", deadline_waits_for_each, 0 },
	{ "deadline_passes", deadline_passes, 0 },
	{ "others_work", others_work, 0 },
	{ "claim_ends_wait", claim_ends_wait, 0 },
	{ "others_claim", others_claim, 0 },
	{ "new_work_ends_wait", new_work_ends_wait, 0 },
	{ "target_killed", target_killed, 0 },
	{ "target_killed_at_work", target_killed_at_work, 0 },
	{ NULL, NULL, 0 },
};
