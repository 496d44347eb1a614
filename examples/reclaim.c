/* SPDX-License-Identifier: MIT */
/* Move the GPU memory of a process to swap: reclaim /dev/dri/renderD128 TGID */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <panthor_drmif.h>

int main(int argc, char **argv)
{
	int fd = open(argc == 3 ? argv[1] : "", O_RDWR | O_CLOEXEC);
	uint64_t freed = 0;
	int ret = panthor_mem_probe(fd);

	if (ret == 0)
		ret = panthor_mem_reclaim(fd, atoi(argv[2]), &freed);
	if (ret == 0)
		printf("%llu bytes are free now\n", (unsigned long long)freed);
	else
		fprintf(stderr, "cannot reclaim: %s\n", strerror(-ret));
	return ret != 0;
}
