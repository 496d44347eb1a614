// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Simulated Mali CSF GPU: the memory that a shader may access.
 *
 * There are no shader cores. In place of running a shader, the model reads all
 * that the shader is given: the resource table with the buffers and textures
 * behind it, the constants (FAU), the program and the thread storage. One word
 * of each page is read. A page that is not mapped is a fault, as on hardware
 * with a shader that reads it.
 *
 * User space is not trusted, so everything that it can make large is limited:
 * SIM_WORK_MAX pages and descriptors for an instruction, SIM_PIECE of them
 * with the locks held. What is beyond SIM_WORK_MAX is not read.
 */

#include <linux/kasan-checks.h>
#include <linux/kernel.h>

#include "sim_cs.h"

#define VA_MASK			GENMASK_ULL(47, 0)
#define TABLE_COUNT		GENMASK_ULL(5, 0)

/* Resource: an entry of a resource table. */
#define ENTRY_BYTES		16
#define ENTRY_DESCRIPTORS	BIT(24)		/* of word 1 */
#define DESC_BYTES		32
#define DESC_WORDS		(DESC_BYTES / 4)
#define DESC_TYPE(word)		((word) & 0xf)
#define DESC_SUBTYPE(word)	(((word) >> 4) & 0xf)
/* A texture has a plane for each level of each layer; more are not read. */
#define MAX_PLANES		1024

/* Local Storage. */
#define TLS_PACKED(word3)	((word3) >> 28)
#define TLS_MAX_SHIFT		16
#define THREADS_PER_CORE	2048	/* THREAD_MAX_THREADS */

/* --- Walking -------------------------------------------------------------- */

/**
 * sim_walk_words() - Read a descriptor
 * @w: the walk
 * @va: address; hardware ignores the low bits
 * @words: where to put it
 * @count: number of words
 *
 * Return: enum sim_step or the error of sim_mmu_map().
 */
int sim_walk_words(struct sim_walk *w, u64 va, u32 *words, unsigned int count)
{
	return sim_mmu_read_words(w->csg->as, va & VA_MASK & ~7ULL, words, count);
}

/**
 * sim_walk_skip() - Begin an item
 * @w: the walk
 *
 * Return: true if it is already done.
 */
bool sim_walk_skip(struct sim_walk *w)
{
	w->range = 0;
	return w->item++ < w->p->item;
}

/**
 * sim_walk_done() - End an item
 * @w: the walk
 * @ret: enum sim_step or the error of sim_mmu_map()
 *
 * Return: @ret.
 */
int sim_walk_done(struct sim_walk *w, int ret)
{
	if (!ret) {
		w->p->item = w->item;
		w->p->range = 0;
		w->p->page = 0;
	}
	return ret;
}

/**
 * sim_walk_capped() - Check whether the instruction has had all accesses it may have
 * @w: the walk
 *
 * Return: true if so.
 */
bool sim_walk_capped(const struct sim_walk *w)
{
	return w->p->total >= SIM_WORK_MAX;
}

/**
 * sim_walk_charge() - Ask for the access to a page or a descriptor
 * @w: the walk
 *
 * The caller increases the total when the access has succeeded.
 *
 * Return: SIM_STEP_DONE or SIM_STEP_AGAIN.
 */
int sim_walk_charge(struct sim_walk *w)
{
	if (!w->left)
		return SIM_STEP_AGAIN;
	w->left--;
	return SIM_STEP_DONE;
}

/* A descriptor counts when what it names has been read, unless that was too much. */
static void count_descriptor(struct sim_walk *w)
{
	if (!sim_walk_capped(w))
		w->p->total++;
}

static int touch_page(struct sim_csg *csg, u64 va, u32 access)
{
	unsigned long flags;
	void *p;
	int ret;

	spin_lock_irqsave(&csg->as->lock, flags);
	ret = sim_mmu_map(csg->as, va, access, &p);
	if (!ret && access == SIM_ACCESS_WRITE)
		kasan_check_write(p, 1);
	else if (!ret)
		READ_ONCE(*(u8 *)p);
	spin_unlock_irqrestore(&csg->as->lock, flags);
	return ret;
}

/**
 * sim_walk_range() - Access each page of a range of addresses
 * @w: the walk, inside an item
 * @va: first address
 * @size: number of bytes
 * @access: SIM_ACCESS_READ or SIM_ACCESS_WRITE; nothing is changed
 *
 * Return: enum sim_step or the error of sim_mmu_map().
 */
