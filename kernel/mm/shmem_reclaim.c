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
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/swap.h>
#include <linux/swapops.h>

#include "internal.h"
#include "swap.h"

/* Enough to amortise the reclaim call, little enough to stop quickly. */
#define SHMEM_RECLAIM_BATCH	512

/*
 * A folio in a per-CPU batch may be on an LRU list all the same, as one that is
 * being activated or rotated is: but the batch has a reference, and reclaim cannot
 * free it. The caller has one, too.
 */
static bool shmem_in_cpu_batch(struct folio *folio)
{
	return !folio_test_lru(folio) ||
	       folio_ref_count(folio) > folio_expected_ref_count(folio) + 1;
}

/*
 * Isolates folios, those of one LRU list with one hold of its lock. Returns how many
 * pages, and counts in @missed those that are in a per-CPU batch.
 */
static unsigned long shmem_isolate(const struct folio_batch *fbatch, struct list_head *folios,
				   unsigned long *missed)
{
	struct lruvec *lruvec = NULL;
	unsigned long isolated = 0;

	for (unsigned int i = 0; i < folio_batch_count(fbatch); i++) {
		struct folio *folio = fbatch->folios[i];

		/* Pinned again by the driver in the meantime. */
		if (folio_test_lru(folio) && folio_test_unevictable(folio))
			continue;
		if (shmem_in_cpu_batch(folio) || !folio_test_clear_lru(folio)) {
			*missed += folio_nr_pages(folio);
			continue;
		}

		folio_get(folio);
		lruvec = folio_lruvec_relock_irq(folio, lruvec);
		lruvec_del_folio(lruvec, folio);
		/* Reclaim begins at the tail: slots are to be in the order of the pages. */
		list_add(&folio->lru, folios);
		isolated += folio_nr_pages(folio);
	}
	if (lruvec)
		lruvec_unlock_irq(lruvec);

	return isolated;
}

/* Isolates folios from @start on, and returns where to go on. */
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
		/* Only the reference of the isolation may be left for reclaim. */
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

/* The folio that the swap cache has for an entry of a mapping, or NULL. */
static struct folio *shmem_get_swap_cache(void *entry)
{
	softleaf_t leaf = radix_to_swp_entry(entry);
	struct swap_info_struct *si;
	struct folio *folio;

	if (softleaf_is_poison_marker(leaf))
		return NULL;

	si = get_swap_device(leaf);
	if (!si)
		return NULL;

	folio = swap_cache_get_folio(leaf);
	put_swap_device(si);

	return folio;
}

/* Fills @fbatch from @start on, and returns where to go on. */
static pgoff_t shmem_get_written(struct address_space *mapping, pgoff_t start, pgoff_t end,
				 struct folio_batch *fbatch, pgoff_t *indices)
{
	XA_STATE(xas, &mapping->i_pages, start);
	pgoff_t next = end + 1;
	void *entry;

	rcu_read_lock();
	xas_for_each(&xas, entry, end) {
		pgoff_t pages = 1UL << xas_get_order(&xas);
		struct folio *folio = NULL;

		if (!xas_retry(&xas, entry) && xa_is_value(entry))
			folio = shmem_get_swap_cache(entry);

		if (folio) {
			indices[folio_batch_count(fbatch)] = xas.xa_index;
			if (!folio_batch_add(fbatch, folio)) {
				next = round_down(xas.xa_index, pages) + pages;
				break;
			}
		}

		if (need_resched()) {
			xas_pause(&xas);
			cond_resched_rcu();
		}
	}
	rcu_read_unlock();

	return next;
}

/*
 * Waits until a folio is written. The slot in swap can belong to somebody else by
 * now, and so can the folio: with its lock held that is certain.
 */
static bool shmem_wait_written(struct address_space *mapping, pgoff_t index,
			       struct folio *folio)
{
	bool ours;

	folio_lock(folio);
	ours = folio_test_swapcache(folio) &&
	       xa_load(&mapping->i_pages, index) == swp_to_radix_entry(folio->swap);
	if (ours)
		folio_wait_writeback(folio);
	folio_unlock(folio);

	return ours;
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
		folio_batch_init(&written);
		for (unsigned int i = 0; i < folio_batch_count(&fbatch); i++) {
			if (shmem_wait_written(mapping, indices[i], fbatch.folios[i]))
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
 * shmem_reclaim_range() - Write folios of a shmem mapping to swap, free them
 * @mapping: Mapping of a shmem file. The caller keeps the file alive.
 * @start: Index of the first page.
 * @end: Index of the last page, inclusive.
 *
 * Folios are taken whatever their age, as for MADV_PAGEOUT. Those that are
 * mapped by a page table are unmapped first, those that something else holds
 * are left alone. What goes to a device that completes later is not waited for:
 * that is what shmem_reclaim_written() does. A pending signal ends the writing.
 *
 * Context: Process context. May sleep and do I/O. No lock that reclaim can
 *          take may be held.
 *
 * Return: The number of pages that went back to the page allocator.
 */
unsigned long shmem_reclaim_range(struct address_space *mapping, pgoff_t start,
				  pgoff_t end)
{
	unsigned long freed, missed = 0;

	if (WARN_ON_ONCE(!shmem_mapping(mapping)))
		return 0;

	freed = shmem_reclaim_once(mapping, start, end, &missed);

	/*
	 * Folios in per-CPU batches. Mostly this CPU has them; asking all others
	 * is dear.
	 */
	if (missed) {
		missed = 0;
		lru_add_drain();
		freed += shmem_reclaim_once(mapping, start, end, &missed);
	}
	if (missed) {
		lru_add_drain_all();
		freed += shmem_reclaim_once(mapping, start, end, &missed);
	}

	return freed;
}
EXPORT_SYMBOL_FOR_MODULES(shmem_reclaim_range, "panthor");

/**
 * shmem_reclaim_written() - Free what shmem_reclaim_range() has left behind
 * @mapping: Mapping of a shmem file. The caller keeps the file alive.
 * @start: Index of the first page.
 * @end: Index of the last page, inclusive.
 *
 * A device that completes later leaves what was written in the swap cache: clean,
 * out of the mapping, and with nobody in a hurry to free it. Waits until it is
 * written, and frees it. Also after a signal: nobody would find it there. Only a
 * fatal one ends it.
 *
 * Context: Process context. May sleep and do I/O. No lock that reclaim can
 *          take may be held.
 *
 * Return: The number of pages that went back to the page allocator.
 */
unsigned long shmem_reclaim_written(struct address_space *mapping, pgoff_t start,
				    pgoff_t end)
{
	unsigned long freed, missed = 0;

	if (WARN_ON_ONCE(!shmem_mapping(mapping)))
		return 0;

	freed = shmem_collect_once(mapping, start, end, &missed);

	/* Reclaim has put them back by way of a per-CPU batch. */
	if (missed) {
		missed = 0;
		lru_add_drain();
		freed += shmem_collect_once(mapping, start, end, &missed);
	}
	if (missed) {
		lru_add_drain_all();
		freed += shmem_collect_once(mapping, start, end, &missed);
	}

	return freed;
}
EXPORT_SYMBOL_FOR_MODULES(shmem_reclaim_written, "panthor");
