// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Simulated Mali CSF GPU: the microcontroller and its global interface.
 *
 * There is no firmware code: the model is the firmware. It reaches the shared
 * section through AS0's page tables, and like a real microcontroller it waits
 * while the driver has that part of AS0 locked. Layouts and bits are those of
 * panthor_fw.h.
 *
 * All functions except those called by the register window expect exec_lock.
 * Those that access interface memory also expect AS0's lock, which
 * sim_mcu_pass() holds over a whole pass.
 */

#include <linux/kernel.h>

#include "sim_cs.h"

/* GLB_REQ and GLB_ACK. */
#define GLB_HALT		BIT(0)
#define GLB_ACKED		GENMASK(10, 1)
#define GLB_IDLE_EN		BIT(10)
#define GLB_STATE		GENMASK(14, 12)
#define GLB_STATE_HALT		BIT(12)
#define GLB_EVT_IDLE		BIT(26)
/* From this interface version on, GLB_STATE replaces GLB_HALT. */
#define VERSION_GLB_STATE	0x04010000

/* GLB control block. */
#define GLB_VERSION		0x00
#define GLB_FEATURES		0x04
#define GLB_INPUT_VA		0x08
#define GLB_OUTPUT_VA		0x0c
#define GLB_GROUP_NUM		0x10
#define GLB_GROUP_STRIDE	0x14
#define GLB_PERFCNT_SIZE	0x18
#define GLB_INSTR_FEATURES	0x1c

/* CSG control block. */
#define CSG_FEATURES		0x00
#define CSG_INPUT_VA		0x04
#define CSG_OUTPUT_VA		0x08
#define CSG_SUSPEND_SIZE	0x0c
#define CSG_PROTM_SUSPEND_SIZE	0x10
#define CSG_STREAM_NUM		0x14
#define CSG_STREAM_STRIDE	0x18

/* CS control block. */
#define CS_FEATURES		0x00
#define CS_INPUT_VA		0x04
#define CS_OUTPUT_VA		0x08

/* 7:0 work registers - 1, 15:8 scoreboards, compute, fragment, tiler. */
#define CS_FEATURES_VALUE	((sim_num_regs() - 1) | sim_num_sb() << 8 | GENMASK(18, 16))
/* The value that a board with interface 1.1.0 prints. */
#define INSTR_FEATURES_VALUE	0x71

/**
 * sim_mcu_map() - Translate an address in AS0
 * @va: the address
 * @access: SIM_ACCESS_READ or SIM_ACCESS_WRITE
 *
 * The caller has made sure that the address is not in a locked region. If it is
 * not mapped, the microcontroller breaks down at the end of this pass.
 *
 * Return: kernel pointer or NULL.
 */
void *sim_mcu_map(u64 va, u32 access)
{
	void *p = NULL;

	lockdep_assert_held(&sim.exec_lock);
	if (sim_mmu_map(&sim.as[0], va, access, &p)) {
		sim.mcu.broken = true;
		return NULL;
	}
	return p;
}

/**
 * sim_mcu_rd32() - Read a word of interface memory
 * @va: address in AS0
 *
 * Return: the word.
 */
u32 sim_mcu_rd32(u64 va)
{
	const u32 *p = sim_mcu_map(va, SIM_ACCESS_READ);

	return p ? READ_ONCE(*p) : 0;
}

/**
 * sim_mcu_rd64() - Read a 64-bit word of interface memory
 * @va: address in AS0, a multiple of 8
 *
 * Return: the word.
 */
u64 sim_mcu_rd64(u64 va)
{
	const u64 *p = sim_mcu_map(va, SIM_ACCESS_READ);

	return p ? READ_ONCE(*p) : 0;
}

/**
 * sim_mcu_wr32() - Write a word of interface memory
 * @va: address in AS0
 * @value: the word
 */
void sim_mcu_wr32(u64 va, u32 value)
{
	u32 *p = sim_mcu_map(va, SIM_ACCESS_WRITE);

	if (p)
		WRITE_ONCE(*p, value);
}

