// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Proactive reclaim of a shmem mapping, for drivers that keep GPU buffers in
 * shmem and know that their user is in the background.
 */

#include <linux/blkdev.h>
#include <linux/export.h>
#include <linux/folio_batch.h>
#include <linux/leafops.h>
#include <linux/memcontrol.h>
#include <linux/mm_inline.h>
#include <linux/pagemap.h>
#include <linux/rcupdate_wait.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/swap.h>
#include <linux/swap_ops.h>
#include <linux/swapops.h>

#include "internal.h"
#include "swap.h"

/* Enough to amortise the reclaim call, little enough to stop quickly. */
#define SHMEM_RECLAIM_BATCH	512

/*
 * A folio in a per-CPU batch can be on an LRU list nevertheless, for example to be
 * activated or rotated. The batch holds a reference, so reclaim cannot free the folio.
 * Any other reference, besides that of the caller, looks the same.
 */
static bool shmem_is_referenced(struct folio *folio)
{
	return folio_ref_count(folio) > folio_expected_ref_count(folio) + 1;
}

/*
 * Isolates folios, taking the lock of an LRU list once for successive folios on it.
 * Returns the number of pages isolated, and adds to @missed those of folios that are
 * in a per-CPU batch or referenced.
 */
static unsigned long shmem_isolate(const struct folio_batch *fbatch, struct list_head *folios,
				   unsigned long *missed)
{
	struct lruvec *lruvec = NULL;
	unsigned long isolated = 0;

	for (unsigned int i = 0; i < folio_batch_count(fbatch); i++) {
		struct folio *folio = fbatch->folios[i];

		if (shmem_is_referenced(folio) || !folio_test_clear_lru(folio)) {
			*missed += folio_nr_pages(folio);
			continue;
		}

		/* The driver uses it again. Without the LRU flag, it stays on its list. */
		if (folio_test_unevictable(folio)) {
			folio_set_lru(folio);
			continue;
		}

		folio_get(folio);
		lruvec = folio_lruvec_relock_irq(folio, lruvec);
		lruvec_del_folio(lruvec, folio);
		/* Reclaim starts at the tail: this assigns swap slots in page order. */
		list_add(&folio->lru, folios);
		isolated += folio_nr_pages(folio);
	}
	if (lruvec)
		lruvec_unlock_irq(lruvec);

	return isolated;
}

/* Isolates folios from @start on, and returns the index where to continue. */
static pgoff_t shmem_isolate_range(struct address_space *mapping, pgoff_t start,
				   pgoff_t end, struct list_head *folios,
				   unsigned long *missed)
{
	unsigned long isolated = 0;
	struct folio_batch fbatch;

	folio_batch_init(&fbatch);
	while (isolated < SHMEM_RECLAIM_BATCH &&
	       filemap_get_folios(mapping, &start, end, &fbatch)) {
		isolated += shmem_isolate(&fbatch, folios, missed);
		/* Reclaim needs the reference of the isolation to be the only one left. */
		folio_batch_release(&fbatch);
	}

	return isolated < SHMEM_RECLAIM_BATCH ? end + 1 : start;
}

static unsigned long shmem_reclaim_once(struct address_space *mapping,
					pgoff_t start, pgoff_t end,
					unsigned long *missed)
{
	unsigned long freed = 0;
	struct blk_plug plug;
	LIST_HEAD(folios);

	while (start <= end && !signal_pending(current)) {
		start = shmem_isolate_range(mapping, start, end, &folios, missed);
		blk_start_plug(&plug);
		freed += reclaim_pages(&folios);
		blk_finish_plug(&plug);
		cond_resched();
	}

	return freed;
}

/* Returns the folio that the swap cache has for a swap entry, or NULL. */
static struct folio *shmem_get_swap_cache(swp_entry_t entry)
{
	struct swap_info_struct *si;
	struct folio *folio;

	si = get_swap_device(entry);
	if (!si)
		return NULL;

	folio = swap_cache_get_folio(entry);
	put_swap_device(si);

