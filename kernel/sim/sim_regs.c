// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Simulated Mali CSF GPU: the register window and the interrupt lines.
 *
 * Offsets and bits are those of panthor_gpu_regs.h, panthor_fw_regs.h and
 * panthor_mmu_regs.h; feature values come from dmesg of an RK3588 board.
 */

#include <linux/array_size.h>
#include <linux/kernel.h>
#include <linux/timekeeping.h>

#include "sim.h"

#define GPU_ID			0x000
#define GPU_AS_PRESENT		0x018
#define GPU_IRQ			0x020
#define GPU_CMD			0x030
#define GPU_CMD_SOFT_RESET	0x101
#define GPU_CMD_HARD_RESET	0x201
#define GPU_CMD_TYPE		0xff
#define GPU_CMD_FLUSH		4
#define GPU_FAULT_STATUS	0x03c
#define GPU_FAULT_ADDR		0x040
#define GPU_L2_CONFIG		0x048
#define GPU_CYCLE_COUNT		0x090
#define GPU_TIMESTAMP		0x098
#define GPU_PRESENT		0x100	/* shader; tiler and L2 follow, 0x10 apart */
#define GPU_READY		0x140
#define GPU_PWRON		0x180
#define GPU_PWROFF		0x1c0
#define GPU_PWRTRANS		0x200
#define GPU_PWRACTIVE		0x240
#define GPU_ASN_HASH		0x2c0
#define GPU_COHERENCY_PROTOCOL	0x304
#define MCU_CONTROL		0x700
#define MCU_STATUS		0x704
#define JOB_IRQ			0x1000
#define MMU_IRQ			0x2000
#define MMU_AS			0x2400
#define DOORBELL		0x80000
#define DOORBELL_SHIFT		16

#define IRQ_RAWSTAT		0x0
#define IRQ_CLEAR		0x4
#define IRQ_MASK		0x8
#define IRQ_STATUS		0xc

#define POWER_DOMAINS		3	/* shader, tiler, L2 */

struct reg_value {
	u32 offset;
	u32 value;
};

/* Registers that never change. */
static const struct reg_value const_regs[] = {
	{ 0x004, 0x07120306 },	/* L2_FEATURES; low byte: 64-byte lines */
	{ 0x008, 0 },		/* CORE_FEATURES */
	{ 0x00c, 0x809 },	/* TILER_FEATURES */
	{ 0x010, 0x301 },	/* MEM_FEATURES */
	{ 0x014, 0x2830 },	/* MMU_FEATURES: 48-bit VA, 40-bit PA */
	{ 0x01c, 0x040a0412 },	/* CSF_ID */
	{ 0x034, 0 },		/* STATUS */
	{ 0x060, 0 },		/* FEATURES, two words */
	{ 0x064, 0 },
	{ 0x088, 0 },		/* TIMESTAMP_OFFSET, two words */
	{ 0x08c, 0 },
	{ 0x0a0, 2048 },	/* THREAD_MAX_THREADS */
	{ 0x0a4, 1024 },	/* THREAD_MAX_WORKGROUP_SIZE */
	{ 0x0a8, 1024 },	/* THREAD_MAX_BARRIER_SIZE */
	{ 0x0ac, 0x04010000 },	/* THREAD_FEATURES */
	{ 0x0b0, 0xc1ffff9e },	/* TEXTURE_FEATURES, four words */
	{ 0x0b4, 0x0000ffff },
	{ 0x0b8, 0 },
	{ 0x0bc, 0 },
	{ 0x280, 0 },		/* REVID */
	{ 0x300, 0x1 },		/* COHERENCY_FEATURES: ACE-Lite */
};

struct irq_block {
	u32 rawstat;
	u32 mask;
};

/* Register words; sim.reg_lock protects all of them. */
static struct irq_block irqs[SIM_IRQ_COUNT];
static u64 ready[POWER_DOMAINS];
static u32 gpu_fault_status;
static u64 gpu_fault_addr;
static u32 l2_config;
static u32 asn_hash[3];
static u32 coherency_protocol;
static u32 flush_id = 1;
static u64 flush_commands;

