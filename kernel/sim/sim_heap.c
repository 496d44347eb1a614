// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Simulated Mali CSF GPU: the tiler heap.
 *
 * Draws take memory from the current chunk of a heap, whose descriptor user space
 * provides. A chunk that is full goes to the list of completed chunks in the tiler
 * context, and the next one is, in this order, what the driver gave, what the chunk's
 * header points to, or the first of the free list in the heap context. If there is
 * none, the driver is asked (TILER_OOM). If it gives none, either a fragment
 * job is still to return chunks, or the exception handler of the stream runs, or
 * the stream dies. FINISH_FRAGMENT puts the completed chunks on the free list.
 *
 * The first word that is written to a page of a chunk depends on its address, and
 * the fragment job looks for it.
 *
 * The heap context is 32 bytes that the driver zeroes. Their layout is our choice.
 */

#include <linux/kernel.h>

#include "sim_cs.h"

/* Tiler Context: byte offsets. */
#define TILER_HEAP		24
#define TILER_COMPLETED_FIRST	40
#define TILER_COMPLETED_LAST	48

/* Tiler Heap: byte offsets. Word 0 is type and chunk size. */
#define HEAP_TYPE(word)		((word) & 0xff)
#define HEAP_TYPE_VALUE		(SIM_BUFFER_TILER_HEAP << 4 | SIM_DESC_BUFFER)
#define HEAP_BASE		8
#define HEAP_BOTTOM		16
#define HEAP_TOP		24

/* Heap context: byte offsets. */
#define CTX_FREE		0
#define CTX_COUNTER(n)		(8 + 4 * (n))	/* SIM_HEAP_VT_START, ... */
#define CTX_COUNTERS		4

/* A chunk in a list or from the driver: address | size in pages. */
#define CHUNK_VA(chunk)		((chunk) & SIM_PAGE_MASK)
#define CHUNK_BYTES(chunk)	(((chunk) & ~SIM_PAGE_MASK) << SIM_PAGE_SHIFT)
/* A list that is longer is not followed: it may be a loop. */
#define MAX_LIST		256

#define MARK			0x54494c4552ULL

/* Pointers to what a step changes; valid while the address space is locked. */
struct heap {
	u64 *list;	/* polygon list */
	u64 *first;	/* completed chunks */
	u64 *last;
	u64 *base;	/* current chunk: start, next free byte, end */
	u64 *bottom;
	u64 *top;
	u64 size;	/* chunk size in the descriptor */
};

static int map64(struct sim_as *as, u64 va, u64 **p)
{
	return va & 7 ? SIM_STEP_FAULT : sim_mmu_map(as, va, SIM_ACCESS_WRITE, (void **)p);
}

static int map_heap(struct sim_as *as, u64 tiler, struct heap *h)
{
	u64 *word, va;
	int ret = map64(as, tiler + TILER_HEAP, &word);

	if (ret)
		return ret;
	va = READ_ONCE(*word);
	ret = map64(as, va, &word);
	if (ret)
		return ret;
	if (HEAP_TYPE(READ_ONCE(*word)) != HEAP_TYPE_VALUE)
		return SIM_STEP_FAULT;
	h->size = READ_ONCE(*word) >> 32;
	ret = map64(as, va + HEAP_BASE, &h->base);
	if (!ret)
		ret = map64(as, va + HEAP_BOTTOM, &h->bottom);
	if (!ret)
		ret = map64(as, va + HEAP_TOP, &h->top);
	if (!ret)
		ret = map64(as, tiler + SIM_TILER_POLYGON_LIST, &h->list);
	if (!ret)
		ret = map64(as, tiler + TILER_COMPLETED_FIRST, &h->first);
	if (!ret)
		ret = map64(as, tiler + TILER_COMPLETED_LAST, &h->last);
	return ret;
}

