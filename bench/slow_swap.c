/* SPDX-License-Identifier: MIT */
/*
 * usage: slow-swap MIB NS COMMAND...
 *
 * Run COMMAND with swap on a disk in memory, each of whose transfers takes NS nanoseconds, instead
 * of on zram. The disk is used until the machine ends.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/swap.h>
#include <unistd.h>

#include "gpu/disk.h"
#include "gpu/swap.h"

static int swap_on_slow_disk(unsigned int mib, unsigned int ns)
{
	struct swap swap;
	struct disk disk;
	int ret = swap_open(&swap);

	if (!ret)
		ret = swap_none(&swap);
	if (!ret)
		ret = disk_create_slow(&disk, mib, ns, 0);
	if (!ret && swapon(disk.device, 0))
		ret = -errno;
	return ret;
}

int main(int argc, char **argv)
{
	unsigned int mib, ns;
	int ret;

	if (argc < 4) {
		fprintf(stderr, "usage: slow-swap MIB NS COMMAND...\n");
		return 2;
	}
	mib = (unsigned int)strtoul(argv[1], NULL, 10);
	ns = (unsigned int)strtoul(argv[2], NULL, 10);
	if (!mib || !ns) {
		fprintf(stderr, "slow-swap: MIB and NS have to be numbers above 0\n");
		return 2;
	}
	ret = swap_on_slow_disk(mib, ns);
	if (ret) {
		fprintf(stderr, "slow-swap: %s\n", strerror(-ret));
		return 1;
	}
	execvp(argv[3], argv + 3);
	fprintf(stderr, "slow-swap: %s: %s\n", argv[3], strerror(errno));
	return 127;
}
