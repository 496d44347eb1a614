// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Simulated Mali CSF GPU: sync objects, and what a stream stores about itself.
 */

#include "sim_cs.h"

struct sync_op {
	u64 addr;
	u64 data;
	bool is_64;
	bool add;
	bool flag;	/* error propagate or reject */
};

static struct sync_op decode_sync(u64 instr, const u64 *arg)
{
	u32 op = OP(instr);

	return (struct sync_op) {
		.addr = arg[0],
		.data = op >= SIM_OP_SYNC_ADD64 ? arg[1] : (u32)arg[1],
		.is_64 = op >= SIM_OP_SYNC_ADD64,
		.add = op == SIM_OP_SYNC_ADD64 || op == SIM_OP_SYNC_ADD32,
		.flag = instr & 1,
	};
}

static void sync_apply(const struct sync_op *s, void *value, u32 *status, u32 error)
{
	if (status)
		WRITE_ONCE(*status, error);
	/* A reader that sees the new value must see the status and the job's stores. */
	smp_wmb();
	if (s->is_64 && s->add)
		atomic64_add(s->data, value);
	else if (s->is_64)
		WRITE_ONCE(*(u64 *)value, s->data);
	else if (s->add)
		atomic_add((u32)s->data, value);
	else
		WRITE_ONCE(*(u32 *)value, (u32)s->data);
}

/**
 * sim_sync_signal() - Execute SYNC_ADD or SYNC_SET
 * @csg: the group
 * @cs: the command stream
 * @instr: the instruction
 * @arg: address and data
 *
 * Value and status are written under one hold of the AS lock: if a LOCK came
 * between them, running the instruction again would add twice.
 *
 * Return: enum sim_step or the error of sim_mmu_map().
 */
int sim_sync_signal(struct sim_csg *csg, struct sim_cs *cs, u64 instr, const u64 *arg)
{
	u32 scope = (instr >> SIM_SYNC_SCOPE_SHIFT) & 3;
	struct sync_op s = decode_sync(instr, arg);
	u32 size = s.is_64 ? 8 : 4;
	unsigned long flags;
	void *value, *status = NULL;
	int ret;

	if (s.addr & (size - 1))
		return sim_cs_invalid(cs);

	spin_lock_irqsave(&csg->as->lock, flags);
	ret = sim_mmu_map(csg->as, s.addr, SIM_ACCESS_WRITE, &value);
	if (!ret && s.flag)
		ret = sim_mmu_map(csg->as, s.addr + size, SIM_ACCESS_WRITE, &status);
	if (!ret)
		sync_apply(&s, value, status, !!cs->ctx.error);
	spin_unlock_irqrestore(&csg->as->lock, flags);
	if (ret || scope != SIM_SYNC_SCOPE_SYSTEM)
		return ret;

	sim_csg_want(csg, SIM_CSG_EVT_SYNC_UPDATE);
	if (s.add)
		sim_count(SIM_STAT_JOBS);
	return SIM_STEP_DONE;
}

static int sync_read(struct sim_csg *csg, const struct sync_op *s, u64 *value, u32 *status)
{
	u32 size = s->is_64 ? 8 : 4;
	unsigned long flags;
	void *p, *q = NULL;
	int ret;

	spin_lock_irqsave(&csg->as->lock, flags);
	ret = sim_mmu_map(csg->as, s->addr, SIM_ACCESS_READ, &p);
	if (!ret && !s->flag)
		ret = sim_mmu_map(csg->as, s->addr + size, SIM_ACCESS_READ, &q);
	if (!ret) {
		*value = s->is_64 ? READ_ONCE(*(u64 *)p) : READ_ONCE(*(u32 *)p);
		*status = q ? READ_ONCE(*(u32 *)q) : 0;
	}
	spin_unlock_irqrestore(&csg->as->lock, flags);
	return ret;
}

/**
 * sim_sync_wait() - Execute SYNC_WAIT
 * @csg: the group
 * @cs: the command stream
 * @instr: the instruction
 *
 * Without "reject", an error noted in the sync object carries over to the CS.
 *
 * Return: enum sim_step or the error of sim_mmu_map().
 */
int sim_sync_wait(struct sim_csg *csg, struct sim_cs *cs, u64 instr)
{
	u64 arg[2] = { sim_cs_reg64(cs, F47_40(instr)), sim_cs_reg64(cs, F39_32(instr)) };
	u32 cond = (instr >> SIM_SYNC_COND_SHIFT) & 0xf;
	struct sync_op s;
	u32 status;
	u64 value;
	int ret;

	if (OP(instr) == SIM_OP_SYNC_WAIT32)
		arg[1] = sim_cs_reg32(cs, F39_32(instr));
	s = decode_sync(instr, arg);
	if (s.addr & (s.is_64 ? 7 : 3))
		return sim_cs_invalid(cs);
	ret = sync_read(csg, &s, &value, &status);
	if (ret)
		return ret;

	if (cond == SIM_SYNC_COND_GT ? value > s.data : value <= s.data) {
		if (status)
			cs->ctx.error = 1;
		return SIM_STEP_DONE;
	}
	cs->wait = SIM_WAIT_SYNC;
	cs->sync_va = s.addr;
	cs->sync_ref = s.data;
	cs->sync_cond = cond;
	cs->sync_64 = s.is_64;
	return SIM_STEP_WAIT;
}

/**
 * sim_store_state() - Execute STORE_STATE
 * @csg: the group
 * @cs: the command stream
 * @instr: the instruction
 * @addr: the address, without the offset in the instruction
 *
 * Return: enum sim_step or the error of sim_mmu_map().
 */
int sim_store_state(struct sim_csg *csg, struct sim_cs *cs, u64 instr, u64 addr)
{
	u32 words[2];
	u64 value = 0;

	addr += OFFSET16(instr);
	if (addr & 7)
		return sim_cs_invalid(cs);
	switch ((instr >> SIM_STATE_SHIFT) & 3) {
	case SIM_STATE_TIMESTAMP:
		value = sim_timestamp();
		break;
	case SIM_STATE_CYCLES:
		value = sim_cycle_count();
		break;
	case SIM_STATE_ERROR:
		value = cs->ctx.error;
		break;
	}
	words[0] = lower_32_bits(value);
	words[1] = upper_32_bits(value);
	return sim_mmu_write_words(csg->as, addr, words, 2);
}
