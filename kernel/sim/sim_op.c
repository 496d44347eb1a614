// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Simulated Mali CSF GPU: scoreboards, and instructions that complete later.
 *
 * RUN_* takes a copy of the registers, is counted by a scoreboard entry, and the
 * stream continues. Other instructions are postponed in the same way if they have
 * to wait for an entry. They complete in the order in which they were issued.
 *
 * An exception handler interrupts the oldest of them. What the handler starts is
 * complete when its next instruction begins, and it waits for no entry.
 */

#include <linux/kernel.h>
#include <linux/string.h>

#include "sim_cs.h"

/* The entry of an instruction that none counts. */
#define SB_NONE		31

/**
 * sim_sb_busy() - Get the scoreboard entries that count something
 * @cs: the command stream
 *
 * Return: a mask.
 */
u32 sim_sb_busy(const struct sim_cs *cs)
{
	u32 busy = 0;
	unsigned int i;

	for (i = 0; i < cs->ctx.op_count; i++)
		busy |= BIT(cs->ctx.op[i].sb);
	return busy & (BIT(sim_num_sb()) - 1);
}

static bool must_wait(const struct sim_cs *cs, u32 mask)
{
	return !cs->ctx.handler && sim_sb_busy(cs) & mask;
}

static int wait_for(struct sim_cs *cs, enum sim_cs_wait wait)
{
	cs->wait = wait;
	return SIM_STEP_WAIT;
}

static int exec_wait(struct sim_cs *cs, u64 instr)
{
	bool indirect = sim_arch() >= 11 && instr & SIM_WAIT_INDIRECT;

	if (must_wait(cs, indirect ? cs->ctx.sb_wait : MASK16(instr)))
		return wait_for(cs, SIM_WAIT_SB);
	return SIM_STEP_DONE;
}

/* --- State (arch 11 on) --------------------------------------------------- */

static int set_state(struct sim_cs *cs, u32 state, u32 value)
{
	u32 entry = value & (sim_num_sb() - 1);

	switch (state) {
	case SIM_SB_SEL_ENDPOINT:
		cs->ctx.sb_endpoint = entry;
		break;
	case SIM_SB_SEL_OTHER:
		cs->ctx.sb_other = entry;
		break;
	case SIM_SB_SEL_DEFERRED:
		cs->ctx.sb_deferred = entry;
		break;
	case SIM_SB_MASK_STREAM:
		cs->ctx.sb_stream = value;
		break;
	case SIM_SB_MASK_WAIT:
		cs->ctx.sb_wait = value;
		break;
	default:
		return sim_cs_invalid(cs);
	}
	return SIM_STEP_DONE;
}

/* Select the next free entry of the stream's mask, in turn; wait if none is free. */
static int next_entry(struct sim_cs *cs, u64 instr)
{
	u32 type = (instr >> SIM_NEXT_SB_TYPE_SHIFT) & 0xf, busy = sim_sb_busy(cs);
	u32 i, entry;

	if (!cs->ctx.sb_stream || type > SIM_NEXT_SB_DEFERRED)
		return sim_cs_invalid(cs);
	for (i = 1; i <= sim_num_sb(); i++) {
		entry = (cs->ctx.sb_last + i) & (sim_num_sb() - 1);
		if (cs->ctx.sb_stream & ~busy & BIT(entry))
			break;
	}
	if (i > sim_num_sb())
		return wait_for(cs, SIM_WAIT_SB);

	cs->ctx.sb_last = entry;
	if (type)
		set_state(cs, type - 1, entry);
	sim_cs_set_reg32(cs, F55_48(instr), instr & SIM_NEXT_SB_MASK ? BIT(entry) : entry);
	return SIM_STEP_DONE;
}

static u32 shared_entry(u64 instr)
{
	return (instr >> SIM_DEFER_SIGNAL_SHIFT) & (SIM_SHARED_SB - 1);
}

static void shared_inc(struct sim_csg *csg, u64 instr)
{
	u8 *count = &csg->shared_sb[shared_entry(instr)];

	if (*count < U8_MAX)
		(*count)++;
}

