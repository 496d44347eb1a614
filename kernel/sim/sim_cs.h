/* SPDX-License-Identifier: GPL-2.0 or MIT */
/*
 * Simulated Mali CSF GPU: what the parts of the interpreter share.
 *
 * The parts are: fetch, control flow and memory (sim_cs.c), arithmetic
 * (sim_alu.c), sync objects (sim_sync.c), and pseudo-instructions
 * (sim_pseudo.c).
 *
 * Functions that return int and take a struct sim_cs return enum sim_step, or
 * the error of sim_mmu_map(). After -EAGAIN they are called again.
 */

#ifndef MALI_SIM_CS_H
#define MALI_SIM_CS_H

#include <linux/minmax.h>

#include "sim.h"

/* --- Instruction word and registers -------------------------------------- */

#define OP(instr)		((u32)((instr) >> SIM_OP_SHIFT))
#define F55_48(instr)		((u32)((instr) >> SIM_F55_48_SHIFT) & 0xff)
#define F47_40(instr)		((u32)((instr) >> SIM_F47_40_SHIFT) & 0xff)
#define F39_32(instr)		((u32)((instr) >> SIM_F39_32_SHIFT) & 0xff)
#define MASK16(instr)		((u32)((instr) >> SIM_MASK16_SHIFT) & 0xffff)
#define OFFSET16(instr)		((s64)(s16)(instr))
#define IMM32(instr)		((s32)(instr))

static inline u32 sim_arch(void)
{
	return sim_par.gpu_id >> 28;
}

static inline u32 sim_num_regs(void)
{
	return sim_arch() >= 12 ? SIM_REGS_V12 : SIM_REGS_V10;
}

static inline u32 sim_num_sb(void)
{
	return sim_arch() >= 11 ? SIM_SB_V11 : SIM_SB_V10;
}

/* A register that does not exist reads as 0 and is not written. */
static inline u32 sim_cs_reg32(const struct sim_cs *cs, unsigned int reg)
{
	return reg < sim_num_regs() ? cs->ctx.regs[reg] : 0;
}

static inline void sim_cs_set_reg32(struct sim_cs *cs, unsigned int reg, u32 value)
{
	if (reg < sim_num_regs())
		cs->ctx.regs[reg] = value;
}

static inline u64 sim_cs_reg64(const struct sim_cs *cs, unsigned int reg)
{
	if (reg + 1 >= sim_num_regs())
		return 0;
	return (u64)cs->ctx.regs[reg + 1] << 32 | cs->ctx.regs[reg];
}

static inline void sim_cs_set_reg64(struct sim_cs *cs, unsigned int reg, u64 value)
{
	if (reg + 1 >= sim_num_regs())
		return;
	cs->ctx.regs[reg] = lower_32_bits(value);
	cs->ctx.regs[reg + 1] = upper_32_bits(value);
}

static inline int sim_cs_invalid(struct sim_cs *cs)
{
	return sim_cs_die(cs, SIM_EXC_CS_INVALID_INSTRUCTION, 0);
}

/* Bytes from an address to the end of its page. */
static inline u64 sim_page_room(u64 va)
{
	return SIM_PAGE_SIZE - (va & ~SIM_PAGE_MASK);
}

/* --- Instructions -------------------------------------------------------- */

bool sim_alu_exec(struct sim_cs *cs, u64 instr, int *ret);
int sim_sync_signal(struct sim_csg *csg, struct sim_cs *cs, u64 instr, const u64 *arg);
int sim_sync_wait(struct sim_csg *csg, struct sim_cs *cs, u64 instr);
int sim_store_state(struct sim_csg *csg, struct sim_cs *cs, u64 instr, u64 addr);
int sim_pseudo_exec(struct sim_csg *csg, struct sim_cs *cs, u64 instr, u64 *bytes);

#endif /* MALI_SIM_CS_H */
