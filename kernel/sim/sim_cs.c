// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Simulated Mali CSF GPU: the command-stream interpreter, with control flow, loads and
 * stores.
 *
 * Encodings and semantics follow Mesa's genxml; see mali_sim_isa.h. Loads and stores are
 * complete when the next instruction begins; for what is not, see sim_op.c.
 *
 * An instruction that hits a locked region or a fault is later run again from
 * its beginning. So each instruction either has no effect before its last
 * memory access, or may be repeated without harm.
 */

#include <linux/bitfield.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "sim_cs.h"

/**
 * sim_cs_pc() - Get the program counter of a command stream
 * @cs: the command stream
 *
 * Return: address of the next instruction, in the group's AS.
 */
u64 sim_cs_pc(const struct sim_cs *cs)
{
	const struct sim_cs_ctx *ctx = &cs->ctx;

	if (ctx->depth)
		return ctx->frame[ctx->depth - 1].pc;
	return cs->ring_base + (ctx->extract & (cs->ring_size - 1));
}

/**
 * sim_cs_is_idle() - Check whether a command stream has nothing to do
 * @cs: the command stream
 *
 * Return: true if it is empty, waits for a sync object or is not running.
 */
bool sim_cs_is_idle(const struct sim_cs *cs)
{
	if (cs->state != SIM_CS_RUN)
		return true;
	return !cs->ctx.op_count &&
	       (cs->wait == SIM_WAIT_EMPTY || cs->wait == SIM_WAIT_SYNC);
}

/**
 * sim_cs_start() - Make a CS slot ready to run from a clean state
 * @cs: the slot
 */
void sim_cs_start(struct sim_cs *cs)
{
	memset(cs, 0, sizeof(*cs));
	cs->state = SIM_CS_RUN;
}

/**
 * sim_cs_die() - Stop a command stream with a CS_FATAL
 * @cs: the command stream
 * @type: exception type
 * @data: exception data
 *
 * Return: SIM_STEP_DEAD.
 */
int sim_cs_die(struct sim_cs *cs, u32 type, u32 data)
{
	cs->state = SIM_CS_DEAD;
	cs->fatal = (type & 0xff) | data << 8;
	cs->fatal_info = sim_cs_pc(cs);
	sim_cs_want(cs, SIM_CS_EVT_FATAL);
	sim_count(SIM_STAT_CS_FATALS);
	sim_trace("CS_FATAL %#x at %#llx\n", cs->fatal, cs->fatal_info);
	return SIM_STEP_DEAD;
}

/* --- Program counter ------------------------------------------------------ */

/*
 * Leave all frames that have reached their end. Until then, the pc of the caller
 * stays on its CALL. At ring level this keeps extract, from which the driver
 * infers the current job, on the job until it is complete. An exception handler has
 * no CALL: the stream continues with the instruction that has not been executed.
 */
static void leave_frames(struct sim_cs *cs)
{
	struct sim_cs_ctx *ctx = &cs->ctx;

	while (ctx->depth && ctx->frame[ctx->depth - 1].pc == ctx->frame[ctx->depth - 1].end) {
		if (ctx->depth-- == ctx->handler) {
			ctx->handler = 0;
			return;
		}
		if (ctx->depth) {
			ctx->frame[ctx->depth - 1].pc += 8;
		} else {
			ctx->extract += 8;
			cs->extract_dirty = true;
		}
	}
}

static void advance(struct sim_cs *cs)
{
	struct sim_cs_ctx *ctx = &cs->ctx;

	if (ctx->depth) {
		ctx->frame[ctx->depth - 1].pc += 8;
		leave_frames(cs);
	} else {
		ctx->extract += 8;
		cs->extract_dirty = true;
	}
}

