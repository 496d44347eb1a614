/* SPDX-License-Identifier: MIT */
/* Which process is the target: 0, pid namespaces, files that change their owner. */
#include <errno.h>
#include <pthread.h>

#include "cases.h"

#define SEED 0x6964656e74697479ull

static const struct world_spawn root = { .cred = WORLD_CRED_MANAGER };
static const struct world_spawn root_inside = {
	.cred = WORLD_CRED_MANAGER, .child_pidns = true,
};
static const struct world_spawn inside = { .child_pidns = true };

/* Reclaim @tgid as @caller. */
static int reclaim_by(struct world *w, struct world_app *caller, pid_t tgid, uint64_t *evicted)
{
	struct raw_reclaim r = { .arg.tgid = (uint32_t)tgid };
	int ret = world_call(w, caller, raw_reclaim_fn, &r, sizeof(r), NULL);

	*evicted = ret ? 0 : r.arg.evicted_bytes;
	return ret;
}

static int claim_by(struct world *w, struct world_app *caller, pid_t tgid, uint64_t *claimed)
{
	struct raw_claim c = { .arg.tgid = (uint32_t)tgid };
	int ret = world_call(w, caller, raw_claim_fn, &c, sizeof(c), NULL);

	*claimed = ret ? 0 : c.arg.claimed_bytes;
	return ret;
}

/* A privileged app reclaims and claims its own memory, by 0 and by its own number. */
static void self_as(struct world *w, const struct world_spawn *how)
{
	struct world_app *app = world_spawn(w, how);
	struct world_app *other = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 4, unit(), SEED + 1);
	uint64_t was, others, bytes;
	pid_t tgids[2] = { 0, 0 };
	int i;

	lot_alloc(w, other, 1, unit(), SEED + 2);
	tgids[1] = world_tgid(w, app, app);
	assert_true(tgids[1] > 0);
	others = resident(w, other);
	for (i = 0; i < 2; i++) {
		was = resident(w, app);
		assert_int_equal(reclaim_by(w, app, tgids[i], &bytes), 0);
		assert_true(bytes >= lot_bytes(&lot));
		assert_int_equal(bytes, was - resident(w, app));
		assert_int_equal(claim_by(w, app, tgids[i], &bytes), 0);
		assert_int_equal(resident(w, app), was);
		lot_check(w, &lot, WORLD_BY_GPU);
	}
	assert_int_equal(resident(w, other), others);
}

static void self(struct world *w)
{
	self_as(w, &root);
}

static void *reclaim_self_fn(void *arg)
{
	struct world *w = arg;

	return (void *)(intptr_t)panthor_mem_reclaim(world_fd(w), 0, NULL);
}

/* 0 is the process of the caller, and not a thread of it. */
static void self_in_thread(struct world *w)
{
	pthread_t thread;
	void *ret;

	assert_int_equal(pthread_create(&thread, NULL, reclaim_self_fn, w), 0);
	assert_int_equal(pthread_join(thread, &ret), 0);
	assert_int_equal((intptr_t)ret, 0);
}

static void self_in_child_pidns(struct world *w)
{
	self_as(w, &root_inside);
}

/* 0 is the caller, not another process that uses the device. */
static void manager_itself(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 2, unit(), SEED + 3);
	uint64_t was = resident(w, app);

	assert_int_equal(panthor_mem_reclaim(world_fd(w), 0, NULL), 0);
	assert_int_equal(panthor_mem_claim(world_fd(w), 0, NULL), 0);
	assert_int_equal(resident(w, app), was);
	lot_check(w, &lot, WORLD_BY_GPU);
}

static void child_pidns_from_outside(struct world *w)
{
	struct world_app *app = world_spawn(w, &inside);
	struct lot lot = lot_alloc(w, app, 2, unit(), SEED + 4);
	pid_t number_inside = world_tgid(w, app, app);
	uint64_t was = resident(w, app);
	uint64_t bytes;

	assert_int_not_equal(number_inside, world_tgid(w, app, NULL));
	/* Out here, its number in the inner namespace is no process that uses the device. */
	assert_int_equal(reclaim_by(w, NULL, number_inside, &bytes), -ESRCH);
	assert_int_equal(resident(w, app), was);

	assert_int_equal(reclaim_by(w, NULL, world_tgid(w, app, NULL), &bytes), 0);
	assert_true(bytes >= lot_bytes(&lot));
	assert_int_equal(claim_by(w, NULL, world_tgid(w, app, NULL), &bytes), 0);
	assert_int_equal(resident(w, app), was);
	lot_check(w, &lot, WORLD_BY_GPU);
}

