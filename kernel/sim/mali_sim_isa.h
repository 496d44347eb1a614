/* SPDX-License-Identifier: GPL-2.0 or MIT */
/*
 * Command-stream encodings understood by the simulated Mali CSF GPU.
 *
 * Shared by the model (kernel) and by the test library (userspace): constants
 * and macros only, nothing but <linux/types.h> is needed.
 *
 * An instruction is one little-endian 64-bit word with the opcode in bits
 * 63:56. The opcodes below 0xE0 and their fields are public: Mesa's genxml for
 * v10, v12 and v13 (src/panfrost/genxml) describes them. The opcodes from 0xE0 on
 * are the model's own and do not exist on hardware.
 */

#ifndef MALI_SIM_ISA_H
#define MALI_SIM_ISA_H

#include <linux/types.h>

/* Number of 32-bit work registers; panthor uses the last four of them. */
#define SIM_REGS_V10			96
#define SIM_REGS_V12			128	/* from architecture 12 on */
#define SIM_MAX_REGS			SIM_REGS_V12

/* Scoreboard entries of a stream, and entries that the streams of a group share. */
#define SIM_SB_V10			8
#define SIM_SB_V11			16	/* from architecture 11 on */
#define SIM_SHARED_SB			16

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
#define SIM_OP_RUN_COMPUTE		4	/* for RUN_*, see "GPU work" */
#define SIM_OP_RUN_TILING		5	/* arch 10 */
#define SIM_OP_RUN_IDVS			6	/* arch 10 and 11 */
#define SIM_OP_RUN_FRAGMENT		7
#define SIM_OP_RUN_FULLSCREEN		8
#define SIM_OP_FINISH_TILING		9
#define SIM_OP_FINISH_FRAGMENT		11	/* see SIM_FINISH_* */
#define SIM_OP_RUN_IDVS2		12	/* from arch 12 on */
/* From arch 13 on with more operations, see SIM_ARITH_*. */
#define SIM_OP_ADD_IMM32		16	/* 55:48 dst, 47:40 src, 31:0 simm */
#define SIM_OP_ADD_IMM64		17	/* the same with register pairs */
#define SIM_OP_UMIN32			18	/* 55:48 dst, 47:40 s0, 39:32 s1 */
#define SIM_OP_LOGIC_OP32		19	/* from arch 11 on, see SIM_LOGIC_* */
#define SIM_OP_LOAD_MULTIPLE		20	/* 55:48 base, 47:40 addr pair, */
#define SIM_OP_STORE_MULTIPLE		21	/* 31:16 mask, 15:0 simm offset */
#define SIM_OP_BRANCH			22	/* 47:40 value, 30:28 cond, 15:0 simm */
#define SIM_OP_SET_SB_ENTRY		23	/* 3:0 endpoint, 7:4 other */
#define SIM_OP_PROGRESS_WAIT		24
#define SIM_OP_SET_EXCEPTION_HANDLER	25	/* 7:0 type, 47:40 addr pair, 39:32 length */
/* These five from arch 11 on, see SIM_SB_*. */
#define SIM_OP_NEXT_SB_ENTRY		26
#define SIM_OP_SET_STATE		27	/* 39:32 state, 47:40 source */
#define SIM_OP_SET_STATE_IMM32		28	/* 39:32 state, 31:0 value */
#define SIM_OP_SHARED_SB_INC		30	/* 51:48 entry, 31:16 wait mask */
#define SIM_OP_SHARED_SB_DEC		31	/* 51:48 entry */
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
#define SIM_OP_HEAP_SET			48	/* 47:40 pair with the heap context */
#define SIM_OP_HEAP_OPERATION		49	/* 34:32 operation, see SIM_HEAP_* */
#define SIM_OP_TRACE_POINT		50
#define SIM_OP_SYNC_ADD64		51	/* see SIM_SYNC_* */
#define SIM_OP_SYNC_SET64		52
#define SIM_OP_SYNC_WAIT64		53
#define SIM_OP_ARITH_REG64		57	/* from arch 13 on */

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

/* WAIT: bit 33: the mask is the state SIM_SB_MASK_WAIT, not bits 31:16 (arch 11 on). */
#define SIM_WAIT_INDIRECT		0x200000000ULL