/**
 * sim_mcu_wr64() - Write a 64-bit word of interface memory
 * @va: address in AS0, a multiple of 8
 * @value: the word
 */
void sim_mcu_wr64(u64 va, u64 value)
{
	u64 *p = sim_mcu_map(va, SIM_ACCESS_WRITE);

	if (p)
		WRITE_ONCE(*p, value);
}

/**
 * sim_mcu_access64() - Access one 64-bit word in AS0 outside of a pass
 * @va: address, a multiple of 8
 * @value: the word to write or where to put the word read
 * @access: SIM_ACCESS_READ or SIM_ACCESS_WRITE
 *
 * Return: 0, or -EAGAIN if the address is in a locked region, or -EFAULT.
 */
int sim_mcu_access64(u64 va, u64 *value, u32 access)
{
	struct sim_as *as = &sim.as[0];
	unsigned long flags;
	void *p;
	int ret;

	spin_lock_irqsave(&as->lock, flags);
	ret = sim_mmu_map(as, va, access, &p);
	if (!ret && access == SIM_ACCESS_WRITE)
		WRITE_ONCE(*(u64 *)p, *value);
	else if (!ret)
		*value = READ_ONCE(*(u64 *)p);
	else if (ret != -EAGAIN)
		sim.mcu.broken = true;
	spin_unlock_irqrestore(&as->lock, flags);
	return ret;
}

/**
 * sim_mcu_pending() - Get what one side has toggled and the other not answered
 * @in: address of the input block, req first
 * @out: address of the output block, ack first
 *
 * Return: the bits in which req and ack differ.
 */
u32 sim_mcu_pending(u64 in, u64 out)
{
	return sim_mcu_rd32(in + SIM_IN_REQ) ^ sim_mcu_rd32(out + SIM_OUT_ACK);
}

/**
 * sim_mcu_fire() - Toggle event bits in an ack word
 * @in: address of the input block, req first
 * @out: address of the output block, ack first
 * @events: wanted events
 *
 * An event that the driver has not acknowledged yet must not be toggled again:
 * that would take it back. The driver rings a doorbell after it has acknowledged.
 *
 * Return: the events that were toggled.
 */
u32 sim_mcu_fire(u64 in, u64 out, u32 events)
{
	events &= ~sim_mcu_pending(in, out);
	if (events) {
		/* The payload of the event must be visible before it. */
		smp_wmb();
		sim_mcu_wr32(out + SIM_OUT_ACK, sim_mcu_rd32(out + SIM_OUT_ACK) ^ events);
	}
	return events;
}

static void write_cs_control(unsigned int i, unsigned int j)
{
	u64 ctrl = SIM_CS_CTRL(i, j);

	sim_mcu_wr32(ctrl + CS_FEATURES, CS_FEATURES_VALUE);
	sim_mcu_wr32(ctrl + CS_INPUT_VA, SIM_CS_IN(i, j));
	sim_mcu_wr32(ctrl + CS_OUTPUT_VA, SIM_CS_OUT(i, j));
}

static void write_csg_control(unsigned int i)
{
	u64 ctrl = SIM_CSG_CTRL(i);
	unsigned int j;

	sim_mcu_wr32(ctrl + CSG_FEATURES, 0);
	sim_mcu_wr32(ctrl + CSG_INPUT_VA, SIM_CSG_IN(i));
	sim_mcu_wr32(ctrl + CSG_OUTPUT_VA, SIM_CSG_OUT(i));
	sim_mcu_wr32(ctrl + CSG_SUSPEND_SIZE, sim_par.stream_num * SIM_CTX_SLOT);
	/* Unused, but a buffer of size 0 would fail the group's creation. */
	sim_mcu_wr32(ctrl + CSG_PROTM_SUSPEND_SIZE, 4096);
	sim_mcu_wr32(ctrl + CSG_STREAM_NUM, sim_par.stream_num);
	sim_mcu_wr32(ctrl + CSG_STREAM_STRIDE, SIM_STREAM_STRIDE);
	for (j = 0; j < sim_par.stream_num; j++)
		write_cs_control(i, j);
}

