/* SPDX-License-Identifier: MIT */
/*
 * A swap disk in memory that can fail transfers or be slow: null_blk. Needs root, and
 * configfs, which is mounted if necessary.
 */
#ifndef DISK_H
#define DISK_H

#include <stdint.h>

struct disk {
	char device[64];	/* "": there is none */
	uint64_t bad;		/* the first page that fails, or 0 */
	uint64_t bad_pages;	/* the number of pages that fail */
};

/*
 * Create a slow disk with a swap header: each transfer takes @ns, and the bandwidth is at
 * most @mbps MiB/s (0: no limit). A timer completes the transfers, as hardware would.
 */
int disk_create_slow(struct disk *disk, unsigned int mib, unsigned int ns,
		     unsigned int mbps);

/*
 * Create a fast disk of which only the first @good_mib MiB work: a transfer to any other
 * page is an I/O error, until disk_heal().
 */
int disk_create_refusing(struct disk *disk, unsigned int mib, unsigned int good_mib);

/* Write the header of an empty swap area of @bytes. The caller calls swapon. */
int disk_make_swap(const char *device, uint64_t bytes);

/* Must not be called while the disk is used as swap. */
void disk_destroy(struct disk *disk);

/*
 * Make the next transfer to page @page of the disk an I/O error (page 0 is the swap
 * header). Only one page at a time can fail.
 */
int disk_fail_page(struct disk *disk, uint64_t page);
int disk_heal(struct disk *disk);

#endif
