/* SPDX-License-Identifier: MIT */
/*
 * Command-stream assembler: each function appends one instruction, a 64-bit word. These are
 * instructions of real Mali CSF GPUs; cs_sim.h has those that only the simulated GPU
 * knows.
 *
 * Registers are numbered 0..95, and 0..127 from architecture 12 on. panthor's own
 * code around a job overwrites the last four. A "pair" is named by its first register.
 */
#ifndef GPU_CS_H
#define GPU_CS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mali_sim_isa.h"

struct gpu_cs {
	uint64_t *words;
	size_t count;
	size_t max;
	bool overflow;	/* an instruction did not fit, and was dropped */
	unsigned int scoreboards;	/* mask of all scoreboards */
};

/* Start a stream in a caller's buffer of @max words. */
void cs_init(struct gpu_cs *cs, uint64_t *words, size_t max);
void cs_emit(struct gpu_cs *cs, uint64_t word);
/* -ENOSPC: the stream did not fit its buffer. */
int cs_check(const struct gpu_cs *cs);

void cs_nop(struct gpu_cs *cs);
void cs_move32(struct gpu_cs *cs, unsigned int dst, uint32_t value);
void cs_move48(struct gpu_cs *cs, unsigned int dst, uint64_t value);
/* Load any 64-bit value into a pair, with two instructions. */
void cs_move64(struct gpu_cs *cs, unsigned int dst, uint64_t value);
void cs_wait(struct gpu_cs *cs, unsigned int scoreboards);
void cs_wait_all(struct gpu_cs *cs);
void cs_add_imm32(struct gpu_cs *cs, unsigned int dst, unsigned int src,
		  int32_t value);
void cs_add_imm64(struct gpu_cs *cs, unsigned int dst, unsigned int src,
		  int32_t value);

/* Load or store the registers @base... in @mask, at [@addr pair] + @offset. */
void cs_load_multiple(struct gpu_cs *cs, unsigned int base, unsigned int addr,
		      unsigned int mask, int16_t offset);
void cs_store_multiple(struct gpu_cs *cs, unsigned int base, unsigned int addr,
		       unsigned int mask, int16_t offset);

/* Store the GPU's 64-bit clock at [@addr pair] + @offset. */
void cs_store_timestamp(struct gpu_cs *cs, unsigned int addr, int16_t offset);

/* @offset is in instructions, counted from the one after the branch. */
void cs_branch(struct gpu_cs *cs, unsigned int value, unsigned int cond,
	       int16_t offset);
/* Branch to the instruction with this index, backward or forward. */
void cs_branch_to(struct gpu_cs *cs, unsigned int value, unsigned int cond,
		  size_t target);

/* Write back and invalidate all caches, and wait for the end. Uses @scratch. */
void cs_flush_caches(struct gpu_cs *cs, unsigned int scratch);

/* System scope, so that the driver and other groups see them. */
void cs_sync_add64(struct gpu_cs *cs, unsigned int addr, unsigned int data);
void cs_sync_set64(struct gpu_cs *cs, unsigned int addr, unsigned int data);
void cs_sync_add32(struct gpu_cs *cs, unsigned int addr, unsigned int data);
void cs_sync_set32(struct gpu_cs *cs, unsigned int addr, unsigned int data);
/* Wait until [@addr] > @ref. */
void cs_sync_wait_gt64(struct gpu_cs *cs, unsigned int addr, unsigned int ref);
void cs_sync_wait_gt32(struct gpu_cs *cs, unsigned int addr, unsigned int ref);

/*
 * Let the next instructions continue after this one, which completes when the scoreboard
 * entries in @mask are free. Until then @signal is busy.
 */
void cs_sync_set64_deferred(struct gpu_cs *cs, unsigned int addr, unsigned int data,
			    unsigned int mask, unsigned int signal);

/* Choose the scoreboard entry that counts the work started from now on. */
void cs_set_sb_entry(struct gpu_cs *cs, unsigned int endpoint);

/*
 * Start work with what the registers SIM_SR_* name. The registers may be changed
 * afterwards; cs_wait() waits for the end of the work.
 */
void cs_run_compute(struct gpu_cs *cs);
void cs_run_idvs(struct gpu_cs *cs, uint64_t flags);
void cs_run_fragment(struct gpu_cs *cs);

/*
 * Tiler heap: set its context, count what begins and ends, return a list of chunks, and
 * perhaps count that as the end of a fragment job.
 */
void cs_heap_set(struct gpu_cs *cs, unsigned int addr);
void cs_heap_operation(struct gpu_cs *cs, unsigned int operation);
void cs_finish_fragment(struct gpu_cs *cs, unsigned int first, unsigned int last, bool count);
/* Code that runs when the heap has no memory left. */
void cs_set_oom_handler(struct gpu_cs *cs, unsigned int addr, unsigned int length);

#endif
