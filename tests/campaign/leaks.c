/* SPDX-License-Identifier: MIT */
/*
 * What the kernel and the driver still hold.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gpu/debugfs.h"
#include "gpu/sysmem.h"
#include "leaks.h"

#define KMEMLEAK "/sys/kernel/debug/kmemleak"
#define LINES_MAX 200
#define SCANS_MAX 4

/* kmemleak judges only objects that are older. */
#define MIN_AGE_S 5

/* Find objects that are lost. One can be missed at first, because its address is in a register. */
static int scan(void)
{
	int ret = 0;

	sleep(MIN_AGE_S + 1);
	for (int i = 0; !ret && i < 2; i++)
		ret = sysmem_write_file(KMEMLEAK, "scan");
	return ret;
}

int leaks_begin(void)
{
	int ret = access(KMEMLEAK, W_OK) ? -ENOENT : scan();

	return ret ? ret : sysmem_write_file(KMEMLEAK, "clear");
}

/* The number of objects that the last scan has found. Prints them if @print is true. */
static int count_lost(bool print)
{
	FILE *file = fopen(KMEMLEAK, "re");
	unsigned int lines = 0;
	int count = 0;
	char line[512];

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		count += !strncmp(line, "unreferenced object", 19);
		if (print && lines++ < LINES_MAX)
			fprintf(stderr, "kmemleak: %s", line);
	}
	fclose(file);
	return count;
}

int leaks_count(void)
{
	int ret = 0;

	/*
	 * The kernel goes on during a scan, so that kmemleak can miss a reference that moves. A later
	 * scan finds it, but never a reference to an object that is lost.
	 */
	for (int i = 0; i < SCANS_MAX; i++) {
		ret = scan();
		if (!ret)
			ret = count_lost(false);
		if (ret <= 0)
			return ret;
	}
	return count_lost(true);
}

static int count_fds(uint64_t *count)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	if (!dir)
		return -errno;
	*count = 0;
	while ((entry = readdir(dir)))
		*count += entry->d_name[0] != '.';
	closedir(dir);
	return 0;
}

int holdings_read(struct holdings *now)
{
	struct sysmem mem;
	int ret = sysmem_read_settled(&mem);

	if (!ret)
		ret = sysmem_read_key("/proc/meminfo", "PageTables:", &now->page_tables);
	if (!ret)
		ret = debugfs_bos(&now->bos);
	if (!ret)
		ret = count_fds(&now->fds);
	if (ret)
		return ret;
	now->page_tables <<= 10;
	now->swap_used = mem.swap_used;
	now->slab = mem.slab;
	return 0;
}
