/* SPDX-License-Identifier: MIT */
/* What the mock does not have: a GPU that sleeps and has slots, and memory of the driver. */
#include "cases.h"

#define SEED 0x6770750000000000ull

/* Neither call needs the GPU, so neither wakes it. */
static void asleep(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, unit(), SEED + 1);
	struct panthor_mem_reclaim_result out;
	struct panthor_mem_claim_result in;
	uint64_t was = resident(w, app);
	struct world_gpu before, after;

	world_quiet(w);
	world_gpu(w, &before);
	out = reclaim(w, app);
	world_gpu(w, &after);
	assert_true(after.asleep);
	assert_int_equal(after.boots, before.boots);
	assert_int_equal(after.resets, before.resets);
	assert_int_equal(after.locks, before.locks);
	assert_true(out.evicted_bytes >= lot_bytes(&lot));

	in = claim(w, app);
	world_gpu(w, &after);
	assert_true(after.asleep);
	assert_int_equal(after.boots, before.boots);
	assert_int_equal(after.resets, before.resets);
	assert_int_equal(in.claimed_bytes, out.evicted_bytes);
	assert_int_equal(resident(w, app), was);
	lot_check(w, &lot, WORLD_BY_GPU);

	/* Evict while it sleeps, and bring the memory back when it wakes. */
	world_quiet(w);
	reclaim(w, app);
	lot_check(w, &lot, WORLD_BY_GPU);
}

/*
 * An idle queue group keeps its slot, and its VM keeps its address space of the MMU, so the
 * driver changes mappings that the GPU has in use.
 */
static bool try_idle_on_slot(struct world *w)
{
	struct world_gpu before, between, after;
	struct world_app *app;
	struct lot lot;

	world_keep_awake(w);
	app = world_spawn(w, NULL);
	lot = lot_alloc(w, app, 4, unit(), SEED + 2);
	world_gpu(w, &before);
	assert_int_equal(world_frame(w, app, 0, 0), 0);
	reclaim(w, app);
	world_gpu(w, &between);
	claim(w, app);
	world_gpu(w, &after);
	if (after.off_slots != before.off_slots)
		return false;
	/* At least one lock of the MMU for each BO that is unmapped or mapped. */
	assert_true(between.locks >= before.locks + lot.count);
	assert_true(after.locks >= between.locks + lot.count);
	assert_int_equal(after.boots, before.boots);
	lot_check(w, &lot, WORLD_BY_GPU);
	reclaim(w, app);
	assert_int_equal(world_frame(w, app, 0, 0), 0);
	lot_check(w, &lot, WORLD_BY_GPU);
	return true;
}

static void idle_on_slot(struct world *w)
{
	until_told(w, try_idle_on_slot);
}

/* For many small BOs, the number of MMU updates matters, not their size. */
static bool few(uint64_t before, uint64_t after, const struct lot *lot)
{
	return after > before && after - before <= lot->count / 8;
}

static bool try_few_updates(struct world *w)
{
	const struct world_alloc small = {
		.count = 128, .size = WORLD_MIB / 16, .seed = SEED + 3, .exclusive = true,
	};
	struct world_gpu at[5];
	struct world_app *app;
	struct lot lot;

	world_keep_awake(w);
	app = world_spawn(w, NULL);
	lot = lot_alloc_with(w, app, &small);
	assert_int_equal(world_frame(w, app, 0, 0), 0);
	world_gpu(w, &at[0]);
	reclaim(w, app);
	world_gpu(w, &at[1]);
	claim(w, app);
	world_gpu(w, &at[2]);
	reclaim(w, app);
	world_gpu(w, &at[3]);
	/* A job brings the memory back with few updates, too. */
	assert_int_equal(world_frame(w, app, 0, 0), 0);
	world_gpu(w, &at[4]);
	lot_check(w, &lot, WORLD_BY_GPU);
	if (at[4].off_slots != at[0].off_slots)
		return false;
	for (unsigned int i = 0; i < 4; i++)
		assert_true(few(at[i].locks, at[i + 1].locks, &lot));
	return true;
}

static void few_updates(struct world *w)
{
	until_told(w, try_few_updates);
}

