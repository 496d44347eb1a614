/* SPDX-License-Identifier: MIT */
/* Faults below the ioctls, in worlds that can cause them. */
#include <errno.h>

#include "cases.h"

#define SEED 0x6661756c74000000ull

/*
 * A lot with fewer BOs than one batch of the driver, and a page in the middle of it: what was
 * done before the fault counts, even within one batch.
 */
static const struct world_alloc small_ones = {
	.count = 48, .size = 16 * WORLD_PAGE, .seed = SEED + 1, .exclusive = true,
};

#define IN_THE_MIDDLE (30 * 16 + 7)

static int claim_fails(struct world *w, struct world_app *app, struct panthor_mem_claim_result *res)
{
	*res = (struct panthor_mem_claim_result)PANTHOR_MEM_CLAIM_RESULT_INIT;
	return panthor_mem_claim_with(world_fd(w), world_tgid(w, app, NULL), NULL, res);
}

/* --- swap ------------------------------------------------------------------ */

/* Check that all BOs but one have their content. Returns the lost one. */
static int check_all_but_one(struct world *w, const struct lot *lot)
{
	unsigned int i;
	int lost = -1;

	for (i = 0; i < lot->count; i++) {
		uint64_t sum = 0;
		int ret = world_try_sum(w, lot->app, lot->first + (int)i, &sum);

		if (!ret && sum != pattern_sum(lot->seed + ((uint64_t)i << 32), lot->size))
			fail_msg("BO %u has lost its content", i);
		if (!ret)
			continue;
		assert_int_equal(ret, -EIO);
		assert_int_equal(lost, -1);
		lost = (int)i;
	}
	assert_int_not_equal(lost, -1);
	return lost;
}

/*
 * A page that cannot be read from swap is lost. Every claim returns this error and what it did
 * before it. Nothing else is lost, and after the process frees the BO, everything works again.
 */
static void swap_read_error(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc_with(w, app, &small_ones);
	struct panthor_mem_claim_result res;
	uint64_t was = resident(w, app);
	uint64_t evicted, left;
	unsigned int i;
	int lost;

	world_set_swap(w, WORLD_SWAP_DISK);
	evicted = reclaim(w, app).evicted_bytes;
	left = resident(w, app);
	world_fault(w, WORLD_FAULT_SWAP_READ, IN_THE_MIDDLE);
	assert_int_equal(claim_fails(w, app, &res), -EIO);
	assert_true(res.claimed_bytes > 0);
	assert_true(res.remaining_bytes >= lot.size);
	assert_int_equal(resident(w, app), left + res.claimed_bytes);
	assert_int_equal(res.claimed_bytes + res.remaining_bytes, evicted);

	world_recover(w);
	left = resident(w, app);
	evicted = res.remaining_bytes;
	assert_int_equal(claim_fails(w, app, &res), -EIO);
	assert_int_equal(res.claimed_bytes + res.remaining_bytes, evicted);
	assert_int_equal(resident(w, app), left + res.claimed_bytes);
	assert_int_equal(world_frame(w, app, 0, 0), -EIO);

	lost = check_all_but_one(w, &lot);
	world_free(w, app, lot.first + lost);
	res = claim(w, app);
	assert_int_equal(res.remaining_bytes, 0);
	assert_int_equal(resident(w, app), was - lot.size);
	assert_int_equal(world_frame(w, app, 0, 0), 0);
	for (i = 0; i < lot.count; i++) {
		if ((int)i != lost)
			assert_int_equal(world_sum(w, app, lot.first + (int)i, WORLD_BY_GPU),
					 pattern_sum(lot.seed + ((uint64_t)i << 32), lot.size));
	}
}

/* --- memory ---------------------------------------------------------------- */

/* A claim that fails part-way returns what it did, and the next one continues. */
static void no_memory(struct world *w)
{
	const struct world_spawn how = { .limited = true };
	struct world_app *app = world_spawn(w, &how);
	struct lot lot = lot_alloc_with(w, app, &small_ones);
	struct panthor_mem_claim_result res;
	uint64_t was = resident(w, app);
	uint64_t evicted = reclaim(w, app).evicted_bytes;
	uint64_t left = resident(w, app);

	world_fault(w, WORLD_FAULT_NO_MEMORY, IN_THE_MIDDLE);
	assert_int_equal(claim_fails(w, app, &res), -ENOMEM);
	assert_true(res.claimed_bytes > 0);
	assert_true(res.remaining_bytes >= lot.size);
	assert_int_equal(resident(w, app), left + res.claimed_bytes);
	assert_int_equal(res.claimed_bytes + res.remaining_bytes, evicted);

	world_recover(w);
	res = claim(w, app);
	assert_int_equal(res.remaining_bytes, 0);
	assert_int_equal(resident(w, app), was);
	lot_check(w, &lot, WORLD_BY_GPU);
}

