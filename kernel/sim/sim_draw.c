// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Simulated Mali CSF GPU: draws. See sim_work.c for what is read, and sim_heap.c for
 * what a draw takes from the tiler heap.
 */

#include <linux/kernel.h>

#include "sim_cs.h"

#define BLEND_COUNT		0xf
#define BLEND_BYTES		16
#define ZSD_BYTES		32
#define OCCLUSION_SHIFT		14	/* of DCD Flags 0 */
#define GEOMETRY_PAGES		0xfff	/* the low bits of the geometry buffer's address */

/* Enough for any limit, and no product of them overflows. */
#define MAX_VERTICES		BIT_ULL(32)
#define MAX_VARY_SIZE		0xffff

/* Where the registers differ between architectures. */
struct layout {
	u8 fragment;	/* number of the fragment shader's table, program, ... */
	u8 index_buffer;
	u8 index_size;
	u8 vary_size;
	u8 blend;
	u8 zsd;
	u8 oq;
};

static const struct layout layout_v10 = {
	.fragment = 2,
	.index_buffer = SIM_SR_INDEX_BUFFER_V10,
	.index_size = SIM_SR_INDEX_SIZE_V10,
	.vary_size = SIM_SR_VARY_SIZE_V10,
	.blend = SIM_SR_BLEND_V10,
	.zsd = SIM_SR_ZSD_V10,
	.oq = SIM_SR_OQ_V10,
};

static const struct layout layout_v12 = {
	.fragment = 1,
	.index_buffer = SIM_SR_INDEX_BUFFER_V12,
	.index_size = SIM_SR_INDEX_SIZE_V12,
	.vary_size = SIM_SR_VARY_SIZE_V12,
	.blend = SIM_SR_BLEND_V12,
	.zsd = SIM_SR_ZSD_V12,
	.oq = SIM_SR_OQ_V12,
};

static u32 tiler_flags(const struct sim_op *op)
{
	return op->regs[SIM_SR_TILER_FLAGS] | (u32)op->instr;
}

/* Each stage has a register of its own, or shares that of the position shader. */
static int shader(struct sim_walk *w, const struct sim_op *op, u32 n, bool srt, bool fau,
		  bool tsd)
{
	return sim_walk_shader(w, sim_pair(op->regs, SIM_SR_SRT(srt ? n : 0)),
			       sim_pair(op->regs, SIM_SR_FAU(fau ? n : 0)),
			       sim_pair(op->regs, SIM_SR_SPD(n)),
			       sim_pair(op->regs, SIM_SR_TSD(tsd ? n : 0)));
}

static int shaders(struct sim_walk *w, const struct sim_op *op, const struct layout *l)
{
	bool is_v12 = OP(op->instr) == SIM_OP_RUN_IDVS2;
	u64 instr = op->instr;
	int ret = shader(w, op, 0, true, true, true);

	if (!ret && !is_v12 && tiler_flags(op) & SIM_TILER_SECONDARY)
		ret = shader(w, op, 1, instr & SIM_IDVS_VARY_SRT, instr & SIM_IDVS_VARY_FAU,
			     instr & SIM_IDVS_VARY_TSD);
	/* A draw that only writes depth has no fragment shader. */
	if (!ret && sim_pair(op->regs, SIM_SR_SPD(l->fragment)))
		ret = shader(w, op, l->fragment, is_v12 || instr & SIM_IDVS_FRAG_SRT, true,
			     is_v12 || instr & SIM_IDVS_FRAG_TSD);
	return ret;
}

static int indices(struct sim_walk *w, const struct sim_op *op, const struct layout *l)
{
	u32 type = (tiler_flags(op) >> SIM_TILER_INDEX_SHIFT) & 7;
	u64 size = op->regs[l->index_size], offset, length;

	if (!type || type > 3)
		return SIM_STEP_DONE;
	offset = (u64)op->regs[SIM_SR_INDEX_OFFSET] << (type - 1);
	length = (u64)op->regs[SIM_SR_INDEX_COUNT] << (type - 1);
	length = offset < size ? min(length, size - offset) : 0;
	return sim_walk_item(w, sim_pair(op->regs, l->index_buffer) + offset, length,
			     SIM_ACCESS_READ);
}

