/* SPDX-License-Identifier: MIT */
/* Swap that has room but does not accept pages: limits of cgroups, and a device that fails. */
#include "cases.h"

#define SEED 0x7265667573650000ull
#define REFUSED DRM_PANTHOR_MEM_STATUS_SWAP_REFUSED

/* An app whose cgroup, or one above it, has a limit for swap. */
struct limited {
	struct world_cgroup *group; /* the one with the limit */
	struct world_app *app;
	struct lot lot;
	uint64_t was;
};

static void start(struct world *w, struct limited *l, bool above, uint64_t limit,
		  unsigned int count)
{
	struct world_spawn how = { .cred = WORLD_CRED_USER };

	l->group = how.cgroup = world_cgroup(w, NULL, true);
	if (above)
		how.cgroup = world_cgroup(w, l->group, true);
	world_swap_max(w, l->group, limit);
	l->app = world_spawn(w, &how);
	l->lot = lot_alloc(w, l->app, count, unit(), SEED + count);
	l->was = resident(w, l->app);
}

/* Nothing was done, and the result says why. */
static void check_refused(struct world *w, const struct limited *l,
			  const struct panthor_mem_reclaim_result *res)
{
	assert_int_equal(res->freed_bytes, 0);
	assert_int_equal(res->evicted_bytes, 0);
	assert_true(res->skipped_bytes >= lot_bytes(&l->lot));
	check_status(res->status, REFUSED);
	check_no_status(res->status, DRM_PANTHOR_MEM_STATUS_SWAP_FULL |
				     DRM_PANTHOR_MEM_STATUS_CAPPED);
	assert_int_equal(resident(w, l->app), l->was);
}

/* Without the limit, everything can be reclaimed. */
static void check_goes(struct world *w, struct limited *l)
{
	struct panthor_mem_reclaim_result res;

	world_swap_max(w, l->group, WORLD_NO_LIMIT);
	res = reclaim(w, l->app);
	assert_true(resident(w, l->app) <= l->was - lot_bytes(&l->lot));
	check_no_status(res.status, REFUSED);
	lot_check(w, &l->lot, WORLD_BY_GPU);
	claim(w, l->app);
	assert_int_equal(resident(w, l->app), l->was);
}

/* Nothing is evicted, with any flags and even the second time: it would free nothing. */
static void nothing_may_go(struct world *w, bool above)
{
	static const uint32_t flags[] = {
		DRM_PANTHOR_MEM_RECLAIM_DRY_RUN, 0, 0, DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT,
	};
	struct panthor_mem_reclaim_result res;
	struct limited l;
	unsigned int i;

	start(w, &l, above, 0, 4);
	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		res = reclaim_with(w, l.app, flags[i], 0, 0);
		check_refused(w, &l, &res);
		/* If nothing is freed, no cap is reached. */
		res = reclaim_with(w, l.app, flags[i], unit(), 0);
		check_refused(w, &l, &res);
	}
	assert_int_equal(claim(w, l.app).claimed_bytes, 0);
	lot_check(w, &l.lot, WORLD_BY_GPU);
	check_goes(w, &l);
}

static void own_limit(struct world *w)
{
	nothing_may_go(w, false);
}

static void limit_above(struct world *w)
{
	nothing_may_go(w, true);
}

/* A reclaim evicts no more than the limit allows, to within one BO. */
static void some_may_go(struct world *w, bool above)
{
	struct panthor_mem_reclaim_result said, res;
	const uint64_t limit = 4 * unit();
	struct limited l;

	start(w, &l, above, limit, 12);
	said = reclaim_with(w, l.app, DRM_PANTHOR_MEM_RECLAIM_DRY_RUN, 0, 0);
	check_status(said.status, REFUSED);
	res = reclaim(w, l.app);
	check_status(res.status, REFUSED);
	check_no_status(res.status, DRM_PANTHOR_MEM_STATUS_SWAP_FULL);
	assert_true(res.freed_bytes > 0);
	assert_true(res.freed_bytes <= limit);
	assert_true(res.evicted_bytes <= limit + l.lot.size);
	assert_true(said.evicted_bytes <= limit + l.lot.size);
	assert_int_equal(res.evicted_bytes, l.was - resident(w, l.app));
	assert_true(res.skipped_bytes >= lot_bytes(&l.lot) - limit - l.lot.size);

	/* A second call frees no more, and does not count again what the first one evicted. */
	res = reclaim(w, l.app);
	check_status(res.status, REFUSED);
	assert_true(res.freed_bytes <= l.lot.size);
	assert_true(res.evicted_bytes <= l.lot.size);
	lot_check(w, &l.lot, WORLD_BY_GPU);
	check_goes(w, &l);
}