static int shared_dec(struct sim_csg *csg, struct sim_cs *cs, u64 instr)
{
	u8 *count = &csg->shared_sb[shared_entry(instr)];

	if (!*count)
		return wait_for(cs, SIM_WAIT_SHARED);
	(*count)--;
	return SIM_STEP_DONE;
}

/**
 * sim_sb_exec() - Execute an instruction that only concerns scoreboards
 * @csg: the group
 * @cs: the command stream
 * @instr: the instruction
 * @ret: where to put enum sim_step
 *
 * Return: false if this is another kind of instruction.
 */
bool sim_sb_exec(struct sim_csg *csg, struct sim_cs *cs, u64 instr, int *ret)
{
	u32 op = OP(instr);

	if (op == SIM_OP_WAIT) {
		*ret = exec_wait(cs, instr);
		return true;
	}
	if (op == SIM_OP_SET_SB_ENTRY) {
		set_state(cs, SIM_SB_SEL_ENDPOINT, instr & 0xf);
		set_state(cs, SIM_SB_SEL_OTHER, (instr >> 4) & 0xf);
		*ret = SIM_STEP_DONE;
		return true;
	}
	if (sim_arch() < 11)
		return false;
	switch (op) {
	case SIM_OP_NEXT_SB_ENTRY:
		*ret = next_entry(cs, instr);
		return true;
	case SIM_OP_SET_STATE:
		*ret = set_state(cs, F39_32(instr), sim_cs_reg32(cs, F47_40(instr)));
		return true;
	case SIM_OP_SET_STATE_IMM32:
		*ret = set_state(cs, F39_32(instr), IMM32(instr));
		return true;
	case SIM_OP_SHARED_SB_INC:
		*ret = sim_op_defer(csg, cs, instr);
		return true;
	case SIM_OP_SHARED_SB_DEC:
		*ret = shared_dec(csg, cs, instr);
		return true;
	}
	return false;
}

/* --- Execution ------------------------------------------------------------ */

static int complete(struct sim_csg *csg, struct sim_cs *cs, u64 instr, const u64 *arg)
{
	switch (OP(instr)) {
	case SIM_OP_SYNC_ADD32:
	case SIM_OP_SYNC_ADD64:
	case SIM_OP_SYNC_SET32:
	case SIM_OP_SYNC_SET64:
		return sim_sync_signal(csg, cs, instr, arg);
	case SIM_OP_STORE_STATE:
		return sim_store_state(csg, cs, instr, arg[0]);
	case SIM_OP_FLUSH_CACHE2:
		sim_flush_caches(false);
		return SIM_STEP_DONE;
	case SIM_OP_HEAP_OPERATION:
		return sim_heap_operation(csg, cs, instr);
	case SIM_OP_FINISH_FRAGMENT:
		return sim_heap_finish(csg, cs, instr, arg);
	case SIM_OP_SHARED_SB_INC:
		shared_inc(csg, instr);
		return SIM_STEP_DONE;
	}
	return SIM_STEP_DONE;
}

static void count_work(const struct sim_walk *w, u64 instr)
{
	switch (OP(instr)) {
	case SIM_OP_RUN_COMPUTE:
	case SIM_OP_RUN_COMPUTE_INDIRECT:
		sim_count(SIM_STAT_DISPATCHES);
		break;
	case SIM_OP_RUN_FRAGMENT:
		sim_count(SIM_STAT_FRAGMENTS);
		break;
	default:
		sim_count(SIM_STAT_DRAWS);
	}
	if (sim_walk_capped(w))
		sim_count(SIM_STAT_WORK_CAPPED);
}

static int draw(struct sim_cs *cs, struct sim_walk *w, const struct sim_op *op)
{
	u64 tiler = sim_pair(op->regs, SIM_SR_TILER_CTX);
	struct sim_progress *p = w->p;
	int ret;

	if (!p->tiles) {
		ret = sim_walk_draw(w, op, &p->bytes);
		if (ret)
			return ret;
		p->tiles = 1;
	}
	if (!p->bytes)
		return SIM_STEP_DONE;
	return sim_heap_take(w->csg, cs, tiler & ~0x3fULL, p);
}

