/* SPDX-License-Identifier: GPL-2.0 or MIT */
/*
 * Command-stream encodings understood by the simulated Mali CSF GPU.
 *
 * Shared by the model (kernel) and by the test library (userspace): constants
 * and macros only, nothing but <linux/types.h> is needed.
 *
 * An instruction is one little-endian 64-bit word with the opcode in bits
 * 63:56. The opcodes below 0xE0 and their fields are public: Mesa's genxml for
 * v10 (src/panfrost/lib/genxml/v10.xml) describes them. The opcodes from 0xE0
 * on are the model's own and do not exist on hardware.
 */

#ifndef MALI_SIM_ISA_H
#define MALI_SIM_ISA_H

#include <linux/types.h>

/* Number of 32-bit work registers; panthor uses the last four of them. */
#define SIM_NUM_REGS			96
#define SIM_USER_REGS			92

/* Depth of the CALL stack. */
#define SIM_CALL_DEPTH			8

/* --- Instruction word: common fields ------------------------------------ */

#define SIM_OP_SHIFT			56
#define SIM_F55_48_SHIFT		48	/* register */
#define SIM_F47_40_SHIFT		40	/* register */
#define SIM_F39_32_SHIFT		32	/* register */
#define SIM_MASK16_SHIFT		16	/* bits 31:16 */

#define SIM_OP(op)			((__u64)(op) << SIM_OP_SHIFT)
#define SIM_R55(reg)			((__u64)((reg) & 0xff) << SIM_F55_48_SHIFT)
#define SIM_R47(reg)			((__u64)((reg) & 0xff) << SIM_F47_40_SHIFT)
#define SIM_R39(reg)			((__u64)((reg) & 0xff) << SIM_F39_32_SHIFT)
#define SIM_MASK16(mask)		((__u64)((mask) & 0xffff) << SIM_MASK16_SHIFT)
#define SIM_IMM32(imm)			((__u64)(imm) & 0xffffffffULL)
#define SIM_IMM48(imm)			((__u64)(imm) & 0xffffffffffffULL)
#define SIM_OFF16(off)			((__u64)(off) & 0xffffULL)

/* --- Hardware opcodes (public) ------------------------------------------ */

#define SIM_OP_NOP			0
#define SIM_OP_MOVE48			1	/* 55:48 dst pair, 47:0 imm */
#define SIM_OP_MOVE32			2	/* 55:48 dst, 31:0 imm */
#define SIM_OP_WAIT			3	/* 31:16 scoreboard mask */
#define SIM_OP_RUN_COMPUTE		4
#define SIM_OP_RUN_TILING		5
#define SIM_OP_RUN_IDVS			6
#define SIM_OP_RUN_FRAGMENT		7
#define SIM_OP_RUN_FULLSCREEN		8
#define SIM_OP_FINISH_TILING		9
#define SIM_OP_FINISH_FRAGMENT		11
#define SIM_OP_ADD_IMM32		16	/* 55:48 dst, 47:40 src, 31:0 simm */
#define SIM_OP_ADD_IMM64		17	/* the same with register pairs */
#define SIM_OP_UMIN32			18	/* 55:48 dst, 47:40 s0, 39:32 s1 */
#define SIM_OP_LOAD_MULTIPLE		20	/* 55:48 base, 47:40 addr pair, */
#define SIM_OP_STORE_MULTIPLE		21	/* 31:16 mask, 15:0 simm offset */
#define SIM_OP_BRANCH			22	/* 47:40 value, 30:28 cond, 15:0 simm */
#define SIM_OP_SET_SB_ENTRY		23
#define SIM_OP_PROGRESS_WAIT		24
#define SIM_OP_SET_EXCEPTION_HANDLER	25
#define SIM_OP_CALL			32	/* 47:40 addr pair, 39:32 length */
#define SIM_OP_JUMP			33	/* the same */
#define SIM_OP_REQ_RESOURCE		34
#define SIM_OP_FLUSH_CACHE2		36	/* see SIM_FLUSH_* */
#define SIM_OP_SYNC_ADD32		37
#define SIM_OP_SYNC_SET32		38
#define SIM_OP_SYNC_WAIT32		39
#define SIM_OP_STORE_STATE		40	/* 47:40 addr pair, 33:32 state, 15:0 simm */
#define SIM_OP_PROT_REGION		41
#define SIM_OP_PROGRESS_STORE		42
#define SIM_OP_PROGRESS_LOAD		43
#define SIM_OP_RUN_COMPUTE_INDIRECT	44
#define SIM_OP_ERROR_BARRIER		47
#define SIM_OP_HEAP_SET			48
#define SIM_OP_HEAP_OPERATION		49
#define SIM_OP_TRACE_POINT		50
#define SIM_OP_SYNC_ADD64		51	/* see SIM_SYNC_* */
#define SIM_OP_SYNC_SET64		52
#define SIM_OP_SYNC_WAIT64		53

