// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Simulated Mali CSF GPU: pseudo-instructions, opcodes 0xE0 to 0xEF.
 *
 * They let a test access hundreds of MiB, or cause an event, with one word.
 * Hardware has nothing like them. Long ones work in pieces inside one page, each
 * under the AS lock, and keep their progress in the CS context, so that locks,
 * faults, suspend and resume work in the middle of them.
 */

#include <linux/kasan-checks.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/string.h>

#include "sim_cs.h"

/*
 * These loops are not instrumented. The range is checked as a whole before, which
 * also finds a freed page and keeps KASAN builds usable.
 */
static __no_sanitize_address void fill_words(u64 *p, u64 n, u64 stride, u64 value, u64 inc)
{
	for (; n; n--, p += stride / 8, value += inc)
		WRITE_ONCE(*p, value);
}

static __no_sanitize_address u64 checksum_words(const u64 *p, u64 n, u64 sum)
{
	for (; n; n--, p++)
		sum = (sum ^ READ_ONCE(*p)) * SIM_CHECKSUM_MUL;
	return sum;
}

static __no_sanitize_address void copy_words(u64 *dst, const u64 *src, u64 n)
{
	for (; n; n--)
		WRITE_ONCE(*dst++, READ_ONCE(*src++));
}

/* Start a long instruction unless it has already begun. */
static void begin(struct sim_cs *cs, u64 instr)
{
	if (cs->ctx.busy)
		return;
	cs->ctx.busy = OP(instr);
	cs->ctx.done = 0;
	cs->ctx.acc = SIM_CHECKSUM_INIT;
}

static int finish(struct sim_cs *cs)
{
	cs->ctx.busy = 0;
	return SIM_STEP_DONE;
}

static int exec_fill(struct sim_csg *csg, struct sim_cs *cs, u64 instr, u64 *bytes)
{
	u64 addr = sim_cs_reg64(cs, F47_40(instr)) + cs->ctx.done;
	u64 len = sim_cs_reg64(cs, F39_32(instr));
	u64 value = sim_cs_reg64(cs, F55_48(instr));
	u32 shift = (instr & SIM_FILL_STRIDE_MASK) ?: 3;
	u64 inc = instr & SIM_FILL_INCREMENT ? 1 : 0;
	unsigned long flags;
	void *p;
	u64 n;
	int ret;

	if ((addr | len) & 7 || shift < 3 || shift > 47)
		return sim_cs_invalid(cs);
	if (cs->ctx.done >= len)
		return finish(cs);

	n = DIV_ROUND_UP(min(sim_page_room(addr), len - cs->ctx.done), BIT_ULL(shift));
	value += inc * (cs->ctx.done >> shift);
	spin_lock_irqsave(&csg->as->lock, flags);
	ret = sim_mmu_map(csg->as, addr, SIM_ACCESS_WRITE, &p);
	if (!ret) {
		kasan_check_write(p, ((n - 1) << shift) + 8);
		fill_words(p, n, BIT_ULL(shift), value, inc);
	}
	spin_unlock_irqrestore(&csg->as->lock, flags);
	if (ret)
		return ret;

	cs->ctx.done += n << shift;
	*bytes += n * 8;
	return cs->ctx.done >= len ? finish(cs) : SIM_STEP_AGAIN;
}

static int exec_checksum(struct sim_csg *csg, struct sim_cs *cs, u64 instr, u64 *bytes)
{
	u64 addr = sim_cs_reg64(cs, F47_40(instr)) + cs->ctx.done;
	u64 len = sim_cs_reg64(cs, F39_32(instr));
	unsigned long flags;
	void *p;
	u64 n;
	int ret;

	if ((addr | len) & 7)
		return sim_cs_invalid(cs);
	n = min(sim_page_room(addr), len - cs->ctx.done);
	if (n) {
		spin_lock_irqsave(&csg->as->lock, flags);
		ret = sim_mmu_map(csg->as, addr, SIM_ACCESS_READ, &p);
		if (!ret) {
			kasan_check_read(p, n);
			cs->ctx.acc = checksum_words(p, n / 8, cs->ctx.acc);
		}
		spin_unlock_irqrestore(&csg->as->lock, flags);
		if (ret)
			return ret;
	}

	cs->ctx.done += n;
	*bytes += n;
	if (cs->ctx.done < len)
		return SIM_STEP_AGAIN;
	sim_cs_set_reg64(cs, F55_48(instr), cs->ctx.acc);
	return finish(cs);
}