static void write_glb_control(void)
{
	unsigned int i;

	for (i = 0; i < sim_par.group_num; i++)
		write_csg_control(i);
	sim_mcu_wr32(SIM_GLB_CTRL + GLB_FEATURES, 0);
	sim_mcu_wr32(SIM_GLB_CTRL + GLB_INPUT_VA, SIM_GLB_IN);
	sim_mcu_wr32(SIM_GLB_CTRL + GLB_OUTPUT_VA, SIM_GLB_OUT);
	sim_mcu_wr32(SIM_GLB_CTRL + GLB_GROUP_NUM, sim_par.group_num);
	sim_mcu_wr32(SIM_GLB_CTRL + GLB_GROUP_STRIDE, SIM_GROUP_STRIDE);
	sim_mcu_wr32(SIM_GLB_CTRL + GLB_PERFCNT_SIZE, 0);
	sim_mcu_wr32(SIM_GLB_CTRL + GLB_INSTR_FEATURES, INSTR_FEATURES_VALUE);
	sim_mcu_wr32(SIM_GLB_CTRL + GLB_VERSION, sim_par.fw_version);
}

static bool has_glb_state(void)
{
	return sim_par.fw_version >= VERSION_GLB_STATE;
}

static void glb_ack(u32 mask)
{
	u32 req = sim_mcu_rd32(SIM_GLB_IN + SIM_IN_REQ);
	u32 ack = sim_mcu_rd32(SIM_GLB_OUT + SIM_OUT_ACK);
	u32 changed = (req ^ ack) & mask;

	if (!changed)
		return;
	sim_mcu_wr32(SIM_GLB_OUT + SIM_OUT_ACK, ack ^ changed);
	if (changed & sim_mcu_rd32(SIM_GLB_IN + SIM_IN_IRQ_MASK))
		sim_irq_raise(SIM_IRQ_JOB, SIM_JOB_IRQ_GLB);
}

/*
 * After a fast reset the old req and ack words are still there, and are left alone,
 * because the driver continues from them. Only the state field is acknowledged
 * here, because the driver rings no doorbell for it.
 */
static void mcu_boot(void)
{
	struct sim_mcu *mcu = &sim.mcu;

	mcu->boot_pending = false;
	if (sim_countdown(&sim_par.boot_fails)) {
		WRITE_ONCE(mcu->status, SIM_MCU_FATAL);
		sim_count(SIM_STAT_FAILED_BOOTS);
		return;
	}
	/*
	 * The driver gave up waiting for this boot and disabled AS0. It will
	 * boot again; an MMU fault now would only disturb that.
	 */
	if (!sim_mmu_is_enabled(&sim.as[0])) {
		mcu->broken = true;
		return;
	}
	WRITE_ONCE(mcu->rung, 0);
	mcu->want = 0;
	mcu->idle = true;
	sim_csg_reset();
	write_glb_control();
	if (has_glb_state())
		glb_ack(GLB_STATE);
	if (mcu->broken)
		return;
	WRITE_ONCE(mcu->status, SIM_MCU_ENABLED);
	sim_count(SIM_STAT_BOOTS);
	sim_irq_raise(SIM_IRQ_JOB, SIM_JOB_IRQ_GLB);
	sim_trace("boot\n");
}

static bool halt_requested(void)
{
	u32 req = sim_mcu_rd32(SIM_GLB_IN + SIM_IN_REQ);

	return has_glb_state() ? (req & GLB_STATE) == GLB_STATE_HALT : req & GLB_HALT;
}

static void mcu_halt(void)
{
	if (has_glb_state())
		glb_ack(GLB_STATE);
	WRITE_ONCE(sim.mcu.status, SIM_MCU_HALT);
	sim_count(SIM_STAT_HALTS);
	sim_trace("halt\n");
}