/* --- the MMU --------------------------------------------------------------- */

static void mmu_timeout(struct world *w)
{
	struct panthor_mem_reclaim_result res = PANTHOR_MEM_RECLAIM_RESULT_INIT;
	struct world_app *app;
	struct lot lot;
	uint64_t was;

	world_keep_awake(w);
	app = world_spawn(w, NULL);
	lot = lot_alloc(w, app, 8, unit(), SEED + 3);
	was = resident(w, app);
	world_fault(w, WORLD_FAULT_MMU_TIMEOUT, 4);
	assert_int_equal(panthor_mem_reclaim_with(world_fd(w), world_tgid(w, app, NULL), NULL,
						  &res), -ETIMEDOUT);
	assert_true(res.evicted_bytes > 0);
	assert_int_equal(res.evicted_bytes, was - resident(w, app));
	assert_true(res.freed_bytes <= res.evicted_bytes);
	assert_true(resident(w, app) >= 4 * lot.size);

	world_recover(w);
	assert_int_equal(world_frame(w, app, 0, 0), 0);
	assert_int_equal(resident(w, app), was);
	lot_check(w, &lot, WORLD_BY_GPU);
	/* Everything can be done again. */
	assert_true(reclaim(w, app).evicted_bytes >= lot_bytes(&lot));
	lot_check(w, &lot, WORLD_BY_GPU);
}

static void mmu_timeout_in_claim(struct world *w)
{
	struct panthor_mem_claim_result res;
	struct world_app *app;
	uint64_t was, evicted, left;
	struct lot lot;

	world_keep_awake(w);
	app = world_spawn(w, NULL);
	lot = lot_alloc(w, app, 8, unit(), SEED + 4);
	was = resident(w, app);
	evicted = reclaim(w, app).evicted_bytes;
	left = resident(w, app);
	world_fault(w, WORLD_FAULT_MMU_TIMEOUT, 4);
	assert_int_equal(claim_fails(w, app, &res), -ETIMEDOUT);
	assert_true(res.claimed_bytes > 0);
	assert_int_equal(resident(w, app), left + res.claimed_bytes);
	assert_int_equal(res.claimed_bytes + res.remaining_bytes, evicted);

	world_recover(w);
	res = claim(w, app);
	assert_int_equal(res.remaining_bytes, 0);
	assert_int_equal(resident(w, app), was);
	lot_check(w, &lot, WORLD_BY_GPU);
}

/*
 * The GPU does not answer a cache flush: the call continues while the driver resets the GPU.
 * Work that was on the GPU is lost, but no memory.
 */
static void reset_in_flight(struct world *w)
{
	struct panthor_mem_reclaim_result out;
	struct panthor_mem_claim_result in;
	struct world_app *app;
	uint64_t was, left;
	struct lot lot;

	world_keep_awake(w);
	app = world_spawn(w, NULL);
	lot = lot_alloc(w, app, 16, unit(), SEED + 5);
	was = resident(w, app);
	world_fault(w, WORLD_FAULT_FLUSH_TIMEOUT, 3);
	out = reclaim(w, app);
	assert_true(out.evicted_bytes >= lot_bytes(&lot));
	assert_int_equal(out.evicted_bytes, was - resident(w, app));
	world_recover(w);
	in = claim(w, app);
	assert_int_equal(in.claimed_bytes, out.evicted_bytes);
	world_new_queue(w, app, 0, 0);
	lot_check(w, &lot, WORLD_BY_GPU);

	out = reclaim(w, app);
	assert_int_equal(out.status & DRM_PANTHOR_MEM_STATUS_BUSY, 0);
	left = resident(w, app);
	world_fault(w, WORLD_FAULT_FLUSH_TIMEOUT, 3);
	in = claim(w, app);
	/* Not evicted_bytes, which can include memory of the old queue, which is gone. */
	assert_int_equal(in.claimed_bytes, was - left);
	assert_int_equal(in.remaining_bytes, 0);
	assert_int_equal(resident(w, app), was);
	world_recover(w);
	world_new_queue(w, app, 0, 0);
	lot_check(w, &lot, WORLD_BY_GPU);
}

/* The firmware does not boot at the first attempt, while all memory is evicted. */
static void slow_resume(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, unit(), SEED + 6);

	world_quiet(w);
	reclaim(w, app);
	world_fault(w, WORLD_FAULT_BOOT, 1);
	assert_int_equal(world_frame(w, app, 0, 0), 0);
	world_recover(w);
	lot_check(w, &lot, WORLD_BY_GPU);
}

/* --- the device ------------------------------------------------------------- */

