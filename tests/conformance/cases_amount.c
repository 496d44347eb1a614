/* SPDX-License-Identifier: MIT */
/* Amounts: the returned bytes compared with the counters of the system, and limits. */
#include "cases.h"

#define SEED 0x616d6f756e740000ull

static int64_t delta(uint64_t before, uint64_t after)
{
	return (int64_t)(after - before);
}

static void freed_is_free(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, many(32), WORLD_MIB, SEED + 1);
	struct world_counters before, after;
	struct panthor_mem_reclaim_result res;
	int64_t freed, zram;

	world_counters(w, &before);
	res = reclaim(w, app);
	world_counters(w, &after);

	freed = (int64_t)res.freed_bytes;
	zram = delta(before.zram_used, after.zram_used);
	check_close(freed, (int64_t)res.evicted_bytes, "freed_bytes against evicted_bytes");
	check_close_swap(delta(before.swap_used, after.swap_used), freed, "growth of used swap");
	/* The memory that zram uses for the pages is not free. */
	check_close_free(delta(before.free, after.free) + zram, freed,
			 "growth of free memory and zram");
	/* The content is such that zram can compress it, but not to nothing. */
	assert_true(zram > 0);
	assert_true(zram < freed - freed / 8);

	lot_check(w, &lot, WORLD_BY_GPU);
}

/*
 * A swap device that completes writes later: pages count as freed only after that. The
 * device stores pages in memory, too, so the amount of free memory proves nothing here.
 */
static void freed_on_disk(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 16, WORLD_MIB, SEED + 16);
	struct world_counters before, after;
	struct panthor_mem_reclaim_result res;

	world_set_swap(w, WORLD_SWAP_SLOW);
	world_counters(w, &before);
	res = reclaim(w, app);
	world_counters(w, &after);
	check_close((int64_t)res.freed_bytes, (int64_t)res.evicted_bytes,
		    "freed_bytes against evicted_bytes");
	check_close_swap(delta(before.swap_used, after.swap_used), (int64_t)res.freed_bytes,
			 "growth of used swap");
	lot_check(w, &lot, WORLD_BY_GPU);

	/* Claim it, then reclaim it a second time. */
	reclaim(w, app);
	claim(w, app);
	res = reclaim(w, app);
	check_close((int64_t)res.freed_bytes, (int64_t)res.evicted_bytes,
		    "freed_bytes the second time");
	lot_check(w, &lot, WORLD_BY_GPU);

	/* So little that all writes are still in flight when the last one is submitted. */
	app = world_spawn(w, NULL);
	lot = lot_alloc(w, app, 1, WORLD_MIB / 2, SEED + 17);
	res = reclaim(w, app);
	assert_in_range(res.freed_bytes, lot.size - lot.size / 8, res.evicted_bytes);
	lot_check(w, &lot, WORLD_BY_GPU);
}

/*
 * With a small amount, pages that a CPU keeps in a batch before they get to a list, about 30
 * for each CPU, would be a large part of it.
 */
static void freed_of_little(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 1, WORLD_MIB / 2, SEED + 18);
	struct panthor_mem_reclaim_result res;

	for (int round = 0; round < 12; round++) {
		if (round == 6)
			world_set_swap(w, WORLD_SWAP_SLOW);
		res = reclaim(w, app);
		assert_true(res.evicted_bytes >= lot.size);
		assert_in_range(res.freed_bytes, res.evicted_bytes - res.evicted_bytes / 32,
				res.evicted_bytes);
		claim(w, app);
	}
	lot_check(w, &lot, WORLD_BY_GPU);
}

static void claimed_is_used(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, many(32), WORLD_MIB, SEED + 2);
	struct world_counters before, after;
	struct panthor_mem_claim_result res;
	int64_t claimed, zram;

	reclaim(w, app);
	world_counters(w, &before);
	res = claim(w, app);
	world_counters(w, &after);

	claimed = (int64_t)res.claimed_bytes;
	assert_true(res.claimed_bytes >= lot_bytes(&lot));
	zram = delta(before.zram_used, after.zram_used);
	check_close_swap(-delta(before.swap_used, after.swap_used), claimed, "drop of used swap");
	check_close_free(-(delta(before.free, after.free) + zram), claimed,
			 "drop of free memory and zram");
}

static void max_bytes_freed(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 8, unit(), SEED + 3);
	const uint64_t max = 5 * unit() / 2;
	struct panthor_mem_reclaim_result res;
	uint64_t was = resident(w, app);

	res = reclaim_with(w, app, 0, max, 0);
	assert_true(res.freed_bytes >= max);
	assert_true(res.freed_bytes < max + lot.size);
	assert_int_equal(res.evicted_bytes, was - resident(w, app));
	check_status(res.status, DRM_PANTHOR_MEM_STATUS_CAPPED);

	/* Reclaim the rest, with a cap that cannot be reached. */
	res = reclaim_with(w, app, 0, UINT64_MAX, 0);
	assert_true(res.evicted_bytes >= lot_bytes(&lot) - max - lot.size);
	check_no_status(res.status, DRM_PANTHOR_MEM_STATUS_CAPPED);
	assert_true(resident(w, app) < lot.size);
	lot_check(w, &lot, WORLD_BY_GPU);
}

