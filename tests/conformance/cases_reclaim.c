/* SPDX-License-Identifier: MIT */
/* What a reclaim evicts, and what it does not. */
#include "cases.h"

#define SEED 0x7265636c61696d00ull

static void only_the_target(struct world *w)
{
	struct world_app *before = world_spawn(w, NULL);
	struct world_app *target = world_spawn(w, NULL);
	struct world_app *after = world_spawn(w, NULL);
	struct lot lot[3];
	struct panthor_mem_reclaim_result res;
	uint64_t was[3], is;

	lot[0] = lot_alloc(w, before, 4, unit(), SEED + 1);
	lot[1] = lot_alloc(w, target, 4, unit(), SEED + 2);
	lot[2] = lot_alloc(w, after, 4, unit(), SEED + 3);
	was[0] = resident(w, before);
	was[1] = resident(w, target);
	was[2] = resident(w, after);
	assert_true(was[1] >= lot_bytes(&lot[1]));

	res = reclaim(w, target);
	is = resident(w, target);
	assert_true(res.evicted_bytes >= lot_bytes(&lot[1]));
	assert_int_equal(res.evicted_bytes, was[1] - is);
	assert_true(res.freed_bytes > 0);
	check_no_status(res.status, DRM_PANTHOR_MEM_STATUS_INTERRUPTED |
				    DRM_PANTHOR_MEM_STATUS_BUSY | DRM_PANTHOR_MEM_STATUS_SHARED |
				    DRM_PANTHOR_MEM_STATUS_SWAP_FULL |
				    DRM_PANTHOR_MEM_STATUS_CAPPED);
	assert_int_equal(resident(w, before), was[0]);
	assert_int_equal(resident(w, after), was[2]);

	lot_check(w, &lot[0], WORLD_BY_GPU);
	lot_check(w, &lot[1], WORLD_BY_GPU);
	lot_check(w, &lot[2], WORLD_BY_GPU);
}

static void bystander_keeps_running(struct world *w)
{
	struct world_app *target = world_spawn(w, NULL);
	struct world_app *bystander = world_spawn(w, NULL);
	struct lot theirs = lot_alloc(w, target, 4, unit(), SEED + 4);
	struct lot lot = lot_alloc(w, bystander, 4, unit(), SEED + 5);
	uint64_t was = resident(w, bystander);
	int i;

	world_frames_start(w, bystander);
	for (i = 0; i < 3; i++) {
		reclaim(w, target);
		world_sleep(w, 5 * WORLD_MS);
		assert_int_equal(resident(w, bystander), was);
		claim(w, target);
		assert_int_equal(resident(w, bystander), was);
	}
	assert_true(world_frames_stop(w, bystander) > 0);
	lot_check(w, &lot, WORLD_BY_GPU);
	lot_check(w, &theirs, WORLD_BY_GPU);
}

static void twice(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, unit(), SEED + 6);
	struct panthor_mem_reclaim_result res;
	uint64_t left;

	reclaim(w, app);
	left = resident(w, app);
	res = reclaim(w, app);
	assert_true(res.evicted_bytes <= STRAY_BYTES);
	assert_int_equal(resident(w, app), left);
	lot_check(w, &lot, WORLD_BY_GPU);

	/* What came back can be evicted again. */
	res = reclaim(w, app);
	assert_true(res.evicted_bytes >= lot_bytes(&lot));
	lot_check(w, &lot, WORLD_BY_CPU);
}

static void nothing_allocated(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct panthor_mem_reclaim_result res = reclaim(w, app);

	/* At most its command buffers. */
	assert_true(res.evicted_bytes < WORLD_MIB);
	assert_int_equal(world_frame(w, app, 0, 0), 0);
}

static void several_files(struct world *w)
{
	const struct world_spawn how = { .files = 3 };
	struct world_app *app = world_spawn(w, &how);
	struct world_alloc alloc = { .count = 2, .size = unit() };
	struct panthor_mem_reclaim_result res;
	struct lot lots[3];
	uint64_t was;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		alloc.file = i;
		alloc.seed = SEED + 16 + i;
		lots[i] = lot_alloc_with(w, app, &alloc);
	}
	was = resident(w, app);
	res = reclaim(w, app);
	assert_true(res.evicted_bytes >= 6 * unit());
	assert_int_equal(res.evicted_bytes, was - resident(w, app));
	claim(w, app);
	assert_int_equal(resident(w, app), was);
	for (i = 0; i < 3; i++)
		lot_check(w, &lots[i], WORLD_BY_GPU);
}

static void several_vms(struct world *w)
{
	const struct world_spawn how = { .vms = 2 };
	struct world_app *app = world_spawn(w, &how);
	struct world_alloc alloc = { .count = 2, .size = unit() };
	struct panthor_mem_reclaim_result res;
	struct lot lots[2];
	uint64_t was;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		alloc.vm = i;
		alloc.exclusive = i;
		alloc.seed = SEED + 32 + i;
		lots[i] = lot_alloc_with(w, app, &alloc);
	}
	was = resident(w, app);
	res = reclaim(w, app);
	assert_true(res.evicted_bytes >= 4 * unit());
	assert_int_equal(res.evicted_bytes, was - resident(w, app));

	/* A frame brings back the memory of its own VM, not of the other. */
	assert_int_equal(world_frame(w, app, 0, 1), 0);
	assert_true(resident(w, app) >= lot_bytes(&lots[1]));
	assert_true(resident(w, app) <= was - lot_bytes(&lots[0]));
	lot_check(w, &lots[0], WORLD_BY_GPU);
	lot_check(w, &lots[1], WORLD_BY_GPU);
}