/*
 * An instruction that is not complete when the next one begins: 31:16 the entries that it
 * waits for, 51:48 the entry that counts it. Bit 52 takes both from the state, from arch
 * 11 on. SYNC_ADD/SET, STORE_STATE, FLUSH_CACHE2, FINISH_FRAGMENT, HEAP_OPERATION,
 * TRACE_POINT and SHARED_SB_INC have these fields.
 */
#define SIM_DEFER_SIGNAL_SHIFT		48
#define SIM_DEFER_INDIRECT		0x10000000000000ULL

/* NEXT_SB_ENTRY: 55:48 dst, bit 36 dst gets a mask instead of a number, 35:32 type. */
#define SIM_NEXT_SB_MASK		0x1000000000ULL
#define SIM_NEXT_SB_TYPE_SHIFT		32
#define SIM_NEXT_SB_NONE		0
#define SIM_NEXT_SB_ENDPOINT		1
#define SIM_NEXT_SB_OTHER		2
#define SIM_NEXT_SB_DEFERRED		3

/* SET_STATE and SET_STATE_IMM32: 39:32. */
#define SIM_SB_SEL_ENDPOINT		0
#define SIM_SB_SEL_OTHER		1
#define SIM_SB_SEL_DEFERRED		2
#define SIM_SB_MASK_STREAM		8
#define SIM_SB_MASK_WAIT		9

/*
 * LOGIC_OP32: 55:48 dst, 47:40 a, 39:32 b, bit 4: b is the number of a bit, 3:0 the result
 * for a, b = 1, 1 (bit 0), 1, 0 (bit 1), 0, 1 (bit 2) and 0, 0 (bit 3).
 */
#define SIM_LOGIC_AND			1
#define SIM_LOGIC_AND_A_NB		2
#define SIM_LOGIC_MOV_A			3
#define SIM_LOGIC_XOR			6
#define SIM_LOGIC_OR			7
#define SIM_LOGIC_NOT_A			12
#define SIM_LOGIC_INDEX			0x10ULL

/* ARITH_*: 39:32 of opcodes 16 and 17, 31:24 of opcodes 18 and 57, from arch 13 on. */
#define SIM_ARITH_IMM_ADD		0
#define SIM_ARITH_IMM_LSHIFT		1
#define SIM_ARITH_IMM_RSHIFT_U		2
#define SIM_ARITH_IMM_RSHIFT_S		3
#define SIM_ARITH_IMM_BFEXT_U		4	/* 7:0 position, 15:8 width */
#define SIM_ARITH_IMM_BFEXT_S		5
#define SIM_ARITH_IMM_BFINS		6	/* 7:0 position, 15:8 width, 31:16 value */
#define SIM_ARITH_IMM_UMIN		7
#define SIM_ARITH_REG_UMIN		0
#define SIM_ARITH_REG_ADD		1
#define SIM_ARITH_REG_SUB		2
#define SIM_ARITH_REG_LSHIFT		3
#define SIM_ARITH_REG_RSHIFT_U		4
#define SIM_ARITH_REG_RSHIFT_S		5
#define SIM_ARITH_REG_BFINS		6	/* 7:0 position, 15:8 width */

/* SET_EXCEPTION_HANDLER: 7:0. */
#define SIM_EXCEPTION_TILER_OOM		2

/* HEAP_OPERATION: 34:32, the counter to increase. */
#define SIM_HEAP_OP_SHIFT		32
#define SIM_HEAP_VT_START		0
#define SIM_HEAP_VT_END			1
#define SIM_HEAP_FRAG_END		3

/* FINISH_FRAGMENT: 47:40 pair with the first chunk, 39:32 pair with the last. */
#define SIM_FINISH_FRAG_END		0x1ULL	/* also increase the counter */

/* --- GPU work ------------------------------------------------------------ */

/*
 * RUN_* read the registers below, and bits 47:40 of RUN_COMPUTE: 41:40 which SRT, 43:42
 * SPD, 45:44 TSD, 47:46 FAU. A resource table (SRT) has its number of entries in bits 5:0,
 * FAU has its number of 64-bit words in bits 63:56. The names of descriptors are Mesa's.
 */