int sim_walk_range(struct sim_walk *w, u64 va, u64 size, u32 access)
{
	struct sim_progress *p = w->p;
	u64 pages;
	int ret;

	if (w->range++ < p->range)
		return SIM_STEP_DONE;
	size = min_t(u64, size, SIM_WORK_MAX * SIM_PAGE_SIZE);
	pages = size ? DIV_ROUND_UP((va & ~SIM_PAGE_MASK) + size, SIM_PAGE_SIZE) : 0;
	for (; p->page < pages && !sim_walk_capped(w); p->page++, p->total++) {
		ret = sim_walk_charge(w);
		if (!ret)
			ret = touch_page(w->csg, p->page ? (va & SIM_PAGE_MASK) +
					 p->page * SIM_PAGE_SIZE : va, access);
		if (ret)
			return ret;
	}
	p->range = w->range;
	p->page = 0;
	return SIM_STEP_DONE;
}

/**
 * sim_walk_item() - Access each page of an item that is one range of addresses
 * @w: the walk
 * @va: first address
 * @size: number of bytes
 * @access: SIM_ACCESS_READ or SIM_ACCESS_WRITE; nothing is changed
 *
 * Return: enum sim_step or the error of sim_mmu_map().
 */
int sim_walk_item(struct sim_walk *w, u64 va, u64 size, u32 access)
{
	if (sim_walk_skip(w))
		return SIM_STEP_DONE;
	return sim_walk_done(w, sim_walk_range(w, va & VA_MASK, size, access));
}

/* --- Resources ------------------------------------------------------------ */

static int plane(struct sim_walk *w, u64 va)
{
	u32 words[DESC_WORDS];
	int ret;

	if (w->range < w->p->range) {
		w->range++;
		return SIM_STEP_DONE;
	}
	ret = sim_walk_charge(w);
	if (!ret)
		ret = sim_walk_words(w, va, words, DESC_WORDS);
	if (ret)
		return ret;
	/* A plane without a type is a null descriptor. */
	if (DESC_TYPE(words[0]) != SIM_DESC_PLANE || !DESC_SUBTYPE(words[0]))
		words[1] = 0;
	ret = sim_walk_range(w, sim_pair(words, 2) & VA_MASK, words[1], SIM_ACCESS_READ);
	if (!ret)
		count_descriptor(w);
	return ret;
}

static int texture(struct sim_walk *w, const u32 *words)
{
	u64 surfaces = sim_pair(words, 4) & VA_MASK;
	u32 levels = ((words[2] >> 16) & 0x1f) + 1;
	u32 layers = (words[6] & 0xffff) + 1;
	u32 faces = (words[0] >> 4) & 3 ? 1 : 6;
	u32 i, count = min_t(u32, levels * layers * faces, MAX_PLANES);
	int ret = SIM_STEP_DONE;

	if (!surfaces)
		return SIM_STEP_DONE;
	for (i = 0; i < count && !ret && !sim_walk_capped(w); i++)
		ret = plane(w, surfaces + i * DESC_BYTES);
	return ret;
}

static int buffer(struct sim_walk *w, const u32 *words)
{
	u64 size = words[1];

	if (sim_arch() >= 13)
		size |= (u64)words[5] << 32;
	if (!sim_pair(words, 2) || DESC_SUBTYPE(words[0]) == SIM_BUFFER_TILER_HEAP)
		return SIM_STEP_DONE;
	return sim_walk_range(w, sim_pair(words, 2) & VA_MASK, size, SIM_ACCESS_READ);
}

/* A descriptor of another type, or of none, names no memory. */
static int descriptor(struct sim_walk *w, u64 va)
{
	u32 words[DESC_WORDS];
	int ret;

	if (sim_walk_skip(w))
		return SIM_STEP_DONE;
	ret = sim_walk_charge(w);
	if (!ret)
		ret = sim_walk_words(w, va, words, DESC_WORDS);
	if (!ret && DESC_TYPE(words[0]) == SIM_DESC_BUFFER)
		ret = buffer(w, words);
	else if (!ret && DESC_TYPE(words[0]) == SIM_DESC_TEXTURE)
		ret = texture(w, words);
	if (!ret)
		count_descriptor(w);
	return sim_walk_done(w, ret);
}

static int descriptors(struct sim_walk *w, u64 va, u64 size)
{
	u32 i = 0, count = min_t(u64, size / DESC_BYTES, SIM_WORK_MAX);
	int ret = SIM_STEP_DONE;

	/* Those that are done need not be read again. */
	if (w->p->item > w->item)
		i = min(count, w->p->item - w->item);
	w->item += i;
	for (; i < count && !ret && !sim_walk_capped(w); i++)
		ret = descriptor(w, va + i * DESC_BYTES);
	return ret;
}

/*
 * A table whose number of entries is 0 is not read, whatever its address is. A shader of
 * real software need not use all that a table names, and then part of it may be outdated.
 */
