/* SPDX-License-Identifier: MIT */
/*
 * Command-stream assembler for the instructions of real hardware.
 */
#include <errno.h>

#include "gpu/cs.h"

#define SCOREBOARDS_V10 0xff
#define FLUSH_SCOREBOARD 0

void cs_init(struct gpu_cs *cs, uint64_t *words, size_t max)
{
	*cs = (struct gpu_cs) {
		.words = words,
		.max = max,
		.scoreboards = SCOREBOARDS_V10,
	};
}

void cs_emit(struct gpu_cs *cs, uint64_t word)
{
	if (cs->count == cs->max) {
		cs->overflow = true;
		return;
	}
	cs->words[cs->count++] = word;
}

int cs_check(const struct gpu_cs *cs)
{
	return cs->overflow ? -ENOSPC : 0;
}

void cs_nop(struct gpu_cs *cs)
{
	cs_emit(cs, SIM_NOP());
}

void cs_move32(struct gpu_cs *cs, unsigned int dst, uint32_t value)
{
	cs_emit(cs, SIM_MOVE32(dst, value));
}

void cs_move48(struct gpu_cs *cs, unsigned int dst, uint64_t value)
{
	cs_emit(cs, SIM_MOVE48(dst, value));
}

void cs_move64(struct gpu_cs *cs, unsigned int dst, uint64_t value)
{
	cs_move32(cs, dst, (uint32_t)value);
	cs_move32(cs, dst + 1, (uint32_t)(value >> 32));
}

void cs_wait(struct gpu_cs *cs, unsigned int scoreboards)
{
	cs_emit(cs, SIM_WAIT(scoreboards));
}

void cs_wait_all(struct gpu_cs *cs)
{
	cs_wait(cs, cs->scoreboards);
}

void cs_add_imm32(struct gpu_cs *cs, unsigned int dst, unsigned int src,
		  int32_t value)
{
	cs_emit(cs, SIM_ADD_IMM32(dst, src, value));
}

void cs_add_imm64(struct gpu_cs *cs, unsigned int dst, unsigned int src,
		  int32_t value)
{
	cs_emit(cs, SIM_ADD_IMM64(dst, src, value));
}

void cs_load_multiple(struct gpu_cs *cs, unsigned int base, unsigned int addr,
		      unsigned int mask, int16_t offset)
{
	cs_emit(cs, SIM_LOAD_MULTIPLE(base, addr, mask, offset));
}

void cs_store_multiple(struct gpu_cs *cs, unsigned int base, unsigned int addr,
		       unsigned int mask, int16_t offset)
{
	cs_emit(cs, SIM_STORE_MULTIPLE(base, addr, mask, offset));
}

void cs_store_timestamp(struct gpu_cs *cs, unsigned int addr, int16_t offset)
{
	cs_emit(cs, SIM_STORE_STATE(addr, SIM_STATE_TIMESTAMP, offset));
}

void cs_branch(struct gpu_cs *cs, unsigned int value, unsigned int cond,
	       int16_t offset)
{
	cs_emit(cs, SIM_BRANCH(value, cond, offset));
}

void cs_branch_to(struct gpu_cs *cs, unsigned int value, unsigned int cond,
		  size_t target)
{
	long offset = (long)target - (long)(cs->count + 1);

	if (offset < INT16_MIN || offset > INT16_MAX) {
		cs->overflow = true;
		return;
	}
	cs_branch(cs, value, cond, (int16_t)offset);
}

void cs_flush_caches(struct gpu_cs *cs, unsigned int scratch)
{
	/* With flush id 0, the flush is never skipped as already done. */
	cs_move32(cs, scratch, 0);
	cs_emit(cs, SIM_OP(SIM_OP_FLUSH_CACHE2) | SIM_R47(scratch) |
		    SIM_FLUSH_CLEAN_INVALIDATE |
		    SIM_FLUSH_CLEAN_INVALIDATE << 4 |
		    SIM_FLUSH_INVALIDATE << 8 |
		    (uint64_t)FLUSH_SCOREBOARD << 48);
	cs_wait(cs, 1u << FLUSH_SCOREBOARD);
}