static bool is_valid(const struct heap *h)
{
	u64 base = READ_ONCE(*h->base), bottom = READ_ONCE(*h->bottom);
	u64 top = READ_ONCE(*h->top);

	return !((base | top) & ~SIM_PAGE_MASK) && !(bottom & 63) && base <= bottom &&
	       bottom <= top && top - base <= CHUNK_BYTES(~0ULL);
}

/* --- Lists of chunks ------------------------------------------------------ */

/* Add the current chunk to the completed ones. Nothing is changed after an error. */
static int retire(struct sim_as *as, const struct heap *h)
{
	u64 base = READ_ONCE(*h->base), *header, *last = NULL;
	u64 chunk = base | (READ_ONCE(*h->top) - base) >> SIM_PAGE_SHIFT;
	int ret;

	if (!base)
		return SIM_STEP_DONE;
	ret = map64(as, base, &header);
	if (!ret && READ_ONCE(*h->last))
		ret = map64(as, CHUNK_VA(READ_ONCE(*h->last)), &last);
	if (ret)
		return ret;
	WRITE_ONCE(*header, 0);
	WRITE_ONCE(*(last ?: h->first), chunk);
	WRITE_ONCE(*h->last, chunk);
	WRITE_ONCE(*h->base, 0);
	WRITE_ONCE(*h->bottom, 0);
	WRITE_ONCE(*h->top, 0);
	return SIM_STEP_DONE;
}

/* Where a chunk comes from: all that has to change when it is taken. */
struct source {
	u64 chunk;
	u64 *list;	/* word that points to it, NULL = the driver gave it */
	u64 *header;
};

static int find_chunk(struct sim_as *as, u64 base, u64 heap_ctx, u64 given, struct source *s)
{
	u64 *word = NULL;
	int ret = 0;

	*s = (struct source) { .chunk = given };
	if (!s->chunk && base) {
		ret = map64(as, base, &word);
		s->chunk = ret ? 0 : READ_ONCE(*word);
	}
	if (!ret && !s->chunk && heap_ctx) {
		ret = map64(as, heap_ctx + CTX_FREE, &s->list);
		s->chunk = ret ? 0 : READ_ONCE(*s->list);
	}
	if (ret)
		return ret;
	return s->chunk ? map64(as, CHUNK_VA(s->chunk), &s->header) : SIM_STEP_OOM;
}

/*
 * Replace the current chunk, which is full. A chunk from the driver is put before the
 * one that the current chunk points to, so that this is not lost.
 */
static int next_chunk(struct sim_as *as, struct sim_cs *cs, const struct heap *h,
		      struct sim_progress *p)
{
	u64 base = READ_ONCE(*h->base), *header = NULL, size, after;
	struct source s;
	int ret = find_chunk(as, base, cs->ctx.heap, p->chunk, &s);

	if (!ret && base)
		ret = map64(as, base, &header);
	if (ret)
		return ret;
	size = CHUNK_BYTES(s.chunk) ?: h->size;
	if (!size || size & ~SIM_PAGE_MASK || size > CHUNK_BYTES(~0ULL))
		return SIM_STEP_FAULT;
	after = p->chunk && header ? READ_ONCE(*header) : READ_ONCE(*s.header);
	ret = retire(as, h);
	if (ret)
		return ret;

	if (s.list) {
		WRITE_ONCE(*s.list, after);
		after = 0;
	}
	WRITE_ONCE(*s.header, after);
	WRITE_ONCE(*h->base, CHUNK_VA(s.chunk));
	WRITE_ONCE(*h->bottom, CHUNK_VA(s.chunk) + SIM_CHUNK_HEADER);
	WRITE_ONCE(*h->top, CHUNK_VA(s.chunk) + size);
	p->chunk = 0;
	p->handled = 0;
	p->refused = 0;
	sim_count(SIM_STAT_HEAP_CHUNKS);
	return SIM_STEP_AGAIN;
}

/* --- Taking --------------------------------------------------------------- */