static int exec_copy(struct sim_csg *csg, struct sim_cs *cs, u64 instr, u64 *bytes)
{
	u64 dst = sim_cs_reg64(cs, F55_48(instr)) + cs->ctx.done;
	u64 src = sim_cs_reg64(cs, F47_40(instr)) + cs->ctx.done;
	u64 len = sim_cs_reg64(cs, F39_32(instr));
	unsigned long flags;
	void *p, *q;
	u64 n;
	int ret;

	if ((dst | src | len) & 7)
		return sim_cs_invalid(cs);
	if (cs->ctx.done >= len)
		return finish(cs);

	n = min3(sim_page_room(dst), sim_page_room(src), len - cs->ctx.done);
	spin_lock_irqsave(&csg->as->lock, flags);
	ret = sim_mmu_map(csg->as, src, SIM_ACCESS_READ, &q);
	if (!ret)
		ret = sim_mmu_map(csg->as, dst, SIM_ACCESS_WRITE, &p);
	if (!ret) {
		kasan_check_read(q, n);
		kasan_check_write(p, n);
		copy_words(p, q, n / 8);
	}
	spin_unlock_irqrestore(&csg->as->lock, flags);
	if (ret)
		return ret;

	cs->ctx.done += n;
	*bytes += n;
	return cs->ctx.done >= len ? finish(cs) : SIM_STEP_AGAIN;
}

static int exec_delay(struct sim_cs *cs, u64 instr)
{
	/* done is 0 when the instruction has just begun. */
	if (!cs->ctx.done) {
		cs->deadline = ktime_add_us(ktime_get(), SIM_IMM32(instr));
		cs->ctx.done = 1;
	}
	if (ktime_before(ktime_get(), cs->deadline)) {
		cs->wait = SIM_WAIT_DELAY;
		return SIM_STEP_WAIT;
	}
	return finish(cs);
}

/**
 * sim_event_answered() - Raise a CS event, and wait for the driver's answer
 * @csg: the group
 * @cs: the command stream
 * @event: SIM_CS_EVT_* bit; its payload is in @cs
 * @raised: an earlier call has raised it
 *
 * Return: true when the driver has acknowledged it.
 */
bool sim_event_answered(struct sim_csg *csg, struct sim_cs *cs, u32 event, bool raised)
{
	unsigned int j = cs - csg->cs;
	u64 req, ack;

	if (!raised) {
		sim_cs_want(cs, event);
		return false;
	}
	if (cs->want & event)
		return false;
	/* A locked region is no answer either. Its UNLOCK makes the thread try again. */
	if (sim_mcu_access64(SIM_CS_IN(csg->id, j) + SIM_IN_REQ, &req, SIM_ACCESS_READ) ||
	    sim_mcu_access64(SIM_CS_OUT(csg->id, j) + SIM_OUT_ACK, &ack, SIM_ACCESS_READ))
		return false;
	return !((req ^ ack) & event);
}

static bool answered(struct sim_csg *csg, struct sim_cs *cs, u32 event)
{
	bool raised = cs->ctx.done;

	cs->ctx.done = 1;
	return sim_event_answered(csg, cs, event, raised);
}

