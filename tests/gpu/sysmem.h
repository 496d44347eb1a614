/* SPDX-License-Identifier: MIT */
/*
 * The machine's memory: free RAM, swap, zram, counters of swap traffic.
 */
#ifndef SYSMEM_H
#define SYSMEM_H

#include <stdint.h>

struct sysmem {
	/*
	 * MemFree plus the per-CPU page lists, in bytes: most pages that were just freed
	 * are in those lists.
	 */
	uint64_t free;
	uint64_t listed;	/* the part of it in the per-CPU lists */
	uint64_t available;
	uint64_t slab;		/* in the kernel's slab caches */
	uint64_t swap_total;
	uint64_t swap_used;
	uint64_t swap_cached;	/* in swap, but in RAM as well */
	uint64_t zram_data;	/* bytes stored in zram, before compression */
	uint64_t zram_used;	/* RAM that all zram devices use for them */
	uint64_t pages_out;	/* pages written to swap since boot, including zero pages */
	uint64_t pages_in;
};

int sysmem_read(struct sysmem *mem);

/*
 * The same, after the kernel's slab caches were asked to return unused memory: with KASAN
 * they keep many MiB of freed objects, which would hide differences. This is slower, and
 * has no effect without root.
 */
int sysmem_read_settled(struct sysmem *mem);

/*
 * Ask the kernel to reclaim @bytes from the whole machine, as under memory pressure. It is
 * no error if the kernel reclaims less.
 */
int sysmem_reclaim(const char *cgroup, uint64_t bytes);

/* Write a string to a file of the kernel, such as an attribute in sysfs. */
int sysmem_write_file(const char *path, const char *text);

/* Read a number from such a file, or the one after a name at the start of a line. */
int sysmem_read_number(const char *path, int64_t *value);
int sysmem_read_key(const char *path, const char *name, uint64_t *value);

#endif
