// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Simulated Mali CSF GPU: fragment jobs.
 *
 * Nothing is rasterized. A render target ends up with the clear colour wherever the
 * job covers it, as if all tiles were empty. It keeps its content where hardware
 * would: if it is not written, if clean pixels are not written, or if a
 * frame shader loads the old content first. The colour is written with
 * 32 bits a pixel, linear or u-interleaved. Of targets in other formats the pages
 * are checked, or the first one if they are compressed. YUV and AFRC are left out.
 */

#include <linux/kernel.h>

#include "sim_cs.h"

/* Framebuffer Parameters: words. */
#define FBD_BYTES		128
#define FBD_WORDS		16
#define FBD_MODES		0	/* 2:0, 5:3 pre frame, 8:6 post frame */
#define FBD_SAMPLES		4
#define FBD_FRAME_SHADERS	6
#define FBD_SIZE		8	/* width - 1, height - 1 */
#define FBD_FLAGS		11
#define FBD_TARGETS(word)	((((word) >> 19) & 0xf) + 1)
#define FBD_ZS			12
#define FBD_S_WRITE		BIT(8)
#define FBD_Z_WRITE		BIT(18)
#define FBD_HAS_EXTENSION	BIT(21)
#define FBD_TILER		14
#define EXTENSION_BYTES		64
#define MAX_TARGETS		8

/* Frame shaders are Draws. */
#define DCD_BYTES		128
#define DCD_TARGET_MASK(word1)	(((word1) >> 16) & 0xff)

/* Render Target: words. */
#define RT_BYTES		64
#define RT_WORDS		16
#define RT_OTHER_LAYOUT(word0)	((word0) & (BIT(24) | 0xf))	/* YUV, AFRC */
#define RT_FLAGS		1
#define RT_WRITE		BIT(0)
#define RT_FORMAT(word)		(((word) >> 3) & 0x1f)
#define RT_BLOCK(word)		(((word) >> 8) & 0xf)
#define RT_SWIZZLE(word)	(((word) >> 16) & 0xfff)
#define RT_CLEAN_WRITE		BIT(31)
#define RT_BASE			8
#define RT_STRIDE		10
#define RT_CLEAR		12

#define TILE			16
#define TILE_BYTES		(TILE * TILE * 4)

/* What a job covers, inclusive. */
struct box {
	u32 x0;
	u32 y0;
	u32 x1;
	u32 y1;
};

struct target {
	u64 base;
	u32 stride;
	u32 block;
	u32 color;
	bool clear;
};

static struct box covered(const struct sim_op *op, const u32 *fbd)
{
	u32 low = op->regs[SIM_SR_BBOX_MIN], high = op->regs[SIM_SR_BBOX_MAX];

	return (struct box) {
		.x0 = low & 0xffff,
		.y0 = low >> 16,
		.x1 = min(high & 0xffff, fbd[FBD_SIZE] & 0xffff),
		.y1 = min(high >> 16, fbd[FBD_SIZE] >> 16),
	};
}

/* --- Colour --------------------------------------------------------------- */

/* Each channel of the target is one of the pixel's, or 0, or 1. */
static u32 swizzle(u32 color, u32 order)
{
	u32 i, channel, result = 0;

	for (i = 0; i < 4; i++) {
		channel = (order >> (3 * i)) & 7;
		if (channel < 4)
			result |= ((color >> (8 * channel)) & 0xff) << (8 * i);
		else if (channel == 5)
			result |= 0xffU << (8 * i);
	}
	return result;
}

static struct target target_of(const u32 *rt)
{
	u32 flags = rt[RT_FLAGS], format = RT_FORMAT(flags);
	struct target t = {
		.base = sim_pair(rt, RT_BASE),
		.stride = rt[RT_STRIDE],
		.block = RT_BLOCK(flags),
		.color = rt[RT_CLEAR],
	};

	t.clear = flags & RT_CLEAN_WRITE &&
		  (format == SIM_COLOR_RAW32 || format == SIM_COLOR_R8G8B8A8);
	if (format == SIM_COLOR_R8G8B8A8)
		t.color = swizzle(t.color, RT_SWIZZLE(flags));
	return t;
}

