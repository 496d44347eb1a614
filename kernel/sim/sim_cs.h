/* SPDX-License-Identifier: GPL-2.0 or MIT */
/*
 * Simulated Mali CSF GPU: what the parts of the interpreter share.
 *
 * The parts are: fetch, control flow and memory (sim_cs.c), arithmetic
 * (sim_alu.c), sync objects (sim_sync.c), scoreboards and instructions that
 * complete later (sim_op.c), the work that RUN_* starts (sim_work.c,
 * sim_draw.c, sim_fragment.c), the tiler heap (sim_heap.c), and
 * pseudo-instructions (sim_pseudo.c).
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

/* The 64-bit value in words @i and @i + 1 of a descriptor, or in two registers. */
static inline u64 sim_pair(const u32 *words, unsigned int i)
{
	return (u64)words[i + 1] << 32 | words[i];
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
bool sim_sb_exec(struct sim_csg *csg, struct sim_cs *cs, u64 instr, int *ret);
int sim_op_issue(struct sim_csg *csg, struct sim_cs *cs, u64 instr, u64 *bytes);
int sim_op_defer(struct sim_csg *csg, struct sim_cs *cs, u64 instr);
bool sim_ops_may_run(const struct sim_cs *cs);
int sim_ops_run(struct sim_csg *csg, struct sim_cs *cs, u64 *bytes);
int sim_pseudo_exec(struct sim_csg *csg, struct sim_cs *cs, u64 instr, u64 *bytes);
bool sim_event_answered(struct sim_csg *csg, struct sim_cs *cs, u32 event, bool raised);

/* --- Work ---------------------------------------------------------------- */

/* Pages and descriptors that are accessed without giving up the locks. */
#define SIM_PIECE		16

/**
 * struct sim_walk - one piece of the accesses that a RUN_* causes
 *
 * The accesses are items in a fixed order, and an item has one range of pages
 * or more. Each piece goes through them from the start, skips what @p says is
 * done, and continues there. So the instruction can be interrupted anywhere.
 */
struct sim_walk {
	/** @csg: the group */
	struct sim_csg *csg;
	/** @p: how far it has got */
	struct sim_progress *p;
	/** @item: number of the item that comes next */
	u32 item;
	/** @range: number of the range that comes next */
	u32 range;
	/** @left: how many more accesses this piece may have */
	u32 left;
};

int sim_walk_words(struct sim_walk *w, u64 va, u32 *words, unsigned int count);
bool sim_walk_skip(struct sim_walk *w);
int sim_walk_done(struct sim_walk *w, int ret);
int sim_walk_charge(struct sim_walk *w);
bool sim_walk_capped(const struct sim_walk *w);
int sim_walk_range(struct sim_walk *w, u64 va, u64 size, u32 access);
int sim_walk_item(struct sim_walk *w, u64 va, u64 size, u32 access);
int sim_walk_shader(struct sim_walk *w, u64 srt, u64 fau, u64 spd, u64 tsd);
int sim_walk_frame_shader(struct sim_walk *w, u64 dcd);
int sim_walk_compute(struct sim_walk *w, const struct sim_op *op);
int sim_walk_draw(struct sim_walk *w, const struct sim_op *op, u64 *bytes);
int sim_walk_fragment(struct sim_walk *w, const struct sim_op *op);

/* --- Tiler heap ---------------------------------------------------------- */

#define SIM_TILER_POLYGON_LIST	0x00
#define SIM_TILER_GEOMETRY	0x20
#define SIM_TILER_BYTES		128

int sim_heap_take(struct sim_csg *csg, struct sim_cs *cs, u64 tiler, struct sim_progress *p);
int sim_heap_check(struct sim_walk *w, u64 tiler);
int sim_heap_operation(struct sim_csg *csg, struct sim_cs *cs, u64 instr);
int sim_heap_finish(struct sim_csg *csg, struct sim_cs *cs, u64 instr, const u64 *arg);

#endif /* MALI_SIM_CS_H */