static void glb_requests(void)
{
	u32 rung = sim_mcu_rd32(SIM_GLB_IN + SIM_IN_DOORBELL_REQ);

	if (rung != sim_mcu_rd32(SIM_GLB_OUT + SIM_OUT_DOORBELL_ACK))
		sim_mcu_wr32(SIM_GLB_OUT + SIM_OUT_DOORBELL_ACK, rung);
	glb_ack(GLB_ACKED);
}

static void glb_idle(bool idle)
{
	if (idle && !sim.mcu.idle &&
	    sim_mcu_rd32(SIM_GLB_IN + SIM_IN_REQ) & GLB_IDLE_EN) {
		sim.mcu.want |= GLB_EVT_IDLE;
		sim_count(SIM_STAT_IDLE_EVENTS);
	}
	sim.mcu.idle = idle;
}

static void glb_events(void)
{
	u32 fired;

	if (!sim.mcu.want)
		return;
	fired = sim_mcu_fire(SIM_GLB_IN, SIM_GLB_OUT, sim.mcu.want);
	sim.mcu.want &= ~fired;
	if (fired & sim_mcu_rd32(SIM_GLB_IN + SIM_IN_IRQ_MASK))
		sim_irq_raise(SIM_IRQ_JOB, SIM_JOB_IRQ_GLB);
}

static void all_requests(void)
{
	unsigned int i;

	if (sim_param(drop_acks) || sim_countdown(&sim_par.ack_lost)) {
		sim_count(SIM_STAT_DROPPED_ACKS);
		return;
	}
	glb_requests();
	for (i = 0; i < sim_par.group_num; i++)
		sim_csg_requests(&sim.csg[i]);
}

static void all_events(void)
{
	bool idle = true;
	unsigned int i;

	for (i = 0; i < sim_par.group_num; i++) {
		idle &= sim_csg_check_idle(&sim.csg[i]);
		sim_csg_events(&sim.csg[i]);
	}
	glb_idle(idle);
	glb_events();
}

/* Handles the interface once. AS0's lock is held and the section accessible. */
static void mcu_work(void)
{
	bool rescan;

	if (sim.mcu.boot_pending)
		mcu_boot();
	if (sim.mcu.status != SIM_MCU_ENABLED)
		return;

	/* Clear this before the words are read, to lose no later doorbell. */
	rescan = atomic_xchg(&sim.mcu.rescan, 0);
	if (rescan && sim.mcu.rung)
		sim_count_max(SIM_STAT_DOORBELL_MAX_US,
			      ktime_us_delta(ktime_get(), READ_ONCE(sim.mcu.rung)));
	if (rescan && halt_requested()) {
		mcu_halt();
		return;
	}
	sim.mcu.attention = false;
	/* Events first: a SUSPEND or TERMINATE drops what is left of them. */
	all_events();
	if (rescan)
		all_requests();
}

static void mcu_break(void)
{
	sim.mcu.broken = false;
	sim.mcu.boot_pending = false;
	sim_csg_reset();
	WRITE_ONCE(sim.mcu.status, SIM_MCU_FATAL);
	sim_count(SIM_STAT_MCU_FATALS);
	pr_err("mali_sim: the MCU stops, its memory is not mapped in AS0\n");
}

/**
 * sim_mcu_pass() - Boot if asked to, raise events, answer requests
 *
 * Does nothing while the driver has AS0 locked around the shared section; the
 * UNLOCK then makes up for it, see sim_mcu_unlocked().
 */
void sim_mcu_pass(void)
{
	u64 size = SIM_SECTION_END(sim_par.group_num) - SIM_SECTION_VA;
	struct sim_as *as = &sim.as[0];
	unsigned long flags;

	lockdep_assert_held(&sim.exec_lock);
	if (!sim.mcu.boot_pending && sim.mcu.status != SIM_MCU_ENABLED)
		return;

	spin_lock_irqsave(&as->lock, flags);
	if (!sim_mmu_is_locked(as, SIM_SECTION_VA, size))
		mcu_work();
	spin_unlock_irqrestore(&as->lock, flags);
	if (sim.mcu.broken)
		mcu_break();
}

