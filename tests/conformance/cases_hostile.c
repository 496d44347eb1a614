/* SPDX-License-Identifier: MIT */
/* Calls that run at the same time as others or as new work, and outputs after an error. */
#include <errno.h>

#include "cases.h"

#define SEED 0x686f737400000000ull

/* Times from the first BO of a reclaim to long after the last. */
static const int64_t moments[] = {
	WORLD_MS / 10, WORLD_MS / 5, WORLD_MS / 2, WORLD_MS, 2 * WORLD_MS, 3 * WORLD_MS,
	5 * WORLD_MS, 8 * WORLD_MS, 20 * WORLD_MS, 50 * WORLD_MS,
};

#define MOMENTS (sizeof(moments) / sizeof(moments[0]))

static const struct world_spawn manager = { .cred = WORLD_CRED_MANAGER };

/*
 * When a claim has returned, the reclaim that it ended evicts nothing more. The memory is
 * resident without a second claim.
 */
static void claim_is_final(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct world_app *claimer = world_spawn(w, &manager);
	struct lot lot = lot_alloc(w, app, many(64), small(), SEED + 1);
	uint64_t was = resident(w, app);

	for (size_t i = 0; i < MOMENTS; i++) {
		struct raw_reclaim r = {
			.arg.tgid = (uint32_t)world_tgid(w, app, NULL),
			.arg.flags = DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT,
		};
		struct raw_claim c = { .arg.tgid = (uint32_t)world_tgid(w, app, claimer) };
		struct world_during during = {
			.event = WORLD_EVENT_CALL, .after_ns = moments[i],
			.app = claimer, .fn = raw_claim_fn, .arg = &c, .arg_size = sizeof(c),
		};

		assert_int_equal(world_call(w, NULL, raw_reclaim_fn, &r, sizeof(r), &during), 0);
		assert_int_equal(during.ret, 0);
		/* Without this status, the claim may have come first. */
		if (r.arg.status & DRM_PANTHOR_MEM_STATUS_INTERRUPTED) {
			assert_int_equal(c.arg.remaining_bytes, 0);
			assert_int_equal(resident(w, app), was);
		}
		claim(w, app);
	}
	lot_check(w, &lot, WORLD_BY_GPU);
}

/* What one reclaim evicts, another one at the same time does not count. */
static void two_managers(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct world_app *second = world_spawn(w, &manager);
	struct lot lot = lot_alloc(w, app, many(32), unit(), SEED + 2);
	uint64_t was = resident(w, app);

	for (size_t i = 0; i < MOMENTS; i++) {
		struct raw_reclaim a = { .arg.tgid = (uint32_t)world_tgid(w, app, NULL) };
		struct raw_reclaim b = { .arg.tgid = (uint32_t)world_tgid(w, app, second) };
		struct world_during during = {
			.event = WORLD_EVENT_CALL, .after_ns = moments[i],
			.app = second, .fn = raw_reclaim_fn, .arg = &b, .arg_size = sizeof(b),
		};

		assert_int_equal(world_call(w, NULL, raw_reclaim_fn, &a, sizeof(a), &during), 0);
		assert_int_equal(during.ret, 0);
		assert_int_equal(a.arg.evicted_bytes + b.arg.evicted_bytes,
				 was - resident(w, app));
		assert_true(a.arg.freed_bytes <= a.arg.evicted_bytes);
		assert_true(b.arg.freed_bytes <= b.arg.evicted_bytes);
		claim(w, app);
		assert_int_equal(resident(w, app), was);
	}
	lot_check(w, &lot, WORLD_BY_GPU);
}

static void work_ends_reclaim(struct world *w, struct world_app *app, int64_t moment)
{
	struct raw_reclaim r = { .arg.tgid = (uint32_t)world_tgid(w, app, NULL) };
	struct world_during during = {
		.event = WORLD_EVENT_BUSY, .after_ns = moment, .app = app, .busy_ns = WORLD_MS,
	};
	uint64_t was = resident(w, app);

	assert_int_equal(world_call(w, NULL, raw_reclaim_fn, &r, sizeof(r), &during), 0);
	world_idle(w, app, 0, 0);
	/* The work came when little was left to do, or before anything was done. */
	if (r.arg.freed_bytes > was / 4 * 3 || !r.arg.evicted_bytes)
		return;
	check_status(r.arg.status, DRM_PANTHOR_MEM_STATUS_BUSY);
	/* The work has brought back everything, and nothing more was evicted. */
	assert_int_equal(resident(w, app), was);
}

/* New work of the target in the middle of a reclaim ends it. */
static void new_work_ends_reclaim(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, many(48), unit(), SEED + 3);

	for (size_t i = 0; i < MOMENTS; i++) {
		work_ends_reclaim(w, app, moments[i]);
		claim(w, app);
	}
	lot_check(w, &lot, WORLD_BY_GPU);
}

#define GARBAGE 0xdeadbeefdeadbeefull

/* Both calls fail before anything is done, and set their outputs to 0. */
static void expect_zeros(struct world *w, uint32_t flags, uint32_t tgid, uint32_t pad, int error)
{
	struct raw_reclaim r = {
		.arg = {
			.flags = flags, .tgid = tgid, .pad = pad, .freed_bytes = GARBAGE,
			.evicted_bytes = GARBAGE, .skipped_bytes = GARBAGE, .status = 0xdeadbeef,
		},
	};
	struct raw_claim c = {
		.arg = {
			.flags = flags, .tgid = tgid, .pad = pad, .claimed_bytes = GARBAGE,
			.remaining_bytes = GARBAGE, .status = 0xdeadbeef,
		},
	};

	assert_int_equal(world_call(w, NULL, raw_reclaim_fn, &r, sizeof(r), NULL), error);
	assert_int_equal(r.arg.freed_bytes, 0);
	assert_int_equal(r.arg.evicted_bytes, 0);
	assert_int_equal(r.arg.skipped_bytes, 0);
	assert_int_equal(r.arg.status, 0);
	assert_int_equal(world_call(w, NULL, raw_claim_fn, &c, sizeof(c), NULL), error);
	assert_int_equal(c.arg.claimed_bytes, 0);
	assert_int_equal(c.arg.remaining_bytes, 0);
	assert_int_equal(c.arg.status, 0);
}

static void zeros_after_esrch(struct world *w)
{
	expect_zeros(w, 0, (uint32_t)world_unused_tgid(w), 0, -ESRCH);
}

static void zeros_after_einval(struct world *w)
{
	expect_zeros(w, 1u << 31, 0, 0, -EINVAL);
	expect_zeros(w, 0, 0, 1, -EINVAL);
}

const struct conf_case hostile_cases[] = {
	{ "claim_is_final", claim_is_final, 0 },
	{ "two_managers", two_managers, 0 },
	{ "new_work_ends_reclaim", new_work_ends_reclaim, 0 },
	{ "zeros_after_esrch", zeros_after_esrch, 0 },
	{ "zeros_after_einval", zeros_after_einval, 0 },
	{ NULL, NULL, 0 },
};