static int exec_branch(struct sim_cs *cs, u64 instr)
{
	s32 value = sim_cs_reg32(cs, F47_40(instr));
	bool taken = false;

	switch ((instr >> SIM_BRANCH_COND_SHIFT) & 7) {
	case SIM_COND_LE:
		taken = value <= 0;
		break;
	case SIM_COND_GT:
		taken = value > 0;
		break;
	case SIM_COND_EQ:
		taken = value == 0;
		break;
	case SIM_COND_NE:
		taken = value != 0;
		break;
	case SIM_COND_LT:
		taken = value < 0;
		break;
	case SIM_COND_GE:
		taken = value >= 0;
		break;
	case SIM_COND_ALWAYS:
		taken = true;
		break;
	}
	/* The kernel's ring holds no branches. At ring level they have no meaning. */
	if (!taken || !cs->ctx.depth)
		return SIM_STEP_DONE;
	cs->ctx.frame[cs->ctx.depth - 1].pc += 8 + OFFSET16(instr) * 8;
	leave_frames(cs);
	return SIM_STEP_JUMPED;
}

static int exec_call(struct sim_cs *cs, u64 instr)
{
	u64 addr = sim_cs_reg64(cs, F47_40(instr));
	u32 len = sim_cs_reg32(cs, F39_32(instr));
	struct sim_cs_ctx *ctx = &cs->ctx;

	if ((addr | len) & 7)
		return sim_cs_invalid(cs);
	if (!len)
		return SIM_STEP_DONE;
	if (ctx->depth == SIM_CALL_DEPTH + !!ctx->handler)
		return sim_cs_die(cs, SIM_EXC_CS_CALL_STACK_OVERFLOW, 0);
	ctx->frame[ctx->depth].pc = addr;
	ctx->frame[ctx->depth].end = addr + len;
	ctx->depth++;
	return SIM_STEP_JUMPED;
}

static int exec_jump(struct sim_cs *cs, u64 instr)
{
	u64 addr = sim_cs_reg64(cs, F47_40(instr));
	u32 len = sim_cs_reg32(cs, F39_32(instr));
	struct sim_frame *frame;

	if (!cs->ctx.depth || (addr | len) & 7)
		return sim_cs_invalid(cs);
	frame = &cs->ctx.frame[cs->ctx.depth - 1];
	frame->pc = addr;
	frame->end = addr + len;
	leave_frames(cs);
	return SIM_STEP_JUMPED;
}

/* --- Memory --------------------------------------------------------------- */

/* All words are read before the first register is written: the address pair may
 * be among the targets, and the instruction may have to run again.
 */
static int exec_load(struct sim_csg *csg, struct sim_cs *cs, u64 instr)
{
	u64 addr = sim_cs_reg64(cs, F47_40(instr)) + OFFSET16(instr);
	unsigned int i, base = F55_48(instr);
	u32 words[16], mask = MASK16(instr);
	int ret;

	if (addr & 3)
		return sim_cs_invalid(cs);
	for (i = 0; i < 16; i++) {
		if (!(mask & BIT(i)))
			continue;
		ret = sim_mmu_read_words(csg->as, addr + 4 * i, &words[i], 1);
		if (ret)
			return ret;
	}
	for (i = 0; i < 16; i++) {
		if (mask & BIT(i))
			sim_cs_set_reg32(cs, base + i, words[i]);
	}
	return SIM_STEP_DONE;
}

static int exec_store(struct sim_csg *csg, struct sim_cs *cs, u64 instr)
{
	u64 addr = sim_cs_reg64(cs, F47_40(instr)) + OFFSET16(instr);
	unsigned int i, base = F55_48(instr);
	u32 word, mask = MASK16(instr);
	int ret;

	if (addr & 3)
		return sim_cs_invalid(cs);
	for (i = 0; i < 16; i++) {
		if (!(mask & BIT(i)))
			continue;
		word = sim_cs_reg32(cs, base + i);
		ret = sim_mmu_write_words(csg->as, addr + 4 * i, &word, 1);
		if (ret)
			return ret;
	}
	return SIM_STEP_DONE;
}

/* --- Execution ------------------------------------------------------------ */

static int exec_set_handler(struct sim_cs *cs, u64 instr)
{
	u64 addr = sim_cs_reg64(cs, F47_40(instr));
	u32 len = sim_cs_reg32(cs, F39_32(instr));

	if ((addr | len) & 7 || (instr & 0xff) != SIM_EXCEPTION_TILER_OOM)
		return sim_cs_invalid(cs);
	cs->ctx.handler_va = addr;
	cs->ctx.handler_len = addr ? len : 0;
	return SIM_STEP_DONE;
}