/**
 * sim_timestamp() - The TIMESTAMP counter
 *
 * Return: nanoseconds.
 */
u64 sim_timestamp(void)
{
	return ktime_get_ns();
}

/**
 * sim_cycle_count() - The CYCLE_COUNT counter
 *
 * Return: cycles of an 800 MHz clock.
 */
u64 sim_cycle_count(void)
{
	return ktime_get_ns() / 5 * 4;
}

static u64 power_present(unsigned int domain)
{
	return domain ? 1 : sim_par.shader_present;
}

static u32 half(u64 value, u32 offset)
{
	return offset & 4 ? upper_32_bits(value) : lower_32_bits(value);
}

static void irq_update(enum sim_irq_line line)
{
	lockdep_assert_held(&sim.reg_lock);
	sim.glue->set_irq(line, irqs[line].rawstat & irqs[line].mask);
}

/**
 * sim_irq_raise() - Set bits in RAWSTAT of an interrupt block
 * @line: the block
 * @bits: the bits
 */
void sim_irq_raise(enum sim_irq_line line, u32 bits)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&sim.reg_lock, flags);
	irqs[line].rawstat |= bits;
	irq_update(line);
	raw_spin_unlock_irqrestore(&sim.reg_lock, flags);
}

static bool irq_read(enum sim_irq_line line, u32 reg, u32 *value)
{
	switch (reg) {
	case IRQ_RAWSTAT:
		*value = irqs[line].rawstat;
		return true;
	case IRQ_MASK:
		*value = irqs[line].mask;
		return true;
	case IRQ_STATUS:
		*value = irqs[line].rawstat & irqs[line].mask;
		return true;
	case IRQ_CLEAR:
		*value = 0;
		return true;
	}
	return false;
}

/*
 * The driver masks a line in its primary handler and restores the mask when its
 * thread is done. That write evaluates the level again, so that an event that
 * came in between is not lost.
 */
static bool irq_write(enum sim_irq_line line, u32 reg, u32 value)
{
	switch (reg) {
	case IRQ_CLEAR:
		irqs[line].rawstat &= ~value;
		break;
	case IRQ_MASK:
		irqs[line].mask = value;
		break;
	default:
		return false;
	}
	irq_update(line);
	return true;
}

/**
 * sim_flush_caches() - A cache flush: there is no cache, only the flush counter
 * @command: by GPU_CMD (which answers with an interrupt), not by a CS
 *
 * LATEST_FLUSH is a 24-bit counter that is never 0, mirrored into the page that
 * userland can map. A flush that the parameter flush_lost has hit does nothing.
 */
void sim_flush_caches(bool command)
{
	unsigned long flags;

	if (command && sim_countdown(&sim_par.flush_lost)) {
		sim_count(SIM_STAT_LOST_FLUSHES);
		return;
	}

	raw_spin_lock_irqsave(&sim.reg_lock, flags);
	flush_id = (flush_id + 1) & 0xffffff;
	if (!flush_id)
		flush_id = 1;
	WRITE_ONCE(*sim.glue->flush_id, flush_id);
	if (command) {
		flush_commands++;
		irqs[SIM_IRQ_GPU].rawstat |= SIM_GPU_IRQ_FLUSH;
		irq_update(SIM_IRQ_GPU);
		sim_count(SIM_STAT_FLUSHES);
	}
	raw_spin_unlock_irqrestore(&sim.reg_lock, flags);
}

/**
 * sim_flush_count() - Number of flushes commanded so far
 *
 * Return: the number.
 */
u64 sim_flush_count(void)
{
	return READ_ONCE(flush_commands);
}

/**
 * sim_gpu_fault() - Latch a GPU fault and raise its interrupt
 * @status: GPU_FAULT_STATUS
 * @addr: GPU_FAULT_ADDR
 */
void sim_gpu_fault(u32 status, u64 addr)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&sim.reg_lock, flags);
	gpu_fault_status = status;
	gpu_fault_addr = addr;
	irqs[SIM_IRQ_GPU].rawstat |= SIM_GPU_IRQ_FAULT;
	irq_update(SIM_IRQ_GPU);
	raw_spin_unlock_irqrestore(&sim.reg_lock, flags);
}

