/* SPDX-License-Identifier: MIT */
/*
 * The machine's memory: free RAM, swap, zram, counters of swap traffic.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gpu/sysmem.h"

#define SLAB "/sys/kernel/slab"
#define CGROUP_ROOT "/sys/fs/cgroup"

int sysmem_write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

int sysmem_read_number(const char *path, int64_t *value)
{
	FILE *file = fopen(path, "re");
	char text[64];
	char *end;

	if (!file)
		return -errno;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	/* Module parameters of type bool are read as Y or N. */
	if (text[0] == 'Y' || text[0] == 'N') {
		*value = text[0] == 'Y';
		return 0;
	}
	*value = strtoll(text, &end, 0);
	return end == text ? -EINVAL : 0;
}

/* Find the next line "Name:  123 kB" or "name 123" in @text; store the number in @value. */
int sysmem_read_key(const char *path, const char *name, uint64_t *value)
{
	FILE *file = fopen(path, "re");
	char line[256];
	char key[64];
	int ret = -ENOENT;

	if (!file)
		return -errno;
	while (ret && fgets(line, sizeof(line), file))
		if (sscanf(line, "%63s %" SCNu64, key, value) == 2 &&
		    !strcmp(key, name))
			ret = 0;
	fclose(file);
	return ret;
}

static int read_meminfo(struct sysmem *mem)
{
	uint64_t free, available, total, swap_free, cached, slab;
	int ret = sysmem_read_key("/proc/meminfo", "MemFree:", &free);

	if (!ret)
		ret = sysmem_read_key("/proc/meminfo", "MemAvailable:", &available);
	if (!ret)
		ret = sysmem_read_key("/proc/meminfo", "SwapTotal:", &total);
	if (!ret)
		ret = sysmem_read_key("/proc/meminfo", "SwapFree:", &swap_free);
	if (!ret)
		ret = sysmem_read_key("/proc/meminfo", "SwapCached:", &cached);
	if (!ret)
		ret = sysmem_read_key("/proc/meminfo", "Slab:", &slab);
	if (ret)
		return ret;
	mem->free = free << 10;
	mem->swap_cached = cached << 10;
	mem->available = available << 10;
	mem->slab = slab << 10;
	mem->swap_total = total << 10;
	mem->swap_used = (total - swap_free) << 10;
	return 0;
}

/* Count the pages in per-CPU lists: the "count:" lines of /proc/zoneinfo. */
static int read_pcp(uint64_t *bytes)
{
	FILE *file = fopen("/proc/zoneinfo", "re");
	uint64_t pages = 0, count;
	char line[256];

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, " count: %" SCNu64, &count) == 1)
			pages += count;
	fclose(file);
	*bytes = pages * (uint64_t)sysconf(_SC_PAGESIZE);
	return 0;
}

static void add_zram(struct sysmem *mem, const char *device)
{
	uint64_t data, compressed, used;
	char path[300];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/block/%s/mm_stat", device);
	file = fopen(path, "re");
	if (!file)
		return;
	if (fscanf(file, "%" SCNu64 " %" SCNu64 " %" SCNu64, &data, &compressed,
		   &used) == 3) {
		mem->zram_data += data;
		mem->zram_used += used;
	}
	fclose(file);
}

static void read_zram(struct sysmem *mem)
{
	DIR *dir = opendir("/sys/block");
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (!strncmp(entry->d_name, "zram", 4))
			add_zram(mem, entry->d_name);
	closedir(dir);
}

/* Zero pages never reach the swap device, and have counters of their own. */
static void read_vmstat(struct sysmem *mem)
{
	uint64_t value;

	if (!sysmem_read_key("/proc/vmstat", "pswpout", &value))
		mem->pages_out += value;
	if (!sysmem_read_key("/proc/vmstat", "swpout_zero", &value))
		mem->pages_out += value;
	if (!sysmem_read_key("/proc/vmstat", "pswpin", &value))
		mem->pages_in += value;
	if (!sysmem_read_key("/proc/vmstat", "swpin_zero", &value))
		mem->pages_in += value;
}

int sysmem_read(struct sysmem *mem)
{
	uint64_t pcp;
	int ret;

	memset(mem, 0, sizeof(*mem));
	/*
	 * Fold the per-CPU counters first. This needs root; otherwise the values are slightly
	 * out of date.
	 */
	sysmem_write_file("/proc/sys/vm/stat_refresh", "1");
	ret = read_meminfo(mem);
	if (!ret)
		ret = read_pcp(&pcp);
	if (ret)
		return ret;
	mem->listed = pcp;
	mem->free += pcp;
	read_zram(mem);
	read_vmstat(mem);
	return 0;
}

int sysmem_read_settled(struct sysmem *mem)
{
	DIR *dir = opendir(SLAB);
	struct dirent *entry;
	char path[300];

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), SLAB "/%s/shrink", entry->d_name);
		sysmem_write_file(path, "1");
	}
	if (dir)
		closedir(dir);
	return sysmem_read(mem);
}

int sysmem_reclaim(const char *cgroup, uint64_t bytes)
{
	char path[300], text[64];
	int ret;

	snprintf(path, sizeof(path), CGROUP_ROOT "/%s/memory.reclaim", cgroup);
	snprintf(text, sizeof(text), "%" PRIu64 " swappiness=max", bytes);
	ret = sysmem_write_file(path, text);
	return ret == -EAGAIN ? 0 : ret;
}
