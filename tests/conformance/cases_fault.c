/* SPDX-License-Identifier: MIT */
/* Trouble below the ioctls, where a world can make it. */
#include <errno.h>

#include "cases.h"

#define SEED 0x6661756c74000000ull

/* A claim that fails part-way tells how far it came, and the next goes on. */
static void part_way(struct world *w, enum world_fault fault, int error)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 8, WORLD_MIB, SEED + 1);
	struct panthor_mem_claim_result res = PANTHOR_MEM_CLAIM_RESULT_INIT;
	uint64_t was = resident(w, app);
	uint64_t evicted = reclaim(w, app).evicted_bytes;
	uint64_t left = resident(w, app);

	world_fault(w, fault, 3 * WORLD_MIB / WORLD_PAGE + 7);
	assert_int_equal(panthor_mem_claim_with(world_fd(w), world_tgid(w, app, NULL), NULL, &res),
			 error);
	assert_true(res.claimed_bytes > 0);
	assert_int_equal(resident(w, app), left + res.claimed_bytes);
	assert_int_equal(res.claimed_bytes + res.remaining_bytes, evicted);

	res = claim(w, app);
	assert_int_equal(res.remaining_bytes, 0);
	assert_int_equal(resident(w, app), was);
	lot_check(w, &lot, WORLD_BY_GPU);
}

static void swap_read_error(struct world *w)
{
	part_way(w, WORLD_FAULT_SWAP_READ, -EIO);
}

static void no_memory(struct world *w)
{
	part_way(w, WORLD_FAULT_NO_MEMORY, -ENOMEM);
}

static void mmu_timeout(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);
	struct lot lot = lot_alloc(w, app, 8, WORLD_MIB, SEED + 2);
	struct panthor_mem_reclaim_result res = PANTHOR_MEM_RECLAIM_RESULT_INIT;
	uint64_t was = resident(w, app);
	int ret;

	world_fault(w, WORLD_FAULT_MMU_TIMEOUT, 4);
	ret = panthor_mem_reclaim_with(world_fd(w), world_tgid(w, app, NULL), NULL, &res);
	assert_int_equal(ret, -ETIMEDOUT);
	assert_int_equal(res.evicted_bytes, was - resident(w, app));
	assert_true(res.freed_bytes <= res.evicted_bytes);
	assert_true(resident(w, app) >= lot.size);
	lot_check(w, &lot, WORLD_BY_GPU);
}

static void unplugged(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);

	lot_alloc(w, app, 1, WORLD_MIB, SEED + 3);
	world_fault(w, WORLD_FAULT_UNPLUG, 1);
	assert_int_equal(panthor_mem_probe(world_fd(w)), -ENODEV);
	assert_int_equal(panthor_mem_reclaim(world_fd(w), world_tgid(w, app, NULL), NULL), -ENODEV);
	assert_int_equal(panthor_mem_claim(world_fd(w), world_tgid(w, app, NULL), NULL), -ENODEV);
}

static void kernel_without_swap(struct world *w)
{
	struct world_app *app = world_spawn(w, NULL);

	lot_alloc(w, app, 1, WORLD_MIB, SEED + 4);
	world_fault(w, WORLD_FAULT_NO_SWAP_SUPPORT, 1);
	assert_int_equal(panthor_mem_probe(world_fd(w)), -EOPNOTSUPP);
	assert_int_equal(panthor_mem_reclaim(world_fd(w), world_tgid(w, app, NULL), NULL),
			 -EOPNOTSUPP);
	assert_int_equal(panthor_mem_claim(world_fd(w), world_tgid(w, app, NULL), NULL),
			 -EOPNOTSUPP);
}

const struct conf_case fault_cases[] = {
	{ "swap_read_error", swap_read_error, WORLD_CAN_SWAP_READ_ERROR },
	{ "no_memory", no_memory, WORLD_CAN_NO_MEMORY },
	{ "mmu_timeout", mmu_timeout, WORLD_CAN_MMU_TIMEOUT },
	{ "unplugged", unplugged, WORLD_CAN_UNPLUG },
	{ "kernel_without_swap", kernel_without_swap, WORLD_CAN_NO_SWAP_SUPPORT },
	{ NULL, NULL, 0 },
};
