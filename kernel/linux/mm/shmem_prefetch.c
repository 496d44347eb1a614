// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Reading a range of a shmem mapping back from swap, for drivers that keep GPU
 * buffers in shmem and know that their user comes next.
 */

#include <linux/export.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/swap.h>

/**
 * shmem_prefetch_range() - Read a range of a shmem mapping back from swap
 * @mapping: Mapping of a shmem file. The caller keeps the file alive.
 * @start: Index of the first page.
 * @end: Index of the last page, inclusive.
 *
 * On return the pages are in the page cache, and can be reclaimed again. Holes stay
 * holes: pages that never existed are neither allocated nor charged.
 *
 * This does not wait for a page that is locked, because another thread may be reading it,
 * and its cgroup can delay that for any length of time. The call can be repeated: pages
 * that are in the page cache cost little.
 *
 * Context: Process context. May sleep and do I/O.
 *
 * Return: 0, -EBUSY if a page is locked, -EINTR if a signal is pending, or the error of
 * reading a page.
 */
int shmem_prefetch_range(struct address_space *mapping, pgoff_t start, pgoff_t end)
{
	pgoff_t index = start;

	if (WARN_ON_ONCE(!shmem_mapping(mapping)))
		return -EINVAL;

	while (index <= end) {
		struct folio *folio;
		int ret;

		if (signal_pending(current))
			return -EINTR;

		folio = filemap_get_entry(mapping, index);
		if (xa_is_value(folio)) {
			ret = shmem_get_folio(mapping->host, index, 0, &folio, SGP_PREFETCH);
			if (ret && ret != -ENOENT)
				return ret;
			if (folio)
				folio_unlock(folio);
		}
		if (!folio) {
			index++;
			continue;
		}

		index = folio_next_index(folio);
		folio_mark_accessed(folio);
		folio_put(folio);
		cond_resched();
	}

	return 0;
}
EXPORT_SYMBOL_FOR_MODULES(shmem_prefetch_range, "panthor");

/**
 * shmem_pages_in_swap() - Get the number of pages of a shmem mapping in swap
 * @mapping: Mapping of a shmem file. The caller keeps the file alive.
 *
 * Return: A number of pages, which can be outdated.
 */
unsigned long shmem_pages_in_swap(struct address_space *mapping)
{
	if (WARN_ON_ONCE(!shmem_mapping(mapping)))
		return 0;

	return READ_ONCE(SHMEM_I(mapping->host)->swapped);
}
EXPORT_SYMBOL_FOR_MODULES(shmem_pages_in_swap, "panthor");