#define SIM_SR_SRT(n)			(0 + 2 * (n))
#define SIM_SR_FAU(n)			(8 + 2 * (n))
#define SIM_SR_SPD(n)			(16 + 2 * (n))	/* Shader Program */
#define SIM_SR_TSD(n)			(24 + 2 * (n))	/* Local Storage */
#define SIM_SR_JOB_SIZE(axis)		(37 + (axis))	/* compute: workgroups */
#define SIM_SR_INDEX_COUNT		33
#define SIM_SR_INSTANCE_COUNT		34
#define SIM_SR_INDEX_OFFSET		35
#define SIM_SR_TILER_CTX		40	/* Tiler Context */
#define SIM_SR_TILER_FLAGS		56	/* Primitive Flags */
#define SIM_SR_DCD0			57
#define SIM_SR_FBD			40	/* fragment: Framebuffer */
#define SIM_SR_BBOX_MIN			42	/* x 15:0, y 31:16 */
#define SIM_SR_BBOX_MAX			43	/* inclusive */
/* Up to arch 11, and from arch 12 on. */
#define SIM_SR_INDEX_SIZE_V10		39
#define SIM_SR_OQ_V10			46
#define SIM_SR_VARY_SIZE_V10		48
#define SIM_SR_BLEND_V10		50
#define SIM_SR_ZSD_V10			52
#define SIM_SR_INDEX_BUFFER_V10		54
#define SIM_SR_INDEX_BUFFER_V12		48
#define SIM_SR_INDEX_SIZE_V12		50
#define SIM_SR_VARY_SIZE_V12		51
#define SIM_SR_ZSD_V12			52
#define SIM_SR_BLEND_V12		54
#define SIM_SR_OQ_V12			64

/* RUN_IDVS, RUN_IDVS2: 31:0 are ORed to SIM_SR_TILER_FLAGS. */
#define SIM_IDVS_MALLOC			0x200000000ULL	/* varyings on the heap */
#define SIM_IDVS_VARY_SRT		0x800000000ULL	/* RUN_IDVS: its second table */
#define SIM_IDVS_VARY_FAU		0x1000000000ULL
#define SIM_IDVS_VARY_TSD		0x2000000000ULL
#define SIM_IDVS_FRAG_SRT		0x4000000000ULL	/* its third table */
#define SIM_IDVS_FRAG_TSD		0x8000000000ULL
#define SIM_TILER_INDEX_SHIFT		8	/* index type: 1, 2, 3 = 8, 16, 32 bits */
#define SIM_TILER_SECONDARY		(1u << 18)	/* there is a varying shader */

/* Bits 3:0 of a descriptor's first word. */
#define SIM_DESC_SAMPLER		1
#define SIM_DESC_TEXTURE		2
#define SIM_DESC_ATTRIBUTE		5
#define SIM_DESC_SHADER			8
#define SIM_DESC_BUFFER			9
#define SIM_DESC_PLANE			10
/* Bits 7:4 of a buffer's first word. */
#define SIM_BUFFER_SIMPLE		1
#define SIM_BUFFER_TILER_HEAP		2
/* Render Target: word 1 bits 11:8, 7:3. */
#define SIM_BLOCK_U_INTERLEAVED		1
#define SIM_BLOCK_LINEAR		2
#define SIM_COLOR_RAW32			3
#define SIM_COLOR_R8G8B8A8		19

/* At most so many pages and descriptors are accessed for one RUN_*. */
#define SIM_WORK_MAX			65536
/* What a draw needs on the tiler heap: bytes for itself and for each vertex. */
#define SIM_DRAW_BYTES			64
#define SIM_VERTEX_BYTES		16
/* A chunk begins with a header; its first word points to the next chunk. */
#define SIM_CHUNK_HEADER		64

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
#define SIM_EXC_DATA_INVALID		0x58
#define SIM_EXC_OOM			0x60

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
#define SIM_STORE_STATE(addr, state, off) \
	(SIM_OP(SIM_OP_STORE_STATE) | SIM_R47(addr) | \
	 ((__u64)((state) & 3) << SIM_STATE_SHIFT) | SIM_OFF16(off))
#define SIM_SYNC_SIGNAL(op, addr, data, scope, flags) \
	(SIM_OP(op) | SIM_R47(addr) | SIM_R39(data) | \
	 ((__u64)((scope) & 3) << SIM_SYNC_SCOPE_SHIFT) | (flags))
#define SIM_SYNC_WAIT(op, addr, ref, cond, flags) \
	(SIM_OP(op) | SIM_R47(addr) | SIM_R39(ref) | \
	 ((__u64)((cond) & 0xf) << SIM_SYNC_COND_SHIFT) | (flags))
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
