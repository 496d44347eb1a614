/* SPDX-License-Identifier: MIT */
/* Buffers that several processes share, and pinned ones. */
#include "cases.h"

#define SEED 0x7368617265640000ull

static void with_another(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct world_app *other = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, unit(), SEED + 1);
	struct lot theirs = lot;
	struct panthor_mem_reclaim_result alone, res;
	uint64_t was, others;

	alone = reclaim_with(w, app, DRM_PANTHOR_MEM_RECLAIM_DRY_RUN, 0, 0);
	check_no_status(alone.status, DRM_PANTHOR_MEM_STATUS_SHARED);

	theirs.app = other;
	theirs.first = world_share(w, app, lot.first, other, 0, 0, true);
	theirs.count = 1;
	was = resident(w, app);
	others = resident(w, other);

	/* A reclaim of either process skips exactly this one. */
	res = reclaim(w, app);
	check_status(res.status, DRM_PANTHOR_MEM_STATUS_SHARED);
	assert_int_equal(res.skipped_bytes, alone.skipped_bytes + lot.size);
	assert_int_equal(res.evicted_bytes, alone.evicted_bytes - lot.size);
	assert_int_equal(res.evicted_bytes, was - resident(w, app));
	assert_int_equal(resident(w, other), others);
	res = reclaim(w, other);
	check_status(res.status, DRM_PANTHOR_MEM_STATUS_SHARED);
	assert_true(resident(w, other) >= lot.size);

	assert_int_equal(world_frame(w, other, 0, 0), 0);
	lot_check(w, &theirs, WORLD_BY_GPU);
	lot_check(w, &lot, WORLD_BY_GPU);
}

/* A handle alone is not a use: only a mapping on the GPU counts. */
static void handle_only(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct world_app *other = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 2, unit(), SEED + 2);
	struct panthor_mem_reclaim_result res;

	world_share(w, app, lot.first, other, 0, 0, false);
	res = reclaim(w, app);
	check_no_status(res.status, DRM_PANTHOR_MEM_STATUS_SHARED);
	assert_true(res.evicted_bytes >= lot_bytes(&lot));
	lot_check(w, &lot, WORLD_BY_GPU);
}

static void two_vms_of_one(struct world *w)
{
	const struct world_spawn how = { .vms = 2 };
	struct world_app *app = world_spawn(w, &how);
	struct lot lot = lot_alloc(w, app, 2, unit(), SEED + 3);
	struct lot second = lot;
	struct panthor_mem_reclaim_result res;
	uint64_t was;

	second.count = 1;
	second.first = world_share(w, app, lot.first, app, 0, 1, true);
	was = resident(w, app);
	res = reclaim(w, app);
	check_no_status(res.status, DRM_PANTHOR_MEM_STATUS_SHARED);
	assert_true(res.evicted_bytes >= lot_bytes(&lot));
	assert_int_equal(res.evicted_bytes, was - resident(w, app));
	lot_check(w, &second, WORLD_BY_GPU);
	lot_check(w, &lot, WORLD_BY_GPU);

	/* A claim maps it in both VMs again. */
	reclaim(w, app);
	claim(w, app);
	assert_int_equal(resident(w, app), was);
	lot_check(w, &lot, WORLD_BY_GPU);
	lot_check(w, &second, WORLD_BY_GPU);
}

static void two_files_of_one(struct world *w)
{
	const struct world_spawn how = { .files = 2 };
	struct world_app *app = world_spawn(w, &how);
	struct lot lot = lot_alloc(w, app, 2, unit(), SEED + 4);
	struct lot second = lot;
	struct panthor_mem_reclaim_result res;

	second.count = 1;
	second.first = world_share(w, app, lot.first, app, 1, 0, true);
	res = reclaim(w, app);
	check_no_status(res.status, DRM_PANTHOR_MEM_STATUS_SHARED);
	/* Each BO counts once, however many files have it. */
	assert_true(res.evicted_bytes >= lot_bytes(&lot));
	assert_true(res.evicted_bytes < lot_bytes(&lot) + lot.size);
	lot_check(w, &second, WORLD_BY_GPU);
	lot_check(w, &lot, WORLD_BY_GPU);
	lot_check(w, &second, WORLD_BY_CPU);
}