void cs_sync_add64(struct gpu_cs *cs, unsigned int addr, unsigned int data)
{
	cs_emit(cs, SIM_SYNC_SIGNAL(SIM_OP_SYNC_ADD64, addr, data,
				    SIM_SYNC_SCOPE_SYSTEM, 0));
}

void cs_sync_set64(struct gpu_cs *cs, unsigned int addr, unsigned int data)
{
	cs_emit(cs, SIM_SYNC_SIGNAL(SIM_OP_SYNC_SET64, addr, data,
				    SIM_SYNC_SCOPE_SYSTEM, 0));
}

void cs_sync_add32(struct gpu_cs *cs, unsigned int addr, unsigned int data)
{
	cs_emit(cs, SIM_SYNC_SIGNAL(SIM_OP_SYNC_ADD32, addr, data,
				    SIM_SYNC_SCOPE_SYSTEM, 0));
}

void cs_sync_set32(struct gpu_cs *cs, unsigned int addr, unsigned int data)
{
	cs_emit(cs, SIM_SYNC_SIGNAL(SIM_OP_SYNC_SET32, addr, data,
				    SIM_SYNC_SCOPE_SYSTEM, 0));
}

void cs_sync_wait_gt64(struct gpu_cs *cs, unsigned int addr, unsigned int ref)
{
	cs_emit(cs, SIM_SYNC_WAIT(SIM_OP_SYNC_WAIT64, addr, ref,
				  SIM_SYNC_COND_GT, 0));
}

void cs_sync_wait_gt32(struct gpu_cs *cs, unsigned int addr, unsigned int ref)
{
	cs_emit(cs, SIM_SYNC_WAIT(SIM_OP_SYNC_WAIT32, addr, ref,
				  SIM_SYNC_COND_GT, 0));
}

void cs_sync_set64_deferred(struct gpu_cs *cs, unsigned int addr, unsigned int data,
			    unsigned int mask, unsigned int signal)
{
	cs_emit(cs, SIM_SYNC_SIGNAL(SIM_OP_SYNC_SET64, addr, data,
				    SIM_SYNC_SCOPE_SYSTEM, 0) |
		    SIM_MASK16(mask) |
		    (uint64_t)signal << SIM_DEFER_SIGNAL_SHIFT);
}

void cs_set_sb_entry(struct gpu_cs *cs, unsigned int endpoint)
{
	cs_emit(cs, SIM_OP(SIM_OP_SET_SB_ENTRY) | endpoint);
}

void cs_run_compute(struct gpu_cs *cs)
{
	cs_emit(cs, SIM_OP(SIM_OP_RUN_COMPUTE));
}

void cs_run_idvs(struct gpu_cs *cs, uint64_t flags)
{
	cs_emit(cs, SIM_OP(SIM_OP_RUN_IDVS) | flags);
}

void cs_run_fragment(struct gpu_cs *cs)
{
	cs_emit(cs, SIM_OP(SIM_OP_RUN_FRAGMENT));
}

void cs_heap_set(struct gpu_cs *cs, unsigned int addr)
{
	cs_emit(cs, SIM_OP(SIM_OP_HEAP_SET) | SIM_R47(addr));
}

void cs_heap_operation(struct gpu_cs *cs, unsigned int operation)
{
	cs_emit(cs, SIM_OP(SIM_OP_HEAP_OPERATION) |
		    (uint64_t)operation << SIM_HEAP_OP_SHIFT);
}

void cs_finish_fragment(struct gpu_cs *cs, unsigned int first, unsigned int last, bool count)
{
	cs_emit(cs, SIM_OP(SIM_OP_FINISH_FRAGMENT) | SIM_R47(first) |
		    SIM_R39(last) | (count ? SIM_FINISH_FRAG_END : 0));
}

void cs_set_oom_handler(struct gpu_cs *cs, unsigned int addr, unsigned int length)
{
	cs_emit(cs, SIM_OP(SIM_OP_SET_EXCEPTION_HANDLER) | SIM_R47(addr) |
		    SIM_R39(length) | SIM_EXCEPTION_TILER_OOM);
}