	return folio;
}

/*
 * Returns the swap entry of page @index, for which @xas has loaded @value. A large
 * folio that was swapped out has one value for all of its pages.
 */
static swp_entry_t shmem_swap_entry_at(struct xa_state *xas, void *value, pgoff_t index)
{
	swp_entry_t entry = radix_to_swp_entry(value);
	pgoff_t first = round_down(index, 1UL << xas_get_order(xas));

	return swp_entry(swp_type(entry), swp_offset(entry) + index - first);
}

/*
 * Collects folios in the swap cache for pages from @start on in @fbatch, and the indices
 * of these pages in @indices. Returns the index where to continue.
 */
static pgoff_t shmem_get_written(struct address_space *mapping, pgoff_t start, pgoff_t end,
				 struct folio_batch *fbatch, pgoff_t *indices)
{
	XA_STATE(xas, &mapping->i_pages, start);
	pgoff_t index = start, next;
	void *value;

	rcu_read_lock();
	xas_for_each(&xas, value, end) {
		if (xas_retry(&xas, value) || !xa_is_value(value) ||
		    !softleaf_is_swap(radix_to_swp_entry(value)))
			continue;

		/* Readahead brings back single pages, also of a large folio. */
		index = max(start, round_down(xas.xa_index, 1UL << xas_get_order(&xas)));
		next = min(end + 1, round_down(index, 1UL << xas_get_order(&xas)) +
			   (1UL << xas_get_order(&xas)));
		while (index < next) {
			struct folio *folio;

			folio = shmem_get_swap_cache(shmem_swap_entry_at(&xas, value, index));
			if (!folio) {
				index++;
				continue;
			}
			indices[folio_batch_count(fbatch)] = index;
			index += folio_nr_pages(folio);
			if (!folio_batch_add(fbatch, folio))
				goto out;
		}

		if (need_resched()) {
			xas_pause(&xas);
			cond_resched_rcu();
		}
	}
	index = end + 1;
out:
	rcu_read_unlock();

	return index;
}

/* Returns true if @folio, which is locked, has the swap entry of page @index of a mapping. */
static bool shmem_is_entry_of(struct address_space *mapping, pgoff_t index, struct folio *folio)
{
	XA_STATE(xas, &mapping->i_pages, index);
	void *value;
	bool ours;

	if (!folio_test_swapcache(folio))
		return false;

	rcu_read_lock();
	do {
		value = xas_load(&xas);
	} while (xas_retry(&xas, value));
	ours = xa_is_value(value) &&
	       shmem_swap_entry_at(&xas, value, index).val == folio->swap.val;
	rcu_read_unlock();

	return ours;
}

/*
 * Waits until a folio is written. Returns false if it no longer belongs to the mapping:
 * the swap slot, and the folio, can have been reused, which only its lock rules out.
 *
 * A folio that is locked is being read. The reader needs it, and the cgroup of the reader can
 * delay the read for any length of time. So its pages are added to @missed.
 */
static bool shmem_wait_written(struct address_space *mapping, pgoff_t index,
			       struct folio *folio, unsigned long *missed)
{
	bool ours;

	if (!folio_trylock(folio)) {
		*missed += folio_nr_pages(folio);
		return false;
	}
	ours = shmem_is_entry_of(mapping, index, folio) &&
	       !folio_wait_writeback_killable(folio);
	folio_unlock(folio);

	return ours;
}

/*
 * Starts to write folios again that a device has failed to write. These are dirty, in
 * the swap cache and out of the mapping, and reclaim_pages() leaves such folios alone.
 */
