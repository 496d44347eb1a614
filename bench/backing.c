/* SPDX-License-Identifier: MIT */
/*
 * Set up the swap device of a case: zram with a given compressor, or a slow disk.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/swap.h>

#include "bench.h"
#include "gpu/disk.h"
#include "gpu/swap.h"

#define ZRAM "/sys/block/zram0"
#define DISK_MIB_MORE 64

static struct swap swap;
static struct disk disk;

static void write_to(const char *path, const char *text)
{
	need(sysmem_write_file(path, text), path);
}

/* The compressor can only be set while the device is empty. */
static void renew_zram(const char *algo)
{
	int64_t bytes;
	char text[32];

	need(sysmem_read_number(ZRAM "/disksize", &bytes), ZRAM "/disksize");
	need(swap_none(&swap), "turning swap off");
	write_to(ZRAM "/reset", "1");
	write_to(ZRAM "/comp_algorithm", algo);
	snprintf(text, sizeof(text), "%" PRId64, bytes);
	write_to(ZRAM "/disksize", text);
	need(disk_make_swap(swap.device, (uint64_t)bytes), swap.device);
	need(swap_normal(&swap), "turning swap on");
}

static void swap_on_disk(const struct bench_options *opt)
{
	unsigned int mib = (unsigned int)(opt->bytes / MIB) + DISK_MIB_MORE;

	need(swap_none(&swap), "turning swap off");
	need(disk_create_slow(&disk, mib, opt->disk_ns, opt->disk_mbps), "a slow disk");
	need(swapon(disk.device, 0) ? -errno : 0, "swapping on the slow disk");
}

const char *backing_device(void)
{
	return disk.device[0] ? disk.device : swap.device;
}

void backing_set_up(const struct bench_options *opt)
{
	need(swap_open(&swap), "finding the swap device");
	if (opt->algo)
		renew_zram(opt->algo);
	if (opt->disk_ns)
		swap_on_disk(opt);
}

void backing_restore(void)
{
	if (!disk.device[0])
		return;
	need(swapoff(disk.device) ? -errno : 0, "turning the slow disk off");
	disk_destroy(&disk);
	need(swap_normal(&swap), "turning swap on");
}