/* Take memory up to the end of a page, or get the next chunk. */
static int take(struct sim_as *as, struct sim_cs *cs, u64 tiler, struct sim_progress *p)
{
	u64 bottom, room, *word;
	struct heap h;
	int ret = map_heap(as, tiler, &h);

	if (ret)
		return ret;
	if (!is_valid(&h))
		return SIM_STEP_FAULT;
	bottom = READ_ONCE(*h.bottom);
	room = READ_ONCE(*h.top) - bottom;
	if (!room)
		return next_chunk(as, cs, &h, p);

	ret = map64(as, bottom, &word);
	if (ret)
		return ret;
	room = min3(room, sim_page_room(bottom), p->bytes);
	WRITE_ONCE(*word, bottom ^ MARK);
	WRITE_ONCE(*h.bottom, bottom + room);
	if (!READ_ONCE(*h.list))
		WRITE_ONCE(*h.list, bottom);
	p->bytes -= room;
	p->total++;
	return SIM_STEP_AGAIN;
}

/* --- Out of memory -------------------------------------------------------- */

static int read_counters(struct sim_csg *csg, struct sim_cs *cs, u32 *counters)
{
	memset(counters, 0, CTX_COUNTERS * sizeof(*counters));
	if (!cs->ctx.heap)
		return SIM_STEP_DONE;
	return sim_mmu_read_words(csg->as, (cs->ctx.heap & ~7ULL) + CTX_COUNTER(0), counters,
				  CTX_COUNTERS);
}

/* The driver checks the counters and the address, and kills the stream if they are wrong. */
static int ask_driver(struct sim_csg *csg, struct sim_cs *cs, const u32 *counters,
		      struct sim_progress *p)
{
	bool raised = p->raised;
	int ret;

	if (!raised) {
		cs->heap_vt_start = counters[SIM_HEAP_VT_START];
		cs->heap_vt_end = counters[SIM_HEAP_VT_END];
		cs->heap_frag_end = counters[SIM_HEAP_FRAG_END];
		cs->heap_address = cs->ctx.heap;
		p->raised = 1;
		sim_count(SIM_STAT_TILER_OOMS);
	}
	cs->wait = SIM_WAIT_EVENT;
	if (!sim_event_answered(csg, cs, SIM_CS_EVT_TILER_OOM, raised))
		return SIM_STEP_WAIT;
	ret = sim_mcu_access64(SIM_CS_IN(csg->id, cs - csg->cs) + SIM_CS_IN_HEAP_START,
			       &p->chunk, SIM_ACCESS_READ);
	if (ret)
		return ret;
	p->raised = 0;
	p->refused = !p->chunk;
	p->seen = counters[SIM_HEAP_FRAG_END];
	return SIM_STEP_AGAIN;
}

/* The handler renders what there is so far, which completes the current chunk, too. */
static int run_handler(struct sim_csg *csg, struct sim_cs *cs, u64 tiler,
		       struct sim_progress *p)
{
	struct sim_cs_ctx *ctx = &cs->ctx;
	unsigned long flags;
	struct heap h;
	int ret;

	spin_lock_irqsave(&csg->as->lock, flags);
	ret = map_heap(csg->as, tiler, &h);
	if (!ret)
		ret = is_valid(&h) ? retire(csg->as, &h) : SIM_STEP_FAULT;
	spin_unlock_irqrestore(&csg->as->lock, flags);
	if (ret)
		return ret;

	p->handled = 1;
	p->refused = 0;
	ctx->frame[ctx->depth].pc = ctx->handler_va;
	ctx->frame[ctx->depth].end = ctx->handler_va + ctx->handler_len;
	ctx->depth++;
	ctx->handler = ctx->depth;
	sim_count(SIM_STAT_OOM_HANDLERS);
	return SIM_STEP_JUMPED;
}

static int out_of_memory(struct sim_csg *csg, struct sim_cs *cs, u64 tiler,
			 struct sim_progress *p)
{
	u32 counters[CTX_COUNTERS];
	int ret = read_counters(csg, cs, counters);

