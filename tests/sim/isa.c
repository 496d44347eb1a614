/* SPDX-License-Identifier: MIT */
/*
 * sim-isa: the instructions that only some architectures have. Which cases run depends on the
 * parameter gpu_id of the simulated GPU. An instruction that the architecture does not have
 * must end the group.
 */
#include <string.h>

#include "desc.h"
#include "gpu/cs_sim.h"
#include "gpu/group.h"
#include "gpu/sync.h"
#include "guest.h"

#define PAGE UINT64_C(4096)

/* Registers */
#define R_OUT 70	/* pair */
#define R_A 72		/* pair */
#define R_B 74		/* pair */
#define R_DST 76	/* pair */

static struct gpu_ctx ctx;
static struct gpu_bo bo;

static unsigned int arch(void)
{
	return guest.dev.info.gpu_id >> 28;
}

static void begin(unsigned int queues)
{
	ok(gpu_ctx_init(&ctx, &guest.dev, queues), "context");
	ok(gpu_ctx_alloc(&ctx, 2 * PAGE, GPU_BO_PRIVATE, &bo), "BO");
	ok(gpu_bo_map(guest.dev.fd, &bo), "mmap");
}

static void end(void)
{
	gpu_ctx_free(&ctx, &bo);
	gpu_ctx_fini(&ctx);
}

static uint64_t result(unsigned int i)
{
	return ((volatile uint64_t *)bo.map)[i];
}

/* Store a pair as the given result. */
static void emit_result(struct gpu_cs *cs, unsigned int reg, unsigned int i)
{
	cs_move48(cs, R_OUT, bo.va + i * 8);
	cs_store_multiple(cs, reg, R_OUT, 3, 0);
	cs_wait(cs, 1);
}

static void must_be_invalid(uint64_t instr)
{
	int64_t fatals = stat_of("cs_fatals");
	struct gpu_group_state state;

	begin(1);
	cs_emit(gpu_ctx_begin(&ctx), instr);
	ok(gpu_sync_reset(guest.dev.fd, ctx.sync), "sync object");
	ok(gpu_ctx_submit(&ctx, 0, 0, ctx.sync), "submit");
	ok(gpu_sync_wait(guest.dev.fd, ctx.sync, GPU_JOB_TIMEOUT_MS), "the job does not end");
	ok(gpu_group_get_state(&guest.dev, ctx.group, &state), "group state");
	if (!(state.state & DRM_PANTHOR_GROUP_STATE_FATAL_FAULT) ||
	    stat_of("cs_fatals") != fatals + 1)
		fail_msg("instruction %#llx is not invalid", (unsigned long long)instr);
	end();
}

static void missing_instructions(void **state)
{
	static const uint64_t from_11[] = {
		SIM_OP(SIM_OP_LOGIC_OP32), SIM_OP(SIM_OP_NEXT_SB_ENTRY),
		SIM_OP(SIM_OP_SET_STATE), SIM_OP(SIM_OP_SET_STATE_IMM32),
		SIM_OP(SIM_OP_SHARED_SB_INC), SIM_OP(SIM_OP_SHARED_SB_DEC),
	};

	(void)state;
	for (size_t i = 0; arch() < 11 && i < sizeof(from_11) / sizeof(from_11[0]); i++)
		must_be_invalid(from_11[i]);
	if (arch() > 10)
		must_be_invalid(SIM_OP(SIM_OP_RUN_TILING));
	must_be_invalid(SIM_OP(arch() < 12 ? SIM_OP_RUN_IDVS2 : SIM_OP_RUN_IDVS));
	if (arch() < 13)
		must_be_invalid(SIM_OP(SIM_OP_ARITH_REG64));
	must_be_invalid(SIM_OP(63));
}

/* --- From architecture 11 on ---------------------------------------------- */