static void shmem_write_again(struct address_space *mapping, struct folio_batch *fbatch,
			      const pgoff_t *indices)
{
	unsigned int noreclaim_flag = memalloc_noreclaim_save();
	struct swap_io_ctx ctx = {};

	for (unsigned int i = 0; i < folio_batch_count(fbatch); i++) {
		struct folio *folio = fbatch->folios[i];

		if (!folio_test_dirty(folio))
			continue;
		if (!folio_trylock(folio))
			continue;

		/* A write that is started unlocks the folio. */
		if (!shmem_is_entry_of(mapping, indices[i], folio) ||
		    folio_test_writeback(folio) || !folio_clear_dirty_for_io(folio) ||
		    swap_writeout(&ctx, folio) == AOP_WRITEPAGE_ACTIVATE)
			folio_unlock(folio);
	}
	swap_write_submit(&ctx);
	memalloc_noreclaim_restore(noreclaim_flag);
}

static unsigned long shmem_collect_once(struct address_space *mapping,
					pgoff_t start, pgoff_t end,
					unsigned long *missed)
{
	pgoff_t indices[FOLIO_BATCH_SIZE];
	struct folio_batch fbatch, written;
	unsigned long freed = 0;
	LIST_HEAD(folios);

	folio_batch_init(&fbatch);
	while (start <= end && !fatal_signal_pending(current)) {
		start = shmem_get_written(mapping, start, end, &fbatch, indices);
		shmem_write_again(mapping, &fbatch, indices);
		folio_batch_init(&written);
		for (unsigned int i = 0; i < folio_batch_count(&fbatch); i++) {
			if (shmem_wait_written(mapping, indices[i], fbatch.folios[i], missed))
				folio_batch_add(&written, fbatch.folios[i]);
		}
		shmem_isolate(&written, &folios, missed);
		folio_batch_release(&fbatch);
		freed += reclaim_pages(&folios);
		cond_resched();
	}

	return freed;
}

/**
 * shmem_reclaim_range() - Write folios of a shmem mapping to swap and free them
 * @mapping: Mapping of a shmem file. The caller keeps the file alive.
 * @start: Index of the first page.
 * @end: Index of the last page, inclusive.
 * @missed: Out: the number of pages that could not be isolated, because they are in a
 * per-CPU batch, are locked or have another reference. shmem_reclaim_drain() helps in the
 * first case.
 *
 * Folios are reclaimed regardless of their age, as for MADV_PAGEOUT. Those that are
 * mapped by a page table are unmapped first, those with other references are left
 * alone. Writes to a device that completes asynchronously are not waited for:
 * shmem_reclaim_written() does that. A pending signal ends the call early.
 *
 * Context: Process context. May sleep and do I/O. No lock that reclaim can
 *          take may be held.
 *
 * Return: The number of pages that went back to the page allocator.
 */
unsigned long shmem_reclaim_range(struct address_space *mapping, pgoff_t start,
				  pgoff_t end, unsigned long *missed)
{
	unsigned long freed;

	*missed = 0;
	if (WARN_ON_ONCE(!shmem_mapping(mapping)))
		return 0;

	freed = shmem_reclaim_once(mapping, start, end, missed);
	if (*missed) {
		/* They are usually in the batches of this CPU. */
		lru_add_drain();
		*missed = 0;
		freed += shmem_reclaim_once(mapping, start, end, missed);
	}

	return freed;
}
EXPORT_SYMBOL_FOR_MODULES(shmem_reclaim_range, "panthor");

/**
 * shmem_reclaim_written() - Free what shmem_reclaim_range() has left behind
 * @mapping: Mapping of a shmem file. The caller keeps the file alive.
 * @start: Index of the first page.
 * @end: Index of the last page, inclusive.
 * @missed: Out: as for shmem_reclaim_range().
 *
 * A device that completes asynchronously leaves written folios in the swap cache:
 * clean, out of the mapping, and not freed before memory is short. This function
 * waits until they are written, and frees them. Folios that the device has failed to
 * write are there, too, and are written again. Only a fatal signal ends the call early.
 *
 * Context: Process context. May sleep and do I/O. No lock that reclaim can
 *          take may be held.
 *
 * Return: The number of pages that went back to the page allocator.
 */
