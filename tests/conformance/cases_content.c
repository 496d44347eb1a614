/* SPDX-License-Identifier: MIT */
/* Content survives, whether the CPU or the GPU wrote it or reads it. */
#include "cases.h"

#define SEED 0x636f6e74656e7400ull

static void reclaim_submit(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 8, unit(), SEED + 1);
	uint64_t was = resident(w, app);

	reclaim(w, app);
	assert_int_equal(world_frame(w, app, 0, 0), 0);
	/* No claim was needed. */
	assert_int_equal(resident(w, app), was);
	lot_check(w, &lot, WORLD_BY_GPU);
	lot_check(w, &lot, WORLD_BY_CPU);
}

static void reclaim_claim_submit(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 8, unit(), SEED + 2);
	uint64_t was = resident(w, app);

	reclaim(w, app);
	claim(w, app);
	assert_int_equal(resident(w, app), was);
	assert_int_equal(world_frame(w, app, 0, 0), 0);
	assert_int_equal(resident(w, app), was);
	lot_check(w, &lot, WORLD_BY_GPU);
	lot_check(w, &lot, WORLD_BY_CPU);
}

static void reclaim_cpu_read(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 8, unit(), SEED + 3);

	reclaim(w, app);
	lot_check(w, &lot, WORLD_BY_CPU);
	lot_check(w, &lot, WORLD_BY_GPU);
}

static void cpu_write_while_evicted(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, unit(), SEED + 4);

	reclaim(w, app);
	lot_refill(w, &lot, WORLD_BY_CPU, SEED + 0x1000);
	lot_check(w, &lot, WORLD_BY_GPU);
	reclaim(w, app);
	lot_check(w, &lot, WORLD_BY_GPU);
}

static void gpu_write_while_evicted(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, unit(), SEED + 5);

	reclaim(w, app);
	lot_refill(w, &lot, WORLD_BY_GPU, SEED + 0x2000);
	lot_check(w, &lot, WORLD_BY_CPU);
	reclaim(w, app);
	claim(w, app);
	lot_check(w, &lot, WORLD_BY_GPU);
}

/* Bring the memory back in every way in turn, with new content each time. */
static void cycles(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 8, unit() / 2, SEED + 6);
	int i;

	for (i = 0; i < 12; i++) {
		enum world_unit by = i & 1 ? WORLD_BY_CPU : WORLD_BY_GPU;

		if (i % 3 == 2)
			reclaim_with(w, app, DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT, 0, 0);
		else
			reclaim(w, app);
		if (i & 2)
			claim_with(w, app, 0, i & 4 ? 2 * unit() : 0);
		if (i & 8)
			claim_with(w, app, DRM_PANTHOR_MEM_CLAIM_PREFETCH_ONLY, 0);
		lot_check(w, &lot, by);
		lot_refill(w, &lot, by, SEED + 0x3000 + (uint64_t)i);
	}
	lot_check(w, &lot, WORLD_BY_GPU);
	lot_check(w, &lot, WORLD_BY_CPU);
}

/* The app draws frames while its memory is reclaimed and claimed. */
static void frames_go_on(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, unit(), SEED + 7);
	int i;

	world_frames_start(w, app);
	for (i = 0; i < 5; i++) {
		reclaim_with(w, app, 0, 0, world_now(w) + 20 * WORLD_MS);
		world_sleep(w, 2 * WORLD_MS);
		claim(w, app);
	}
	assert_true(world_frames_stop(w, app) > 0);
	lot_check(w, &lot, WORLD_BY_GPU);
}

/* Evicted pages must not be given to another process while the app still maps them. */
static void reused_memory(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct world_app *other = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 8, unit(), SEED + 8);
	struct lot second;

	reclaim(w, app);
	second = lot_alloc(w, other, 8, unit(), SEED + 9);
	/* Writes of the first app must go to its own pages. */
	lot_refill(w, &lot, WORLD_BY_GPU, SEED + 0x4000);
	lot_check(w, &second, WORLD_BY_GPU);
	lot_check(w, &second, WORLD_BY_CPU);
	lot_check(w, &lot, WORLD_BY_GPU);
}

/*
 * The same with so little memory that the TLB of the GPU can still have an entry for each
 * page: the driver must have invalidated them.
 */
static void reused_at_once(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct world_app *other = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 1, 16 * WORLD_PAGE, SEED + 10);
	int i;

	for (i = 0; i < 8; i++) {
		struct lot second;

		lot_refill(w, &lot, WORLD_BY_GPU, SEED + 0x5000 + (uint64_t)i);
		reclaim(w, app);
		second = lot_alloc(w, other, 2, unit(), SEED + 11);
		/* With a stale entry, a read finds the other app's data, or a write changes it. */
		if (i & 1)
			lot_refill(w, &lot, WORLD_BY_GPU, SEED + 0x6000 + (uint64_t)i);
		lot_check(w, &lot, WORLD_BY_GPU);
		lot_check(w, &lot, WORLD_BY_CPU);
		lot_check(w, &second, WORLD_BY_CPU);
		world_free(w, other, second.first);
		world_free(w, other, second.first + 1);
	}
}

const struct conf_case content_cases[] = {
	{ "reclaim_submit", reclaim_submit, 0 },
	{ "reclaim_claim_submit", reclaim_claim_submit, 0 },
	{ "reclaim_cpu_read", reclaim_cpu_read, 0 },
	{ "cpu_write_while_evicted", cpu_write_while_evicted, 0 },
	{ "gpu_write_while_evicted", gpu_write_while_evicted, 0 },
	{ "cycles", cycles, 0 },
	{ "frames_go_on", frames_go_on, 0 },
	{ "reused_memory", reused_memory, 0 },
	{ "reused_at_once", reused_at_once, 0 },
	{ NULL, NULL, 0 },
};
