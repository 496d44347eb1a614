/* SPDX-License-Identifier: MIT */
/*
 * /proc/lock_stat: how long locks were held, by anybody (CONFIG_LOCK_STAT).
 */
#ifndef LOCK_STAT_H
#define LOCK_STAT_H

#include <stdint.h>

struct lock_stat {
	uint64_t holds;
	double longest_us;
	double total_us;
};

/* Forget everything, count from now on. -ENOENT: not in this kernel. */
int lock_stat_start(void);

/* Of one class, as lockdep names it. All 0: it was not taken. */
int lock_stat_read(const char *name, struct lock_stat *stat);

#endif