static void sharer_exits(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct world_app *other = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 2, unit(), SEED + 5);
	struct panthor_mem_reclaim_result res;

	world_share(w, app, lot.first, other, 0, 0, true);
	res = reclaim(w, app);
	check_status(res.status, DRM_PANTHOR_MEM_STATUS_SHARED);

	world_kill(w, other);
	res = reclaim(w, app);
	check_no_status(res.status, DRM_PANTHOR_MEM_STATUS_SHARED);
	assert_true(res.evicted_bytes >= lot.size);
	lot_check(w, &lot, WORLD_BY_GPU);
}

/* The process that created the BO closes it, so only the other one has it. */
static void maker_closes(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct world_app *other = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 1, 2 * unit(), SEED + 6);
	struct lot theirs = lot;
	struct panthor_mem_reclaim_result res;

	theirs.app = other;
	theirs.first = world_share(w, app, lot.first, other, 0, 0, true);
	world_free(w, app, lot.first);
	res = reclaim(w, other);
	check_no_status(res.status, DRM_PANTHOR_MEM_STATUS_SHARED);
	assert_true(res.evicted_bytes >= lot.size);
	lot_check(w, &theirs, WORLD_BY_GPU);
}

/* A process from whose VM the BO was evicted, and that had no job since, does not use it. */
static void not_taken_back(struct world *w)
{
	struct world_cgroup *group = world_cgroup(w, NULL, true);
	const struct world_spawn how = { .cgroup = group };
	struct world_app *app = world_spawn(w, &how);
	struct world_app *other = world_spawn(w, &how);
	struct lot lot = lot_alloc(w, app, 2, unit(), SEED + 9);
	struct drm_panthor_mem_reclaim both;
	struct panthor_mem_reclaim_result res;
	struct lot theirs = lot;

	theirs.app = other;
	theirs.count = 1;
	theirs.first = world_share(w, app, lot.first, other, 0, 0, true);
	assert_int_equal(try_reclaim(w, by_cgroup(group), &both), 0);
	assert_true(both.evicted_bytes >= lot_bytes(&lot));
	claim(w, app);
	res = reclaim(w, app);
	check_no_status(res.status, DRM_PANTHOR_MEM_STATUS_SHARED);
	assert_true(res.evicted_bytes >= lot_bytes(&lot));
	/* Its next job brings the BO back. */
	assert_int_equal(world_frame(w, other, 0, 0), 0);
	res = reclaim(w, app);
	check_status(res.status, DRM_PANTHOR_MEM_STATUS_SHARED);
	lot_check(w, &theirs, WORLD_BY_GPU);
	lot_check(w, &lot, WORLD_BY_GPU);
}

/* A BO is evicted and still in RAM; then another process gets it, too: it is skipped. */
static void shared_while_evicted(struct world *w)
{
	const struct world_spawn how = { .files = 2 };
	struct world_app *app = world_spawn(w, &how);
	struct world_app *other = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 1, 4 * unit(), SEED + 8);
	struct panthor_mem_reclaim_result res;

	world_share(w, app, lot.first, app, 1, 0, true);
	reclaim_with(w, app, DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT, 0, 0);
	world_give_file(w, app, 1, other);
	res = reclaim(w, app);
	/* Only the command buffers of the app. */
	assert_true(res.evicted_bytes < lot.size);
	lot_check(w, &lot, WORLD_BY_GPU);
}

static void pinned(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, unit(), SEED + 7);
	struct panthor_mem_reclaim_result before, res;

	before = reclaim_with(w, app, DRM_PANTHOR_MEM_RECLAIM_DRY_RUN, 0, 0);
	world_pin(w, app, lot.first + 2);
	res = reclaim(w, app);
	check_status(res.status, DRM_PANTHOR_MEM_STATUS_PINNED);
	assert_int_equal(res.skipped_bytes, before.skipped_bytes + lot.size);
	assert_int_equal(res.evicted_bytes, before.evicted_bytes - lot.size);
	assert_true(resident(w, app) >= lot.size);
	lot_check(w, &lot, WORLD_BY_GPU);
}

const struct conf_case shared_cases[] = {
	{ "with_another", with_another, 0 },
	{ "handle_only", handle_only, 0 },
	{ "two_vms_of_one", two_vms_of_one, 0 },
	{ "two_files_of_one", two_files_of_one, 0 },
	{ "sharer_exits", sharer_exits, 0 },
	{ "maker_closes", maker_closes, 0 },
	{ "not_taken_back", not_taken_back, WORLD_HAS_CGROUPS | WORLD_HAS_TARGETS },
	{ "shared_while_evicted", shared_while_evicted, WORLD_CAN_GIVE_FILE },
	{ "pinned", pinned, WORLD_CAN_PIN },
	{ NULL, NULL, 0 },
};
