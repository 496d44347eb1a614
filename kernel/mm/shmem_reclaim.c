// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Proactive reclaim of a shmem mapping, for drivers that keep GPU buffers in
 * shmem and know that their user is in the background.
 */

#include <linux/blkdev.h>
#include <linux/export.h>
#include <linux/folio_batch.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/swap.h>

#include "internal.h"

/* Enough to amortise the reclaim call, little enough to stop quickly. */
#define SHMEM_RECLAIM_BATCH	512

/* Isolates folios from @start on; counts those that sit in a per-CPU batch. */
static pgoff_t shmem_isolate_range(struct address_space *mapping, pgoff_t start,
				   pgoff_t end, struct list_head *folios,
				   unsigned long *missed)
{
	unsigned long isolated = 0;
	struct folio_batch fbatch;

	folio_batch_init(&fbatch);
	while (isolated < SHMEM_RECLAIM_BATCH &&
	       filemap_get_folios(mapping, &start, end, &fbatch)) {
		for (unsigned int i = 0; i < folio_batch_count(&fbatch); i++) {
			struct folio *folio = fbatch.folios[i];

			if (!folio_isolate_lru(folio)) {
				*missed += folio_nr_pages(folio);
				continue;
			}
			/* Pinned again by the driver in the meantime. */
			if (folio_test_unevictable(folio)) {
				folio_putback_lru(folio);
				continue;
			}
			list_add_tail(&folio->lru, folios);
			isolated += folio_nr_pages(folio);
		}
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

/**
 * shmem_reclaim_range() - Write folios of a shmem mapping to swap, free them
 * @mapping: Mapping of a shmem file. The caller keeps the file alive.
 * @start: Index of the first page.
 * @end: Index of the last page, inclusive.
 *
 * Folios are taken whatever their age, as for MADV_PAGEOUT. Those that are
 * mapped by a page table are unmapped first, those that something else holds
 * are left alone. A pending signal makes the function return early.
 *
 * With a swap device that completes asynchronously, pages are not counted that
 * are still under writeback when the function returns.
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
	 * Folios in per-CPU batches are on no LRU list yet. Mostly this CPU
	 * has them; asking all others is dear.
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
