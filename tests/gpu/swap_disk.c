/* SPDX-License-Identifier: MIT */
/*
 * Use a disk that can fail reads as swap.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/swap.h>

#include "gpu/disk.h"
#include "gpu/swap.h"
#include "gpu/sysmem.h"

#define PAGE_CLUSTER "/proc/sys/vm/page-cluster"
#define WORKERS "/sys/devices/virtual/workqueue/cpumask"
#define DISK_MIB 64
#define TRANSFER_NS 1000000
#define MAX_ROUNDS 100
#define SLACK (64u << 10)

static void set_readahead(int64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%d", (int)value);
	sysmem_write_file(PAGE_CLUSTER, text);
}

/* The CPUs on which the driver's helpers may run, as a hexadecimal mask. */
static int set_workers(const cpu_set_t *cpus)
{
	unsigned long mask = 0;
	char text[32];

	for (unsigned int i = 0; i < 8 * sizeof(mask); i++)
		if (CPU_ISSET(i, cpus))
			mask |= 1ul << i;
	snprintf(text, sizeof(text), "%lx", mask);
	return sysmem_write_file(WORKERS, text);
}

/*
 * Each CPU has its own supply of swap slots, so the slots are only in order on one CPU.
 * Readahead would read pages that nobody requested.
 */
static int keep_order(struct swap *swap)
{
	int cpu = sched_getcpu();
	cpu_set_t one;

	if (sysmem_read_number(PAGE_CLUSTER, &swap->readahead))
		return -ENOENT;
	CPU_ZERO(&one);
	CPU_SET(cpu < 0 ? 0 : cpu, &one);
	if (sched_getaffinity(0, sizeof(swap->cpus), &swap->cpus) ||
	    sched_setaffinity(0, sizeof(one), &one))
		return -errno;
	set_readahead(0);
	return 0;
}

static int add_disk(struct swap *swap, unsigned int ns)
{
	int ret = disk_create_slow(&swap->disk, DISK_MIB, ns, 0);

	if (!ret)
		ret = keep_order(swap);
	if (!ret && swapon(swap->disk.device, 0))
		ret = -errno;
	return ret;
}

/* Keep the driver's helpers on the same CPU as this process. */
static int workers_here(void)
{
	cpu_set_t mine;

	return sched_getaffinity(0, sizeof(mine), &mine) ? -errno : set_workers(&mine);
}

int swap_disk(struct swap *swap)
{
	int ret = swap_none(swap);

	if (!ret)
		ret = add_disk(swap, 0);
	return ret ? ret : workers_here();
}

int swap_slow_disk(struct swap *swap)
{
	int ret = swap_none(swap);

	return ret ? ret : add_disk(swap, TRANSFER_NS);
}

int swap_slow_disk_behind(struct swap *swap, uint64_t bytes)
{
	int ret = swap_none(swap);

	/* Without explicit priorities, all devices have the same one. */
	if (!ret && swapon(swap->device, SWAP_FLAG_PREFER | 1))
		ret = -errno;
	if (!ret)
		ret = swap_limit(swap, bytes);
	if (!ret)
		ret = add_disk(swap, TRANSFER_NS);
	return ret ? ret : workers_here();
}

void swap_end_disk(struct swap *swap)
{
	if (!swap->disk.device[0])
		return;
	swapoff(swap->disk.device);
	disk_destroy(&swap->disk);
	set_readahead(swap->readahead);
	set_workers(&swap->cpus);
	sched_setaffinity(0, sizeof(swap->cpus), &swap->cpus);
}

/* Evicted pages may still be in RAM, where no read error can occur: drop them. */
static int drop_cached(void)
{
	struct sysmem mem;

	for (int i = 0; i < MAX_ROUNDS; i++) {
		int ret = sysmem_read(&mem);

		if (ret)
			return ret;
		if (mem.swap_cached <= SLACK)
			return 0;
		ret = sysmem_reclaim("", mem.swap_cached);
		if (ret)
			return ret;
	}
	return -EBUSY;
}

int swap_fail_read(struct swap *swap, uint64_t nth)
{
	int ret = drop_cached();

	return ret ? ret : disk_fail_page(&swap->disk, nth);
}

int swap_heal(struct swap *swap)
{
	return disk_heal(&swap->disk);
}