static int resource_table(struct sim_walk *w, u64 srt)
{
	u64 va = srt & VA_MASK & ~TABLE_COUNT;
	u32 i, count = srt & TABLE_COUNT;
	u32 words[4];
	int ret = SIM_STEP_DONE;

	if (!sim_param(read_resources))
		return SIM_STEP_DONE;
	for (i = 0; i < count && !ret && !sim_walk_capped(w); i++) {
		ret = sim_walk_words(w, va + i * ENTRY_BYTES, words, ARRAY_SIZE(words));
		if (ret || !(sim_pair(words, 0) & VA_MASK))
			continue;
		if (words[1] & ENTRY_DESCRIPTORS)
			ret = descriptors(w, sim_pair(words, 0) & VA_MASK, sim_pair(words, 2));
		else
			ret = sim_walk_item(w, sim_pair(words, 0), sim_pair(words, 2), SIM_ACCESS_READ);
	}
	return ret;
}

/* The program's length is not in its descriptor. Its first page is read. */
static int program(struct sim_walk *w, u64 spd)
{
	u32 words[DESC_WORDS];
	int ret;

	if (sim_walk_skip(w))
		return SIM_STEP_DONE;
	ret = sim_walk_words(w, spd, words, DESC_WORDS);
	if (ret)
		return ret;
	if (DESC_TYPE(words[0]) != SIM_DESC_SHADER)
		return SIM_STEP_FAULT;
	return sim_walk_done(w, sim_walk_range(w, sim_pair(words, 2) & VA_MASK, 1,
					       SIM_ACCESS_READ));
}

/*
 * Thread storage has a part for each core, whose first page is written. Without a
 * base address there is none.
 */
static int thread_storage(struct sim_walk *w, u64 tsd)
{
	u32 words[DESC_WORDS], shift;
	unsigned int core;
	u64 base;
	int ret;

	if (!tsd || sim_walk_skip(w))
		return SIM_STEP_DONE;
	ret = sim_walk_words(w, tsd, words, DESC_WORDS);
	if (ret)
		return ret;
	base = sim_pair(words, 2) & VA_MASK;
	if (TLS_PACKED(words[3]))
		base = (base << 8) & VA_MASK;
	shift = min_t(u32, words[0] & 0x1f, TLS_MAX_SHIFT);
	for (core = 0; base && core < BITS_PER_LONG && !ret; core++) {
		if (sim_par.shader_present & BIT(core))
			ret = sim_walk_range(w, base + ((u64)core * THREADS_PER_CORE * 16 << shift),
					     1, SIM_ACCESS_WRITE);
	}
	if (!ret && sim_pair(words, 4))
		ret = sim_walk_range(w, sim_pair(words, 4) & VA_MASK, 1, SIM_ACCESS_WRITE);
	return sim_walk_done(w, ret);
}

/**
 * sim_walk_shader() - Access what a shader is given
 * @w: the walk
 * @srt: resource table, with the number of its entries
 * @fau: constants, with their number
 * @spd: address of the Shader Program
 * @tsd: address of the Local Storage, or 0
 *
 * Return: enum sim_step or the error of sim_mmu_map().
 */
int sim_walk_shader(struct sim_walk *w, u64 srt, u64 fau, u64 spd, u64 tsd)
{
	int ret = program(w, spd);

	if (!ret)
		ret = resource_table(w, srt);
	if (!ret)
		ret = sim_walk_item(w, fau, (fau >> 56) * 8, SIM_ACCESS_READ);
	if (!ret)
		ret = thread_storage(w, tsd);
	return ret;
}

/**
 * sim_walk_frame_shader() - Access what the shader of a Draw is given
 * @w: the walk
 * @dcd: address of the Draw
 *
 * Return: enum sim_step or the error of sim_mmu_map().
 */
int sim_walk_frame_shader(struct sim_walk *w, u64 dcd)
{
	u32 words[16];	/* Shader Environment, after the 64 bytes for the tiler */
	int ret = sim_walk_words(w, dcd + 64, words, ARRAY_SIZE(words));

	if (ret)
		return ret;
	return sim_walk_shader(w, sim_pair(words, 8),
			       (sim_pair(words, 14) & VA_MASK) | (u64)(words[1] & 0xff) << 56,
			       sim_pair(words, 10), sim_pair(words, 12));
}

/**
 * sim_walk_compute() - Access what a dispatch names
 * @w: the walk
 * @op: the instruction
 *
 * Without a workgroup nothing runs.
 *
 * Return: enum sim_step or the error of sim_mmu_map().
 */
int sim_walk_compute(struct sim_walk *w, const struct sim_op *op)
{
	const u32 *size = &op->regs[SIM_SR_JOB_SIZE(0)];
	u32 select = F47_40(op->instr);

	if (!size[0] || !size[1] || !size[2])
		return SIM_STEP_DONE;
	return sim_walk_shader(w, sim_pair(op->regs, SIM_SR_SRT(select & 3)),
			       sim_pair(op->regs, SIM_SR_FAU((select >> 6) & 3)),
			       sim_pair(op->regs, SIM_SR_SPD((select >> 2) & 3)),
			       sim_pair(op->regs, SIM_SR_TSD((select >> 4) & 3)));
}
