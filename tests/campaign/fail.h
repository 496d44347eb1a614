/* SPDX-License-Identifier: MIT */
/*
 * Make allocations, DMA maps and disk transfers of the kernel fail. Needs a kernel with fault
 * injection, such as the flavour "campaign".
 */
#ifndef FAIL_H
#define FAIL_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Prepare this thread, and no other one. -ENOENT, also of the other functions to open: the
 * kernel has no fault injection.
 */
int failnth_open(void);

/* Let the @nth allocation or DMA map of this thread from now on fail (from 1). */
void failnth_begin(unsigned int nth);

/* Stop, and return whether one has failed. */
bool failnth_end(void);

/*
 * The same for all threads: workers of the driver do a part of a call. One of the next
 * allocations or DMA maps that the driver causes fails. @number chooses the kind and the place.
 */
int failspread_open(void);
int failspread_begin(unsigned int number);
bool failspread_end(void);

/*
 * The same for the transfers of a block device, such as "/dev/zram0": from the one with the @nth
 * page from now on, @times transfers fail.
 */
int failio_open(const char *device);
int failio_begin(unsigned int nth, unsigned int times);
bool failio_end(void);

#endif