static void many_small(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	/*
	 * More BOs than one batch of the driver. Each job locks every BO that is
	 * not private to its VM, which takes half a second on a debug kernel.
	 */
	const struct world_alloc how = {
		.count = on_debug_kernel() ? 80 : 256, .size = small(),
		.seed = SEED + 40, .exclusive = on_debug_kernel(),
	};
	struct lot lot = lot_alloc_with(w, app, &how);
	struct panthor_mem_reclaim_result res = reclaim(w, app);

	assert_true(res.evicted_bytes >= lot_bytes(&lot));
	lot_check(w, &lot, WORLD_BY_GPU);
}

static void exclusive(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	const struct world_alloc how = {
		.count = 4, .size = unit(), .seed = SEED + 41, .exclusive = true,
	};
	struct lot lot = lot_alloc_with(w, app, &how);
	struct panthor_mem_reclaim_result res = reclaim(w, app);

	assert_true(res.evicted_bytes >= lot_bytes(&lot));
	lot_check(w, &lot, WORLD_BY_GPU);
}

/* A BO that only the CPU maps is also memory of the process. */
static void never_bound(struct world *w)
{
	const struct world_spawn two = { .files = 2 };
	struct world_app *app = world_spawn(w, &two);
	struct world_alloc how = {
		.count = 2, .size = unit(), .seed = SEED + 42, .unbound = true,
	};
	struct panthor_mem_reclaim_result res;
	struct lot lots[2];
	uint64_t was;

	lots[0] = lot_alloc_with(w, app, &how);
	how.file = 1;
	how.seed = SEED + 47;
	lots[1] = lot_alloc_with(w, app, &how);
	was = resident(w, app);
	res = reclaim(w, app);
	assert_true(res.evicted_bytes >= lot_bytes(&lots[0]) + lot_bytes(&lots[1]));
	assert_int_equal(res.evicted_bytes, was - resident(w, app));
	lot_check(w, &lots[0], WORLD_BY_CPU);
	lot_check(w, &lots[1], WORLD_BY_CPU);
}

/*
 * A BO that was in a VM and is in none any more has only a handle. The app has two files,
 * because world_free() closes the handle in one of them.
 */
static void unmapped(struct world *w)
{
	const struct world_spawn how = { .files = 2 };
	struct world_app *app = world_spawn(w, &how);
	struct lot lot = lot_alloc(w, app, 2, unit(), SEED + 46);
	struct lot kept = lot;
	struct panthor_mem_reclaim_result res;
	unsigned int i;
	uint64_t was;
	int bo;

	for (i = 0; i < lot.count; i++) {
		bo = world_share(w, app, lot.first + (int)i, app, 1, 0, false);
		if (!i)
			kept.first = bo;
		world_free(w, app, lot.first + (int)i);
	}
	was = resident(w, app);
	assert_true(was >= lot_bytes(&kept));
	res = reclaim(w, app);
	assert_true(res.evicted_bytes >= lot_bytes(&kept));
	assert_int_equal(res.evicted_bytes, was - resident(w, app));
	assert_int_equal(claim(w, app).remaining_bytes, 0);
	assert_int_equal(resident(w, app), was);
	lot_check(w, &kept, WORLD_BY_CPU);
	res = reclaim(w, app);
	assert_true(res.evicted_bytes >= lot_bytes(&kept));
	lot_check(w, &kept, WORLD_BY_CPU);
}

/* A BO that a CPU access brought back is resident again, although the GPU does not map it. */
static void after_cpu_read(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 2, unit(), SEED + 43);
	struct panthor_mem_reclaim_result res;

	reclaim(w, app);
	lot_check(w, &lot, WORLD_BY_CPU);
	assert_true(resident(w, app) >= lot_bytes(&lot));
	res = reclaim(w, app);
	assert_true(res.evicted_bytes >= lot_bytes(&lot));
	assert_true(resident(w, app) < lot_bytes(&lot));
	lot_check(w, &lot, WORLD_BY_GPU);
}

static void stopped_target(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, unit(), SEED + 44);
	struct panthor_mem_reclaim_result res;
	uint64_t was = resident(w, app);

	world_stop(w, app);
	res = reclaim(w, app);
	assert_true(res.evicted_bytes >= lot_bytes(&lot));
	assert_int_equal(resident(w, app), was - res.evicted_bytes);
	claim(w, app);
	assert_int_equal(resident(w, app), was);
	reclaim(w, app);
	world_continue(w, app);
	assert_int_equal(world_frame(w, app, 0, 0), 0);
	lot_check(w, &lot, WORLD_BY_GPU);
}

/* panthor_mem_probe() succeeds, because reclaim works in this world. */
static void probe(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 1, unit(), SEED + 45);
	uint64_t was = resident(w, app);

	assert_int_equal(panthor_mem_probe(world_fd(w)), 0);
	assert_int_equal(resident(w, app), was);
	lot_check(w, &lot, WORLD_BY_GPU);
}

const struct conf_case reclaim_cases[] = {
	{ "only_the_target", only_the_target, 0 },
	{ "bystander_keeps_running", bystander_keeps_running, 0 },
	{ "twice", twice, 0 },
	{ "nothing_allocated", nothing_allocated, 0 },
	{ "several_files", several_files, 0 },
	{ "several_vms", several_vms, 0 },
	{ "many_small", many_small, 0 },
	{ "exclusive", exclusive, 0 },
	{ "never_bound", never_bound, 0 },
	{ "unmapped", unmapped, 0 },
	{ "after_cpu_read", after_cpu_read, 0 },
	{ "stopped_target", stopped_target, 0 },
	{ "probe", probe, 0 },
	{ NULL, NULL, 0 },
};