/*
 * GPU_IRQ_MASK survives: the driver keeps that line active over a reset and
 * would otherwise wait 100 ms for nothing. The other two lines lose their
 * events, so that no old fault is reported after the reset.
 */
static void gpu_reset(void)
{
	unsigned long flags;

	sim_mcu_reset();
	sim_mmu_reset();

	raw_spin_lock_irqsave(&sim.reg_lock, flags);
	memset(ready, 0, sizeof(ready));
	gpu_fault_status = 0;
	gpu_fault_addr = 0;
	irqs[SIM_IRQ_JOB].rawstat = 0;
	irqs[SIM_IRQ_MMU].rawstat = 0;
	irqs[SIM_IRQ_GPU].rawstat |= SIM_GPU_IRQ_RESET;
	irq_update(SIM_IRQ_JOB);
	irq_update(SIM_IRQ_MMU);
	irq_update(SIM_IRQ_GPU);
	raw_spin_unlock_irqrestore(&sim.reg_lock, flags);
	sim_count(SIM_STAT_RESETS);
}

static void gpu_command(u32 value)
{
	if (value == GPU_CMD_SOFT_RESET || value == GPU_CMD_HARD_RESET)
		gpu_reset();
	else if ((value & GPU_CMD_TYPE) == GPU_CMD_FLUSH)
		sim_flush_caches(true);
}

static bool power_read(u32 offset, u32 *value)
{
	unsigned int domain = (offset & 0x3f) >> 4;

	if (offset & 0x8 || domain >= POWER_DOMAINS)
		return false;

	switch (offset & ~0x3f) {
	case GPU_PRESENT:
		*value = half(power_present(domain), offset);
		return true;
	case GPU_READY:
		*value = half(ready[domain], offset);
		return true;
	case GPU_PWRTRANS:
	case GPU_PWRACTIVE:
		*value = 0;
		return true;
	}
	return false;
}

static bool power_write(u32 offset, u32 value)
{
	unsigned int domain = (offset & 0x3f) >> 4;
	u64 bits = offset & 4 ? (u64)value << 32 : value;

	if (offset & 0x8 || domain >= POWER_DOMAINS)
		return false;

	switch (offset & ~0x3f) {
	case GPU_PWRON:
		ready[domain] |= bits & power_present(domain);
		return true;
	case GPU_PWROFF:
		ready[domain] &= ~bits;
		return true;
	}
	return false;
}

static bool gpu_read_const(u32 offset, u32 *value)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(const_regs); i++) {
		if (const_regs[i].offset == offset) {
			*value = const_regs[i].value;
			return true;
		}
	}
	return false;
}

/* GPU control, 0x000-0x6ff; called with reg_lock held. */
static bool gpu_read(u32 offset, u32 *value)
{
	switch (offset) {
	case GPU_ID:
		*value = sim_par.gpu_id;
		return true;
	case GPU_AS_PRESENT:
		*value = sim_par.as_present;
		return true;
	case GPU_CMD:
		*value = 0;
		return true;
	case GPU_FAULT_STATUS:
		*value = gpu_fault_status;
		return true;
	case GPU_FAULT_ADDR:
	case GPU_FAULT_ADDR + 4:
		*value = half(gpu_fault_addr, offset);
		return true;
	case GPU_L2_CONFIG:
		*value = l2_config;
		return true;
	case GPU_CYCLE_COUNT:
	case GPU_CYCLE_COUNT + 4:
		*value = half(sim_cycle_count(), offset);
		return true;
	case GPU_TIMESTAMP:
	case GPU_TIMESTAMP + 4:
		*value = half(sim_timestamp(), offset);
		return true;
	case GPU_ASN_HASH ... GPU_ASN_HASH + 8:
		*value = asn_hash[(offset - GPU_ASN_HASH) / 4];
		return true;
	case GPU_COHERENCY_PROTOCOL:
		*value = coherency_protocol;
		return true;
	}
	if (offset >= GPU_IRQ && offset < GPU_IRQ + 0x10)
		return irq_read(SIM_IRQ_GPU, offset - GPU_IRQ, value);
	return power_read(offset, value) || gpu_read_const(offset, value);
}

