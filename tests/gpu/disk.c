/* SPDX-License-Identifier: MIT */
/*
 * A disk in memory that can fail transfers or be slow.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gpu/disk.h"
#include "gpu/sysmem.h"

#define CONFIGFS "/sys/kernel/config"
#define NAME "test-swap"
#define FOLDER CONFIGFS "/nullb/" NAME
#define PAGE 4096u
#define SECTORS (PAGE / 512u)
#define MIB_PAGES ((1u << 20) / PAGE)

/* Version 1 of the header, without bad pages or a label. */
struct swap_header {
	char boot[1024];
	uint32_t version;
	uint32_t last_page;
	char rest[PAGE - 1024 - 8 - 10];
	char magic[10];
};

_Static_assert(sizeof(struct swap_header) == PAGE, "one page");

int disk_make_swap(const char *device, uint64_t bytes)
{
	uint32_t pages = (uint32_t)(bytes / PAGE);
	struct swap_header header = { .version = 1, .last_page = pages - 1 };
	int fd = open(device, O_WRONLY | O_CLOEXEC);
	int ret = 0;

	if (fd < 0)
		return -errno;
	memcpy(header.magic, "SWAPSPACE2", sizeof(header.magic));
	if (write(fd, &header, sizeof(header)) != sizeof(header) || fsync(fd))
		ret = errno ? -errno : -EIO;
	close(fd);
	return ret;
}

static int set(const char *name, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), FOLDER "/%s", name);
	return sysmem_write_file(path, value);
}

static int set_number(const char *name, unsigned int value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	return set(name, text);
}

/* A transfer has completed when its submission returns. */
static int set_fast(void)
{
	int ret = set("irqmode", "0");

	/* Errors occur each time, not once. This cannot be changed later. */
	return ret ? ret : set("badblocks_once", "0");
}

static int set_slow(unsigned int ns, unsigned int mbps)
{
	int ret = set("irqmode", "2");

	if (!ret)
		ret = set_number("completion_nsec", ns);
	return ret ? ret : set_number("mbps", mbps);
}

static int set_up(unsigned int mib, unsigned int ns, unsigned int mbps)
{
	int ret = set_number("size", mib);

	if (!ret)
		ret = set("memory_backed", "1");
	if (!ret)
		ret = set("blocksize", "4096");
	if (!ret)
		ret = ns ? set_slow(ns, mbps) : set_fast();
	if (!ret)
		ret = set("power", "1");
	return ret;
}

static int create(struct disk *disk, unsigned int mib, unsigned int ns, unsigned int mbps)
{
	int ret;

	*disk = (struct disk) { .bad = 0 };
	if (access(CONFIGFS "/nullb", F_OK) &&
	    mount("configfs", CONFIGFS, "configfs", 0, NULL) && errno != EBUSY)
		return -errno;
	if (mkdir(FOLDER, 0755))
		return -errno;
	ret = set_up(mib, ns, mbps);
	if (!ret) {
		snprintf(disk->device, sizeof(disk->device), "/dev/" NAME);
		ret = disk_make_swap(disk->device, (uint64_t)mib << 20);
	}
	if (ret)
		disk_destroy(disk);
	return ret;
}

int disk_create_slow(struct disk *disk, unsigned int mib, unsigned int ns,
		     unsigned int mbps)
{
	return create(disk, mib, ns, mbps);
}

void disk_destroy(struct disk *disk)
{
	set("power", "0");
	rmdir(FOLDER);
	disk->device[0] = '\0';
}

static int mark(char sign, uint64_t page, uint64_t pages)
{
	char range[64];

	snprintf(range, sizeof(range), "%c%" PRIu64 "-%" PRIu64, sign, page * SECTORS,
		 (page + pages) * SECTORS - 1);
	return set("badblocks", range);
}

int disk_create_refusing(struct disk *disk, unsigned int mib, unsigned int good_mib)
{
	uint64_t good = (uint64_t)good_mib * MIB_PAGES;
	uint64_t bad = (uint64_t)mib * MIB_PAGES - good;
	int ret;

	ret = create(disk, mib, 0, 0);
	if (ret)
		return ret;
	ret = mark('+', good, bad);
	if (ret) {
		disk_destroy(disk);
		return ret;
	}
	disk->bad = good;
	disk->bad_pages = bad;
	return 0;
}

int disk_fail_page(struct disk *disk, uint64_t page)
{
	int ret;

	if (!disk->device[0])
		return -ENODEV;
	ret = mark('+', page, 1);
	if (!ret) {
		disk->bad = page;
		disk->bad_pages = 1;
	}
	return ret;
}

int disk_heal(struct disk *disk)
{
	uint64_t page = disk->bad;

	disk->bad = 0;
	return page && disk->device[0] ? mark('-', page, disk->bad_pages) : 0;
}