static int state(struct sim_walk *w, const struct sim_op *op, const struct layout *l)
{
	u64 blend = sim_pair(op->regs, l->blend), zsd = sim_pair(op->regs, l->zsd);
	int ret;

	ret = sim_walk_item(w, blend & ~(u64)BLEND_COUNT, (blend & BLEND_COUNT) * BLEND_BYTES,
			    SIM_ACCESS_READ);
	if (!ret)
		ret = sim_walk_item(w, zsd, zsd ? ZSD_BYTES : 0, SIM_ACCESS_READ);
	if (!ret && (op->regs[SIM_SR_DCD0] >> OCCLUSION_SHIFT) & 3)
		ret = sim_walk_item(w, sim_pair(op->regs, l->oq), 8, SIM_ACCESS_WRITE);
	return ret;
}

/* The tiler context, and the geometry buffer whose size in pages is in the low bits. */
static int tiler(struct sim_walk *w, u64 va)
{
	u32 words[2];
	u64 geometry;
	int ret = sim_walk_item(w, va, SIM_TILER_BYTES, SIM_ACCESS_WRITE);

	if (!ret)
		ret = sim_walk_words(w, va + SIM_TILER_GEOMETRY, words, ARRAY_SIZE(words));
	if (ret)
		return ret;
	geometry = sim_pair(words, 0);
	return sim_walk_item(w, geometry & SIM_PAGE_MASK,
			     (geometry & GEOMETRY_PAGES) * SIM_PAGE_SIZE, SIM_ACCESS_WRITE);
}

static u64 heap_bytes(const struct sim_op *op, const struct layout *l, u64 vertices)
{
	u64 each = SIM_VERTEX_BYTES;

	if (op->instr & SIM_IDVS_MALLOC && OP(op->instr) != SIM_OP_RUN_FULLSCREEN)
		each += min_t(u32, op->regs[l->vary_size], MAX_VARY_SIZE);
	return ALIGN(SIM_DRAW_BYTES + min(vertices, MAX_VERTICES) * each, SIM_DRAW_BYTES);
}

/* RUN_TILING has vertices, and only a fragment shader, which it selects. */
static int tiling_shader(struct sim_walk *w, const struct sim_op *op)
{
	u32 select = F47_40(op->instr);
	u64 spd = sim_pair(op->regs, SIM_SR_SPD((select >> 2) & 3));

	if (!spd)
		return SIM_STEP_DONE;
	return sim_walk_shader(w, sim_pair(op->regs, SIM_SR_SRT(select & 3)),
			       sim_pair(op->regs, SIM_SR_FAU((select >> 6) & 3)), spd,
			       sim_pair(op->regs, SIM_SR_TSD((select >> 4) & 3)));
}

/**
 * sim_walk_draw() - Access what a draw names
 * @w: the walk
 * @op: RUN_IDVS, RUN_IDVS2, RUN_TILING or RUN_FULLSCREEN
 * @bytes: where to put what it then needs on the tiler heap
 *
 * A draw without a vertex does nothing.
 *
 * Return: enum sim_step or the error of sim_mmu_map().
 */
int sim_walk_draw(struct sim_walk *w, const struct sim_op *op, u64 *bytes)
{
	const struct layout *l = sim_arch() >= 12 ? &layout_v12 : &layout_v10;
	u64 vertices = (u64)op->regs[SIM_SR_INDEX_COUNT] * op->regs[SIM_SR_INSTANCE_COUNT];
	int ret;

	*bytes = 0;
	if (OP(op->instr) == SIM_OP_RUN_FULLSCREEN) {
		vertices = 3;
		ret = sim_walk_frame_shader(w, sim_pair(op->regs, 0));
	} else {
		if (!vertices)
			return SIM_STEP_DONE;
		ret = OP(op->instr) == SIM_OP_RUN_TILING ? tiling_shader(w, op) :
		      shaders(w, op, l);
		if (!ret)
			ret = indices(w, op, l);
		if (!ret)
			ret = state(w, op, l);
	}
	if (!ret)
		ret = tiler(w, sim_pair(op->regs, SIM_SR_TILER_CTX) & ~0x3fULL);
	if (!ret)
		*bytes = heap_bytes(op, l, vertices);
	return ret;
}