/* BRANCH: bits 30:28, a signed 32-bit test of the value register. */
#define SIM_BRANCH_COND_SHIFT		28
#define SIM_COND_LE			0	/* value <= 0 */
#define SIM_COND_GT			1	/* value >  0 */
#define SIM_COND_EQ			2	/* value == 0 */
#define SIM_COND_NE			3	/* value != 0 */
#define SIM_COND_LT			4	/* value <  0 */
#define SIM_COND_GE			5	/* value >= 0 */
#define SIM_COND_ALWAYS			6

/* STORE_STATE: bits 33:32. */
#define SIM_STATE_SHIFT			32
#define SIM_STATE_TIMESTAMP		0
#define SIM_STATE_CYCLES		1
#define SIM_STATE_DISJOINT		2
#define SIM_STATE_ERROR			3

/* FLUSH_CACHE2: 3:0 L2, 7:4 LSC, 11:8 other, 31:16 wait, 47:40 id, 51:48 signal. */
#define SIM_FLUSH_NONE			0
#define SIM_FLUSH_CLEAN			1
#define SIM_FLUSH_INVALIDATE		2
#define SIM_FLUSH_CLEAN_INVALIDATE	3

/*
 * SYNC_ADD/SET: bit 0 error propagate, 2:1 scope, 31:16 wait mask, 39:32 data
 * register (pair), 47:40 addr pair, 51:48 signal scoreboard.
 * SYNC_WAIT: bit 0 error reject, 31:28 condition, 39:32 reference, 47:40 addr.
 */
#define SIM_SYNC_PROPAGATE		0x1ULL
#define SIM_SYNC_SCOPE_SHIFT		1
#define SIM_SYNC_SCOPE_SYSTEM		0
#define SIM_SYNC_SCOPE_CSG		2
#define SIM_SYNC_REJECT			0x1ULL
#define SIM_SYNC_COND_SHIFT		28
#define SIM_SYNC_COND_LE		0	/* continue when mem <= reference */
#define SIM_SYNC_COND_GT		1	/* continue when mem >  reference */

/* --- Pseudo-instructions (the model's own) ------------------------------ */

#define SIM_OP_PSEUDO_FIRST		0xE0
#define SIM_OP_PSEUDO_LAST		0xEF

/*
 * FILL: 55:48 pattern pair, 47:40 addr pair, 39:32 length pair (bytes),
 * 7:0 log2 of the stride in bytes (0 = dense, i.e. 8; otherwise >= 3),
 * bit 8: the pattern grows by 1 with each store.
 * Writes the 64-bit pattern at addr, addr + stride, ... while the offset is
 * below length. The registers are not changed.
 */
#define SIM_OP_FILL			0xE0
#define SIM_FILL_STRIDE_MASK		0xffULL
#define SIM_FILL_INCREMENT		0x100ULL