static int work(struct sim_csg *csg, struct sim_cs *cs, const struct sim_op *op,
		struct sim_progress *p, u64 *bytes)
{
	struct sim_walk w = { .csg = csg, .p = p, .left = SIM_PIECE };
	u32 before = p->total;
	int ret;

	switch (OP(op->instr)) {
	case SIM_OP_RUN_COMPUTE:
	case SIM_OP_RUN_COMPUTE_INDIRECT:
		ret = sim_walk_compute(&w, op);
		break;
	case SIM_OP_RUN_FRAGMENT:
		ret = sim_walk_fragment(&w, op);
		break;
	default:
		ret = draw(cs, &w, op);
	}
	*bytes += (p->total - before) * SIM_PAGE_SIZE;
	sim_count_n(SIM_STAT_WORK_PAGES, p->total - before);
	if (ret == SIM_STEP_DONE)
		count_work(&w, op->instr);
	return ret;
}

/* Report invalid data. The stream continues when the driver has noted the error. */
static int report(struct sim_csg *csg, struct sim_cs *cs, struct sim_progress *p)
{
	bool raised = p->raised;

	if (!raised) {
		cs->fault = p->fault;
		cs->fault_info = sim_cs_pc(cs);
		cs->ctx.error = 1;
		p->raised = 1;
		sim_count(SIM_STAT_CS_FAULTS);
	}
	cs->wait = SIM_WAIT_EVENT;
	return sim_event_answered(csg, cs, SIM_CS_EVT_FAULT, raised) ?
	       SIM_STEP_DONE : SIM_STEP_WAIT;
}

static bool is_work(u64 instr)
{
	u32 op = OP(instr);

	return (op >= SIM_OP_RUN_COMPUTE && op <= SIM_OP_RUN_FULLSCREEN) ||
	       op == SIM_OP_RUN_IDVS2 || op == SIM_OP_RUN_COMPUTE_INDIRECT;
}

static int op_step(struct sim_csg *csg, struct sim_cs *cs, const struct sim_op *op,
		   struct sim_progress *p, u64 *bytes)
{
	int ret = SIM_STEP_FAULT;

	if (!p->fault)
		ret = is_work(op->instr) ? work(csg, cs, op, p, bytes) :
		      complete(csg, cs, op->instr, op->arg);
	if (ret == SIM_STEP_FAULT) {
		p->fault = SIM_EXC_DATA_INVALID;
		ret = report(csg, cs, p);
	}
	if (ret == SIM_STEP_DONE)
		memset(p, 0, sizeof(*p));
	return ret;
}

/* --- Issue ---------------------------------------------------------------- */

static bool exists(u64 instr)
{
	switch (OP(instr)) {
	case SIM_OP_RUN_TILING:
		return sim_arch() == 10;
	case SIM_OP_RUN_IDVS:
		return sim_arch() < 12;
	case SIM_OP_RUN_IDVS2:
		return sim_arch() >= 12;
	}
	return true;
}

static void copy_registers(const struct sim_cs *cs, u64 instr, struct sim_op *op)
{
	unsigned int dcd = F47_40(instr);

	op->instr = instr;
	op->sb = cs->ctx.sb_endpoint;
	memcpy(op->regs, cs->ctx.regs, sizeof(op->regs));
	/* RUN_FULLSCREEN names the pair with its draw, and reads no table. */
	if (OP(instr) == SIM_OP_RUN_FULLSCREEN) {
		op->regs[0] = sim_cs_reg32(cs, dcd);
		op->regs[1] = sim_cs_reg32(cs, dcd + 1);
	}
}

/**
 * sim_op_issue() - Start a RUN_*
 * @csg: the group
 * @cs: the command stream
 * @instr: the instruction
 * @bytes: increased by the bytes touched
 *
 * Return: enum sim_step or the error of sim_mmu_map().
 */
