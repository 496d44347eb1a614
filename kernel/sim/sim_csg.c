// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Simulated Mali CSF GPU: command-stream groups.
 *
 * Requests, events, status words and suspend buffers of the CSG slots. All of
 * this runs inside sim_mcu_pass(), with exec_lock and AS0's lock held. Layouts
 * and bits are those of panthor_fw.h.
 */

#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "sim.h"

/* CSG_REQ and CSG_ACK. */
#define CSG_STATE		GENMASK(2, 0)
#define CSG_TERMINATE		0
#define CSG_START		1
#define CSG_SUSPEND		2
#define CSG_RESUME		3
#define CSG_ENDPOINT_CONFIG	BIT(4)
#define CSG_STATUS_UPDATE	BIT(5)
#define CSG_REQUESTS		(CSG_STATE | CSG_ENDPOINT_CONFIG | CSG_STATUS_UPDATE)

/* CSG input and output block. */
#define CSG_IN_CS_IRQ_ACK	0x0c
#define CSG_IN_SUSPEND_BUF	0x40
#define CSG_IN_CONFIG		0x50
#define CSG_OUT_CS_IRQ_REQ	0x0c
#define CSG_OUT_STATUS_STATE	0x18

/* CS_REQ and CS_ACK. */
#define CS_STATE		GENMASK(2, 0)
#define CS_START		1

/* CS input block. */
#define CS_IN_RINGBUF_BASE	0x10
#define CS_IN_RINGBUF_SIZE	0x18
#define CS_IN_RINGBUF_INPUT	0x30
#define CS_IN_RINGBUF_OUTPUT	0x38

/* CS output block. */
#define CS_OUT_CMD_PTR		0x40
#define CS_OUT_WAIT		0x48
#define CS_OUT_WAIT_SYNC	BIT(31)
#define CS_OUT_WAIT_SYNC_64	BIT(30)
#define CS_OUT_WAIT_COND_SHIFT	24
#define CS_OUT_REQ_RESOURCE	0x4c
#define CS_OUT_SYNC_PTR		0x50
#define CS_OUT_SYNC_VALUE	0x58
#define CS_OUT_SCOREBOARDS	0x5c
#define CS_OUT_BLOCKED		0x60
#define CS_BLOCKED_NOT		0
#define CS_BLOCKED_SB_WAIT	1
#define CS_BLOCKED_SYNC_WAIT	3
#define CS_OUT_SYNC_VALUE_HI	0x64
#define CS_OUT_FAULT		0x80
#define CS_OUT_FATAL		0x84
#define CS_OUT_FAULT_INFO	0x88
#define CS_OUT_FATAL_INFO	0x90
#define CS_OUT_HEAP_VT_START	0xc0
#define CS_OUT_HEAP_VT_END	0xc4
#define CS_OUT_HEAP_FRAG_END	0xcc
#define CS_OUT_HEAP_ADDRESS	0xd0

/* Ring-buffer interface pages. */
#define RING_IN_EXTRACT_INIT	0x08
#define RING_OUT_EXTRACT	0x00

/**
 * sim_csg_init() - Allocate the CS slots
 *
 * Return: 0 or -ENOMEM.
 */
int sim_csg_init(void)
{
	struct sim_cs *cs;
	unsigned int i;

	BUILD_BUG_ON(sizeof(struct sim_cs_ctx) > SIM_CTX_SLOT);

	cs = vcalloc(sim_par.group_num * sim_par.stream_num, sizeof(*cs));
	if (!cs)
		return -ENOMEM;
	for (i = 0; i < sim_par.group_num; i++) {
		sim.csg[i].id = i;
		sim.csg[i].cs = cs + i * sim_par.stream_num;
	}
	return 0;
}

static void csg_stop(struct sim_csg *csg)
{
	unsigned int j;

	csg->active = false;
	csg->want = 0;
	memset(csg->shared_sb, 0, sizeof(csg->shared_sb));
	for (j = 0; j < sim_par.stream_num; j++) {
		csg->cs[j].state = SIM_CS_OFF;
		csg->cs[j].want = 0;
	}
}

/**
 * sim_csg_reset() - Forget all groups
 */
void sim_csg_reset(void)
{
	unsigned int i;

	for (i = 0; i < sim_par.group_num; i++)
		csg_stop(&sim.csg[i]);
}

/**
 * sim_csg_want() - Ask for CSG events
 * @csg: the group
 * @events: SIM_CSG_EVT_* bits
 */
void sim_csg_want(struct sim_csg *csg, u32 events)
{
	csg->want |= events;
	sim.mcu.attention = true;
}

