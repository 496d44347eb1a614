/* SPDX-License-Identifier: MIT */
/* What a claim brings back. */
#include "cases.h"

#define SEED 0x636c61696d000000ull

static void nothing(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, unit(), SEED + 1);
	uint64_t was = resident(w, app);
	struct panthor_mem_claim_result res = claim(w, app);

	assert_int_equal(res.claimed_bytes, 0);
	assert_int_equal(res.remaining_bytes, 0);
	assert_int_equal(res.status, 0);
	assert_int_equal(resident(w, app), was);
	lot_check(w, &lot, WORLD_BY_GPU);
}

static void everything(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, unit(), SEED + 2);
	uint64_t was = resident(w, app);
	struct panthor_mem_reclaim_result out = reclaim(w, app);
	struct panthor_mem_claim_result in = claim(w, app);

	assert_int_equal(in.claimed_bytes, out.evicted_bytes);
	assert_int_equal(in.remaining_bytes, 0);
	assert_int_equal(in.status, 0);
	assert_int_equal(resident(w, app), was);
	lot_check(w, &lot, WORLD_BY_GPU);
}

static void twice(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, unit(), SEED + 3);
	struct panthor_mem_claim_result res;

	reclaim(w, app);
	claim(w, app);
	res = claim(w, app);
	assert_int_equal(res.claimed_bytes, 0);
	assert_int_equal(res.remaining_bytes, 0);
	lot_check(w, &lot, WORLD_BY_GPU);
}

static void only_the_target(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct world_app *other = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, unit(), SEED + 4);
	struct lot theirs = lot_alloc(w, other, 4, unit(), SEED + 5);
	uint64_t left;

	reclaim(w, app);
	reclaim(w, other);
	left = resident(w, other);
	claim(w, app);
	assert_int_equal(resident(w, other), left);
	lot_check(w, &lot, WORLD_BY_GPU);
	lot_check(w, &theirs, WORLD_BY_GPU);
}

/* After NO_PAGEOUT nothing is in swap, but a claim still makes it resident. */
static void from_ram(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, unit(), SEED + 6);
	uint64_t was = resident(w, app);
	struct panthor_mem_reclaim_result out;
	struct panthor_mem_claim_result in;

	out = reclaim_with(w, app, DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT, 0, 0);
	in = claim(w, app);
	assert_int_equal(in.claimed_bytes, out.evicted_bytes);
	assert_int_equal(resident(w, app), was);
	lot_check(w, &lot, WORLD_BY_GPU);
}

static void prefetch_only(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, many(16), WORLD_MIB, SEED + 7);
	struct panthor_mem_reclaim_result out = reclaim(w, app);
	struct world_counters before, after;
	struct panthor_mem_claim_result res;
	uint64_t left = resident(w, app);
	int64_t taken;

	world_counters(w, &before);
	res = claim_with(w, app, DRM_PANTHOR_MEM_CLAIM_PREFETCH_ONLY, 0);
	world_counters(w, &after);
	assert_int_equal(res.remaining_bytes, out.evicted_bytes);
	assert_int_equal(resident(w, app), left);
	/* The pages are in RAM, although the driver does not hold them. */
	taken = (int64_t)(before.free - after.free) + (int64_t)(before.zram_used - after.zram_used);
	check_close_free(taken, (int64_t)out.evicted_bytes, "drop of free memory and zram");

	/* The submit does the rest without I/O, and nothing is left for a claim. */
	assert_int_equal(world_frame(w, app, 0, 0), 0);
	assert_int_equal(claim(w, app).claimed_bytes, 0);
	lot_check(w, &lot, WORLD_BY_GPU);
}

static void prefetch_then_claim(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, unit(), SEED + 8);
	struct panthor_mem_reclaim_result out = reclaim(w, app);
	struct panthor_mem_claim_result res;

	claim_with(w, app, DRM_PANTHOR_MEM_CLAIM_PREFETCH_ONLY, 0);
	res = claim(w, app);
	assert_int_equal(res.claimed_bytes, out.evicted_bytes);
	assert_int_equal(res.remaining_bytes, 0);
	lot_check(w, &lot, WORLD_BY_GPU);
}