/* Fill @count pixels, which are in one page. */
static int fill(struct sim_walk *w, u64 va, u32 count, u32 color)
{
	struct sim_as *as = w->csg->as;
	unsigned long flags;
	u32 *p, i;
	int ret;

	spin_lock_irqsave(&as->lock, flags);
	ret = sim_mmu_map(as, va, SIM_ACCESS_WRITE, (void **)&p);
	for (i = 0; !ret && i < count; i++)
		WRITE_ONCE(p[i], color);
	spin_unlock_irqrestore(&as->lock, flags);
	return ret;
}

/* Clear one row; a part of it is what is in one page. */
static int clear_row(struct sim_walk *w, u64 va, u32 count, u32 color, u32 part)
{
	u64 end = va + (u64)count * 4;

	if (part)
		va = (va & SIM_PAGE_MASK) + part * SIM_PAGE_SIZE;
	if (va >= end)
		return SIM_STEP_DONE;
	return fill(w, va, min(sim_page_room(va), end - va) / 4, color);
}

static int clear_linear(struct sim_walk *w, const struct target *t, const struct box *b)
{
	u32 count = b->x1 - b->x0 + 1;
	u32 parts = count * 4 / SIM_PAGE_SIZE + 2;
	u32 units = (b->y1 - b->y0 + 1) * parts, row;
	struct sim_progress *p = w->p;
	int ret;

	for (; p->page < units && !sim_walk_capped(w); p->page++, p->total++) {
		row = b->y0 + p->page / parts;
		ret = sim_walk_charge(w);
		if (!ret)
			ret = clear_row(w, t->base + (u64)row * t->stride + (u64)b->x0 * 4,
					count, t->color, p->page % parts);
		if (ret)
			return ret;
	}
	return SIM_STEP_DONE;
}

/* In a tile, the bits of y and of x ^ y alternate in the number of the pixel. */
static void position(u32 index, u32 *x, u32 *y)
{
	u32 bit;

	*x = 0;
	*y = 0;
	for (bit = 0; bit < 4; bit++) {
		*y |= ((index >> (2 * bit + 1)) & 1) << bit;
		*x |= ((index >> (2 * bit)) & 1) << bit;
	}
	*x ^= *y;
}

static int clear_tile(struct sim_walk *w, u64 va, u32 tx, u32 ty, const struct target *t,
		      const struct box *b)
{
	struct sim_as *as = w->csg->as;
	unsigned long flags;
	u32 *p = NULL, i, x, y;
	int ret = 0;

	spin_lock_irqsave(&as->lock, flags);
	for (i = 0; i < TILE * TILE && !ret; i++, va += 4) {
		if (p && va & ~SIM_PAGE_MASK)
			p++;
		else
			ret = sim_mmu_map(as, va, SIM_ACCESS_WRITE, (void **)&p);
		position(i, &x, &y);
		x += tx * TILE;
		y += ty * TILE;
		if (!ret && x >= b->x0 && x <= b->x1 && y >= b->y0 && y <= b->y1)
			WRITE_ONCE(*p, t->color);
	}
	spin_unlock_irqrestore(&as->lock, flags);
	return ret;
}

static int clear_tiled(struct sim_walk *w, const struct target *t, const struct box *b)
{
	u32 first = b->x0 / TILE, top = b->y0 / TILE;
	u32 columns = b->x1 / TILE - first + 1;
	u32 units = (b->y1 / TILE - top + 1) * columns, tx, ty;
	struct sim_progress *p = w->p;
	int ret;

	for (; p->page < units && !sim_walk_capped(w); p->page++, p->total++) {
		tx = first + p->page % columns;
		ty = top + p->page / columns;
		ret = sim_walk_charge(w);
		if (!ret)
			ret = clear_tile(w, t->base + (u64)ty * t->stride + (u64)tx * TILE_BYTES,
					 tx, ty, t, b);
		if (ret)
			return ret;
	}
	return SIM_STEP_DONE;
}

/* Check the rows that the job covers. A compressed target has other rows. */
static int check(struct sim_walk *w, u64 base, u32 stride, u32 block, const struct box *b)
{
	u32 height = block == SIM_BLOCK_U_INTERLEAVED ? TILE : 1;
	u32 first = b->y0 / height, last = b->y1 / height;

	if (block != SIM_BLOCK_U_INTERLEAVED && block != SIM_BLOCK_LINEAR)
		return sim_walk_range(w, base, 1, SIM_ACCESS_WRITE);
	return sim_walk_range(w, base + (u64)first * stride,
			      (u64)(last - first + 1) * stride, SIM_ACCESS_WRITE);
}

