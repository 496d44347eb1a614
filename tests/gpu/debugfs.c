/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gpu/debugfs.h"

#define FOLDER "/sys/kernel/debug/dri/panthor/"

static int count_lines(const char *path, const char *with, uint64_t *count)
{
	FILE *file = fopen(path, "re");
	char line[512];

	if (!file)
		return -errno;
	*count = 0;
	while (fgets(line, sizeof(line), file))
		*count += !!strstr(line, with);
	fclose(file);
	return 0;
}

int debugfs_vms(uint64_t *count)
{
	return count_lines(FOLDER "gpuvas", "DRM GPU VA space", count);
}

/* Each group has one of these BOs. */
int debugfs_groups(uint64_t *count)
{
	return count_lines(FOLDER "gems", "Group sync objects", count);
}

/* Only the lines of BOs have hexadecimal numbers, not the header, nor the totals. */
int debugfs_bos(uint64_t *count)
{
	return count_lines(FOLDER "gems", "0x", count);
}
