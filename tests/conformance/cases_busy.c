/* SPDX-License-Identifier: MIT */
/* Memory that the GPU uses: a reclaim skips it or waits for it. */

#include "cases.h"

#define SEED 0x6275737900000000ull

static bool try_skipped_with(struct world *w, int64_t deadline)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, unit(), SEED + 1);
	struct panthor_mem_reclaim_result res;
	uint64_t was = resident(w, app);
	int64_t until = busy_until(w, app, 0, 2 * WORLD_SECOND);

	res = reclaim_with(w, app, 0, 0, deadline);
	if (world_now(w) >= until)
		return false;
	/* The reclaim did not wait for it. */
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
	return true;
}

static bool try_skipped(struct world *w)
{
	return try_skipped_with(w, 0);
}

static void skipped(struct world *w)
{
	until_told(w, try_skipped);
}

/* The earliest possible deadline: its difference to the current time would overflow. */
static bool try_deadline_long_ago(struct world *w)
{
	return try_skipped_with(w, INT64_MIN);
}

static void deadline_long_ago(struct world *w)
{
	until_told(w, try_deadline_long_ago);
}

/* One VM is busy; the memory of the other is evicted. */
static bool try_other_vm_goes(struct world *w)
{
	const struct world_spawn how = { .vms = 2 };
	struct world_app *app = world_spawn(w, &how);
	const struct world_alloc idle = {
		.vm = 1, .count = 3, .size = unit(), .seed = SEED + 2,
	};
	struct lot busy_lot = lot_alloc(w, app, 2, unit(), SEED + 3);
	struct lot idle_lot = lot_alloc_with(w, app, &idle);
	struct panthor_mem_reclaim_result res;
	uint64_t was = resident(w, app);
	int64_t until = busy_until(w, app, 0, 2 * WORLD_SECOND);

	res = reclaim(w, app);
	if (world_now(w) >= until)
		return false;
	assert_true(res.evicted_bytes >= lot_bytes(&idle_lot));
	assert_int_equal(res.evicted_bytes, was - resident(w, app));
	assert_true(res.skipped_bytes >= lot_bytes(&busy_lot));
	assert_true(resident(w, app) >= lot_bytes(&busy_lot));
	check_status(res.status, DRM_PANTHOR_MEM_STATUS_BUSY);
	world_idle(w, app, 0, 0);
	lot_check(w, &busy_lot, WORLD_BY_GPU);
	lot_check(w, &idle_lot, WORLD_BY_GPU);
	return true;
}

static void other_vm_goes(struct world *w)
{
	until_told(w, try_other_vm_goes);
}

/* A BO in two VMs of the target, one of which is busy, in both orders. */
static bool try_in_two_vms(struct world *w, unsigned int busy)
{
	const struct world_spawn how = { .vms = 2 };
	struct world_app *app = world_spawn(w, &how);
	struct lot lot = lot_alloc(w, app, 2, unit(), SEED + 16);
	struct lot second = lot;
	struct panthor_mem_reclaim_result res;
	uint64_t was;
	int64_t until;

	second.count = 1;
	second.first = world_share(w, app, lot.first, app, 0, 1, true);
	was = resident(w, app);
	until = busy_until(w, app, busy, 2 * WORLD_SECOND);
	res = reclaim(w, app);
	if (world_now(w) >= until)
		return false;
	check_status(res.status, DRM_PANTHOR_MEM_STATUS_BUSY);
	assert_int_equal(res.evicted_bytes, was - resident(w, app));
	/* The other BO is only in the first VM. */
	assert_true(res.skipped_bytes >= (busy ? lot.size : lot_bytes(&lot)));
	assert_true(resident(w, app) >= (busy ? lot.size : lot_bytes(&lot)));
	world_idle(w, app, 0, busy);
	lot_check(w, &lot, WORLD_BY_GPU);
	lot_check(w, &second, WORLD_BY_GPU);
	return true;
}

static bool try_in_first_vm(struct world *w)
{
	return try_in_two_vms(w, 0);
}

static bool try_in_second_vm(struct world *w)
{
	return try_in_two_vms(w, 1);
}

static void in_two_vms(struct world *w)
{
	until_told(w, try_in_first_vm);
	until_told(w, try_in_second_vm);
}