/*
 * CHECKSUM: 55:48 dst pair, 47:40 addr pair, 39:32 length pair (bytes).
 * s = SIM_CHECKSUM_INIT; for each 64-bit word: s = (s ^ word) * SIM_CHECKSUM_MUL
 */
#define SIM_OP_CHECKSUM			0xE1
#define SIM_CHECKSUM_INIT		0xcbf29ce484222325ULL
#define SIM_CHECKSUM_MUL		0x100000001b3ULL

/* COPY: 55:48 dst addr pair, 47:40 src addr pair, 39:32 length pair; ascending. */
#define SIM_OP_COPY			0xE2

/* DELAY: 31:0 microseconds. The queue is busy meanwhile, the others continue. */
#define SIM_OP_DELAY			0xE3

/*
 * TRIGGER_OOM: 55:48 dst pair, 47:40 pair with the heap-context address,
 * 7:0 vt_start, 15:8 vt_end, 23:16 frag_end (vt_start > vt_end >= frag_end or
 * the driver flags the queue fatal). Raises the CS TILER_OOM event, waits for
 * the answer and puts heap_start into dst (0 = the driver refused).
 */
#define SIM_OP_TRIGGER_OOM		0xE4
#define SIM_OOM_VT_START_SHIFT		0
#define SIM_OOM_VT_END_SHIFT		8
#define SIM_OOM_FRAG_END_SHIFT		16

/* TRIGGER_FATAL / TRIGGER_FAULT: 7:0 exception type, 31:8 exception data. */
#define SIM_OP_TRIGGER_FATAL		0xE5
#define SIM_OP_TRIGGER_FAULT		0xE6

/* TRIGGER_PROGRESS: raises the CSG's PROGRESS_TIMER_EVENT. */
#define SIM_OP_TRIGGER_PROGRESS		0xE7

/* TRIGGER_GPU_FAULT: 7:0 exception type; raises the GPU FAULT interrupt. */
#define SIM_OP_TRIGGER_GPU_FAULT	0xE8

/* --- Exception types (public: kbase headers, dmesg of boards) ---- */

#define SIM_EXC_CS_UNRECOVERABLE	0x41	/* the driver resets the GPU */
#define SIM_EXC_CS_BUS_FAULT		0x48
#define SIM_EXC_CS_INVALID_INSTRUCTION	0x49
#define SIM_EXC_CS_CALL_STACK_OVERFLOW	0x4a

/* --- Assembler macros --------------------------------------------------- */

#define SIM_NOP()			SIM_OP(SIM_OP_NOP)
#define SIM_MOVE48(d, imm) \
	(SIM_OP(SIM_OP_MOVE48) | SIM_R55(d) | SIM_IMM48(imm))
#define SIM_MOVE32(d, imm) \
	(SIM_OP(SIM_OP_MOVE32) | SIM_R55(d) | SIM_IMM32(imm))
#define SIM_WAIT(mask) \
	(SIM_OP(SIM_OP_WAIT) | SIM_MASK16(mask))
#define SIM_ADD_IMM32(d, s, imm) \
	(SIM_OP(SIM_OP_ADD_IMM32) | SIM_R55(d) | SIM_R47(s) | SIM_IMM32(imm))
#define SIM_ADD_IMM64(d, s, imm) \
	(SIM_OP(SIM_OP_ADD_IMM64) | SIM_R55(d) | SIM_R47(s) | SIM_IMM32(imm))
#define SIM_UMIN32(d, s0, s1) \
	(SIM_OP(SIM_OP_UMIN32) | SIM_R55(d) | SIM_R47(s0) | SIM_R39(s1))
#define SIM_LOAD_MULTIPLE(base, addr, mask, off) \
	(SIM_OP(SIM_OP_LOAD_MULTIPLE) | SIM_R55(base) | SIM_R47(addr) | \
	 SIM_MASK16(mask) | SIM_OFF16(off))
