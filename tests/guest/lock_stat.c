/* SPDX-License-Identifier: MIT */
/*
 * /proc/lock_stat: one line for each class, its name, a colon, and ten figures
 * about waiting and holding.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gpu/sysmem.h"
#include "lock_stat.h"

#define LOCK_STAT "/proc/lock_stat"

int lock_stat_start(void)
{
	int ret = sysmem_write_file("/proc/sys/kernel/lock_stat", "1");

	/* Writing "0" clears the figures, whatever the switch says. */
	return ret ? ret : sysmem_write_file(LOCK_STAT, "0");
}

int lock_stat_read(const char *name, struct lock_stat *stat)
{
	size_t length = strlen(name), size = 0;
	char *line = NULL;
	FILE *file = fopen(LOCK_STAT, "re");

	*stat = (struct lock_stat) { 0 };
	if (!file)
		return -errno;
	while (getline(&line, &size, file) > 0) {
		const char *p = line + strspn(line, " ");
		struct lock_stat one;

		if (strncmp(p, name, length) || p[length] != ':')
			continue;
		if (sscanf(p + length + 1, "%*s %*s %*s %*s %*s %*s %*s %" SCNu64 " %*s %lf %lf",
			   &one.holds, &one.longest_us, &one.total_us) != 3)
			continue;
		stat->holds += one.holds;
		stat->total_us += one.total_us;
		if (one.longest_us > stat->longest_us)
			stat->longest_us = one.longest_us;
	}
	free(line);
	fclose(file);
	return 0;
}