static void child_pidns_from_inside(struct world *w)
{
	struct world_app *caller = world_spawn(w, &root_inside);
	struct world_app *app = world_spawn(w, &inside);
	struct world_app *outside = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 2, unit(), SEED + 5);
	struct lot lot_outside = lot_alloc(w, outside, 2, unit(), SEED + 6);
	uint64_t was = resident(w, app), was_outside = resident(w, outside);
	uint64_t bytes;

	/* The numbers of the outer namespace are not valid here. */
	assert_int_equal(world_tgid(w, outside, caller), 0);
	assert_int_equal(reclaim_by(w, caller, world_tgid(w, app, NULL), &bytes), -ESRCH);
	assert_int_equal(reclaim_by(w, caller, world_tgid(w, outside, NULL), &bytes), -ESRCH);
	assert_int_equal(claim_by(w, caller, world_tgid(w, outside, NULL), &bytes), -ESRCH);
	assert_int_equal(resident(w, app), was);

	assert_int_equal(reclaim_by(w, caller, world_tgid(w, app, caller), &bytes), 0);
	assert_true(bytes >= lot_bytes(&lot));
	assert_int_equal(bytes, was - resident(w, app));
	assert_int_equal(claim_by(w, caller, world_tgid(w, app, caller), &bytes), 0);
	assert_int_equal(resident(w, app), was);
	assert_int_equal(resident(w, outside), was_outside);
	lot_check(w, &lot, WORLD_BY_GPU);
	lot_check(w, &lot_outside, WORLD_BY_GPU);
}

/* The owner is the process that issued the last ioctl. Memory belongs to the file. */
static void file_changes_hands(struct world *w)
{
	struct world_app *maker = world_spawn(w, NULL);
	struct world_app *owner = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, maker, 4, unit(), SEED + 7);
	uint64_t was, bytes;

	world_give_file(w, maker, 0, owner);
	was = resident(w, owner);
	assert_true(was >= lot_bytes(&lot));
	assert_int_equal(reclaim_by(w, NULL, world_tgid(w, maker, NULL), &bytes), -ESRCH);
	assert_int_equal(reclaim_by(w, NULL, world_tgid(w, owner, NULL), &bytes), 0);
	assert_true(bytes >= lot_bytes(&lot));
	assert_int_equal(bytes, was - resident(w, owner));
	assert_int_equal(claim_by(w, NULL, world_tgid(w, owner, NULL), &bytes), 0);
	assert_int_equal(resident(w, owner), was);

	/* The file outlives the process that opened it. */
	world_kill(w, maker);
	assert_int_equal(reclaim_by(w, NULL, world_tgid(w, owner, NULL), &bytes), 0);
	assert_true(bytes >= lot_bytes(&lot));
}

/* A forked child that issues no ioctl has the file but does not own it. */
static void inherited(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 2, unit(), SEED + 8);
	pid_t child = world_fork(w, app);
	uint64_t was = resident(w, app);
	uint64_t bytes;

	assert_int_not_equal(child, world_tgid(w, app, NULL));
	assert_int_equal(reclaim_by(w, NULL, child, &bytes), -ESRCH);
	assert_int_equal(claim_by(w, NULL, child, &bytes), -ESRCH);
	assert_int_equal(resident(w, app), was);

	assert_int_equal(reclaim_by(w, NULL, world_tgid(w, app, NULL), &bytes), 0);
	assert_true(bytes >= lot_bytes(&lot));
	assert_int_equal(bytes, was - resident(w, app));
	assert_int_equal(claim_by(w, NULL, world_tgid(w, app, NULL), &bytes), 0);
	assert_int_equal(resident(w, app), was);
	world_join(w, app, child);
	lot_check(w, &lot, WORLD_BY_GPU);
}

const struct conf_case identity_cases[] = {
	{ "self", self, 0 },
	{ "self_in_thread", self_in_thread, 0 },
	{ "self_in_child_pidns", self_in_child_pidns, 0 },
	{ "manager_itself", manager_itself, 0 },
	{ "child_pidns_from_outside", child_pidns_from_outside, 0 },
	{ "child_pidns_from_inside", child_pidns_from_inside, 0 },
	{ "inherited", inherited, 0 },
	{ "file_changes_hands", file_changes_hands, WORLD_CAN_GIVE_FILE },
	{ NULL, NULL, 0 },
};
