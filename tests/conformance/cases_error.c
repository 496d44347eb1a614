/* SPDX-License-Identifier: MIT */
/* Every error of the contract that user space can provoke. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "cases.h"

#define SEED 0x6572726f72000000ull

static uint32_t number(struct world *w, struct world_app *app)
{
	return (uint32_t)world_tgid(w, app, NULL);
}

/* Any number as a TGID. */
static struct target of(uint32_t tgid)
{
	return (struct target){ .tgid = tgid };
}

static struct target nobody(struct world *w)
{
	return of((uint32_t)world_unused_tgid(w));
}

static void eperm_as(struct world *w, enum world_cred cred)
{
	const struct world_spawn how = { .cred = cred };
	struct world_app *target = world_spawn(w, NULL);
	struct world_app *caller = world_spawn(w, &how);
	struct lot lot = lot_alloc(w, target, 2, unit(), SEED + 1);
	uint64_t was = resident(w, target);

	expect_both(w, caller, by_tgid(w, target), -EPERM);
	assert_int_equal(resident(w, target), was);
	/* Not even the caller itself is allowed, by 0 or by number. */
	expect_both(w, caller, of(0), -EPERM);
	expect_both(w, caller, by_tgid(w, caller), -EPERM);
	/* EPERM comes before the lookup, so that the error does not reveal who exists. */
	expect_both(w, caller, nobody(w), -EPERM);
	lot_check(w, &lot, WORLD_BY_GPU);
}

static void eperm_user(struct world *w)
{
	eperm_as(w, WORLD_CRED_USER);
}

static void eperm_userns_root(struct world *w)
{
	eperm_as(w, WORLD_CRED_USERNS_ROOT);
}

static int probe_fn(int fd, void *arg)
{
	(void)arg;
	return panthor_mem_probe(fd);
}

static void eperm_probe(struct world *w)
{
	const struct world_spawn how = { .cred = WORLD_CRED_USERNS_ROOT };

	assert_int_equal(world_call(w, world_spawn(w, NULL), probe_fn, NULL, 0, NULL), -EPERM);
	assert_int_equal(world_call(w, world_spawn(w, &how), probe_fn, NULL, 0, NULL), -EPERM);
}

static void einval_flags(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 1, unit(), SEED + 2);
	uint64_t was = resident(w, app);
	unsigned int bit;

	/* The flags that name a target cannot be combined with a TGID. */
	for (bit = 2; bit < 32; bit++) {
		struct target target = by_tgid(w, app);

		target.flags = 1u << bit;
		expect_both(w, NULL, target, -EINVAL);
	}
	assert_int_equal(resident(w, app), was);
	lot_check(w, &lot, WORLD_BY_GPU);
}

static void einval_pad(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct raw_reclaim r = { .arg = { .tgid = number(w, app), .pad = 1 } };
	struct raw_claim c = { .arg = { .tgid = number(w, app), .pad = 1u << 31 } };

	assert_int_equal(raw_reclaim_fn(world_fd(w), &r), -EINVAL);
	assert_int_equal(raw_claim_fn(world_fd(w), &c), -EINVAL);
}

static void einval_tgid(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	uint64_t was;

	lot_alloc(w, app, 1, unit(), SEED + 3);
	was = resident(w, app);
	expect_both(w, NULL, of((uint32_t)INT_MAX + 1), -EINVAL);
	expect_both(w, NULL, of(UINT32_MAX), -EINVAL);
	/* A valid number with the sign bit set. */
	expect_both(w, NULL, of(number(w, app) | 1u << 31), -EINVAL);
	assert_int_equal(resident(w, app), was);
}

static void esrch_nobody(struct world *w)
{
	expect_both(w, NULL, nobody(w), -ESRCH);
	expect_both(w, NULL, of(INT_MAX), -ESRCH);
}

static void esrch_no_file(struct world *w)
{
	const struct world_spawn how = { .no_device = true };

	expect_both(w, NULL, by_tgid(w, world_spawn(w, &how)), -ESRCH);
}

static void esrch_thread(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 1, unit(), SEED + 4);
	uint64_t was = resident(w, app);

	assert_int_not_equal(world_thread_id(w, app), world_tgid(w, app, NULL));
	expect_both(w, NULL, of((uint32_t)world_thread_id(w, app)), -ESRCH);
	assert_int_equal(resident(w, app), was);
	/* The process itself is a target. */
	expect_both(w, NULL, by_tgid(w, app), 0);
	lot_check(w, &lot, WORLD_BY_GPU);
}

static void esrch_exited(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);

	lot_alloc(w, app, 2, unit(), SEED + 5);
	reclaim(w, app);
	world_kill(w, app);
	expect_both(w, NULL, by_tgid(w, app), -ESRCH);
}

static void enospc(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 2, unit(), SEED + 6);
	struct panthor_mem_reclaim_options opts = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	uint64_t was = resident(w, app);
	pid_t tgid = world_tgid(w, app, NULL);
	int fd = world_fd(w);
	uint32_t flags;

	world_set_swap(w, WORLD_SWAP_NONE);
	assert_int_equal(panthor_mem_probe(fd), -ENOSPC);
	/* With any flags, because a reclaim without swap is useless. */
	for (flags = 0; flags < 4; flags++) {
		opts.flags = flags;
		assert_int_equal(panthor_mem_reclaim_with(fd, tgid, &opts, NULL), -ENOSPC);
	}
	assert_int_equal(resident(w, app), was);
	expect_reclaim(w, NULL, by_tgid(w, app), -ENOSPC);
	/* A claim needs no swap. */
	assert_int_equal(panthor_mem_claim(fd, tgid, NULL), 0);

	world_set_swap(w, WORLD_SWAP_NORMAL);
	assert_int_equal(panthor_mem_probe(fd), 0);
	reclaim(w, app);
	lot_check(w, &lot, WORLD_BY_GPU);
}

