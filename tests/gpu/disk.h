/* SPDX-License-Identifier: MIT */
/*
 * A disk in memory to swap on, whose transfers can fail, or that is slow: null_blk.
 * Needs root, and configfs, which is mounted if it is not.
 */
#ifndef GPU_DISK_H
#define GPU_DISK_H

#include <stdint.h>

struct disk {
	char device[64];	/* "": none */
	uint64_t bad;		/* the first page that fails, or 0 */
	uint64_t bad_pages;	/* how many do */
};

/* A new one, with a swap header on it. */
int disk_create(struct disk *disk, unsigned int mib);

/*
 * The same, slow: each transfer takes @ns, and all together at most @mbps MiB/s
 * (0: no limit). They are completed from a timer, as by hardware.
 */
int disk_create_slow(struct disk *disk, unsigned int mib, unsigned int ns,
		     unsigned int mbps);

/*
 * The same, not slow, but only the first @good_mib MiB of it work: each transfer to
 * the others is an I/O error, until disk_heal().
 */
int disk_create_refusing(struct disk *disk, unsigned int mib, unsigned int good_mib);

/* Write the header of an empty swap area of @bytes; root has to swap it on. */
int disk_make_swap(const char *device, uint64_t bytes);

/* Not while it is swapped on. */
void disk_destroy(struct disk *disk);

/*
 * The one transfer that comes next to page @page of the disk (the swap header is
 * page 0) is an I/O error. One page at a time.
 */
int disk_fail_page(struct disk *disk, uint64_t page);
int disk_heal(struct disk *disk);

#endif
