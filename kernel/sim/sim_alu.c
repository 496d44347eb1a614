// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Simulated Mali CSF GPU: arithmetic on the registers of a command stream.
 */

#include "sim_cs.h"

static u64 field(u64 width)
{
	return width >= 64 ? U64_MAX : BIT_ULL(width) - 1;
}

/* A position or a width of 255 must not shift by more than a word has bits. */
static u64 extract(u64 value, u32 spec)
{
	u32 pos = spec & 0xff, width = (spec >> 8) & 0xff;

	return pos > 63 ? 0 : (value >> pos) & field(width);
}

static u64 insert(u64 value, u64 what, u32 spec)
{
	u32 pos = spec & 0xff, width = (spec >> 8) & 0xff;
	u64 mask = pos > 63 ? 0 : field(width) << pos;

	return (value & ~mask) | (pos > 63 ? 0 : (what << pos) & mask);
}

static s64 extract_signed(u64 value, u32 spec)
{
	u32 width = (spec >> 8) & 0xff;
	u64 bits = extract(value, spec);

	return width && width < 64 ? sign_extend64(bits, width - 1) : (s64)bits;
}

/* @bits is 32 or 64; a 32-bit source is zero-extended. */
static bool arith_imm(u64 a, u64 instr, u32 bits, u64 *result)
{
	s64 sa = bits == 32 ? (s32)a : (s64)a;
	u32 imm = (u32)instr, shift = imm & (bits - 1);

	switch (F39_32(instr)) {
	case SIM_ARITH_IMM_ADD:
		*result = a + IMM32(instr);
		return true;
	case SIM_ARITH_IMM_LSHIFT:
		*result = a << shift;
		return true;
	case SIM_ARITH_IMM_RSHIFT_U:
		*result = a >> shift;
		return true;
	case SIM_ARITH_IMM_RSHIFT_S:
		*result = sa >> shift;
		return true;
	case SIM_ARITH_IMM_BFEXT_U:
		*result = extract(a, imm);
		return true;
	case SIM_ARITH_IMM_BFEXT_S:
		*result = extract_signed(a, imm);
		return true;
	case SIM_ARITH_IMM_BFINS:
		*result = insert(a, imm >> 16, imm);
		return true;
	case SIM_ARITH_IMM_UMIN:
		*result = min_t(u64, a, imm);
		return true;
	}
	return false;
}

static bool arith_reg(u64 a, u64 b, u64 instr, u32 bits, u64 *result)
{
	s64 sa = bits == 32 ? (s32)a : (s64)a;
	u32 shift = b & (bits - 1);

	switch ((u32)instr >> 24) {
	case SIM_ARITH_REG_UMIN:
		*result = min(a, b);
		return true;
	case SIM_ARITH_REG_ADD:
		*result = a + b;
		return true;
	case SIM_ARITH_REG_SUB:
		*result = a - b;
		return true;
	case SIM_ARITH_REG_LSHIFT:
		*result = a << shift;
		return true;
	case SIM_ARITH_REG_RSHIFT_U:
		*result = a >> shift;
		return true;
	case SIM_ARITH_REG_RSHIFT_S:
		*result = sa >> shift;
		return true;
	case SIM_ARITH_REG_BFINS:
		*result = insert(a, b, (u32)instr);
		return true;
	}
	return false;
}

static u32 logic(u32 a, u32 b, u64 instr)
{
	u32 result = 0;

	if (instr & SIM_LOGIC_INDEX)
		b = BIT(b & 31);
	if (instr & 1)
		result |= a & b;
	if (instr & 2)
		result |= a & ~b;
	if (instr & 4)
		result |= ~a & b;
	if (instr & 8)
		result |= ~a & ~b;
	return result;
}

/* Before arch 13 the fields that select an operation are ignored. */
static u64 operation(u64 instr, u64 mask)
{
	return sim_arch() >= 13 ? instr : instr & ~mask;
}

/**
 * sim_alu_exec() - Execute an instruction that only changes registers
 * @cs: the command stream
 * @instr: the instruction
 * @ret: where to put enum sim_step
 *
 * Return: false if this is another kind of instruction.
 */
bool sim_alu_exec(struct sim_cs *cs, u64 instr, int *ret)
{
	u32 dst = F55_48(instr), a = F47_40(instr), b = F39_32(instr);
	u64 result = 0;
	bool ok = true;

	switch (OP(instr)) {
	case SIM_OP_MOVE48:
		sim_cs_set_reg64(cs, dst, SIM_IMM48(instr));
		break;
	case SIM_OP_MOVE32:
		sim_cs_set_reg32(cs, dst, IMM32(instr));
		break;
	case SIM_OP_ADD_IMM32:
		ok = arith_imm(sim_cs_reg32(cs, a), operation(instr, 0xffULL << 32), 32, &result);
		if (ok)
			sim_cs_set_reg32(cs, dst, result);
		break;
	case SIM_OP_ADD_IMM64:
		ok = arith_imm(sim_cs_reg64(cs, a), operation(instr, 0xffULL << 32), 64, &result);
		if (ok)
			sim_cs_set_reg64(cs, dst, result);
		break;
	case SIM_OP_UMIN32:
		ok = arith_reg(sim_cs_reg32(cs, a), sim_cs_reg32(cs, b),
			       operation(instr, 0xffULL << 24), 32, &result);
		if (ok)
			sim_cs_set_reg32(cs, dst, result);
		break;
	case SIM_OP_ARITH_REG64:
		ok = sim_arch() >= 13 &&
		     arith_reg(sim_cs_reg64(cs, a), sim_cs_reg64(cs, b), instr, 64, &result);
		if (ok)
			sim_cs_set_reg64(cs, dst, result);
		break;
	case SIM_OP_LOGIC_OP32:
		ok = sim_arch() >= 11;
		if (ok)
			sim_cs_set_reg32(cs, dst, logic(sim_cs_reg32(cs, a),
							sim_cs_reg32(cs, b), instr));
		break;
	default:
		return false;
	}
	*ret = ok ? SIM_STEP_DONE : sim_cs_invalid(cs);
	return true;
}