/**
 * sim_cs_want() - Ask for CS events, whose payload is in @cs
 * @cs: the command stream
 * @events: SIM_CS_EVT_* bits
 */
void sim_cs_want(struct sim_cs *cs, u32 events)
{
	cs->want |= events;
	sim.mcu.attention = true;
}

/* --- Events --------------------------------------------------------------- */

static void write_payload(const struct sim_cs *cs, u64 out, u32 events)
{
	if (events & SIM_CS_EVT_FAULT) {
		sim_mcu_wr32(out + CS_OUT_FAULT, cs->fault);
		sim_mcu_wr64(out + CS_OUT_FAULT_INFO, cs->fault_info);
	}
	if (events & SIM_CS_EVT_FATAL) {
		sim_mcu_wr32(out + CS_OUT_FATAL, cs->fatal);
		sim_mcu_wr64(out + CS_OUT_FATAL_INFO, cs->fatal_info);
	}
	if (events & SIM_CS_EVT_TILER_OOM) {
		sim_mcu_wr32(out + CS_OUT_HEAP_VT_START, cs->heap_vt_start);
		sim_mcu_wr32(out + CS_OUT_HEAP_VT_END, cs->heap_vt_end);
		sim_mcu_wr32(out + CS_OUT_HEAP_FRAG_END, cs->heap_frag_end);
		sim_mcu_wr64(out + CS_OUT_HEAP_ADDRESS, cs->heap_address);
	}
}

/*
 * A CS event toggles CS_ACK and the CS's bit in cs_irq_req, and interrupts with
 * the CSG's bit. It is held back as a whole until the driver has acknowledged
 * the previous one in cs_irq_ack.
 */
static bool cs_events(struct sim_csg *csg, unsigned int j)
{
	u64 in = SIM_CS_IN(csg->id, j), out = SIM_CS_OUT(csg->id, j);
	u64 csg_in = SIM_CSG_IN(csg->id), csg_out = SIM_CSG_OUT(csg->id);
	struct sim_cs *cs = &csg->cs[j];
	u32 irq_req = sim_mcu_rd32(csg_out + CSG_OUT_CS_IRQ_REQ);
	u32 fired;

	if ((irq_req ^ sim_mcu_rd32(csg_in + CSG_IN_CS_IRQ_ACK)) & BIT(j))
		return false;

	/* The payload of an event that is still pending must stay as it is. */
	write_payload(cs, out, cs->want & ~sim_mcu_pending(in, out));
	fired = sim_mcu_fire(in, out, cs->want);
	cs->want &= ~fired;
	if (!fired)
		return false;
	sim_mcu_wr32(csg_out + CSG_OUT_CS_IRQ_REQ, irq_req ^ BIT(j));
	return fired & sim_mcu_rd32(in + SIM_CS_IN_IRQ_MASK);
}

/**
 * sim_csg_events() - Raise the events of a group that may be raised now
 * @csg: the group
 */
void sim_csg_events(struct sim_csg *csg)
{
	u64 in = SIM_CSG_IN(csg->id), out = SIM_CSG_OUT(csg->id);
	bool irq = false;
	unsigned int j;
	u32 fired;

	if (!csg->active)
		return;

	for (j = 0; j < sim_par.stream_num; j++) {
		if (csg->cs[j].want)
			irq |= cs_events(csg, j);
	}
	if (csg->want) {
		fired = sim_mcu_fire(in, out, csg->want);
		csg->want &= ~fired;
		irq |= fired & sim_mcu_rd32(in + SIM_IN_IRQ_MASK);
		if (fired & SIM_CSG_EVT_SYNC_UPDATE)
			sim_count(SIM_STAT_SYNC_UPDATES);
	}
	if (irq)
		sim_irq_raise(SIM_IRQ_JOB, BIT(csg->id));
}

static bool csg_is_idle(const struct sim_csg *csg)
{
	unsigned int j;

	for (j = 0; j < sim_par.stream_num; j++) {
		if (!sim_cs_is_idle(&csg->cs[j]))
			return false;
	}
	return true;
}

/**
 * sim_csg_check_idle() - Raise an event if a group has become idle
 * @csg: the group
 *
 * Without these events the driver's scheduler would never let the GPU suspend.
 *
 * Return: true if the group is idle, or if there is none.
 */