/* The next call does not count again what one call has read. */
static void prefetch_in_steps(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, unit(), SEED + 16);
	struct panthor_mem_reclaim_result out = reclaim(w, app);
	struct panthor_mem_claim_result res;
	uint64_t steps = 0;

	do {
		res = claim_with(w, app, DRM_PANTHOR_MEM_CLAIM_PREFETCH_ONLY, unit());
		assert_int_equal(res.remaining_bytes, out.evicted_bytes);
		assert_true(++steps <= out.evicted_bytes / unit() + 1);
	} while (res.status & DRM_PANTHOR_MEM_STATUS_CAPPED);
	assert_int_equal(res.status, 0);
	assert_true(steps >= lot.count);
	lot_check(w, &lot, WORLD_BY_GPU);
}

/* Evicted memory is not in use, so a claim works even while the target is busy. */
static void while_busy(struct world *w)
{
	const struct world_spawn how = { .vms = 2 };
	struct world_app *app = world_spawn(w, &how);
	const struct world_alloc idle = {
		.vm = 1, .count = 2, .size = unit(), .seed = SEED + 9,
	};
	struct lot lot = lot_alloc_with(w, app, &idle);
	uint64_t was = resident(w, app);

	world_busy(w, app, 0, 0, 2 * WORLD_SECOND);
	reclaim(w, app);
	assert_true(resident(w, app) <= was - lot_bytes(&lot));
	claim(w, app);
	assert_int_equal(resident(w, app), was);
	world_idle(w, app, 0, 0);
	lot_check(w, &lot, WORLD_BY_GPU);
}

/* Make memory pressure in small steps until it evicts something of one of the apps. */
static void press_until(struct world *w, struct world_app *const app[2], const uint64_t was[2])
{
	int i;

	for (i = 0; i < 400; i++) {
		world_press(w, WORLD_MIB / 4);
		if (resident(w, app[0]) != was[0] || resident(w, app[1]) != was[1])
			return;
	}
	fail_msg("memory pressure took nothing from anybody");
}

/*
 * Claimed memory is about to be used: memory pressure evicts that of other processes first,
 * even if they used theirs later. This also applies if there was nothing to claim: in every
 * second round, the other app has just come back and would be evicted last.
 */
static bool try_not_the_next_victim(struct world *w)
{
	/* Small BOs, because the shrinker evicts more than it is asked for. */
	const struct world_alloc much = {
		.count = many(64), .size = WORLD_MIB / 4, .seed = SEED + 13, .exclusive = true,
	};
	struct world_app *app[2];
	struct lot lot[2];
	uint64_t was[2];
	int i;

	for (i = 0; i < 2; i++) {
		app[i] = world_spawn(w, NULL);
		lot[i] = lot_alloc_with(w, app[i], &much);
		was[i] = resident(w, app[i]);
	}
	world_quiet(w);
	for (i = 0; i < 4; i++) {
		int claimed = i >> 1;

		/* The second claim may have nothing to do. */
		claim(w, app[!claimed]);
		claim(w, app[claimed]);
		press_until(w, app, was);
		/* One step evicted everything, so this try proves nothing. */
		if (resident(w, app[!claimed]) < WORLD_MIB) {
			world_kill(w, app[0]);
			world_kill(w, app[1]);
			return false;
		}
		assert_int_equal(resident(w, app[claimed]), was[claimed]);
	}
	lot_check(w, &lot[0], WORLD_BY_GPU);
	lot_check(w, &lot[1], WORLD_BY_GPU);
	return true;
}

static void not_the_next_victim(struct world *w)
{
	until_told(w, try_not_the_next_victim);
}

/* A BO that is in no VM cannot be mapped, but its pages come back. */
static void never_bound(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	const struct world_alloc how = {
		.count = 2, .size = unit(), .seed = SEED + 10, .unbound = true,
	};
	struct lot lot = lot_alloc_with(w, app, &how);
	uint64_t was = resident(w, app);
	struct panthor_mem_reclaim_result out = reclaim(w, app);
	struct panthor_mem_claim_result in = claim(w, app);

	assert_true(out.evicted_bytes >= lot_bytes(&lot));
	assert_int_equal(in.claimed_bytes, out.evicted_bytes);
	assert_int_equal(in.remaining_bytes, 0);
	assert_int_equal(resident(w, app), was);
	lot_check(w, &lot, WORLD_BY_CPU);
}

