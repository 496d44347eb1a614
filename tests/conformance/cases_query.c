/* SPDX-License-Identifier: MIT */
/* panthor_mem_query(): its results match fdinfo and what the calls do afterwards. */
#include <errno.h>

#include "cases.h"

#define SEED 0x7175657279000000ull

static struct panthor_mem_query_result query(struct world *w, struct world_app *app)
{
	struct panthor_mem_query_result res = PANTHOR_MEM_QUERY_RESULT_INIT;

	assert_int_equal(panthor_mem_query(world_fd(w), world_tgid(w, app, NULL), &res), 0);
	assert_true(res.cached_bytes <= res.evicted_bytes ||
		    res.cached_bytes == PANTHOR_MEM_UNKNOWN);
	assert_true(res.claimable_bytes <= res.evicted_bytes);
	return res;
}

/* Compare with fdinfo, which does not count the driver's own buffers; nothing changes. */
static void as_it_is(struct world *w, struct world_app *app,
		     const struct panthor_mem_query_result *said)
{
	struct world_memory m;

	world_memory(w, app, &m);
	assert_true(said->resident_bytes >= m.resident);
	assert_true(said->resident_bytes < m.resident + 2 * WORLD_MIB);
	assert_int_equal(said->evicted_bytes, m.evicted);
}

static void there_and_back(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct world_app *other = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 8, unit(), SEED + 1);
	struct panthor_mem_query_result before, gone, back;
	struct panthor_mem_reclaim_result reclaimed;
	uint64_t was = resident(w, app);

	/* Memory of another process must not be counted. */
	lot_alloc(w, other, 4, unit(), SEED + 2);
	reclaim(w, other);

	before = query(w, app);
	as_it_is(w, app, &before);
	assert_int_equal(before.evicted_bytes + before.cached_bytes + before.claimable_bytes, 0);
	assert_true(before.reclaimable_bytes >= lot_bytes(&lot));
	assert_int_equal(before.claim_status, 0);
	assert_int_equal(resident(w, app), was);

	reclaimed = reclaim(w, app);
	assert_int_equal(reclaimed.evicted_bytes, before.reclaimable_bytes);
	assert_int_equal(reclaimed.status, before.reclaim_status);
	gone = query(w, app);
	as_it_is(w, app, &gone);
	assert_int_equal(gone.claimable_bytes, reclaimed.evicted_bytes);
	assert_true(gone.cached_bytes <= STRAY_BYTES);
	assert_true(gone.reclaimable_bytes <= STRAY_BYTES);

	assert_int_equal(claim(w, app).claimed_bytes, gone.claimable_bytes);
	back = query(w, app);
	as_it_is(w, app, &back);
	assert_int_equal(back.evicted_bytes, 0);
	lot_check(w, &lot, WORLD_BY_GPU);
}

/* Memory that is evicted and still in RAM can be reclaimed, and the query counts it. */
static void still_in_ram(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 8, unit(), SEED + 3);
	struct panthor_mem_query_result said;
	uint64_t evicted;

	evicted = reclaim_with(w, app, DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT, 0, 0).evicted_bytes;
	said = query(w, app);
	as_it_is(w, app, &said);
	assert_int_equal(said.evicted_bytes, evicted);
	assert_int_equal(said.claimable_bytes, evicted);
	assert_int_equal(said.cached_bytes, evicted);
	assert_int_equal(said.reclaimable_bytes, evicted);

	reclaim(w, app);
	assert_true(query(w, app).cached_bytes <= STRAY_BYTES);
	/* A prefetch reads it back into RAM and leaves it evicted. */
	claim_with(w, app, DRM_PANTHOR_MEM_CLAIM_PREFETCH_ONLY, 0);
	said = query(w, app);
	assert_int_equal(said.evicted_bytes, evicted);
	assert_int_equal(said.cached_bytes, evicted);
	lot_check(w, &lot, WORLD_BY_GPU);
}

/* Memory that another process also uses is resident, and a reclaim would skip it. */
static void shared(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct world_app *other = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, unit(), SEED + 4);
	struct panthor_mem_query_result alone, said;

	alone = query(w, app);
	assert_true(world_share(w, app, lot.first, other, 0, 0, true) >= 0);
	said = query(w, app);
	check_status(said.reclaim_status, DRM_PANTHOR_MEM_STATUS_SHARED);
	assert_int_equal(said.reclaimable_bytes, alone.reclaimable_bytes - lot.size);
	assert_int_equal(said.resident_bytes, alone.resident_bytes);
	lot_check(w, &lot, WORLD_BY_GPU);
}