static int write_target(struct sim_walk *w, const u32 *rt, bool loaded, const struct box *b)
{
	struct target t = target_of(rt);

	if (!(rt[RT_FLAGS] & RT_WRITE) || !t.block || RT_OTHER_LAYOUT(rt[0]))
		return SIM_STEP_DONE;
	if ((t.base | t.stride) & 3)
		return SIM_STEP_FAULT;
	if (t.clear && !loaded && t.block == SIM_BLOCK_LINEAR)
		return clear_linear(w, &t, b);
	if (t.clear && !loaded && t.block == SIM_BLOCK_U_INTERLEAVED)
		return clear_tiled(w, &t, b);
	return check(w, t.base, t.stride, t.block, b);
}

/* --- Framebuffer ---------------------------------------------------------- */

/* The old content is loaded by the shader before the frame, for the targets in @loaded. */
static int frame_shaders(struct sim_walk *w, const u32 *fbd, u32 *loaded)
{
	u64 dcds = sim_pair(fbd, FBD_FRAME_SHADERS);
	u32 i, words[2];
	int ret = SIM_STEP_DONE;

	*loaded = 0;
	for (i = 0; i < 3 && !ret; i++) {
		if (!((fbd[FBD_MODES] >> (3 * i)) & 7))
			continue;
		ret = sim_walk_words(w, dcds + i * DCD_BYTES, words, ARRAY_SIZE(words));
		if (!ret)
			ret = sim_walk_frame_shader(w, dcds + i * DCD_BYTES);
		if (!ret && i == 0)
			*loaded = DCD_TARGET_MASK(words[1]);
	}
	return ret;
}

static int depth(struct sim_walk *w, u64 va, const u32 *fbd, const struct box *b)
{
	u32 words[16];
	int ret = sim_walk_words(w, va, words, ARRAY_SIZE(words));

	if (ret || sim_walk_skip(w))
		return ret;
	if (fbd[FBD_ZS] & FBD_Z_WRITE && (words[0] >> 4) & 0xf)
		ret = check(w, sim_pair(words, 8), words[10], (words[0] >> 4) & 0xf, b);
	if (!ret && fbd[FBD_ZS] & FBD_S_WRITE && (words[0] >> 20) & 0xf)
		ret = check(w, sim_pair(words, 12), words[14], (words[0] >> 20) & 0xf, b);
	return sim_walk_done(w, ret);
}

static int targets(struct sim_walk *w, u64 va, const u32 *fbd, u32 loaded,
		   const struct box *b)
{
	u32 i, count = min(FBD_TARGETS(fbd[FBD_FLAGS]), MAX_TARGETS), rt[RT_WORDS];
	int ret = SIM_STEP_DONE;

	for (i = 0; i < count && !ret; i++) {
		if (sim_walk_skip(w))
			continue;
		ret = sim_walk_words(w, va + i * RT_BYTES, rt, RT_WORDS);
		if (!ret)
			ret = sim_walk_done(w, write_target(w, rt, loaded & BIT(i), b));
	}
	return ret;
}

/**
 * sim_walk_fragment() - Write what a fragment job writes
 * @w: the walk
 * @op: RUN_FRAGMENT
 *
 * A job whose box is empty does nothing.
 *
 * Return: enum sim_step or the error of sim_mmu_map().
 */
int sim_walk_fragment(struct sim_walk *w, const struct sim_op *op)
{
	u64 va = sim_pair(op->regs, SIM_SR_FBD) & ~0x3fULL, next = va + FBD_BYTES;
	u32 fbd[FBD_WORDS], loaded;
	struct box b;
	int ret = sim_walk_words(w, va, fbd, FBD_WORDS);

	if (ret)
		return ret;
	b = covered(op, fbd);
	if (b.x0 > b.x1 || b.y0 > b.y1)
		return SIM_STEP_DONE;
	ret = sim_walk_item(w, sim_pair(fbd, FBD_SAMPLES), sim_pair(fbd, FBD_SAMPLES) ? 1 : 0,
			    SIM_ACCESS_READ);
	if (!ret)
		ret = frame_shaders(w, fbd, &loaded);
	if (!ret && sim_pair(fbd, FBD_TILER))
		ret = sim_heap_check(w, sim_pair(fbd, FBD_TILER));
	if (!ret && fbd[FBD_ZS] & FBD_HAS_EXTENSION) {
		ret = depth(w, next, fbd, &b);
		next += EXTENSION_BYTES;
	}
	return ret ? ret : targets(w, next, fbd, loaded, &b);
}