static void max_bytes_evicted(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 8, unit(), SEED + 4);
	const uint64_t max = 5 * unit() / 2;
	struct panthor_mem_reclaim_result res;
	uint64_t was = resident(w, app);

	res = reclaim_with(w, app, DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT, max, 0);
	assert_true(res.evicted_bytes >= max);
	assert_true(res.evicted_bytes < max + lot.size);
	assert_int_equal(res.evicted_bytes, was - resident(w, app));
	check_status(res.status, DRM_PANTHOR_MEM_STATUS_CAPPED);
	lot_check(w, &lot, WORLD_BY_GPU);
}

/* Even the smallest cap moves one BO, and only one. */
static void max_bytes_one(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 8, unit(), SEED + 5);
	struct panthor_mem_reclaim_result res;
	struct panthor_mem_claim_result back;
	uint64_t evicted;

	res = reclaim_with(w, app, 0, 1, 0);
	assert_true(res.evicted_bytes > 0);
	assert_true(res.evicted_bytes <= lot.size);

	reclaim(w, app);
	evicted = claim_with(w, app, 0, 1).claimed_bytes;
	assert_true(evicted > 0);
	assert_true(evicted <= lot.size);
	back = claim(w, app);
	assert_true(back.claimed_bytes >= lot_bytes(&lot) - evicted);
	lot_check(w, &lot, WORLD_BY_GPU);
}

static void max_bytes_claimed(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 8, unit(), SEED + 6);
	const uint64_t max = 5 * unit() / 2;
	struct panthor_mem_claim_result res;
	uint64_t evicted, was;

	evicted = reclaim(w, app).evicted_bytes;
	was = resident(w, app);
	res = claim_with(w, app, 0, max);
	/* To within one BO. */
	assert_true(res.claimed_bytes > max - lot.size);
	assert_true(res.claimed_bytes < max + lot.size);
	assert_int_equal(res.claimed_bytes + res.remaining_bytes, evicted);
	assert_int_equal(resident(w, app), was + res.claimed_bytes);
	check_status(res.status, DRM_PANTHOR_MEM_STATUS_CAPPED);

	res = claim_with(w, app, 0, UINT64_MAX);
	assert_int_equal(res.remaining_bytes, 0);
	check_no_status(res.status, DRM_PANTHOR_MEM_STATUS_CAPPED);
	lot_check(w, &lot, WORLD_BY_GPU);
}

static void dry_run(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct world_app *other = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 8, unit(), SEED + 7);
	struct panthor_mem_reclaim_result said, done;
	struct world_counters before, after;
	uint64_t was;

	/* One BO is shared and must be skipped. */
	world_share(w, app, lot.first + 3, other, 0, 0, true);
	was = resident(w, app);
	world_counters(w, &before);
	said = reclaim_with(w, app, DRM_PANTHOR_MEM_RECLAIM_DRY_RUN, 0, 0);
	world_counters(w, &after);
	assert_int_equal(resident(w, app), was);
	if (world_features() & WORLD_IS_ALONE)
		assert_int_equal(after.swap_used, before.swap_used);
	check_close_free(delta(before.free, after.free), 0, "change of free memory");

	done = reclaim(w, app);
	assert_int_equal(said.evicted_bytes, done.evicted_bytes);
	assert_int_equal(said.skipped_bytes, done.skipped_bytes);
	assert_int_equal(said.status, done.status);
	check_status(said.status, DRM_PANTHOR_MEM_STATUS_SHARED);

	/* Now almost nothing is left: only pages that were in use during the reclaim. */
	said = reclaim_with(w, app, DRM_PANTHOR_MEM_RECLAIM_DRY_RUN, 0, 0);
	assert_true(said.evicted_bytes <= STRAY_BYTES);
	lot_check(w, &lot, WORLD_BY_GPU);
}

static void dry_run_capped(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 8, unit(), SEED + 8);
	const uint64_t max = 5 * unit() / 2;
	struct panthor_mem_reclaim_result res;
	uint64_t was = resident(w, app);

	res = reclaim_with(w, app, DRM_PANTHOR_MEM_RECLAIM_DRY_RUN, max, 0);
	assert_true(res.evicted_bytes >= max);
	assert_true(res.evicted_bytes < max + lot.size);
	check_status(res.status, DRM_PANTHOR_MEM_STATUS_CAPPED);
	assert_int_equal(resident(w, app), was);
}

static bool try_dry_run_busy(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 2, unit(), SEED + 9);
	struct panthor_mem_reclaim_result res;
	int64_t until = busy_until(w, app, 0, 2 * WORLD_SECOND);

	/* A dry run does not wait, whatever the deadline. */
	res = reclaim_with(w, app, DRM_PANTHOR_MEM_RECLAIM_DRY_RUN, 0, world_now(w) + NEVER);
	if (world_now(w) >= until)
		return false;
	assert_int_equal(res.evicted_bytes, 0);
	assert_true(res.skipped_bytes >= lot_bytes(&lot));
	check_status(res.status, DRM_PANTHOR_MEM_STATUS_BUSY);
	return true;
}

