/* SPDX-License-Identifier: MIT */
/*
 * Assembler for instructions that only the simulated GPU has. On real hardware they are
 * invalid, and kill the group.
 */
#ifndef GPU_CS_SIM_H
#define GPU_CS_SIM_H

#include "gpu/cs.h"

/* Fill [@addr, @addr + @len) with the words @pattern, @pattern + 1, ... */
void cs_fill_count(struct gpu_cs *cs, unsigned int pattern, unsigned int addr,
		   unsigned int len);
/* Write one word every 2^@log2_stride bytes (0: every 8). */
void cs_fill(struct gpu_cs *cs, unsigned int pattern, unsigned int addr,
	     unsigned int len, unsigned int log2_stride);
void cs_checksum(struct gpu_cs *cs, unsigned int dst, unsigned int addr,
		 unsigned int len);
void cs_copy(struct gpu_cs *cs, unsigned int dst, unsigned int src,
	     unsigned int len);
void cs_delay(struct gpu_cs *cs, uint32_t microseconds);

void cs_trigger_oom(struct gpu_cs *cs, unsigned int dst, unsigned int heap);
void cs_trigger_fatal(struct gpu_cs *cs, unsigned int exception);
void cs_trigger_fault(struct gpu_cs *cs, unsigned int exception);
void cs_trigger_progress(struct gpu_cs *cs);
void cs_trigger_gpu_fault(struct gpu_cs *cs, unsigned int exception);

#endif