static void own_limit_with_room(struct world *w)
{
	some_may_go(w, false);
}

static void limit_above_with_room(struct world *w)
{
	some_may_go(w, true);
}

/* The limit applies only to processes in the cgroup. */
static void others_may_go(struct world *w)
{
	struct world_app *other = world_spawn(w, NULL);
	struct lot theirs = lot_alloc(w, other, 4, unit(), SEED + 32);
	struct panthor_mem_reclaim_result res;
	struct limited l;

	start(w, &l, false, 0, 2);
	res = reclaim(w, other);
	assert_true(res.evicted_bytes >= lot_bytes(&theirs));
	assert_true(res.freed_bytes > 0);
	check_no_status(res.status, REFUSED);
	lot_check(w, &theirs, WORLD_BY_GPU);
}

/* The limit is set after the memory was evicted and before it is paged out. */
static void limit_after_eviction(struct world *w)
{
	struct panthor_mem_reclaim_result res;
	struct limited l;
	uint64_t left;
	int i;

	start(w, &l, false, WORLD_NO_LIMIT, 4);
	reclaim_with(w, l.app, DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT, 0, 0);
	left = resident(w, l.app);
	world_swap_max(w, l.group, 0);
	for (i = 0; i < 2; i++) {
		res = reclaim(w, l.app);
		assert_int_equal(res.freed_bytes, 0);
		assert_int_equal(res.evicted_bytes, 0);
		check_status(res.status, REFUSED);
		assert_int_equal(resident(w, l.app), left);
	}
	lot_check(w, &l.lot, WORLD_BY_GPU);
	check_goes(w, &l);
}

/*
 * A swap device that fails writes ends the call. What was evicted by then counts once, and
 * stays in RAM with its content.
 */
static void device_fails(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, many(24), WORLD_MIB, SEED + 33);
	struct panthor_mem_reclaim_result res;
	uint64_t was = resident(w, app), left;

	world_fault(w, WORLD_FAULT_SWAP_WRITE, 1);
	res = reclaim(w, app);
	check_status(res.status, REFUSED);
	check_no_status(res.status, DRM_PANTHOR_MEM_STATUS_SWAP_FULL);
	assert_true(res.freed_bytes < WORLD_MIB);
	assert_int_equal(res.evicted_bytes, was - resident(w, app));

	left = resident(w, app);
	res = reclaim(w, app);
	check_status(res.status, REFUSED);
	assert_true(res.freed_bytes < WORLD_MIB);
	assert_true(res.evicted_bytes <= left - resident(w, app) + res.freed_bytes);

	lot_check(w, &lot, WORLD_BY_CPU);
	world_recover(w);
	res = reclaim(w, app);
	check_no_status(res.status, REFUSED);
	check_close((int64_t)res.freed_bytes, (int64_t)lot_bytes(&lot), "freed_bytes at last");
	lot_check(w, &lot, WORLD_BY_GPU);
	claim(w, app);
	assert_int_equal(resident(w, app), was);
}

const struct conf_case refused_cases[] = {
	{ "own_limit", own_limit, WORLD_HAS_CGROUPS | WORLD_HAS_MEMCG },
	{ "limit_above", limit_above, WORLD_HAS_CGROUPS | WORLD_HAS_MEMCG },
	{ "own_limit_with_room", own_limit_with_room, WORLD_HAS_CGROUPS | WORLD_HAS_MEMCG },
	{ "limit_above_with_room", limit_above_with_room, WORLD_HAS_CGROUPS | WORLD_HAS_MEMCG },
	{ "others_may_go", others_may_go, WORLD_HAS_CGROUPS | WORLD_HAS_MEMCG },
	{ "limit_after_eviction", limit_after_eviction, WORLD_HAS_CGROUPS | WORLD_HAS_MEMCG },
	{ "device_fails", device_fails, WORLD_IS_ALONE | WORLD_CAN_SWAP_WRITE_ERROR },
	{ NULL, NULL, 0 },
};