static int exec_oom(struct sim_csg *csg, struct sim_cs *cs, u64 instr)
{
	u64 heap_start;
	int ret;

	if (!cs->ctx.done) {
		cs->heap_vt_start = (instr >> SIM_OOM_VT_START_SHIFT) & 0xff;
		cs->heap_vt_end = (instr >> SIM_OOM_VT_END_SHIFT) & 0xff;
		cs->heap_frag_end = (instr >> SIM_OOM_FRAG_END_SHIFT) & 0xff;
		cs->heap_address = sim_cs_reg64(cs, F47_40(instr));
		sim_count(SIM_STAT_TILER_OOMS);
	}
	cs->wait = SIM_WAIT_EVENT;
	if (!answered(csg, cs, SIM_CS_EVT_TILER_OOM))
		return SIM_STEP_WAIT;
	ret = sim_mcu_access64(SIM_CS_IN(csg->id, cs - csg->cs) + SIM_CS_IN_HEAP_START,
			       &heap_start, SIM_ACCESS_READ);
	if (ret)
		return ret;
	sim_cs_set_reg64(cs, F55_48(instr), heap_start);
	return finish(cs);
}

/*
 * The CS stops until the driver has handled the fault, because the driver blames
 * the job that extract points to.
 */
static int exec_fault(struct sim_csg *csg, struct sim_cs *cs, u64 instr)
{
	if (!cs->ctx.done) {
		cs->fault = (u32)instr;
		cs->fault_info = sim_cs_pc(cs);
		cs->ctx.error = 1;
		sim_count(SIM_STAT_CS_FAULTS);
	}
	cs->wait = SIM_WAIT_EVENT;
	if (!answered(csg, cs, SIM_CS_EVT_FAULT))
		return SIM_STEP_WAIT;
	return finish(cs);
}

/**
 * sim_pseudo_exec() - Execute a pseudo-instruction or a part of it
 * @csg: the group
 * @cs: the command stream
 * @instr: the instruction
 * @bytes: increased by the bytes touched
 *
 * Return: enum sim_step or the error of sim_mmu_map().
 */
int sim_pseudo_exec(struct sim_csg *csg, struct sim_cs *cs, u64 instr, u64 *bytes)
{
	if (!sim_param(pseudo))
		return sim_cs_invalid(cs);

	begin(cs, instr);
	switch (OP(instr)) {
	case SIM_OP_FILL:
		return exec_fill(csg, cs, instr, bytes);
	case SIM_OP_CHECKSUM:
		return exec_checksum(csg, cs, instr, bytes);
	case SIM_OP_COPY:
		return exec_copy(csg, cs, instr, bytes);
	case SIM_OP_DELAY:
		return exec_delay(cs, instr);
	case SIM_OP_TRIGGER_OOM:
		return exec_oom(csg, cs, instr);
	case SIM_OP_TRIGGER_FATAL:
		return sim_cs_die(cs, instr & 0xff, (instr >> 8) & 0xffffff);
	case SIM_OP_TRIGGER_FAULT:
		return exec_fault(csg, cs, instr);
	case SIM_OP_TRIGGER_PROGRESS:
		sim_csg_want(csg, SIM_CSG_EVT_PROGRESS);
		return finish(cs);
	case SIM_OP_TRIGGER_GPU_FAULT:
		sim_gpu_fault(instr & 0xff, sim_cs_pc(cs));
		return finish(cs);
	}
	return sim_cs_invalid(cs);
}

/**
 * sim_pseudo_save() - Prepare the context of a long instruction for a suspend
 * @cs: the command stream
 */
void sim_pseudo_save(struct sim_cs *cs)
{
	s64 left;

	if (cs->ctx.busy != SIM_OP_DELAY || !cs->ctx.done)
		return;
	left = ktime_to_ns(ktime_sub(cs->deadline, ktime_get()));
	cs->ctx.delay_ns = max(left, 0LL);
}

/**
 * sim_pseudo_restore() - Continue a long instruction after a resume
 * @cs: the command stream
 *
 * An event that was not answered is raised again: the driver forgets it when
 * the group leaves its slot.
 */
void sim_pseudo_restore(struct sim_cs *cs)
{
	switch (cs->ctx.busy) {
	case SIM_OP_DELAY:
		cs->deadline = ktime_add_ns(ktime_get(), cs->ctx.delay_ns);
		break;
	case SIM_OP_TRIGGER_OOM:
	case SIM_OP_TRIGGER_FAULT:
		cs->ctx.busy = 0;
		break;
	}
}