bool sim_csg_check_idle(struct sim_csg *csg)
{
	bool idle;

	if (!csg->active)
		return true;
	idle = csg_is_idle(csg);
	if (idle && !csg->idle) {
		csg->want |= SIM_CSG_EVT_IDLE;
		sim_count(SIM_STAT_IDLE_EVENTS);
	} else if (!idle) {
		csg->want &= ~SIM_CSG_EVT_IDLE;
	}
	csg->idle = idle;
	return idle;
}

/* --- Status words --------------------------------------------------------- */

static u32 blocked_reason(const struct sim_cs *cs)
{
	if (cs->state != SIM_CS_RUN)
		return CS_BLOCKED_NOT;
	switch (cs->wait) {
	case SIM_WAIT_SYNC:
		return CS_BLOCKED_SYNC_WAIT;
	case SIM_WAIT_SB:
	case SIM_WAIT_SHARED:
		return CS_BLOCKED_SB_WAIT;
	default:
		return CS_BLOCKED_NOT;
	}
}

static void write_cs_status(const struct sim_csg *csg, unsigned int j)
{
	const struct sim_cs *cs = &csg->cs[j];
	bool runs = cs->state == SIM_CS_RUN;
	bool sync = runs && cs->wait == SIM_WAIT_SYNC;
	u64 out = SIM_CS_OUT(csg->id, j);
	u32 wait = 0;

	if (sync)
		wait = CS_OUT_WAIT_SYNC | (cs->sync_64 ? CS_OUT_WAIT_SYNC_64 : 0) |
		       cs->sync_cond << CS_OUT_WAIT_COND_SHIFT;

	sim_mcu_wr64(out + CS_OUT_CMD_PTR, sim_cs_pc(cs));
	sim_mcu_wr32(out + CS_OUT_WAIT, wait);
	sim_mcu_wr32(out + CS_OUT_REQ_RESOURCE, 0);
	sim_mcu_wr64(out + CS_OUT_SYNC_PTR, sync ? cs->sync_va : 0);
	sim_mcu_wr32(out + CS_OUT_SYNC_VALUE, sync ? lower_32_bits(cs->sync_ref) : 0);
	sim_mcu_wr32(out + CS_OUT_SYNC_VALUE_HI, sync ? upper_32_bits(cs->sync_ref) : 0);
	sim_mcu_wr32(out + CS_OUT_SCOREBOARDS, runs ? sim_sb_busy(cs) : 0);
	sim_mcu_wr32(out + CS_OUT_BLOCKED, blocked_reason(cs));
}

static void write_status(const struct sim_csg *csg)
{
	unsigned int j;

	for (j = 0; j < sim_par.stream_num; j++) {
		if (csg->cs[j].state != SIM_CS_OFF)
			write_cs_status(csg, j);
	}
	sim_mcu_wr32(SIM_CSG_OUT(csg->id) + CSG_OUT_STATUS_STATE, csg_is_idle(csg));
}

/* --- State changes -------------------------------------------------------- */

static bool cs_requested(const struct sim_csg *csg, unsigned int j)
{
	return (sim_mcu_rd32(SIM_CS_IN(csg->id, j) + SIM_IN_REQ) & CS_STATE) == CS_START;
}

/*
 * A state change accesses memory outside of the shared section. If any of it is
 * in a locked region of AS0, the request stays pending and nothing is done yet.
 */
static bool must_wait(const struct sim_csg *csg, u64 suspend_buf)
{
	struct sim_as *as = &sim.as[0];
	unsigned int j;
	u64 in;

	if (suspend_buf &&
	    sim_mmu_is_locked(as, suspend_buf, sim_par.stream_num * SIM_CTX_SLOT))
		return true;

	for (j = 0; j < sim_par.stream_num; j++) {
		if (!cs_requested(csg, j))
			continue;
		in = SIM_CS_IN(csg->id, j);
		if (sim_mmu_is_locked(as, sim_mcu_rd64(in + CS_IN_RINGBUF_INPUT), 16) ||
		    sim_mmu_is_locked(as, sim_mcu_rd64(in + CS_IN_RINGBUF_OUTPUT), 16))
			return true;
	}
	return false;
}

/* The driver has given a chunk that the stream has not noticed yet. It must not get lost. */
static void note_chunk(struct sim_csg *csg, unsigned int j)
{
	u64 in = SIM_CS_IN(csg->id, j), out = SIM_CS_OUT(csg->id, j);
	struct sim_cs *cs = &csg->cs[j];
	struct sim_progress *p = &cs->ctx.progress[0];

	if (!p->raised || p->fault || cs->want & SIM_CS_EVT_TILER_OOM ||
	    sim_mcu_pending(in, out) & SIM_CS_EVT_TILER_OOM)
		return;
	p->chunk = sim_mcu_rd64(in + SIM_CS_IN_HEAP_START);
}