/* BOs that a CPU access brought back are resident already; the claim maps them. */
static void after_cpu_read(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, unit(), SEED + 11);
	struct panthor_mem_reclaim_result out = reclaim(w, app);
	struct lot half = lot;
	struct panthor_mem_claim_result in;

	half.count = 2;
	lot_check(w, &half, WORLD_BY_CPU);
	in = claim(w, app);
	assert_int_equal(in.claimed_bytes, out.evicted_bytes - lot_bytes(&half));
	assert_int_equal(in.remaining_bytes, 0);
	lot_check(w, &lot, WORLD_BY_GPU);
}

/*
 * A claim in the middle of a reclaim: the reclaim ends early, and both return what they did,
 * without a gap.
 */
static void during_reclaim(struct world *w)
{
	static const int64_t moments[] = {
		WORLD_MS / 2, 3 * WORLD_MS, 8 * WORLD_MS, 20 * WORLD_MS, 50 * WORLD_MS,
	};
	const struct world_spawn manager = { .cred = WORLD_CRED_MANAGER };
	struct world_app *app = world_spawn(w, NULL);
	struct world_app *claimer = world_spawn(w, &manager);
	struct lot lot = lot_alloc(w, app, 24, unit(), SEED + 12);
	uint64_t was = resident(w, app);
	unsigned int i;

	for (i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		struct raw_reclaim r = { .arg.tgid = (uint32_t)world_tgid(w, app, NULL) };
		struct raw_claim c = { .arg.tgid = (uint32_t)world_tgid(w, app, claimer) };
		struct world_during during = {
			.event = WORLD_EVENT_CALL, .after_ns = moments[i],
			.app = claimer, .fn = raw_claim_fn, .arg = &c, .arg_size = sizeof(c),
		};

		assert_int_equal(world_call(w, NULL, raw_reclaim_fn, &r, sizeof(r), &during), 0);
		assert_int_equal(during.ret, 0);
		assert_true(c.arg.claimed_bytes <= r.arg.evicted_bytes);
		assert_int_equal(c.arg.remaining_bytes, 0);
		if (r.arg.evicted_bytes < was - lot.size)
			check_status(r.arg.status, DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
		/* Unless the claim came first, nothing is evicted any more. */
		if (r.arg.status & DRM_PANTHOR_MEM_STATUS_INTERRUPTED || c.arg.claimed_bytes)
			assert_int_equal(resident(w, app), was);
		claim(w, app);
		assert_int_equal(resident(w, app), was);
	}
	lot_check(w, &lot, WORLD_BY_GPU);
}

/* --- dry runs ---------------------------------------------------------------- */

#define DRY DRM_PANTHOR_MEM_CLAIM_DRY_RUN

static void dry_run(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 8, unit(), SEED + 17);
	struct panthor_mem_claim_result said, done;
	struct world_counters before, after;
	uint64_t left;

	/* Nothing is evicted yet. */
	said = claim_with(w, app, DRY, 0);
	assert_int_equal(said.claimed_bytes, 0);
	assert_int_equal(said.remaining_bytes, 0);
	assert_int_equal(said.status, 0);

	reclaim(w, app);
	left = resident(w, app);
	world_counters(w, &before);
	said = claim_with(w, app, DRY, 0);
	world_counters(w, &after);
	assert_true(said.claimed_bytes >= lot_bytes(&lot));
	assert_int_equal(resident(w, app), left);
	if (world_features() & WORLD_IS_ALONE)
		assert_int_equal(after.swap_used, before.swap_used);
	check_close_free((int64_t)(before.free - after.free), 0, "change of free memory");

	done = claim(w, app);
	assert_int_equal(done.claimed_bytes, said.claimed_bytes);
	assert_int_equal(done.remaining_bytes, said.remaining_bytes);
	assert_int_equal(done.status, said.status);
	assert_int_equal(claim_with(w, app, DRY, 0).claimed_bytes, 0);
	lot_check(w, &lot, WORLD_BY_GPU);
}

static void dry_run_capped(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 8, unit(), SEED + 18);
	const uint64_t max = 5 * unit() / 2;
	struct panthor_mem_claim_result said, done;
	uint64_t evicted, left;

	evicted = reclaim(w, app).evicted_bytes;
	left = resident(w, app);
	said = claim_with(w, app, DRY, max);
	assert_true(said.claimed_bytes > max - lot.size);
	assert_true(said.claimed_bytes < max + lot.size);
	assert_int_equal(said.claimed_bytes + said.remaining_bytes, evicted);
	assert_int_equal(said.status, DRM_PANTHOR_MEM_STATUS_CAPPED);
	assert_int_equal(resident(w, app), left);

	done = claim_with(w, app, 0, max);
	assert_int_equal(done.claimed_bytes, said.claimed_bytes);
	assert_int_equal(done.remaining_bytes, said.remaining_bytes);
	lot_check(w, &lot, WORLD_BY_GPU);
}