static int exec(struct sim_csg *csg, struct sim_cs *cs, u64 instr, u64 *bytes)
{
	int ret;

	if (sim_alu_exec(cs, instr, &ret) || sim_sb_exec(csg, cs, instr, &ret))
		return ret;
	switch (OP(instr)) {
	case SIM_OP_LOAD_MULTIPLE:
		return exec_load(csg, cs, instr);
	case SIM_OP_STORE_MULTIPLE:
		return exec_store(csg, cs, instr);
	case SIM_OP_BRANCH:
		return exec_branch(cs, instr);
	case SIM_OP_CALL:
		return exec_call(cs, instr);
	case SIM_OP_JUMP:
		return exec_jump(cs, instr);
	case SIM_OP_SET_EXCEPTION_HANDLER:
		return exec_set_handler(cs, instr);
	case SIM_OP_HEAP_SET:
		cs->ctx.heap = sim_cs_reg64(cs, F47_40(instr));
		return SIM_STEP_DONE;
	case SIM_OP_ERROR_BARRIER:
		cs->ctx.error = 0;
		return SIM_STEP_DONE;
	case SIM_OP_SYNC_WAIT32:
	case SIM_OP_SYNC_WAIT64:
		return sim_sync_wait(csg, cs, instr);
	case SIM_OP_RUN_COMPUTE ... SIM_OP_RUN_FULLSCREEN:
	case SIM_OP_RUN_IDVS2:
	case SIM_OP_RUN_COMPUTE_INDIRECT:
		return sim_op_issue(csg, cs, instr, bytes);
	case SIM_OP_FINISH_FRAGMENT:
	case SIM_OP_FLUSH_CACHE2:
	case SIM_OP_STORE_STATE:
	case SIM_OP_SYNC_ADD32:
	case SIM_OP_SYNC_ADD64:
	case SIM_OP_SYNC_SET32:
	case SIM_OP_SYNC_SET64:
	case SIM_OP_HEAP_OPERATION:
	case SIM_OP_TRACE_POINT:
		return sim_op_defer(csg, cs, instr);
	/* Tiling is complete when its draws are; there are no resources and no progress. */
	case SIM_OP_NOP:
	case SIM_OP_FINISH_TILING:
	case SIM_OP_PROGRESS_WAIT:
	case SIM_OP_REQ_RESOURCE:
	case SIM_OP_PROT_REGION ... SIM_OP_PROGRESS_LOAD:
		return SIM_STEP_DONE;
	case SIM_OP_PSEUDO_FIRST ... SIM_OP_PSEUDO_LAST:
		return sim_pseudo_exec(csg, cs, instr, bytes);
	}
	return sim_cs_invalid(cs);
}

static int fetch(struct sim_csg *csg, struct sim_cs *cs, u64 *instr)
{
	unsigned long flags;
	void *p;
	int ret;

	spin_lock_irqsave(&csg->as->lock, flags);
	ret = sim_mmu_map(csg->as, sim_cs_pc(cs), SIM_ACCESS_READ, &p);
	if (!ret)
		*instr = READ_ONCE(*(u64 *)p);
	spin_unlock_irqrestore(&csg->as->lock, flags);
	return ret;
}

/*
 * Make the new position visible, then check whether there is something to do.
 * Both words are in AS0. While the driver has them locked, the command stream has
 * to wait, because no other value is valid.
 */
static int sync_ring(struct sim_cs *cs)
{
	int ret;

	if (cs->extract_dirty) {
		ret = sim_mcu_access64(cs->ring_out, &cs->ctx.extract, SIM_ACCESS_WRITE);
		if (ret)
			return ret;
		cs->extract_dirty = false;
	}
	/* The copy of insert may be outdated, e.g. after a resume inside a CALL. */
	if (cs->ctx.depth || cs->ctx.extract < cs->insert)
		return 0;
	ret = sim_mcu_access64(cs->ring_in, &cs->insert, SIM_ACCESS_READ);
	if (ret || cs->ctx.extract < cs->insert)
		return ret;
	cs->wait = SIM_WAIT_EMPTY;
	return SIM_STEP_WAIT;
}

