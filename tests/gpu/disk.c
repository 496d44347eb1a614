/* SPDX-License-Identifier: MIT */
/*
 * A disk in memory whose reads can fail.
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

/* Version 1 of the header: no bad pages, no label. */
struct swap_header {
	char boot[1024];
	uint32_t version;
	uint32_t last_page;
	char rest[PAGE - 1024 - 8 - 10];
	char magic[10];
};

_Static_assert(sizeof(struct swap_header) == PAGE, "one page");

static int write_header(const char *device, uint32_t pages)
{
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

static int set_up(unsigned int mib)
{
	char size[16];
	int ret;

	snprintf(size, sizeof(size), "%u", mib);
	ret = set("size", size);
	if (!ret)
		ret = set("memory_backed", "1");
	if (!ret)
		ret = set("blocksize", "4096");
	/* A transfer is over when it was submitted. */
	if (!ret)
		ret = set("irqmode", "0");
	if (!ret)
		ret = set("badblocks_once", "1");
	if (!ret)
		ret = set("power", "1");
	return ret;
}

int disk_create(struct disk *disk, unsigned int mib)
{
	int ret;

	*disk = (struct disk) { .bad = 0 };
	if (access(CONFIGFS "/nullb", F_OK) &&
	    mount("configfs", CONFIGFS, "configfs", 0, NULL) && errno != EBUSY)
		return -errno;
	if (mkdir(FOLDER, 0755))
		return -errno;
	ret = set_up(mib);
	if (!ret) {
		snprintf(disk->device, sizeof(disk->device), "/dev/" NAME);
		ret = write_header(disk->device, mib * ((1u << 20) / PAGE));
	}
	if (ret)
		disk_destroy(disk);
	return ret;
}

void disk_destroy(struct disk *disk)
{
	set("power", "0");
	rmdir(FOLDER);
	disk->device[0] = '\0';
}

static int mark(char sign, uint64_t page)
{
	char range[64];

	snprintf(range, sizeof(range), "%c%" PRIu64 "-%" PRIu64, sign, page * SECTORS,
		 page * SECTORS + SECTORS - 1);
	return set("badblocks", range);
}

int disk_fail_page(struct disk *disk, uint64_t page)
{
	int ret;

	if (!disk->device[0])
		return -ENODEV;
	ret = mark('+', page);
	if (!ret)
		disk->bad = page;
	return ret;
}

int disk_heal(struct disk *disk)
{
	uint64_t page = disk->bad;

	disk->bad = 0;
	return page && disk->device[0] ? mark('-', page) : 0;
}