static void save_context(struct sim_csg *csg, unsigned int j)
{
	struct sim_cs *cs = &csg->cs[j];
	struct sim_cs_ctx *slot;

	slot = sim_mcu_map(csg->suspend_buf + j * SIM_CTX_SLOT, SIM_ACCESS_WRITE);
	if (!slot)
		return;
	if (cs->state != SIM_CS_RUN) {
		slot->magic = 0;
		return;
	}
	sim_pseudo_save(cs);
	note_chunk(csg, j);
	memcpy(cs->ctx.shared_sb, csg->shared_sb, sizeof(csg->shared_sb));
	cs->ctx.magic = SIM_CTX_MAGIC;
	memcpy(slot, &cs->ctx, sizeof(*slot));
}

/* A context that was never saved starts in a clean state. */
static void restore_context(struct sim_csg *csg, unsigned int j)
{
	struct sim_cs *cs = &csg->cs[j];
	const struct sim_cs_ctx *slot;

	slot = sim_mcu_map(csg->suspend_buf + j * SIM_CTX_SLOT, SIM_ACCESS_READ);
	if (!slot || slot->magic != SIM_CTX_MAGIC)
		return;
	memcpy(&cs->ctx, slot, sizeof(*slot));
	memcpy(csg->shared_sb, cs->ctx.shared_sb, sizeof(csg->shared_sb));
	if (cs->ctx.depth > ARRAY_SIZE(cs->ctx.frame))
		cs->ctx.depth = 0;
	sim_op_restore(cs);
	sim_pseudo_restore(cs);
}

/*
 * TILER_OOM is not kept in CS_ACK: the driver may have dropped the event of the
 * previous group in this slot without acknowledging it.
 */
static void ack_cs_start(u64 in, u64 out)
{
	u32 keep = SIM_CS_EVT_MASK & ~SIM_CS_EVT_TILER_OOM;
	u32 req = sim_mcu_rd32(in + SIM_IN_REQ);
	u32 ack = sim_mcu_rd32(out + SIM_OUT_ACK);

	sim_mcu_wr32(out + SIM_OUT_ACK, (req & ~keep) | (ack & keep));
}

static void start_cs(struct sim_csg *csg, unsigned int j, bool resume)
{
	u64 in = SIM_CS_IN(csg->id, j);
	struct sim_cs *cs = &csg->cs[j];

	sim_cs_start(cs);
	cs->ring_base = sim_mcu_rd64(in + CS_IN_RINGBUF_BASE);
	cs->ring_size = sim_mcu_rd32(in + CS_IN_RINGBUF_SIZE);
	cs->ring_in = sim_mcu_rd64(in + CS_IN_RINGBUF_INPUT);
	cs->ring_out = sim_mcu_rd64(in + CS_IN_RINGBUF_OUTPUT);
	cs->ctx.extract = sim_mcu_rd64(cs->ring_in + RING_IN_EXTRACT_INIT);
	cs->insert = cs->ctx.extract;
	if (resume)
		restore_context(csg, j);
	sim_mcu_wr64(cs->ring_out + RING_OUT_EXTRACT, cs->ctx.extract);
	ack_cs_start(in, SIM_CS_OUT(csg->id, j));
}

static int csg_start(struct sim_csg *csg, bool resume)
{
	u64 in = SIM_CSG_IN(csg->id);
	u64 suspend_buf = sim_mcu_rd64(in + CSG_IN_SUSPEND_BUF);
	u32 as = sim_mcu_rd32(in + CSG_IN_CONFIG) & 0xf;
	unsigned int j;

	if (as >= sim.as_count) {
		pr_err("mali_sim: CSG %u on AS %u, which does not exist\n", csg->id, as);
		sim.mcu.broken = true;
		return -EINVAL;
	}
	if (must_wait(csg, resume ? suspend_buf : 0))
		return -EAGAIN;

	csg_stop(csg);
	csg->as = &sim.as[as];
	csg->suspend_buf = suspend_buf;
	csg->active = true;
	csg->idle = false;
	for (j = 0; j < sim_par.stream_num; j++) {
		if (cs_requested(csg, j))
			start_cs(csg, j, resume && suspend_buf);
	}
	sim_count(resume ? SIM_STAT_GROUP_RESUMES : SIM_STAT_GROUP_STARTS);
	sim_trace("CSG %u: %s, AS %u\n", csg->id, resume ? "resume" : "start", as);
	return 0;
}