static void enospc_full(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 2, unit(), SEED + 7);
	uint64_t was = resident(w, app);

	world_set_swap(w, 0);
	assert_int_equal(panthor_mem_reclaim(world_fd(w), world_tgid(w, app, NULL), NULL), -ENOSPC);
	assert_int_equal(resident(w, app), was);
	lot_check(w, &lot, WORLD_BY_GPU);
}

/* The order of the checks: the first that fails decides. */
static void order(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	const struct target no_fd = { .flags = DRM_PANTHOR_MEM_TARGET_PIDFD, .id = UINT64_MAX };
	struct target bad;

	/* Arguments come before the capability: the caller is an ordinary user. */
	bad = nobody(w);
	bad.flags = 1u << 31;
	expect_both(w, app, bad, -EINVAL);
	bad.flags = 0;
	bad.id = 1;
	expect_both(w, app, bad, -EINVAL);
	bad = no_fd;
	bad.flags |= DRM_PANTHOR_MEM_TARGET_CGROUP;
	expect_both(w, app, bad, -EINVAL);
	/* The capability comes before the target. */
	expect_both(w, app, nobody(w), -EPERM);
	expect_both(w, app, no_fd, -EPERM);
	expect_both(w, app, (struct target){ .flags = DRM_PANTHOR_MEM_TARGET_CLIENT }, -EPERM);
}

/* Swap is checked last. */
static void order_of_swap(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	const struct target no_fd = { .flags = DRM_PANTHOR_MEM_TARGET_PIDFD, .id = UINT64_MAX };

	world_set_swap(w, WORLD_SWAP_NONE);
	expect_reclaim(w, app, by_tgid(w, app), -EPERM);
	expect_reclaim(w, NULL, nobody(w), -ESRCH);
	expect_reclaim(w, NULL, no_fd, -EBADF);
	expect_reclaim(w, NULL, by_tgid(w, app), -ENOSPC);
}

/* Inputs and @pad do not change, on success or on error. */
static void inputs_unmodified(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	const uint32_t tgids[] = { number(w, app), (uint32_t)world_unused_tgid(w), UINT32_MAX };
	unsigned int i;

	lot_alloc(w, app, 2, unit(), SEED + 8);
	for (i = 0; i < sizeof(tgids) / sizeof(tgids[0]); i++) {
		struct raw_reclaim r = { .arg = {
			.flags = DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT,
			.tgid = tgids[i],
			.max_bytes = 0x123456789abcull,
			.deadline_ns = -7,
			.freed_bytes = 1, .evicted_bytes = 2, .skipped_bytes = 3, .status = 4,
		} };
		struct raw_claim c = { .arg = {
			.tgid = tgids[i],
			.max_bytes = 0x123456789abcull,
			.deadline_ns = -7,
			.claimed_bytes = 1, .remaining_bytes = 2, .status = 4,
		} };
		int ret = raw_reclaim_fn(world_fd(w), &r);

		assert_int_equal(r.arg.flags, DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT);
		assert_int_equal(r.arg.tgid, tgids[i]);
		assert_int_equal(r.arg.max_bytes, 0x123456789abcull);
		assert_true(r.arg.deadline_ns == -7);
		assert_int_equal(r.arg.target, 0);
		assert_int_equal(r.arg.pad, 0);
		/* The old values of the outputs are ignored. */
		if (!ret) {
			assert_int_equal(r.arg.freed_bytes, 0);
			assert_true(r.arg.evicted_bytes >= 2 * unit());
		}

		ret = raw_claim_fn(world_fd(w), &c);
		assert_int_equal(c.arg.flags, 0);
		assert_int_equal(c.arg.tgid, tgids[i]);
		assert_int_equal(c.arg.max_bytes, 0x123456789abcull);
		assert_true(c.arg.deadline_ns == -7);
		assert_int_equal(c.arg.target, 0);
		assert_int_equal(c.arg.pad, 0);
		if (!ret) {
			assert_true(c.arg.claimed_bytes >= 2 * unit());
			assert_int_equal(c.arg.remaining_bytes, 0);
			assert_int_equal(c.arg.status, 0);
		}
	}
}

const struct conf_case error_cases[] = {
	{ "eperm_user", eperm_user, 0 },
	{ "eperm_userns_root", eperm_userns_root, 0 },
	{ "eperm_probe", eperm_probe, 0 },
	{ "einval_flags", einval_flags, 0 },
	{ "einval_pad", einval_pad, 0 },
	{ "einval_tgid", einval_tgid, 0 },
	{ "esrch_nobody", esrch_nobody, 0 },
	{ "esrch_no_file", esrch_no_file, 0 },
	{ "esrch_thread", esrch_thread, 0 },
	{ "esrch_exited", esrch_exited, 0 },
	{ "enospc", enospc, WORLD_IS_ALONE },
	{ "enospc_full", enospc_full, WORLD_IS_ALONE | WORLD_CAN_FILL_SWAP },
	{ "order", order, WORLD_HAS_TARGETS },
	{ "order_of_swap", order_of_swap, WORLD_IS_ALONE },
	{ "inputs_unmodified", inputs_unmodified, 0 },
	{ NULL, NULL, 0 },
};
