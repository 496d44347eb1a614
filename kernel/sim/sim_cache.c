// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Simulated Mali CSF GPU: the CPU caches, which a GPU that is not coherent
 * does not see.
 *
 * A page that the driver has mapped for DMA has two contents. The page itself
 * is what the CPU sees through its caches, because User-Mode Linux cannot
 * intercept accesses of the CPU. A copy is what is in memory, and what the GPU
 * reads and writes. A second copy is what the CPU saw when the two were synced
 * last: a line of the page that differs from it is dirty. Cleaning writes the
 * dirty lines to memory. Invalidating makes the CPU see memory again, and loses
 * dirty lines.
 *
 * That is the worst case. Real caches can write a dirty line back, or drop a
 * clean one, at any time.
 */

#include <linux/io.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>

#include "sim.h"

#define LINE_SIZE	64UL
#define LINE_MASK	(~(LINE_SIZE - 1))
#define LINE_WORDS	(LINE_SIZE / sizeof(u64))
#define PAGE_WORDS	(PAGE_SIZE / sizeof(u64))

/* What is in memory before the first clean. Nobody writes this value. */
#define STALE		0x57a1e57a1e57a1e0ULL

enum page_state {
	/* Not mapped for DMA: one content. */
	PAGE_PLAIN = 0,
	/* Mapped for DMA without a call of sim_cache_use(): page tables. */
	PAGE_MAPPED,
	/* Page of a BO whose CPU mapping is cached. */
	PAGE_CACHED,
	/* Page of a BO whose CPU mapping is write-combined: one content, that of memory. */
	PAGE_UNCACHED,
	/*
	 * The same, but with dirty lines in the caches since the page was
	 * allocated: they reach memory when the driver cleans them, and replace
	 * what was written since.
	 */
	PAGE_MASKED,
};

static struct {
	/* Raw, because DMA is synced in any context. Protects the members below. */
	raw_spinlock_t lock;
	unsigned long pages;
	u8 *state;
	/* Indexed by page number; synced has the dirty lines of PAGE_MASKED. */
	u64 *memory;
	u64 *synced;
} cache = {
	.lock = __RAW_SPIN_LOCK_UNLOCKED(cache.lock),
};

/**
 * sim_cache_init() - Start the model
 * @pages: number of pages of the machine
 * @mem: zeroed memory, twice the size of these pages
 *
 * Return: 0 or -ENOMEM.
 */
int sim_cache_init(unsigned long pages, void *mem)
{
	cache.state = vzalloc(pages);
	if (!cache.state)
		return -ENOMEM;
	cache.memory = mem;
	cache.synced = cache.memory + pages * PAGE_WORDS;
	cache.pages = pages;
	return 0;
}

static u64 *page_words(unsigned long pfn)
{
	return phys_to_virt(PFN_PHYS(pfn));
}

/*
 * Copies word by word, because nobody must see half of a page-table entry. Not
 * instrumented, to keep KASAN builds usable: only the owner of a page syncs it.
 */
static __no_sanitize_address void copy_words(u64 *to, const u64 *from, unsigned long n)
{
	for (; n; n--)
		WRITE_ONCE(*to++, READ_ONCE(*from++));
}

static __no_sanitize_address bool line_clean(unsigned long pfn, unsigned long line)
{
	unsigned long at = pfn * PAGE_WORDS + line * LINE_WORDS, i;
	const u64 *p = page_words(pfn) + line * LINE_WORDS;
	u64 words[LINE_WORDS];
	bool dirty = false;

	for (i = 0; i < LINE_WORDS; i++) {
		words[i] = READ_ONCE(p[i]);
		dirty |= words[i] != cache.synced[at + i];
	}
	if (!dirty)
		return false;

	/* What the CPU writes after the read above is dirty the next time. */
	copy_words(cache.synced + at, words, LINE_WORDS);
	copy_words(cache.memory + at, words, LINE_WORDS);
	return true;
}

static __no_sanitize_address bool line_invalidate(unsigned long pfn, unsigned long line)
{
	unsigned long at = pfn * PAGE_WORDS + line * LINE_WORDS, i;
	u64 *p = page_words(pfn) + line * LINE_WORDS;
	u64 words[LINE_WORDS];
	bool dirty = false;

	copy_words(words, cache.memory + at, LINE_WORDS);
	for (i = 0; i < LINE_WORDS; i++)
		dirty |= READ_ONCE(p[i]) != cache.synced[at + i];
	copy_words(cache.synced + at, words, LINE_WORDS);
	copy_words(p, words, LINE_WORDS);
	return dirty;
}

/* Starts with all lines dirty, as if the CPU had written the whole page. */
static void begin_caching(unsigned long pfn, enum page_state state)
{
	const u64 *p = page_words(pfn);
	unsigned long at = pfn * PAGE_WORDS, i;

	for (i = 0; i < PAGE_WORDS; i++) {
		cache.memory[at + i] = STALE;
		cache.synced[at + i] = ~p[i];
	}
	WRITE_ONCE(cache.state[pfn], state);
}