int sim_op_issue(struct sim_csg *csg, struct sim_cs *cs, u64 instr, u64 *bytes)
{
	if (!exists(instr))
		return sim_cs_invalid(cs);
	if (cs->ctx.handler) {
		copy_registers(cs, instr, &cs->inline_op);
		return op_step(csg, cs, &cs->inline_op, &cs->ctx.progress[1], bytes);
	}
	if (cs->ctx.op_count == SIM_MAX_OPS)
		return wait_for(cs, SIM_WAIT_SB);
	copy_registers(cs, instr, &cs->ctx.op[cs->ctx.op_count++]);
	return SIM_STEP_DONE;
}

static bool data_is_32bit(u64 instr)
{
	return OP(instr) == SIM_OP_SYNC_ADD32 || OP(instr) == SIM_OP_SYNC_SET32;
}

/**
 * sim_op_defer() - Execute an instruction, later if it has to wait
 * @csg: the group
 * @cs: the command stream
 * @instr: the instruction
 *
 * Return: enum sim_step or the error of sim_mmu_map().
 */
int sim_op_defer(struct sim_csg *csg, struct sim_cs *cs, u64 instr)
{
	bool indirect = sim_arch() >= 11 && instr & SIM_DEFER_INDIRECT;
	u32 mask = indirect ? cs->ctx.sb_wait : MASK16(instr);
	u32 data = F39_32(instr);
	u64 arg[2] = {
		sim_cs_reg64(cs, F47_40(instr)),
		data_is_32bit(instr) ? sim_cs_reg32(cs, data) : sim_cs_reg64(cs, data),
	};
	bool later = must_wait(cs, mask);
	struct sim_op *op = &cs->inline_op;
	u64 bytes;

	if (later && cs->ctx.op_count == SIM_MAX_OPS)
		return wait_for(cs, SIM_WAIT_SB);
	if (later)
		op = &cs->ctx.op[cs->ctx.op_count++];
	op->instr = instr;
	memcpy(op->arg, arg, sizeof(arg));
	if (!later)
		return op_step(csg, cs, op, &cs->ctx.progress[1], &bytes);

	if (OP(instr) == SIM_OP_SHARED_SB_INC)
		op->sb = SB_NONE;
	else
		op->sb = indirect ? cs->ctx.sb_deferred :
			 (instr >> SIM_DEFER_SIGNAL_SHIFT) & (sim_num_sb() - 1);
	return SIM_STEP_DONE;
}

/**
 * sim_ops_may_run() - Check whether the oldest instruction begun may proceed now
 * @cs: the command stream
 *
 * Return: false if there is none, or if the stream waits for an event of its own.
 */
bool sim_ops_may_run(const struct sim_cs *cs)
{
	if (!cs->ctx.op_count || cs->ctx.handler)
		return false;
	switch (cs->wait) {
	case SIM_WAIT_NONE:
	case SIM_WAIT_EMPTY:
	case SIM_WAIT_SYNC:
	case SIM_WAIT_SB:
	case SIM_WAIT_SHARED:
		return true;
	default:
		return false;
	}
}

/**
 * sim_ops_run() - Run a piece of the oldest instruction begun
 * @csg: the group
 * @cs: the command stream, see sim_ops_may_run()
 * @bytes: increased by the bytes touched
 *
 * Return: enum sim_step or the error of sim_mmu_map().
 */
int sim_ops_run(struct sim_csg *csg, struct sim_cs *cs, u64 *bytes)
{
	struct sim_cs_ctx *ctx = &cs->ctx;
	int ret = op_step(csg, cs, &ctx->op[0], &ctx->progress[0], bytes);

	if (ret != SIM_STEP_DONE)
		return ret;
	ctx->op_count--;
	memmove(&ctx->op[0], &ctx->op[1], ctx->op_count * sizeof(ctx->op[0]));
	return SIM_STEP_AGAIN;
}

/**
 * sim_op_restore() - Continue after a resume
 * @cs: the command stream
 *
 * An event that was not answered is raised again, see sim_pseudo_restore().
 */
void sim_op_restore(struct sim_cs *cs)
{
	struct sim_cs_ctx *ctx = &cs->ctx;

	ctx->progress[0].raised = 0;
	ctx->progress[1].raised = 0;
	if (ctx->op_count > SIM_MAX_OPS)
		ctx->op_count = 0;
	if (ctx->handler > ctx->depth)
		ctx->handler = 0;
}
