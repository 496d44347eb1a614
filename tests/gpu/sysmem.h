/* SPDX-License-Identifier: MIT */
/*
 * The machine's memory: free RAM, swap, zram, counters of swap traffic.
 */
#ifndef GPU_SYSMEM_H
#define GPU_SYSMEM_H

#include <stdint.h>

struct sysmem {
	/*
	 * MemFree plus the per-CPU page lists, in bytes: right after pages
	 * are freed, most of them sit in those lists.
	 */
	uint64_t free;
	uint64_t listed;	/* of these, in the per-CPU lists */
	uint64_t available;
	uint64_t slab;		/* in the kernel's caches of small objects */
	uint64_t swap_total;
	uint64_t swap_used;
	uint64_t swap_cached;	/* used, but in RAM as well */
	uint64_t zram_data;	/* bytes stored in zram, before compression */
	uint64_t zram_used;	/* RAM that all zram devices take for it */
	uint64_t pages_out;	/* pages written to swap since boot, zero pages too */
	uint64_t pages_in;
};

int sysmem_read(struct sysmem *mem);

/*
 * The same after the kernel's slab caches were told to give back what they do
 * not need: with KASAN they keep freed objects, many MiB of them, and would
 * blur any difference. Slower; needs root to have an effect.
 */
int sysmem_read_settled(struct sysmem *mem);

/*
 * Ask the kernel to reclaim @bytes from the whole machine, as memory pressure
 * would. 0 also when it got less: only a request that failed for another
 * reason is an error.
 */
int sysmem_reclaim(const char *cgroup, uint64_t bytes);

/* Write a string into a file of the kernel's, such as a knob in sysfs. */
int sysmem_write_file(const char *path, const char *text);

/* Read a number from such a file, or the one that follows a name at the start of a line. */
int sysmem_read_number(const char *path, int64_t *value);
int sysmem_read_key(const char *path, const char *name, uint64_t *value);

#endif
