/* SPDX-License-Identifier: MIT */
/*
 * sim-work: work that is not complete when the next instruction begins. A stream that does
 * not wait for it must be seen to do so.
 */
#include <string.h>

#include "desc.h"
#include "gpu/cs_sim.h"
#include "gpu/group.h"
#include "gpu/sim.h"
#include "gpu/sync.h"
#include "guest.h"
#include "sim_work.h"

#define CLEAR 0xa1b2c3d4u
#define ENDPOINT 2u
#define DEFERRED 3u
#define GROUPS 12
#define ROUNDS 30
#define LONG_SLICE 100	/* more than the instructions of a case */

/* Registers */
#define R_RESULT 70	/* pair */
#define R_VALUE 72
#define R_ADDR 74	/* pair */
#define R_DATA 76	/* pair */

static struct gpu_ctx ctx;
static struct pool pool;
static struct gpu_bo bo;
static uint64_t frame_va, other_va;
static volatile uint32_t *words;

static uint64_t frame_at(uint64_t va)
{
	const struct desc_target target = {
		.va = va,
		.stride = 64,
		.block = SIM_BLOCK_LINEAR,
		.format = SIM_COLOR_RAW32,
		.color = CLEAR,
	};
	const struct desc_frame frame = {
		.width = 4,
		.height = 4,
		.targets = 1,
		.target = &target,
	};
	uint32_t *desc;
	uint64_t result = pool_take(&pool, DESC_FRAME_BYTES(1), &desc);

	desc_frame(desc, &frame);
	return result;
}

/*
 * Work runs when the stream waits for it, or after a slice. With slices of one instruction
 * nobody can say whether a stream forgot to wait.
 */
static void needs_long_slices(void)
{
	int64_t slice;

	ok(sim_param_get("slice_instr", &slice), "parameter slice_instr");
	if (slice < LONG_SLICE)
		skip();
}

/* The first page of the BO is the target, the second receives results. */
static void begin(void)
{
	ok(gpu_ctx_init(&ctx, &guest.dev, 1), "context");
	pool_init(&pool, &ctx);
	work_alloc(&ctx, 3 * PAGE, &bo);
	frame_va = frame_at(bo.va);
	other_va = frame_at(bo.va + 2 * PAGE);
	words = bo.map;
}

static void end(void)
{
	gpu_ctx_free(&ctx, &bo);
	pool_free(&pool, &ctx);
	gpu_ctx_fini(&ctx);
}

static void emit_clear(struct gpu_cs *cs, uint64_t va)
{
	cs_move64(cs, SIM_SR_FBD, va);
	cs_move32(cs, SIM_SR_BBOX_MIN, 0);
	cs_move32(cs, SIM_SR_BBOX_MAX, 3 | 3 << 16);
	cs_run_fragment(cs);
}

/* Store a word of the BO as the given result. */
static void emit_copy(struct gpu_cs *cs, uint64_t from, unsigned int result)
{
	cs_move48(cs, R_ADDR, from);
	cs_load_multiple(cs, R_VALUE, R_ADDR, 1, 0);
	cs_wait(cs, 1);
	cs_move48(cs, R_RESULT, bo.va + PAGE + result * 4);
	cs_store_multiple(cs, R_VALUE, R_RESULT, 1, 0);
	cs_wait(cs, 1);
}

static uint32_t result(unsigned int i)
{
	return words[PAGE / 4 + i];
}

void result_without_a_wait(void **state)
{
	struct gpu_cs *cs;

	(void)state;
	needs_long_slices();
	begin();
	cs = gpu_ctx_begin(&ctx);
	cs_set_sb_entry(cs, ENDPOINT);
	emit_clear(cs, frame_va);
	emit_copy(cs, bo.va, 0);	/* waits for another entry */
	cs_wait(cs, 1u << ENDPOINT);
	emit_copy(cs, bo.va, 1);
	ok(gpu_ctx_run(&ctx, 0), "job");
	assert_int_equal(result(0), 0);
	assert_int_equal(result(1), CLEAR);
	end();
}

void registers_are_copied(void **state)
{
	struct gpu_cs *cs;

	(void)state;
	begin();
	cs = gpu_ctx_begin(&ctx);
	emit_clear(cs, frame_va);
	cs_move64(cs, SIM_SR_FBD, other_va);
	cs_move32(cs, SIM_SR_BBOX_MAX, 0);
	cs_wait_all(cs);
	emit_copy(cs, bo.va + 64 + 8, 0);
	emit_copy(cs, bo.va + 2 * PAGE, 1);
	/* More than can be begun at a time. */
	for (int i = 0; i < 2 * 4 + 1; i++)
		emit_clear(cs, i & 1 ? frame_va : other_va);
	cs_wait_all(cs);
	emit_copy(cs, bo.va + 2 * PAGE, 2);
	ok(gpu_ctx_run(&ctx, 0), "job");
	assert_int_equal(result(0), CLEAR);
	assert_int_equal(result(1), 0);
	assert_int_equal(result(2), CLEAR);
	end();
}