static int step(struct sim_csg *csg, struct sim_cs *cs, u64 *bytes)
{
	u64 instr;
	int ret;

	ret = sync_ring(cs);
	if (ret)
		return ret;
	ret = fetch(csg, cs, &instr);
	if (!ret)
		ret = exec(csg, cs, instr, bytes);
	if (ret == SIM_STEP_DONE)
		advance(cs);
	return ret;
}

/*
 * A faulted access is over when the driver has reconfigured the address space.
 * Then, as a public kbase comment says of the real firmware, "CS_BUS_FAULT" is
 * raised on the command streams that were stalled.
 */
static bool still_waits(struct sim_csg *csg, struct sim_cs *cs)
{
	if (cs->wait == SIM_WAIT_DELAY)
		return ktime_before(ktime_get(), cs->deadline);
	if (cs->wait != SIM_WAIT_FAULT)
		return false;
	if (READ_ONCE(csg->as->fault_gen) == cs->fault_gen)
		return true;
	if (sim_param(no_bus_fatal))
		cs->state = SIM_CS_DEAD;
	else
		sim_cs_die(cs, SIM_EXC_CS_BUS_FAULT, 0);
	return true;
}

/* The group is not idle any more, even if all is done before anybody checks. */
static void note_progress(struct sim_csg *csg, unsigned int instrs, u64 bytes)
{
	csg->idle = false;
	sim.mcu.idle = false;
	sim.mcu.attention = true;
	sim_count_n(SIM_STAT_INSTRUCTIONS, instrs);
	sim_count_n(SIM_STAT_PSEUDO_BYTES, bytes);
}

/*
 * What the stream has begun runs as late as possible: when it can do nothing else, or
 * after a slice. So a stream that does not wait for a result does not find it.
 */
static int run_step(struct sim_csg *csg, struct sim_cs *cs, u64 *bytes)
{
	int ret = step(csg, cs, bytes);

	if (ret != SIM_STEP_WAIT || !sim_ops_may_run(cs))
		return ret;
	ret = sim_ops_run(csg, cs, bytes);
	if (ret >= 0 && ret != SIM_STEP_WAIT)
		cs->wait = SIM_WAIT_NONE;
	return ret;
}

/*
 * A stream that polls memory instead of waiting must see the result some day. A fault stalls
 * it as if it had waited: it must not cause another one when the driver has handled this.
 */
static int run_after_slice(struct sim_csg *csg, struct sim_cs *cs, u64 *bytes)
{
	int ret;

	if (cs->state != SIM_CS_RUN || cs->ctx.busy || !sim_ops_may_run(cs))
		return 0;
	ret = sim_ops_run(csg, cs, bytes);
	if (ret == SIM_STEP_WAIT)
		cs->wait = SIM_WAIT_NONE;
	return ret == -EFAULT ? ret : 0;
}

/**
 * sim_cs_run() - Let a command stream run for a slice
 * @csg: its group
 * @cs: the command stream
 *
 * Return: true if it made progress, false if it waits for something.
 */
bool sim_cs_run(struct sim_csg *csg, struct sim_cs *cs)
{
	u32 max_instrs = sim_param(slice_instr), max_bytes = sim_param(slice_bytes);
	unsigned int instrs = 0, pieces = 0;
	u64 bytes = 0;
	int ret = 0;

	lockdep_assert_held(&sim.exec_lock);
	if (cs->state != SIM_CS_RUN || still_waits(csg, cs))
		return false;

	cs->wait = SIM_WAIT_NONE;
	while (cs->state == SIM_CS_RUN && instrs + pieces < max_instrs && bytes < max_bytes) {
		ret = run_step(csg, cs, &bytes);
		if (ret < 0 || ret == SIM_STEP_WAIT)
			break;
		if (ret == SIM_STEP_AGAIN)
			pieces++;
		else
			instrs++;
	}
	if (ret >= 0 && ret != SIM_STEP_WAIT)
		ret = run_after_slice(csg, cs, &bytes);
	if (ret == -EAGAIN) {
		cs->wait = SIM_WAIT_LOCK;
	} else if (ret < 0) {
		cs->wait = SIM_WAIT_FAULT;
		cs->fault_gen = csg->as->seen_gen;
	}
	if (instrs + pieces || cs->state == SIM_CS_DEAD)
		note_progress(csg, instrs, bytes);
	return instrs + pieces;
}