/**
 * sim_mcu_runs() - Check whether command streams may execute
 *
 * Return: true if they may.
 */
bool sim_mcu_runs(void)
{
	return sim.mcu.status == SIM_MCU_ENABLED;
}

/**
 * sim_mcu_status() - MCU_STATUS
 *
 * Return: the register's value.
 */
u32 sim_mcu_status(void)
{
	return READ_ONCE(sim.mcu.status);
}

static void mcu_stop(void)
{
	sim.mcu.boot_pending = false;
	sim.mcu.broken = false;
	sim_csg_reset();
	WRITE_ONCE(sim.mcu.status, SIM_MCU_DISABLED);
}

/**
 * sim_mcu_reset() - GPU reset: the microcontroller stops at once
 */
void sim_mcu_reset(void)
{
	unsigned long flags;

	spin_lock_irqsave(&sim.exec_lock, flags);
	WRITE_ONCE(sim.mcu.control, 0);
	mcu_stop();
	spin_unlock_irqrestore(&sim.exec_lock, flags);
}

/**
 * sim_mcu_control() - A write to MCU_CONTROL
 * @value: 0 disables, anything else boots
 *
 * A disable waits for exec_lock, and thus for the slice that runs. So the status
 * can be "disabled" on return: nothing accesses memory any more.
 */
void sim_mcu_control(u32 value)
{
	unsigned long flags;

	spin_lock_irqsave(&sim.exec_lock, flags);
	WRITE_ONCE(sim.mcu.control, value);
	if (!value) {
		mcu_stop();
		sim_count(SIM_STAT_STOPS);
	} else if (sim.mcu.status != SIM_MCU_ENABLED) {
		sim.mcu.boot_pending = true;
		atomic_set(&sim.mcu.rescan, 1);
	}
	spin_unlock_irqrestore(&sim.exec_lock, flags);
	if (value)
		sim_kick();
}

/* Reads GLB_REQ without exec_lock, which a slice may hold for a while. */
static bool halt_seen(void)
{
	u64 req;

	if (sim_mcu_status() != SIM_MCU_ENABLED ||
	    sim_mcu_access64(SIM_GLB_IN + SIM_IN_REQ, &req, SIM_ACCESS_READ))
		return false;
	return has_glb_state() ? (req & GLB_STATE) == GLB_STATE_HALT : req & GLB_HALT;
}

/* Answers now, or wakes the thread that does. */
static void mcu_answer(bool now)
{
	unsigned long flags;

	if (now) {
		spin_lock_irqsave(&sim.exec_lock, flags);
		sim_mcu_pass();
		spin_unlock_irqrestore(&sim.exec_lock, flags);
	}
	sim_kick();
}

/**
 * sim_mcu_unlocked() - AS0 is unlocked, and something waited for it
 *
 * It can be the answer to a doorbell, which is as urgent as in sim_mcu_doorbell().
 */
void sim_mcu_unlocked(void)
{
	mcu_answer(sim_param(sync_acks) || halt_seen());
}

/**
 * sim_mcu_doorbell() - A doorbell rings
 * @id: 0 = global, otherwise CSG slot + 1
 *
 * Any doorbell makes the model handle the whole interface. Firmware answers
 * within microseconds. On a host that is short of CPUs the thread may need longer
 * than the driver's 100 ms, so by default the caller does the work. For HALT it
 * always does, because the driver polls for its end without ever sleeping.
 */
void sim_mcu_doorbell(u32 id)
{
	sim_count(SIM_STAT_DOORBELLS);
	if (!atomic_read(&sim.mcu.rescan))
		WRITE_ONCE(sim.mcu.rung, ktime_get());
	atomic_set(&sim.mcu.rescan, 1);
	mcu_answer(sim_param(sync_acks) || (!id && halt_seen()));
}