static bool is_cached(unsigned long pfn)
{
	u8 state = READ_ONCE(cache.state[pfn]);

	return state == PAGE_MAPPED || state == PAGE_CACHED;
}

/* Calls @sync for each page of a range, with the part that is in it. */
static void sync_pages(u64 pa, u64 size, bool written,
		       void (*sync)(unsigned long pfn, u64 from, u64 to, bool written))
{
	unsigned long flags;
	u64 end = pa + size, next;

	for (; pa < end; pa = next) {
		next = min(end, (pa & PAGE_MASK) + PAGE_SIZE);
		if (PHYS_PFN(pa) >= cache.pages)
			continue;
		raw_spin_lock_irqsave(&cache.lock, flags);
		sync(PHYS_PFN(pa), offset_in_page(pa), next - (pa & PAGE_MASK), written);
		raw_spin_unlock_irqrestore(&cache.lock, flags);
	}
}

static void clean_page(unsigned long pfn, u64 from, u64 to, bool written)
{
	u64 line, lines = 0;

	if (cache.state[pfn] == PAGE_PLAIN)
		begin_caching(pfn, PAGE_MAPPED);
	if (!is_cached(pfn))
		return;
	for (line = from / LINE_SIZE; line * LINE_SIZE < to; line++)
		lines += line_clean(pfn, line);
	sim_count_n(SIM_STAT_LINES_CLEANED, lines);
}

/* Lines that are only partly in the range are cleaned first, as on arm64. */
static void invalidate_page(unsigned long pfn, u64 from, u64 to, bool written)
{
	u64 line, lines = 0;

	/* Only an unmap syncs a whole page of a table for the CPU. */
	if (!written && cache.state[pfn] == PAGE_MAPPED && to - from == PAGE_SIZE)
		WRITE_ONCE(cache.state[pfn], PAGE_PLAIN);
	if (!written || !is_cached(pfn))
		return;
	if (from & ~LINE_MASK)
		line_clean(pfn, from / LINE_SIZE);
	if (to & ~LINE_MASK)
		line_clean(pfn, to / LINE_SIZE);
	for (line = from / LINE_SIZE; line * LINE_SIZE < to; line++)
		lines += line_invalidate(pfn, line);
	sim_count_n(SIM_STAT_LINES_LOST, lines);
}

/**
 * sim_cache_for_device() - Clean, so that the GPU sees what the CPU wrote
 * @pa: physical address
 * @size: number of bytes
 *
 * A page that is not known yet is being mapped for DMA.
 */
void sim_cache_for_device(u64 pa, u64 size)
{
	sync_pages(pa, size, false, clean_page);
}

/**
 * sim_cache_for_cpu() - Invalidate, so that the CPU sees what the GPU wrote
 * @pa: physical address
 * @size: number of bytes
 * @written: false if the GPU cannot have written there
 */
void sim_cache_for_cpu(u64 pa, u64 size, bool written)
{
	sync_pages(pa, size, written, invalidate_page);
}

/* Writes the dirty lines of a masked page to memory. */
static void unmask(unsigned long pfn)
{
	if (cache.state[pfn] == PAGE_MASKED)
		copy_words(page_words(pfn), cache.synced + pfn * PAGE_WORDS, PAGE_WORDS);
}

/**
 * sim_cache_use() - Note how the CPU maps a page, as the driver says
 * @pfn: the page
 * @use: how it is mapped from now on, until SIM_CACHE_NONE
 */
void sim_cache_use(unsigned long pfn, enum sim_cache_use use)
{
	unsigned long flags;

	if (pfn >= cache.pages)
		return;
	raw_spin_lock_irqsave(&cache.lock, flags);
	switch (use) {
	case SIM_CACHE_NONE:
		unmask(pfn);
		WRITE_ONCE(cache.state[pfn], PAGE_PLAIN);
		break;
	case SIM_CACHE_CACHED:
		begin_caching(pfn, PAGE_CACHED);
		break;
	case SIM_CACHE_UNCACHED:
		unmask(pfn);
		WRITE_ONCE(cache.state[pfn], PAGE_UNCACHED);
		break;
	case SIM_CACHE_UNCACHED_MAP:
		/* If it was mapped for DMA before, it has nothing in the caches. */
		if (cache.state[pfn] != PAGE_PLAIN)
			break;
		copy_words(cache.synced + pfn * PAGE_WORDS, page_words(pfn), PAGE_WORDS);
		WRITE_ONCE(cache.state[pfn], PAGE_MASKED);
		break;
	}
	raw_spin_unlock_irqrestore(&cache.lock, flags);
}

/**
 * sim_cache_memory() - Get what the GPU sees at a physical address
 * @pa: physical address
 *
 * Return: kernel pointer, valid up to the end of the page, or NULL if the GPU
 * and the CPU see the same.
 */
void *sim_cache_memory(u64 pa)
{
	unsigned long pfn = PHYS_PFN(pa);

	if (pfn >= cache.pages || !is_cached(pfn))
		return NULL;
	return (u8 *)(cache.memory + pfn * PAGE_WORDS) + offset_in_page(pa);
}