static void same(const struct panthor_mem_query_result *a,
		 const struct panthor_mem_query_result *b)
{
	assert_int_equal(a->resident_bytes, b->resident_bytes);
	assert_int_equal(a->evicted_bytes, b->evicted_bytes);
	assert_int_equal(a->reclaimable_bytes, b->reclaimable_bytes);
	assert_int_equal(a->claimable_bytes, b->claimable_bytes);
	assert_int_equal(a->reclaim_status, b->reclaim_status);
}

/* All ways to name the target give the same result. */
static void each_way(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, unit(), SEED + 5);
	struct panthor_mem_query_result said, other = PANTHOR_MEM_QUERY_RESULT_INIT;
	const int fd = world_fd(w);

	reclaim_with(w, app, 0, 2 * lot.size, 0);
	said = query(w, app);
	assert_true(said.evicted_bytes >= lot.size && said.resident_bytes >= lot.size);
	assert_int_equal(panthor_mem_query_pidfd(fd, world_pidfd(w, app), &other), 0);
	same(&said, &other);
	assert_int_equal(panthor_mem_query_client(fd, world_client_id(w, app, 0), &other), 0);
	same(&said, &other);
	lot_check(w, &lot, WORLD_BY_GPU);
}

/* What two processes of a cgroup share counts once and is not SHARED. */
static void cgroup(struct world *w)
{
	struct world_cgroup *group = world_cgroup(w, NULL, false);
	const struct world_spawn how = { .cgroup = group };
	struct world_app *one = world_spawn(w, &how);
	struct world_app *two = world_spawn(w, &how);
	struct lot lot = lot_alloc(w, one, 4, unit(), SEED + 6);
	struct panthor_mem_query_result both = PANTHOR_MEM_QUERY_RESULT_INIT;
	uint64_t apart;

	apart = query(w, one).resident_bytes + query(w, two).resident_bytes;
	assert_true(world_share(w, one, lot.first, two, 0, 0, true) >= 0);
	assert_int_equal(panthor_mem_query_cgroup(world_fd(w), world_cgroup_fd(group), &both), 0);
	check_no_status(both.reclaim_status, DRM_PANTHOR_MEM_STATUS_SHARED);
	assert_int_equal(both.resident_bytes, apart);
	lot_check(w, &lot, WORLD_BY_GPU);
}

/* A claim needs no free swap, so the results about it are known. */
static void swap_is_full(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, unit(), SEED + 7);
	struct panthor_mem_query_result said;
	uint64_t evicted = reclaim_with(w, app, 0, 2 * lot.size, 0).evicted_bytes;

	world_set_swap(w, 0);
	said = query(w, app);
	check_status(said.reclaim_status, DRM_PANTHOR_MEM_STATUS_SWAP_FULL);
	assert_int_equal(said.evicted_bytes, evicted);
	assert_int_equal(said.claimable_bytes, evicted);
	assert_int_equal(said.reclaimable_bytes, 0);
	assert_true(said.resident_bytes == PANTHOR_MEM_UNKNOWN);
	world_set_swap(w, WORLD_SWAP_NORMAL);
	assert_true(query(w, app).resident_bytes != PANTHOR_MEM_UNKNOWN);
	lot_check(w, &lot, WORLD_BY_GPU);
}

static int query_fn(int fd, void *arg)
{
	struct panthor_mem_query_result *res = arg;

	return panthor_mem_query(fd, 0, res);
}

static void without_capability(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct panthor_mem_query_result res = { .size = sizeof(res), .resident_bytes = 9 };

	assert_int_equal(world_call(w, app, query_fn, &res, sizeof(res), NULL), -EPERM);
	assert_int_equal(res.resident_bytes, 0);
}

const struct conf_case query_cases[] = {
	{ "there_and_back", there_and_back, 0 },
	{ "still_in_ram", still_in_ram, 0 },
	{ "shared", shared, 0 },
	{ "each_way", each_way, WORLD_HAS_TARGETS },
	{ "cgroup", cgroup, WORLD_HAS_CGROUPS | WORLD_HAS_TARGETS },
	{ "swap_is_full", swap_is_full, WORLD_IS_ALONE | WORLD_CAN_FILL_SWAP },
	{ "without_capability", without_capability, 0 },
	{ NULL, NULL, 0 },
};