static void logic(void **state)
{
	const uint32_t a = 0x0ff0f0f0, b = 0x00ffcc05;
	const uint32_t expected[] = {
		[SIM_LOGIC_AND] = a & b, [SIM_LOGIC_AND_A_NB] = a & ~b, [SIM_LOGIC_MOV_A] = a,
		[4] = ~a & b, [SIM_LOGIC_XOR] = a ^ b, [SIM_LOGIC_OR] = a | b,
		[8] = ~(a | b), [SIM_LOGIC_NOT_A] = ~a, [15] = UINT32_MAX,
	};
	struct gpu_cs *cs;

	(void)state;
	if (arch() < 11)
		skip();
	begin(1);
	cs = gpu_ctx_begin(&ctx);
	cs_move32(cs, R_A, a);
	cs_move32(cs, R_B, b);
	cs_move48(cs, R_DST, 0);
	for (unsigned int i = 0; i < 16; i++) {
		cs_emit(cs, SIM_OP(SIM_OP_LOGIC_OP32) | SIM_R55(R_DST) | SIM_R47(R_A) |
			    SIM_R39(R_B) | i);
		emit_result(cs, R_DST, i);
	}
	/* The low bits of b are the number of a bit. */
	cs_emit(cs, SIM_OP(SIM_OP_LOGIC_OP32) | SIM_R55(R_DST) | SIM_R47(R_A) | SIM_R39(R_B) |
		    SIM_LOGIC_INDEX | SIM_LOGIC_XOR);
	emit_result(cs, R_DST, 16);
	ok(gpu_ctx_run(&ctx, 0), "job");
	for (unsigned int i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		if (expected[i] && result(i) != expected[i])
			fail_msg("operation %u: %#llx", i, (unsigned long long)result(i));
	assert_int_equal(result(0), 0);
	assert_int_equal(result(16), a ^ 1u << 5);
	end();
}

static void set_state(struct gpu_cs *cs, unsigned int what, uint32_t value)
{
	cs_emit(cs, SIM_OP(SIM_OP_SET_STATE_IMM32) | SIM_R39(what) | value);
}

/* Work that has to clear the second page with 16 equal words. */
static void emit_work(struct gpu_cs *cs)
{
	const struct desc_target target = {
		.va = bo.va + PAGE,
		.stride = 16,
		.block = SIM_BLOCK_LINEAR,
		.format = SIM_COLOR_RAW32,
		.color = 0x5a5a5a5a,
	};
	const struct desc_frame frame = {
		.width = 4, .height = 4, .targets = 1, .target = &target,
	};

	desc_frame((uint32_t *)((char *)bo.map + 2048), &frame);
	cs_move64(cs, SIM_SR_FBD, bo.va + 2048);
	cs_move32(cs, SIM_SR_BBOX_MIN, 0);
	cs_move32(cs, SIM_SR_BBOX_MAX, 3 | 3 << 16);
	cs_emit(cs, SIM_OP(SIM_OP_RUN_FRAGMENT));
}

static void emit_read_target(struct gpu_cs *cs, unsigned int i)
{
	cs_move48(cs, R_A, bo.va + PAGE);
	cs_load_multiple(cs, R_DST, R_A, 3, 0);
	cs_wait(cs, 1);
	emit_result(cs, R_DST, i);
}

/* Entries are selected in turn, a busy one is not selected, and indirect waits work. */
static void select_entries(void **state)
{
	const uint64_t color = UINT64_C(0x5a5a5a5a5a5a5a5a);
	struct gpu_cs *cs;

	(void)state;
	if (arch() < 11)
		skip();
	begin(1);
	cs = gpu_ctx_begin(&ctx);
	set_state(cs, SIM_SB_MASK_STREAM, 1u << 4 | 1u << 12);
	cs_move48(cs, R_DST, 0);
	for (unsigned int i = 0; i < 3; i++) {
		cs_emit(cs, SIM_OP(SIM_OP_NEXT_SB_ENTRY) | SIM_R55(R_DST) |
			    (uint64_t)SIM_NEXT_SB_ENDPOINT << SIM_NEXT_SB_TYPE_SHIFT);
		emit_result(cs, R_DST, i);
	}
	/* Entry 4 counts this. A wait for another one is none; an indirect one for it is. */
	emit_work(cs);
	set_state(cs, SIM_SB_MASK_WAIT, 1u << 12);
	cs_emit(cs, SIM_OP(SIM_OP_WAIT) | SIM_WAIT_INDIRECT);
	emit_read_target(cs, 3);
	set_state(cs, SIM_SB_SEL_DEFERRED, 2);
	cs_move32(cs, R_A, 1u << 4);
	cs_emit(cs, SIM_OP(SIM_OP_SET_STATE) | SIM_R39(SIM_SB_MASK_WAIT) | SIM_R47(R_A));
	/* An indirectly deferred signal, which entry 2 counts. */
	cs_move48(cs, R_A, bo.va + 10 * 8);
	cs_move48(cs, R_B, 7);
	cs_emit(cs, SIM_SYNC_SIGNAL(SIM_OP_SYNC_SET64, R_A, R_B, 0, SIM_DEFER_INDIRECT));
	/* The next entry is the free one, as a mask, again and again. */
	for (unsigned int i = 4; i < 6; i++) {
		cs_move48(cs, R_DST, 0);
		cs_emit(cs, SIM_OP(SIM_OP_NEXT_SB_ENTRY) | SIM_R55(R_DST) | SIM_NEXT_SB_MASK);
		emit_result(cs, R_DST, i);
	}
	emit_read_target(cs, 6);
	cs_wait(cs, 1u << 2);
	emit_read_target(cs, 7);
	/* With all entries busy, the selection waits. */
	emit_work(cs);
	set_state(cs, SIM_SB_MASK_STREAM, 1u << 4);
	cs_move48(cs, R_DST, 0);
	cs_emit(cs, SIM_OP(SIM_OP_NEXT_SB_ENTRY) | SIM_R55(R_DST));
	emit_result(cs, R_DST, 8);
	ok(gpu_ctx_run(&ctx, 0), "job");
	assert_int_equal(result(0), 4);
	assert_int_equal(result(1), 12);
	assert_int_equal(result(2), 4);
	assert_int_equal(result(3), 0);
	assert_int_equal(result(4), 1u << 12);
	assert_int_equal(result(5), 1u << 12);
	assert_int_equal(result(6), 0);
	assert_true(result(7) == color);
	assert_int_equal(result(8), 4);
	assert_int_equal(result(10), 7);
	end();
}

/* One queue waits for what the other has done, twice. */
static void shared_entries(void **state)
{
	struct gpu_cs *cs;
	uint32_t sync;

	(void)state;
	if (arch() < 11)
		skip();
	begin(2);
	ok(gpu_sync_create(guest.dev.fd, false, &sync), "sync object");
	cs = gpu_ctx_begin(&ctx);
	for (unsigned int i = 0; i < 2; i++)
		cs_emit(cs, SIM_OP(SIM_OP_SHARED_SB_DEC) | (uint64_t)5 << SIM_DEFER_SIGNAL_SHIFT);
	emit_read_target(cs, 0);
	ok(gpu_ctx_submit(&ctx, 1, 0, sync), "submit");

	cs = gpu_ctx_begin(&ctx);
	cs_emit(cs, SIM_OP(SIM_OP_SHARED_SB_INC) | (uint64_t)5 << SIM_DEFER_SIGNAL_SHIFT);
	emit_work(cs);
	/* Its work is counted by entry 0, and the second increment waits for that. */
	cs_emit(cs, SIM_OP(SIM_OP_SHARED_SB_INC) | (uint64_t)5 << SIM_DEFER_SIGNAL_SHIFT |
		    SIM_MASK16(1));
	ok(gpu_ctx_run(&ctx, 0), "job");
	ok(gpu_sync_wait(guest.dev.fd, sync, GPU_JOB_TIMEOUT_MS), "the other queue");
	ok(gpu_group_check(&guest.dev, ctx.group), "group");
	assert_true(result(0) == UINT64_C(0x5a5a5a5a5a5a5a5a));
	gpu_sync_destroy(guest.dev.fd, sync);
	end();
}

/* --- From architecture 12 on ---------------------------------------------- */

static void number_of_registers(void **state)
{
	unsigned int count = arch() >= 12 ? 128 : 96;
	struct gpu_cs *cs;

	(void)state;
	assert_int_equal(guest.dev.csif.cs_reg_count, count);
	assert_int_equal(guest.dev.csif.scoreboard_slot_count, arch() >= 11 ? 16 : 8);
	begin(1);
	cs = gpu_ctx_begin(&ctx);
	/* The last two that panthor leaves to user space, and two that never exist. */
	cs_move64(cs, count - 6, UINT64_C(0x1122334455667788));
	cs_move64(cs, 128, UINT64_C(0x1122334455667788));
	emit_result(cs, count - 6, 0);
	emit_result(cs, 128, 1);
	ok(gpu_ctx_run(&ctx, 0), "job");
	assert_true(result(0) == UINT64_C(0x1122334455667788));
	assert_true(result(1) == 0);
	end();
}

/* A draw without a vertex touches nothing. One with a vertex reads the shader's descriptor. */
static void draw_of_arch_12(void **state)
{
	int64_t draws = stat_of("draws"), faults = stat_of("faults");
	struct gpu_group_state group;
	struct gpu_cs *cs;

	(void)state;
	if (arch() < 12)
		skip();
	begin(1);
	cs = gpu_ctx_begin(&ctx);
	cs_move64(cs, SIM_SR_SPD(0), 0x66600000);
	cs_move32(cs, SIM_SR_INDEX_COUNT, 0);
	cs_emit(cs, SIM_OP(SIM_OP_RUN_IDVS2));
	cs_wait_all(cs);
	ok(gpu_ctx_run(&ctx, 0), "draw");
	assert_int_equal(stat_of("draws"), draws + 1);

	cs = gpu_ctx_begin(&ctx);
	cs_move32(cs, SIM_SR_INDEX_COUNT, 3);
	cs_move32(cs, SIM_SR_INSTANCE_COUNT, 1);
	cs_emit(cs, SIM_OP(SIM_OP_RUN_IDVS2));
	cs_wait_all(cs);
	ok(gpu_sync_reset(guest.dev.fd, ctx.sync), "sync object");
	ok(gpu_ctx_submit(&ctx, 0, 0, ctx.sync), "submit");
	ok(gpu_sync_wait(guest.dev.fd, ctx.sync, GPU_JOB_TIMEOUT_MS), "the job does not end");
	ok(gpu_group_get_state(&guest.dev, ctx.group, &group), "group state");
	assert_true(group.state & DRM_PANTHOR_GROUP_STATE_FATAL_FAULT);
	assert_int_equal(stat_of("faults"), faults + 1);
	end();
}

/* --- From architecture 13 on ---------------------------------------------- */

static void emit_imm(struct gpu_cs *cs, unsigned int op, unsigned int sub, uint32_t imm,
		     unsigned int i)
{
	cs_move48(cs, R_DST, 0);
	cs_emit(cs, SIM_OP(op) | SIM_R55(R_DST) | SIM_R47(R_A) | SIM_R39(sub) | imm);
	emit_result(cs, R_DST, i);
}

static void emit_reg(struct gpu_cs *cs, unsigned int op, unsigned int sub, uint32_t spec,
		     unsigned int i)
{
	cs_move48(cs, R_DST, 0);
	cs_emit(cs, SIM_OP(op) | SIM_R55(R_DST) | SIM_R47(R_A) | SIM_R39(R_B) |
		    (uint64_t)sub << 24 | spec);
	emit_result(cs, R_DST, i);
}

#define FIELD(pos, width) ((uint32_t)(pos) | (uint32_t)(width) << 8)

static void arithmetic(void **state)
{
	const uint64_t a = UINT64_C(0x9123456789abcdef), b = 5;
	struct gpu_cs *cs;

	(void)state;
	if (arch() < 13)
		skip();
	begin(1);
	cs = gpu_ctx_begin(&ctx);
	cs_move64(cs, R_A, a);
	cs_move64(cs, R_B, b);
	emit_imm(cs, SIM_OP_ADD_IMM32, SIM_ARITH_IMM_LSHIFT, 8, 0);
	emit_imm(cs, SIM_OP_ADD_IMM32, SIM_ARITH_IMM_RSHIFT_S, 8, 1);
	emit_imm(cs, SIM_OP_ADD_IMM32, SIM_ARITH_IMM_BFEXT_U, FIELD(4, 8), 2);
	emit_imm(cs, SIM_OP_ADD_IMM64, SIM_ARITH_IMM_BFEXT_S, FIELD(60, 4), 3);
	emit_imm(cs, SIM_OP_ADD_IMM64, SIM_ARITH_IMM_BFINS, FIELD(16, 8) | 0x5a0000, 4);
	emit_imm(cs, SIM_OP_ADD_IMM64, SIM_ARITH_IMM_UMIN, 77, 5);
	emit_reg(cs, SIM_OP_UMIN32, SIM_ARITH_REG_SUB, 0, 6);
	emit_reg(cs, SIM_OP_ARITH_REG64, SIM_ARITH_REG_ADD, 0, 7);
	emit_reg(cs, SIM_OP_ARITH_REG64, SIM_ARITH_REG_RSHIFT_U, 0, 8);
	emit_reg(cs, SIM_OP_ARITH_REG64, SIM_ARITH_REG_BFINS, FIELD(0, 4), 9);
	ok(gpu_ctx_run(&ctx, 0), "job");
	assert_true(result(0) == 0xabcdef00);
	assert_true(result(1) == 0xff89abcd);
	assert_true(result(2) == 0xde);
	assert_true(result(3) == UINT64_C(0xfffffffffffffff9));
	assert_true(result(4) == UINT64_C(0x91234567895acdef));
	assert_true(result(5) == 77);
	assert_true(result(6) == 0x89abcdea);
	assert_true(result(7) == a + b);
	assert_true(result(8) == a >> 5);
	assert_true(result(9) == UINT64_C(0x9123456789abcde5));
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GUEST_CASE(missing_instructions),
		GUEST_CASE(logic),
		GUEST_CASE(select_entries),
		GUEST_CASE(shared_entries),
		GUEST_CASE(number_of_registers),
		GUEST_CASE(draw_of_arch_12),
		GUEST_CASE(arithmetic),
	};

	return cmocka_run_group_tests_name("sim-isa", tests, NULL, NULL);
}