	if (ret)
		return ret;
	if (!p->refused)
		return ask_driver(csg, cs, counters, p);
	if (counters[SIM_HEAP_FRAG_END] != p->seen) {
		p->refused = 0;
		return SIM_STEP_AGAIN;
	}
	if (counters[SIM_HEAP_VT_END] != p->seen) {
		cs->wait = SIM_WAIT_HEAP;
		return SIM_STEP_WAIT;
	}
	if (cs->ctx.handler_len && !cs->ctx.handler && !p->handled)
		return run_handler(csg, cs, tiler, p);
	return sim_cs_die(cs, SIM_EXC_OOM, 0);
}

/**
 * sim_heap_take() - Take memory from the tiler heap
 * @csg: the group
 * @cs: the command stream
 * @tiler: address of the tiler context
 * @p: how much is missing
 *
 * Return: enum sim_step or the error of sim_mmu_map(). SIM_STEP_JUMPED: the exception
 * handler runs first.
 */
int sim_heap_take(struct sim_csg *csg, struct sim_cs *cs, u64 tiler, struct sim_progress *p)
{
	int ret = SIM_STEP_AGAIN, left = SIM_PIECE;
	unsigned long flags;

	while (p->bytes && p->total < SIM_WORK_MAX && ret == SIM_STEP_AGAIN && left--) {
		ret = SIM_STEP_OOM;
		if (!p->raised) {
			spin_lock_irqsave(&csg->as->lock, flags);
			ret = take(csg->as, cs, tiler, p);
			spin_unlock_irqrestore(&csg->as->lock, flags);
		}
		if (ret == SIM_STEP_OOM)
			ret = out_of_memory(csg, cs, tiler, p);
	}
	if (ret == SIM_STEP_AGAIN && (!p->bytes || p->total >= SIM_WORK_MAX))
		return SIM_STEP_DONE;
	return ret;
}

/* --- Fragment jobs -------------------------------------------------------- */

static int check_mark(struct sim_walk *w, u64 va)
{
	unsigned long flags;
	u64 *word;
	int ret;

	spin_lock_irqsave(&w->csg->as->lock, flags);
	ret = map64(w->csg->as, va, &word);
	if (!ret && READ_ONCE(*word) != (va ^ MARK))
		ret = SIM_STEP_FAULT;
	spin_unlock_irqrestore(&w->csg->as->lock, flags);
	return ret;
}

/* Check the pages of a chunk below @end. */
static int check_chunk(struct sim_walk *w, u64 base, u64 end)
{
	struct sim_progress *p = w->p;
	u64 va;
	int ret;

	if (w->range++ < p->range)
		return SIM_STEP_DONE;
	for (; !sim_walk_capped(w); p->page++, p->total++) {
		va = p->page ? base + p->page * SIM_PAGE_SIZE : base + SIM_CHUNK_HEADER;
		if (va >= end)
			break;
		ret = sim_walk_charge(w);
		if (!ret)
			ret = check_mark(w, va);
		if (ret)
			return ret;
	}
	p->range = w->range;
	p->page = 0;
	return SIM_STEP_DONE;
}

static int read64(struct sim_walk *w, u64 va, u64 *value)
{
	u32 words[2];
	int ret = sim_walk_words(w, va, words, ARRAY_SIZE(words));

	*value = sim_pair(words, 0);
	return ret;
}

static int check_completed(struct sim_walk *w, u64 tiler)
{
	u64 chunk, last;
	u32 i;
	int ret = read64(w, tiler + TILER_COMPLETED_FIRST, &chunk);

	if (!ret)
		ret = read64(w, tiler + TILER_COMPLETED_LAST, &last);
	for (i = 0; i < MAX_LIST && !ret && chunk && !sim_walk_capped(w); i++) {
		ret = check_chunk(w, CHUNK_VA(chunk), CHUNK_VA(chunk) + CHUNK_BYTES(chunk));
		if (ret || chunk == last)
			break;
		ret = read64(w, CHUNK_VA(chunk), &chunk);
	}
	return ret;
}

