/* SPDX-License-Identifier: MIT */
/* Move the GPU memory of a process to swap: reclaim /dev/dri/renderD128 TGID */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <panthor_drmif.h>

int main(int argc, char **argv)
{
	uint64_t freed = 0;
	int fd, ret;

	if (argc != 3) {
		fprintf(stderr, "usage: %s DEVICE TGID\n", argv[0]);
		return 2;
	}

	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	ret = fd < 0 ? -errno : panthor_mem_probe(fd);
	if (ret == 0)
		ret = panthor_mem_reclaim(fd, atoi(argv[2]), &freed);
	if (ret == 0)
		printf("%llu bytes are free now\n", (unsigned long long)freed);
	else
		fprintf(stderr, "cannot reclaim with %s: %s\n", argv[1], strerror(-ret));
	return ret != 0;
}