static void check_gone(struct world *w, struct world_app *app)
{
	assert_int_equal(panthor_mem_probe(world_fd(w)), -ENODEV);
	assert_int_equal(panthor_mem_reclaim(world_fd(w), world_tgid(w, app, NULL), NULL), -ENODEV);
	assert_int_equal(panthor_mem_claim(world_fd(w), world_tgid(w, app, NULL), NULL), -ENODEV);
}

static void unplugged(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);

	lot_alloc(w, app, 1, WORLD_MIB, SEED + 7);
	world_fault(w, WORLD_FAULT_UNPLUG, 1);
	check_gone(w, app);
	assert_int_equal(world_frame(w, app, 0, 0), -ENODEV);
}

static void unplugged_in_reclaim(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct raw_reclaim r = { .arg.tgid = (uint32_t)world_tgid(w, app, NULL) };
	struct world_during during = { .event = WORLD_EVENT_UNPLUG, .after_ns = 5 * WORLD_MS };
	int ret;

	lot_alloc(w, app, 24, unit(), SEED + 8);
	ret = world_call(w, NULL, raw_reclaim_fn, &r, sizeof(r), &during);
	assert_true(ret == 0 || ret == -ENODEV);
	check_gone(w, app);
}

static void unplugged_in_claim(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct raw_claim c = { .arg.tgid = (uint32_t)world_tgid(w, app, NULL) };
	struct world_during during = { .event = WORLD_EVENT_UNPLUG, .after_ns = 5 * WORLD_MS };
	int ret;

	lot_alloc(w, app, 24, unit(), SEED + 9);
	reclaim(w, app);
	ret = world_call(w, NULL, raw_claim_fn, &c, sizeof(c), &during);
	assert_true(ret == 0 || ret == -ENODEV);
	check_gone(w, app);
}

/* A reclaim does not wait for work on a GPU that is gone. */
static void unplugged_in_wait(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct raw_reclaim r = { .arg.tgid = (uint32_t)world_tgid(w, app, NULL) };
	struct world_during during = { .event = WORLD_EVENT_UNPLUG, .after_ns = 100 * WORLD_MS };
	int ret;

	lot_alloc(w, app, 4, unit(), SEED + 10);
	busy_until(w, app, 0, 2500 * WORLD_MS);
	r.arg.deadline_ns = world_now(w) + NEVER;
	ret = world_call(w, NULL, raw_reclaim_fn, &r, sizeof(r), &during);
	assert_true(world_now(w) < r.arg.deadline_ns);
	assert_int_equal(ret, -ENODEV);
	check_gone(w, app);
}

static void kernel_without_swap(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);

	lot_alloc(w, app, 1, WORLD_MIB, SEED + 11);
	world_fault(w, WORLD_FAULT_NO_SWAP_SUPPORT, 1);
	assert_int_equal(panthor_mem_probe(world_fd(w)), -EOPNOTSUPP);
	assert_int_equal(panthor_mem_reclaim(world_fd(w), world_tgid(w, app, NULL), NULL),
			 -EOPNOTSUPP);
	assert_int_equal(panthor_mem_claim(world_fd(w), world_tgid(w, app, NULL), NULL),
			 -EOPNOTSUPP);
	expect_both(w, NULL, by_tgid(w, app), -EOPNOTSUPP);
	/* The target is checked first. */
	expect_both(w, NULL, (struct target){ .tgid = (uint32_t)world_unused_tgid(w) }, -ESRCH);
}

const struct conf_case fault_cases[] = {
	{ "swap_read_error", swap_read_error, WORLD_IS_ALONE | WORLD_CAN_SWAP_READ_ERROR },
	{ "no_memory", no_memory, WORLD_CAN_NO_MEMORY },
	{ "mmu_timeout", mmu_timeout, WORLD_IS_ALONE | WORLD_CAN_MMU_TIMEOUT },
	{ "mmu_timeout_in_claim", mmu_timeout_in_claim, WORLD_IS_ALONE | WORLD_CAN_MMU_TIMEOUT },
	{ "reset_in_flight", reset_in_flight, WORLD_IS_ALONE | WORLD_HAS_GPU | WORLD_CAN_BREAK_GPU },
	{ "slow_resume", slow_resume, WORLD_IS_ALONE | WORLD_HAS_GPU | WORLD_CAN_BREAK_GPU },
	{ "unplugged", unplugged, WORLD_CAN_UNPLUG },
	{ "unplugged_in_reclaim", unplugged_in_reclaim, WORLD_CAN_UNPLUG },
	{ "unplugged_in_claim", unplugged_in_claim, WORLD_CAN_UNPLUG },
	{ "unplugged_in_wait", unplugged_in_wait, WORLD_CAN_UNPLUG | WORLD_UNPLUG_ENDS_WAIT },
	{ "kernel_without_swap", kernel_without_swap, WORLD_CAN_NO_SWAP_SUPPORT },
	{ NULL, NULL, 0 },
};
