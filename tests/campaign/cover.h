/* SPDX-License-Identifier: MIT */
/*
 * Which code of the driver have the calls of a test reached? With KCOV, the kernel records
 * the address of each basic block that a thread enters. Without KCOV, nothing is recorded.
 */
#ifndef COVER_H
#define COVER_H

#include <stdbool.h>
#include <stddef.h>

/* Before the first fork: from then on, all processes add to the same set. */
int cover_init(void);

/* Record what this thread does. Each thread has to call it; a fork does not inherit it. */
void cover_thread(void);

/* Forget what this thread did since the last call. */
void cover_restart(void);

/* Add to the set what this thread did since the last call. Returns how much was new. */
size_t cover_add(void);

/* Size of the set. */
size_t cover_count(void);

#endif
