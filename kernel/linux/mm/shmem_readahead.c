// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Reading a shmem mapping back from swap ahead of its use, for drivers that keep
 * GPU buffers in shmem and know that their user comes next.
 */

#include <linux/blk_plug.h>
#include <linux/export.h>
#include <linux/leafops.h>
#include <linux/mempolicy.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/swap.h>
#include <linux/swap_ops.h>
#include <linux/swapops.h>

#include "swap.h"

/* Starts to read one page, unless it is in the swap cache already. */
static void shmem_start_read(struct swap_io_ctx *ctx, swp_entry_t entry, gfp_t gfp)
{
	struct folio *folio;

	folio = swap_cache_alloc_folio(entry, gfp, BIT(0), NULL, get_task_policy(current),
				       NO_INTERLEAVE_INDEX);
	if (IS_ERR_OR_NULL(folio))
		return;

	swap_read_folio(ctx, folio);
	folio_put(folio);
}

/**
 * shmem_start_swapin() - Start to read a range of a shmem mapping from swap
 * @mapping: Mapping of a shmem file. The caller keeps the file alive.
 * @start: Index of the first page.
 * @end: Index of the last page, inclusive.
 *
 * A page fault reads a few pages around the one it needs, and waits for them. This
 * function starts the reads of a whole range and waits for none, so that the device
 * can work on many at once; shmem_get_folio() then finds the pages in the swap
 * cache. Each read allocates a page, so the range should be what is used next.
 *
 * Devices that complete synchronously, like zram, gain nothing by this and are
 * skipped. Each page is checked for that, because two devices of the same priority
 * share the pages of a file. Pages that cannot be read here are left to
 * shmem_get_folio(), which returns the error if it cannot read them either.
 *
 * Context: Process context. May sleep.
 */
void shmem_start_swapin(struct address_space *mapping, pgoff_t start, pgoff_t end)
{
	XA_STATE(xas, &mapping->i_pages, start);
	gfp_t gfp = mapping_gfp_mask(mapping);
	struct swap_io_ctx ctx = {};
	unsigned int at_once = MAX_SWAPFILES;
	struct blk_plug plug;
	void *value;

	if (WARN_ON_ONCE(!shmem_mapping(mapping)))
		return;

	blk_start_plug(&plug);
	rcu_read_lock();
	xas_for_each(&xas, value, end) {
		struct swap_info_struct *si;
		unsigned long pages;
		swp_entry_t entry;

		if (xas_retry(&xas, value) || !xa_is_value(value))
			continue;

		entry = radix_to_swp_entry(value);
		if (!softleaf_is_swap(entry) || swp_type(entry) == at_once)
			continue;

		pages = 1UL << xas_get_order(&xas);
		xas_pause(&xas);
		rcu_read_unlock();

		/*
		 * The entry can have been freed and reused by now. That does no harm:
		 * what is read belongs to the entry, not to the mapping.
		 */
		si = get_swap_device(entry);
		/* This flag is set once, by swapon. Other flags change concurrently. */
		if (si && data_race(si->flags & SWP_SYNCHRONOUS_IO)) {
			at_once = swp_type(entry);
		} else if (si) {
			for (unsigned long i = 0; i < pages; i++)
				shmem_start_read(&ctx, swp_entry(swp_type(entry),
								 swp_offset(entry) + i), gfp);
		}
		if (si)
			put_swap_device(si);

		cond_resched();
		rcu_read_lock();
		if (fatal_signal_pending(current))
			break;
	}
	rcu_read_unlock();

	swap_read_submit(&ctx);
	blk_finish_plug(&plug);
}
EXPORT_SYMBOL_FOR_MODULES(shmem_start_swapin, "panthor");
