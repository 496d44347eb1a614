/* SPDX-License-Identifier: MIT */
/*
 * Assembler for the instructions that only the simulated GPU has.
 */
#include "gpu/cs_sim.h"

void cs_fill_count(struct gpu_cs *cs, unsigned int pattern, unsigned int addr,
		   unsigned int len)
{
	cs_emit(cs, SIM_FILL(pattern, addr, len, 0, SIM_FILL_INCREMENT));
}

void cs_fill(struct gpu_cs *cs, unsigned int pattern, unsigned int addr,
	     unsigned int len, unsigned int log2_stride)
{
	cs_emit(cs, SIM_FILL(pattern, addr, len, log2_stride, 0));
}

void cs_checksum(struct gpu_cs *cs, unsigned int dst, unsigned int addr,
		 unsigned int len)
{
	cs_emit(cs, SIM_CHECKSUM(dst, addr, len));
}

void cs_copy(struct gpu_cs *cs, unsigned int dst, unsigned int src,
	     unsigned int len)
{
	cs_emit(cs, SIM_COPY(dst, src, len));
}

void cs_delay(struct gpu_cs *cs, uint32_t microseconds)
{
	cs_emit(cs, SIM_DELAY(microseconds));
}

void cs_trigger_oom(struct gpu_cs *cs, unsigned int dst, unsigned int heap)
{
	/* One render pass started and none finished: the driver adds a chunk. */
	cs_emit(cs, SIM_TRIGGER_OOM(dst, heap, 1, 0, 0));
}

void cs_trigger_fatal(struct gpu_cs *cs, unsigned int exception)
{
	cs_emit(cs, SIM_TRIGGER_FATAL(exception, 0));
}

void cs_trigger_fault(struct gpu_cs *cs, unsigned int exception)
{
	cs_emit(cs, SIM_TRIGGER_FAULT(exception, 0));
}

void cs_trigger_progress(struct gpu_cs *cs)
{
	cs_emit(cs, SIM_TRIGGER_PROGRESS());
}

void cs_trigger_gpu_fault(struct gpu_cs *cs, unsigned int exception)
{
	cs_emit(cs, SIM_TRIGGER_GPU_FAULT(exception));
}