/* More VMs than the MMU has address spaces, all of them with work in turn. */
static void many_vms(struct world *w)
{
	const struct world_spawn how = { .files = 2, .vms = 4 };
	struct world_app *app = world_spawn(w, &how);
	struct panthor_mem_reclaim_result out;
	struct lot lots[8];
	uint64_t was;
	unsigned int i, round;

	for (i = 0; i < 8; i++) {
		const struct world_alloc alloc = {
			.file = i / 4, .vm = i % 4, .count = 2, .size = unit() / 2,
			.seed = SEED + 16 + i,
		};

		lots[i] = lot_alloc_with(w, app, &alloc);
	}
	was = resident(w, app);
	for (round = 0; round < 3; round++) {
		out = reclaim(w, app);
		assert_true(out.evicted_bytes >= 8 * unit());
		assert_int_equal(out.evicted_bytes, was - resident(w, app));
		if (round & 1)
			assert_int_equal(claim(w, app).claimed_bytes, out.evicted_bytes);
		for (i = 0; i < 8; i++)
			lot_check(w, &lots[i], WORLD_BY_GPU);
		assert_int_equal(resident(w, app), was);
	}
}

#define CHUNKS 6

/* The chunks of a tiler heap, including those by which it grew. */
static void tiler_heap(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 2, unit(), SEED + 3);
	struct panthor_mem_reclaim_result before, with, out;
	struct panthor_mem_claim_result in;

	before = reclaim_with(w, app, DRM_PANTHOR_MEM_RECLAIM_DRY_RUN, 0, 0);
	world_heap(w, app, 0, 0, CHUNKS, SEED + 4);
	with = reclaim_with(w, app, DRM_PANTHOR_MEM_RECLAIM_DRY_RUN, 0, 0);
	assert_int_equal(with.evicted_bytes, before.evicted_bytes + CHUNKS * WORLD_HEAP_CHUNK);

	out = reclaim(w, app);
	assert_int_equal(out.evicted_bytes, with.evicted_bytes);
	assert_int_equal(out.skipped_bytes, with.skipped_bytes);
	assert_true(out.freed_bytes >= CHUNKS * WORLD_HEAP_CHUNK);
	in = claim(w, app);
	assert_int_equal(in.claimed_bytes, out.evicted_bytes);
	assert_int_equal(in.remaining_bytes, 0);
	world_heap_check(w, app, 0, 0);
	lot_check(w, &lot, WORLD_BY_GPU);

	/* The process's own work brings them back, too. */
	reclaim(w, app);
	world_heap_check(w, app, 0, 0);
}

/* The driver's dummy BO behind a sparse mapping is not memory of the target. */
static void sparse(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 2, unit(), SEED + 5);
	struct panthor_mem_reclaim_result before, with, out;
	struct panthor_mem_claim_result in;

	before = reclaim_with(w, app, DRM_PANTHOR_MEM_RECLAIM_DRY_RUN, 0, 0);
	world_sparse(w, app, 0, 0, 2 * WORLD_MIB);
	world_sparse_use(w, app, 0, 0);
	with = reclaim_with(w, app, DRM_PANTHOR_MEM_RECLAIM_DRY_RUN, 0, 0);
	assert_int_equal(with.evicted_bytes, before.evicted_bytes);
	assert_int_equal(with.skipped_bytes, before.skipped_bytes);

	out = reclaim(w, app);
	assert_int_equal(out.evicted_bytes, before.evicted_bytes);
	assert_int_equal(out.skipped_bytes, before.skipped_bytes);
	in = claim(w, app);
	assert_int_equal(in.claimed_bytes, out.evicted_bytes);
	world_sparse_use(w, app, 0, 0);
	reclaim(w, app);
	world_sparse_use(w, app, 0, 0);
	lot_check(w, &lot, WORLD_BY_GPU);
}

const struct conf_case gpu_cases[] = {
	{ "asleep", asleep, WORLD_IS_ALONE | WORLD_HAS_GPU | WORLD_HAS_GPU_COUNTERS },
	{ "idle_on_slot", idle_on_slot, WORLD_IS_ALONE | WORLD_HAS_GPU | WORLD_HAS_GPU_COUNTERS },
	{ "few_updates", few_updates, WORLD_IS_ALONE | WORLD_HAS_GPU | WORLD_HAS_GPU_COUNTERS |
	  WORLD_HAS_BATCHES },
	{ "many_vms", many_vms, WORLD_HAS_GPU },
	{ "tiler_heap", tiler_heap, WORLD_HAS_GPU },
	{ "sparse", sparse, WORLD_HAS_GPU },
	{ NULL, NULL, 0 },
};