static bool gpu_write(u32 offset, u32 value)
{
	switch (offset) {
	case GPU_L2_CONFIG:
		l2_config = value;
		return true;
	case GPU_ASN_HASH ... GPU_ASN_HASH + 8:
		asn_hash[(offset - GPU_ASN_HASH) / 4] = value;
		return true;
	case GPU_COHERENCY_PROTOCOL:
		coherency_protocol = value;
		return true;
	}
	if (offset >= GPU_IRQ && offset < GPU_IRQ + 0x10)
		return irq_write(SIM_IRQ_GPU, offset - GPU_IRQ, value);
	return power_write(offset, value);
}

static bool reg_read_locked(u32 offset, u32 *value)
{
	if (offset >= JOB_IRQ && offset < JOB_IRQ + 0x10)
		return irq_read(SIM_IRQ_JOB, offset - JOB_IRQ, value);
	if (offset >= MMU_IRQ && offset < MMU_IRQ + 0x10)
		return irq_read(SIM_IRQ_MMU, offset - MMU_IRQ, value);
	if (offset == SIM_FLUSH_ID_OFFSET) {
		*value = flush_id;
		return true;
	}
	return offset < MCU_CONTROL && gpu_read(offset, value);
}

static bool reg_write_locked(u32 offset, u32 value)
{
	if (offset >= JOB_IRQ && offset < JOB_IRQ + 0x10)
		return irq_write(SIM_IRQ_JOB, offset - JOB_IRQ, value);
	if (offset >= MMU_IRQ && offset < MMU_IRQ + 0x10)
		return irq_write(SIM_IRQ_MMU, offset - MMU_IRQ, value);
	return offset < MCU_CONTROL && gpu_write(offset, value);
}

static void unknown_access(const char *what, u32 offset)
{
	sim_count(SIM_STAT_UNKNOWN_ACCESSES);
	pr_info_once("mali_sim: first %s an unknown register: %#x\n", what, offset);
}

/**
 * sim_mmio_read32() - A register read
 * @offset: byte offset in the window
 *
 * Callable in any context, hard IRQ included for the interrupt blocks.
 *
 * Return: the value, 0 for an unknown register.
 */
u32 sim_mmio_read32(u32 offset)
{
	unsigned long flags;
	u32 value = 0;
	bool known;

	if (offset >= MMU_AS && offset < MMU_AS + SIM_MAX_AS * 0x40)
		return sim_mmu_read(offset - MMU_AS);
	if (offset == MCU_CONTROL)
		return READ_ONCE(sim.mcu.control);
	if (offset == MCU_STATUS)
		return sim_mcu_status();

	raw_spin_lock_irqsave(&sim.reg_lock, flags);
	known = reg_read_locked(offset, &value);
	raw_spin_unlock_irqrestore(&sim.reg_lock, flags);
	if (!known)
		unknown_access("read of", offset);
	return value;
}

/**
 * sim_mmio_write32() - A register write
 * @offset: byte offset in the window
 * @value: the value
 *
 * Takes effect before it returns, except for a boot of the microcontroller and
 * for what a doorbell starts.
 */
void sim_mmio_write32(u32 offset, u32 value)
{
	unsigned long flags;
	bool known;

	if (offset >= DOORBELL && offset < SIM_WINDOW_SIZE) {
		sim_mcu_doorbell((offset - DOORBELL) >> DOORBELL_SHIFT);
		return;
	}
	if (offset >= MMU_AS && offset < MMU_AS + SIM_MAX_AS * 0x40) {
		sim_mmu_write(offset - MMU_AS, value);
		return;
	}
	if (offset == MCU_CONTROL) {
		sim_mcu_control(value);
		return;
	}
	if (offset == GPU_CMD) {
		gpu_command(value);
		return;
	}

	raw_spin_lock_irqsave(&sim.reg_lock, flags);
	known = reg_write_locked(offset, value);
	raw_spin_unlock_irqrestore(&sim.reg_lock, flags);
	if (!known)
		unknown_access("write to", offset);
}