/* A dry run of a prefetch claims nothing and reads nothing. */
static void dry_run_of_prefetch(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 8, unit(), SEED + 19);
	const uint32_t flags = DRY | DRM_PANTHOR_MEM_CLAIM_PREFETCH_ONLY;
	struct panthor_mem_claim_result said;
	struct world_counters before, after;
	uint64_t evicted;

	evicted = reclaim(w, app).evicted_bytes;
	world_counters(w, &before);
	said = claim_with(w, app, flags, 0);
	assert_int_equal(said.claimed_bytes, 0);
	assert_int_equal(said.remaining_bytes, evicted);
	assert_int_equal(said.status, 0);
	said = claim_with(w, app, flags, unit());
	assert_int_equal(said.status, DRM_PANTHOR_MEM_STATUS_CAPPED);
	world_counters(w, &after);
	if (world_features() & WORLD_IS_ALONE)
		assert_int_equal(after.swap_used, before.swap_used);
	lot_check(w, &lot, WORLD_BY_GPU);
}

/* A BO that is in several VMs counts once. */
static void dry_run_of_shared(struct world *w)
{
	const struct world_spawn how = { .vms = 2, .files = 2 };
	struct world_app *app = world_spawn(w, &how);
	struct lot lot = lot_alloc(w, app, 2, unit(), SEED + 20);
	struct panthor_mem_claim_result said, done;

	world_share(w, app, lot.first, app, 0, 1, true);
	world_share(w, app, lot.first, app, 1, 0, true);
	reclaim(w, app);
	said = claim_with(w, app, DRY, 0);
	done = claim(w, app);
	assert_int_equal(said.claimed_bytes, done.claimed_bytes);
	assert_int_equal(said.remaining_bytes, 0);
	lot_check(w, &lot, WORLD_BY_GPU);
}

/* --- a deadline ----------------------------------------------------------------- */

/* The deadline only limits the wait for locks. If none is held, everything comes back. */
static void deadline_without_locks(struct world *w)
{
	static const int64_t deadlines[] = { INT64_MIN, -1, 1, INT64_MAX };
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, unit(), SEED + 21);
	uint64_t was = resident(w, app);
	unsigned int i;

	for (i = 0; i < sizeof(deadlines) / sizeof(deadlines[0]); i++) {
		struct panthor_mem_claim_options opts = PANTHOR_MEM_CLAIM_OPTIONS_INIT;
		struct panthor_mem_claim_result res = PANTHOR_MEM_CLAIM_RESULT_INIT;
		uint64_t evicted = reclaim(w, app).evicted_bytes;

		opts.deadline_ns = deadlines[i];
		assert_int_equal(panthor_mem_claim_with(world_fd(w), world_tgid(w, app, NULL),
							&opts, &res), 0);
		assert_int_equal(res.claimed_bytes, evicted);
		assert_int_equal(res.remaining_bytes, 0);
		assert_int_equal(res.status, 0);
		assert_int_equal(resident(w, app), was);
	}
	lot_check(w, &lot, WORLD_BY_GPU);
}

const struct conf_case claim_cases[] = {
	{ "nothing", nothing, 0 },
	{ "everything", everything, 0 },
	{ "twice", twice, 0 },
	{ "only_the_target", only_the_target, 0 },
	{ "from_ram", from_ram, 0 },
	{ "prefetch_only", prefetch_only, 0 },
	{ "prefetch_then_claim", prefetch_then_claim, 0 },
	{ "prefetch_in_steps", prefetch_in_steps, 0 },
	{ "while_busy", while_busy, 0 },
	{ "not_the_next_victim", not_the_next_victim, WORLD_IS_ALONE },
	{ "never_bound", never_bound, 0 },
	{ "after_cpu_read", after_cpu_read, 0 },
	{ "during_reclaim", during_reclaim, 0 },
	{ "dry_run", dry_run, 0 },
	{ "dry_run_capped", dry_run_capped, 0 },
	{ "dry_run_of_prefetch", dry_run_of_prefetch, 0 },
	{ "dry_run_of_shared", dry_run_of_shared, 0 },
	{ "deadline_without_locks", deadline_without_locks, 0 },
	{ NULL, NULL, 0 },
};