static void deadline_waits(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, unit(), SEED + 4);
	struct panthor_mem_reclaim_result res;
	int64_t deadline = world_now(w) + NEVER;
	int64_t until = busy_until(w, app, 0, 300 * WORLD_MS);

	res = reclaim_with(w, app, 0, 0, deadline);
	/* The reclaim waited until the work ended, not until the deadline. */
	assert_true(world_now(w) >= until);
	assert_true(world_now(w) < deadline);
	assert_true(res.evicted_bytes >= lot_bytes(&lot));
	check_no_status(res.status, DRM_PANTHOR_MEM_STATUS_BUSY);
	lot_check(w, &lot, WORLD_BY_GPU);
}

/* The deadline is for the whole call, not for each VM. */
static void deadline_waits_for_each(struct world *w)
{
	const struct world_spawn how = { .vms = 2 };
	struct world_app *app = world_spawn(w, &how);
	const struct world_alloc second = {
		.vm = 1, .count = 2, .size = unit(), .seed = SEED + 12,
	};
	struct lot lot = lot_alloc(w, app, 2, unit(), SEED + 13);
	struct lot lot2 = lot_alloc_with(w, app, &second);
	struct panthor_mem_reclaim_result res;
	uint64_t was = resident(w, app);
	int64_t deadline = world_now(w) + NEVER;
	int64_t until;

	busy_until(w, app, 0, 250 * WORLD_MS);
	until = busy_until(w, app, 1, 500 * WORLD_MS);
	res = reclaim_with(w, app, 0, 0, deadline);
	assert_true(world_now(w) >= until);
	assert_true(world_now(w) < deadline);
	assert_true(res.evicted_bytes >= lot_bytes(&lot) + lot_bytes(&lot2));
	assert_int_equal(res.evicted_bytes, was - resident(w, app));
	check_no_status(res.status, DRM_PANTHOR_MEM_STATUS_BUSY);
	lot_check(w, &lot, WORLD_BY_GPU);
	lot_check(w, &lot2, WORLD_BY_GPU);
}

static bool try_deadline_passes(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, unit(), SEED + 5);
	struct panthor_mem_reclaim_result res;
	int64_t until = busy_until(w, app, 0, 2500 * WORLD_MS);
	int64_t deadline = world_now(w) + 200 * WORLD_MS;

	res = reclaim_with(w, app, 0, 0, deadline);
	if (world_now(w) >= until)
		return false;
	assert_true(world_now(w) >= deadline);
	assert_int_equal(res.evicted_bytes, 0);
	assert_true(res.skipped_bytes >= lot_bytes(&lot));
	check_status(res.status, DRM_PANTHOR_MEM_STATUS_BUSY);
	world_idle(w, app, 0, 0);
	lot_check(w, &lot, WORLD_BY_GPU);
	return true;
}

static void deadline_passes(struct world *w)
{
	until_told(w, try_deadline_passes);
}

/* A reclaim does not wait for work of other processes. */
static bool try_others_work(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct world_app *other = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, unit(), SEED + 6);
	struct panthor_mem_reclaim_result res;
	int64_t until;

	lot_alloc(w, other, 1, unit(), SEED + 7);
	until = busy_until(w, other, 0, 2500 * WORLD_MS);
	res = reclaim_with(w, app, 0, 0, world_now(w) + NEVER);
	if (world_now(w) >= until)
		return false;
	assert_true(res.evicted_bytes >= lot_bytes(&lot));
	check_no_status(res.status, DRM_PANTHOR_MEM_STATUS_BUSY);
	return true;
}

static void others_work(struct world *w)
{
	until_told(w, try_others_work);
}

const struct conf_case busy_cases[] = {
	{ "skipped", skipped, 0 },
	{ "deadline_long_ago", deadline_long_ago, 0 },
	{ "other_vm_goes", other_vm_goes, 0 },
	{ "in_two_vms", in_two_vms, 0 },
	{ "deadline_waits", deadline_waits, 0 },
	{ "deadline_waits_for_each", deadline_waits_for_each, 0 },
	{ "deadline_passes", deadline_passes, 0 },
	{ "others_work", others_work, 0 },
	{ NULL, NULL, 0 },
};