static void dry_run_busy(struct world *w)
{
	until_told(w, try_dry_run_busy);
}

static void no_pageout(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, many(16), WORLD_MIB, SEED + 10);
	struct world_counters before, after;
	struct panthor_mem_reclaim_result res;
	uint64_t was = resident(w, app);

	world_counters(w, &before);
	res = reclaim_with(w, app, DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT, 0, 0);
	world_counters(w, &after);
	assert_true(res.evicted_bytes >= lot_bytes(&lot));
	assert_int_equal(res.evicted_bytes, was - resident(w, app));
	/* The BOs are evicted and still in RAM. */
	check_close_free(delta(before.free, after.free), 0, "change of free memory");
	check_close_swap(delta(before.swap_used, after.swap_used), 0, "change of used swap");

	/* A second call changes nothing, because they are not resident any more. */
	res = reclaim_with(w, app, DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT, 0, 0);
	assert_int_equal(res.evicted_bytes, 0);
	lot_check(w, &lot, WORLD_BY_GPU);
	assert_int_equal(resident(w, app), was);
}

/* A reclaim pages out and counts what was evicted before and is still in RAM. */
static void pageout_later(struct world *w, bool prefetched)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, many(16), WORLD_MIB, SEED + 12);
	struct world_counters before, after;
	struct panthor_mem_reclaim_result said, done;
	uint64_t left;

	reclaim_with(w, app, DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT, 0, 0);
	if (prefetched) {
		reclaim(w, app);
		claim_with(w, app, DRM_PANTHOR_MEM_CLAIM_PREFETCH_ONLY, 0);
	}
	left = resident(w, app);
	world_counters(w, &before);
	said = reclaim_with(w, app, DRM_PANTHOR_MEM_RECLAIM_DRY_RUN, 0, 0);
	done = reclaim(w, app);
	world_counters(w, &after);
	check_close((int64_t)said.evicted_bytes, (int64_t)lot_bytes(&lot), "prediction");
	check_close((int64_t)done.freed_bytes, (int64_t)lot_bytes(&lot), "freed_bytes");
	check_close_swap(delta(before.swap_used, after.swap_used), (int64_t)done.freed_bytes,
			 "growth of used swap");
	assert_int_equal(resident(w, app), left);
	lot_check(w, &lot, WORLD_BY_GPU);
}

static void pageout_after_no_pageout(struct world *w)
{
	pageout_later(w, false);
}

static void pageout_after_prefetch(struct world *w)
{
	pageout_later(w, true);
}

/* Swap becomes full during the reclaim. */
static void swap_ends(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, many(16), WORLD_MIB, SEED + 11);
	const uint64_t room = lot_bytes(&lot) / 8 * 3;
	struct panthor_mem_reclaim_result res;
	uint64_t was;

	world_set_swap(w, room);
	was = resident(w, app);
	res = reclaim(w, app);
	check_status(res.status, DRM_PANTHOR_MEM_STATUS_SWAP_FULL);
	assert_true(res.freed_bytes > 0);
	assert_true(res.freed_bytes <= room + tolerance(room));
	assert_int_equal(res.evicted_bytes, was - resident(w, app));

	lot_check(w, &lot, WORLD_BY_GPU);
	world_set_swap(w, WORLD_SWAP_NORMAL);
	res = reclaim(w, app);
	check_close((int64_t)res.freed_bytes, (int64_t)lot_bytes(&lot), "freed_bytes with room");
}

const struct conf_case amount_cases[] = {
	{ "freed_is_free", freed_is_free, WORLD_IS_ALONE },
	{ "freed_on_disk", freed_on_disk, WORLD_IS_ALONE | WORLD_CAN_SWAP_READ_ERROR },
	{ "freed_of_little", freed_of_little, WORLD_IS_ALONE | WORLD_CAN_SWAP_READ_ERROR },
	{ "claimed_is_used", claimed_is_used, WORLD_IS_ALONE },
	{ "max_bytes_freed", max_bytes_freed, 0 },
	{ "max_bytes_evicted", max_bytes_evicted, 0 },
	{ "max_bytes_one", max_bytes_one, 0 },
	{ "max_bytes_claimed", max_bytes_claimed, 0 },
	{ "dry_run", dry_run, 0 },
	{ "dry_run_capped", dry_run_capped, 0 },
	{ "dry_run_busy", dry_run_busy, 0 },
	{ "no_pageout", no_pageout, 0 },
	{ "pageout_after_no_pageout", pageout_after_no_pageout, 0 },
	{ "pageout_after_prefetch", pageout_after_prefetch, 0 },
	{ "swap_ends", swap_ends, WORLD_IS_ALONE | WORLD_CAN_FILL_SWAP },
	{ NULL, NULL, 0 },
};