#define SIM_STORE_MULTIPLE(base, addr, mask, off) \
	(SIM_OP(SIM_OP_STORE_MULTIPLE) | SIM_R55(base) | SIM_R47(addr) | \
	 SIM_MASK16(mask) | SIM_OFF16(off))
/* The offset counts instructions from the one after the branch. */
#define SIM_BRANCH(reg, cond, off) \
	(SIM_OP(SIM_OP_BRANCH) | SIM_R47(reg) | \
	 ((__u64)((cond) & 7) << SIM_BRANCH_COND_SHIFT) | SIM_OFF16(off))
#define SIM_CALL(addr, len) \
	(SIM_OP(SIM_OP_CALL) | SIM_R47(addr) | SIM_R39(len))
#define SIM_JUMP(addr, len) \
	(SIM_OP(SIM_OP_JUMP) | SIM_R47(addr) | SIM_R39(len))
#define SIM_STORE_STATE(addr, state, off) \
	(SIM_OP(SIM_OP_STORE_STATE) | SIM_R47(addr) | \
	 ((__u64)((state) & 3) << SIM_STATE_SHIFT) | SIM_OFF16(off))
#define SIM_SYNC_SIGNAL(op, addr, data, scope, flags) \
	(SIM_OP(op) | SIM_R47(addr) | SIM_R39(data) | \
	 ((__u64)((scope) & 3) << SIM_SYNC_SCOPE_SHIFT) | (flags))
#define SIM_SYNC_WAIT(op, addr, ref, cond, flags) \
	(SIM_OP(op) | SIM_R47(addr) | SIM_R39(ref) | \
	 ((__u64)((cond) & 0xf) << SIM_SYNC_COND_SHIFT) | (flags))
#define SIM_ERROR_BARRIER()		SIM_OP(SIM_OP_ERROR_BARRIER)
#define SIM_FILL(pattern, addr, len, log2_stride, flags) \
	(SIM_OP(SIM_OP_FILL) | SIM_R55(pattern) | SIM_R47(addr) | SIM_R39(len) | \
	 ((__u64)(log2_stride) & SIM_FILL_STRIDE_MASK) | (flags))
#define SIM_CHECKSUM(dst, addr, len) \
	(SIM_OP(SIM_OP_CHECKSUM) | SIM_R55(dst) | SIM_R47(addr) | SIM_R39(len))
#define SIM_COPY(dst, src, len) \
	(SIM_OP(SIM_OP_COPY) | SIM_R55(dst) | SIM_R47(src) | SIM_R39(len))
#define SIM_DELAY(us) \
	(SIM_OP(SIM_OP_DELAY) | SIM_IMM32(us))
#define SIM_TRIGGER_OOM(dst, heap_ctx, vt_start, vt_end, frag_end) \
	(SIM_OP(SIM_OP_TRIGGER_OOM) | SIM_R55(dst) | SIM_R47(heap_ctx) | \
	 ((__u64)((vt_start) & 0xff) << SIM_OOM_VT_START_SHIFT) | \
	 ((__u64)((vt_end) & 0xff) << SIM_OOM_VT_END_SHIFT) | \
	 ((__u64)((frag_end) & 0xff) << SIM_OOM_FRAG_END_SHIFT))
#define SIM_TRIGGER_FATAL(type, data) \
	(SIM_OP(SIM_OP_TRIGGER_FATAL) | ((type) & 0xffULL) | \
	 ((__u64)((data) & 0xffffff) << 8))
#define SIM_TRIGGER_FAULT(type, data) \
	(SIM_OP(SIM_OP_TRIGGER_FAULT) | ((type) & 0xffULL) | \
	 ((__u64)((data) & 0xffffff) << 8))
#define SIM_TRIGGER_PROGRESS()		SIM_OP(SIM_OP_TRIGGER_PROGRESS)
#define SIM_TRIGGER_GPU_FAULT(type) \
	(SIM_OP(SIM_OP_TRIGGER_GPU_FAULT) | ((type) & 0xffULL))

#endif /* MALI_SIM_ISA_H */