static void ack_cs_stop(const struct sim_csg *csg, unsigned int j)
{
	u64 out = SIM_CS_OUT(csg->id, j);

	sim_mcu_wr32(out + SIM_OUT_ACK, sim_mcu_rd32(out + SIM_OUT_ACK) & ~CS_STATE);
}

static void suspend_cs(struct sim_csg *csg, unsigned int j)
{
	struct sim_cs *cs = &csg->cs[j];

	if (csg->suspend_buf)
		save_context(csg, j);
	if (cs->state == SIM_CS_OFF)
		return;
	if (cs->extract_dirty)
		sim_mcu_wr64(cs->ring_out + RING_OUT_EXTRACT, cs->ctx.extract);
	ack_cs_stop(csg, j);
}

static int csg_suspend(struct sim_csg *csg)
{
	unsigned int j;

	if (!csg->active)
		return 0;
	if (must_wait(csg, csg->suspend_buf))
		return -EAGAIN;

	write_status(csg);
	for (j = 0; j < sim_par.stream_num; j++)
		suspend_cs(csg, j);
	csg_stop(csg);
	sim_count(SIM_STAT_GROUP_SUSPENDS);
	sim_trace("CSG %u: suspend\n", csg->id);
	return 0;
}

static void csg_terminate(struct sim_csg *csg)
{
	unsigned int j;

	if (!csg->active)
		return;
	for (j = 0; j < sim_par.stream_num; j++) {
		if (csg->cs[j].state != SIM_CS_OFF)
			ack_cs_stop(csg, j);
	}
	csg_stop(csg);
	sim_count(SIM_STAT_GROUP_TERMINATES);
	sim_trace("CSG %u: terminate\n", csg->id);
}

static int csg_set_state(struct sim_csg *csg, u32 state)
{
	switch (state) {
	case CSG_START:
	case CSG_RESUME:
		return csg_start(csg, state == CSG_RESUME);
	case CSG_SUSPEND:
		return csg_suspend(csg);
	case CSG_TERMINATE:
		csg_terminate(csg);
		return 0;
	}
	return -EINVAL;
}

/*
 * While a group runs, the driver changes only the configuration of its CSs. A
 * STOP works, but the driver relies on the state of the group.
 */
static void cs_requests(struct sim_csg *csg, unsigned int j)
{
	u32 req = sim_mcu_rd32(SIM_CS_IN(csg->id, j) + SIM_IN_REQ);
	u64 out = SIM_CS_OUT(csg->id, j);
	u32 ack = sim_mcu_rd32(out + SIM_OUT_ACK);

	if (!((req ^ ack) & ~SIM_CS_EVT_MASK))
		return;
	if ((req & CS_STATE) != CS_START)
		csg->cs[j].state = SIM_CS_OFF;
	sim_mcu_wr32(out + SIM_OUT_ACK, (req & ~SIM_CS_EVT_MASK) | (ack & SIM_CS_EVT_MASK));
}

/**
 * sim_csg_requests() - Answer the requests to one CSG slot
 * @csg: the slot
 */
void sim_csg_requests(struct sim_csg *csg)
{
	u64 in = SIM_CSG_IN(csg->id), out = SIM_CSG_OUT(csg->id);
	u32 rung = sim_mcu_rd32(in + SIM_IN_DOORBELL_REQ);
	u32 req = sim_mcu_rd32(in + SIM_IN_REQ);
	u32 ack = sim_mcu_rd32(out + SIM_OUT_ACK);
	u32 done = (req ^ ack) & CSG_REQUESTS;
	unsigned int j;

	if (rung != sim_mcu_rd32(out + SIM_OUT_DOORBELL_ACK))
		sim_mcu_wr32(out + SIM_OUT_DOORBELL_ACK, rung);

	for (j = 0; csg->active && j < sim_par.stream_num; j++) {
		if (csg->cs[j].state != SIM_CS_OFF)
			cs_requests(csg, j);
	}

	if (done & CSG_STATE && csg_set_state(csg, req & CSG_STATE)) {
		atomic_set(&sim.mcu.rescan, 1);
		done &= ~CSG_STATE;
	}
	if (done & CSG_STATUS_UPDATE)
		write_status(csg);
	if (!done)
		return;

	/* Status words and contexts must be complete before the answer. */
	smp_wmb();
	sim_mcu_wr32(out + SIM_OUT_ACK, ack ^ done);
	if (done & sim_mcu_rd32(in + SIM_IN_IRQ_MASK))
		sim_irq_raise(SIM_IRQ_JOB, BIT(csg->id));
}