static int check_current(struct sim_walk *w, u64 tiler)
{
	u64 heap, base, bottom;
	int ret = read64(w, tiler + TILER_HEAP, &heap);

	if (!ret)
		ret = read64(w, heap + HEAP_BASE, &base);
	if (!ret)
		ret = read64(w, heap + HEAP_BOTTOM, &bottom);
	if (ret || !base)
		return ret;
	if (base & ~SIM_PAGE_MASK || bottom < base || bottom - base > CHUNK_BYTES(~0ULL))
		return SIM_STEP_FAULT;
	return check_chunk(w, base, bottom);
}

/**
 * sim_heap_check() - Read what the draws of a fragment job have left on the heap
 * @w: the walk
 * @tiler: address of the tiler context
 *
 * Return: enum sim_step or the error of sim_mmu_map(). SIM_STEP_FAULT: the
 * memory does not hold what was written.
 */
int sim_heap_check(struct sim_walk *w, u64 tiler)
{
	u64 list;
	int ret;

	if (sim_walk_skip(w))
		return SIM_STEP_DONE;
	ret = read64(w, tiler + SIM_TILER_POLYGON_LIST, &list);
	if (!ret && list)
		ret = check_completed(w, tiler);
	if (!ret && list)
		ret = check_current(w, tiler);
	return sim_walk_done(w, ret);
}

/* --- Heap context --------------------------------------------------------- */

static int map_counter(struct sim_as *as, u64 heap_ctx, u32 n, u32 **counter)
{
	u64 *word;
	int ret = map64(as, heap_ctx + (CTX_COUNTER(n) & ~7U), &word);

	*counter = (u32 *)word + (n & 1);
	return ret;
}

/**
 * sim_heap_operation() - Execute HEAP_OPERATION
 * @csg: the group
 * @cs: the command stream
 * @instr: the instruction
 *
 * Return: enum sim_step or the error of sim_mmu_map().
 */
int sim_heap_operation(struct sim_csg *csg, struct sim_cs *cs, u64 instr)
{
	u32 n = (instr >> SIM_HEAP_OP_SHIFT) & 7, *counter;
	unsigned long flags;
	int ret;

	if (n >= CTX_COUNTERS)
		return sim_cs_invalid(cs);
	spin_lock_irqsave(&csg->as->lock, flags);
	ret = map_counter(csg->as, cs->ctx.heap, n, &counter);
	if (!ret)
		WRITE_ONCE(*counter, READ_ONCE(*counter) + 1);
	spin_unlock_irqrestore(&csg->as->lock, flags);
	return ret;
}

/**
 * sim_heap_finish() - Execute FINISH_FRAGMENT
 * @csg: the group
 * @cs: the command stream
 * @instr: the instruction
 * @arg: first and last chunk of a list, 0 if the list is empty
 *
 * Return: enum sim_step or the error of sim_mmu_map().
 */
int sim_heap_finish(struct sim_csg *csg, struct sim_cs *cs, u64 instr, const u64 *arg)
{
	u64 first = arg[0], last = arg[1] ?: arg[0], *free = NULL, *header = NULL;
	bool count = instr & SIM_FINISH_FRAG_END;
	unsigned long flags;
	u32 *counter = NULL;
	int ret = 0;

	spin_lock_irqsave(&csg->as->lock, flags);
	if (first)
		ret = map64(csg->as, cs->ctx.heap + CTX_FREE, &free);
	if (!ret && first)
		ret = map64(csg->as, CHUNK_VA(last), &header);
	if (!ret && count)
		ret = map_counter(csg->as, cs->ctx.heap, SIM_HEAP_FRAG_END, &counter);
	if (!ret && first) {
		WRITE_ONCE(*header, READ_ONCE(*free));
		WRITE_ONCE(*free, first);
		sim_count(SIM_STAT_HEAP_RETURNS);
	}
	if (!ret && count)
		WRITE_ONCE(*counter, READ_ONCE(*counter) + 1);
	spin_unlock_irqrestore(&csg->as->lock, flags);
	return ret;
}