/* A deferred signal comes after the work, one that does not wait comes before it. */
void signal_after_the_work(void **state)
{
	struct gpu_cs *cs;

	(void)state;
	needs_long_slices();
	begin();
	cs = gpu_ctx_begin(&ctx);
	cs_set_sb_entry(cs, ENDPOINT);
	cs_move48(cs, R_ADDR, bo.va + PAGE + 64);
	cs_move48(cs, R_DATA, 1);
	emit_clear(cs, frame_va);
	cs_sync_set64_deferred(cs, R_ADDR, R_DATA, 1u << ENDPOINT, DEFERRED);
	/* Its operands are copied, too. */
	cs_move48(cs, R_DATA, 99);
	emit_copy(cs, bo.va + PAGE + 64, 0);
	emit_copy(cs, bo.va, 1);
	cs_wait(cs, 1u << DEFERRED);
	emit_copy(cs, bo.va + PAGE + 64, 2);
	emit_copy(cs, bo.va, 3);

	emit_clear(cs, other_va);
	cs_move48(cs, R_ADDR, bo.va + PAGE + 128);
	cs_move48(cs, R_DATA, 2);
	cs_sync_set64_deferred(cs, R_ADDR, R_DATA, 0, DEFERRED);
	emit_copy(cs, bo.va + PAGE + 128, 4);
	emit_copy(cs, bo.va + 2 * PAGE, 5);
	ok(gpu_ctx_run(&ctx, 0), "job");
	assert_int_equal(result(0), 0);
	assert_int_equal(result(1), 0);
	assert_int_equal(result(2), 1);
	assert_int_equal(result(3), CLEAR);
	assert_int_equal(result(4), 2);
	assert_int_equal(result(5), 0);
	/* The driver waits for the rest at the end of the job. */
	assert_int_equal(words[2 * PAGE / 4], CLEAR);
	end();
}

/* Hardware makes progress even if the stream only polls. */
void poll_for_a_result(void **state)
{
	struct gpu_cs *cs;
	size_t loop;

	(void)state;
	begin();
	cs = gpu_ctx_begin(&ctx);
	cs_set_sb_entry(cs, ENDPOINT);
	emit_clear(cs, frame_va);
	cs_move48(cs, R_ADDR, bo.va);
	loop = cs->count;
	cs_load_multiple(cs, R_VALUE, R_ADDR, 1, 0);
	cs_wait(cs, 1);
	cs_branch_to(cs, R_VALUE, SIM_COND_EQ, loop);
	ok(gpu_ctx_run(&ctx, 0), "job");
	assert_int_equal(words[0], CLEAR);
	end();
}

/*
 * Each group has a page for its stream and one for its target. The delay is between the
 * start of the work and the wait, so the work is part of what a suspend saves.
 */
static uint32_t group[GROUPS], sync[GROUPS];
static struct gpu_bo pages;

static void submit_slow_clear(unsigned int i, uint64_t frame)
{
	uint64_t va = pages.va + i * 2 * PAGE;
	struct gpu_cs cs;

	memset((char *)pages.map + (i * 2 + 1) * PAGE, 0, PAGE);
	cs_init(&cs, (uint64_t *)((char *)pages.map + i * 2 * PAGE), 64);
	cs_set_sb_entry(&cs, ENDPOINT);
	emit_clear(&cs, frame);
	cs_delay(&cs, 30000);
	cs_wait(&cs, 1u << ENDPOINT);
	cs_flush_caches(&cs, 8);
	ok(cs_check(&cs), "stream");
	ok(gpu_sync_reset(guest.dev.fd, sync[i]), "sync object");
	ok(gpu_group_submit(&guest.dev, group[i], 0, va, (uint32_t)(cs.count * 8), 0, sync[i]),
	   "submit");
}

static void slow_clears(const uint64_t *frame)
{
	for (unsigned int i = 0; i < GROUPS; i++)
		submit_slow_clear(i, frame[i]);
	for (unsigned int i = 0; i < GROUPS; i++) {
		ok(gpu_sync_wait(guest.dev.fd, sync[i], GPU_JOB_TIMEOUT_MS), "job");
		ok(gpu_group_check(&guest.dev, group[i]), "group");
		assert_int_equal(((uint32_t *)pages.map)[(i * 2 + 1) * PAGE / 4], CLEAR);
	}
}

void work_in_a_suspended_group(void **state)
{
	int64_t suspends = stat_of("group_suspends"), resumes = stat_of("group_resumes");
	uint64_t frame[GROUPS];

	(void)state;
	begin();
	work_alloc(&ctx, GROUPS * 2 * PAGE, &pages);
	for (unsigned int i = 0; i < GROUPS; i++) {
		frame[i] = frame_at(pages.va + (i * 2 + 1) * PAGE);
		ok(gpu_group_create(&guest.dev, ctx.vm, 1, &group[i]), "group");
		ok(gpu_sync_create(guest.dev.fd, false, &sync[i]), "sync object");
	}
	for (int round = 0; round < ROUNDS; round++) {
		slow_clears(frame);
		if (stat_of("group_suspends") > suspends && stat_of("group_resumes") > resumes)
			break;
	}
	assert_true(stat_of("group_suspends") > suspends);
	assert_true(stat_of("group_resumes") > resumes);
	for (unsigned int i = 0; i < GROUPS; i++) {
		gpu_group_destroy(&guest.dev, group[i]);
		gpu_sync_destroy(guest.dev.fd, sync[i]);
	}
	gpu_ctx_free(&ctx, &pages);
	end();
}