unsigned long shmem_reclaim_written(struct address_space *mapping, pgoff_t start,
				    pgoff_t end, unsigned long *missed)
{
	unsigned long freed;

	*missed = 0;
	if (WARN_ON_ONCE(!shmem_mapping(mapping)))
		return 0;

	freed = shmem_collect_once(mapping, start, end, missed);
	if (*missed) {
		/* Reclaim puts folios back through a batch of this CPU. */
		lru_add_drain();
		*missed = 0;
		freed += shmem_collect_once(mapping, start, end, missed);
	}

	return freed;
}
EXPORT_SYMBOL_FOR_MODULES(shmem_reclaim_written, "panthor");

/**
 * shmem_reclaim_drain() - Move folios from the per-CPU batches to the LRU lists
 *
 * This queues work on all CPUs that have folios in a batch, and waits for it. Call it
 * once for all that is reclaimed, not for each range.
 *
 * Context: Process context. May sleep.
 */
void shmem_reclaim_drain(void)
{
	lru_add_drain_all();
}
EXPORT_SYMBOL_FOR_MODULES(shmem_reclaim_drain, "panthor");

/* Returns the first folio of a mapping that is in RAM, or NULL. */
static struct folio *shmem_get_first(struct address_space *mapping)
{
	struct folio *folio = filemap_get_folio(mapping, 0);
	struct folio_batch fbatch;
	pgoff_t start = 0;

	if (!IS_ERR(folio))
		return folio;

	folio_batch_init(&fbatch);
	if (!filemap_get_folios(mapping, &start, ULONG_MAX, &fbatch))
		return NULL;

	folio = fbatch.folios[0];
	folio_get(folio);
	folio_batch_release(&fbatch);

	return folio;
}

/**
 * shmem_swap_room() - Get the room in swap for the pages of a shmem mapping
 * @mapping: Mapping of a shmem file. The caller keeps the file alive.
 *
 * Considers free swap, and the limits of the memory cgroup that is charged for the
 * first page in RAM and of its ancestors. Other cgroups can be charged for other
 * pages, and a device can fail to write, so the result only shows early what is
 * certain to fail.
 *
 * Return: A number of pages. Can be negative.
 */
long shmem_swap_room(struct address_space *mapping)
{
	struct mem_cgroup *memcg;
	struct folio *folio;
	long room = get_nr_swap_pages();

	if (mem_cgroup_disabled())
		return room;

	folio = shmem_get_first(mapping);
	if (!folio)
		return room;

	rcu_read_lock();
	memcg = folio_memcg(folio);
	if (memcg)
		room = mem_cgroup_get_nr_swap_pages(memcg);
	rcu_read_unlock();
	folio_put(folio);

	return room;
}
EXPORT_SYMBOL_FOR_MODULES(shmem_swap_room, "panthor");

/**
 * shmem_pages_in_ram() - Get the number of pages of a shmem mapping in RAM
 * @mapping: Mapping of a shmem file. The caller keeps the file alive.
 *
 * Pages in the swap cache are included: those that a device failed to write, those
 * that a killed reclaim has left there, and those that were read ahead and are
 * not used yet.
 *
 * Context: Process context. May sleep.
 *
 * Return: A number of pages.
 */
unsigned long shmem_pages_in_ram(struct address_space *mapping)
{
	unsigned long pages = READ_ONCE(mapping->nrpages);
	pgoff_t indices[FOLIO_BATCH_SIZE], start = 0, end;
	struct folio_batch fbatch;

	/* Usually the swap cache is empty. */
	if (!total_swapcache_pages())
		return pages;

	end = (i_size_read(mapping->host) + PAGE_SIZE - 1) >> PAGE_SHIFT;
	while (start < end && !fatal_signal_pending(current)) {
		folio_batch_init(&fbatch);
		start = shmem_get_written(mapping, start, end - 1, &fbatch, indices);
		for (unsigned int i = 0; i < folio_batch_count(&fbatch); i++)
			pages += folio_nr_pages(fbatch.folios[i]);
		folio_batch_release(&fbatch);
		cond_resched();
	}

	return pages;
}
EXPORT_SYMBOL_FOR_MODULES(shmem_pages_in_ram, "panthor");
