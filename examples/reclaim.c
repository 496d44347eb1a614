/* SPDX-License-Identifier: MIT */
/* Move the GPU memory of a process to swap: reclaim /dev/dri/renderD128 TGID */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <panthor_drmif.h>

/* Returns 0 if the text is no PID. The library would take 0 for the caller itself. */
static pid_t to_tgid(const char *text)
{
	char *end;
	long number = strtol(text, &end, 10);

	return *end || number < 0 || number > INT_MAX ? 0 : (pid_t)number;
}

int main(int argc, char **argv)
{
	uint64_t freed = 0;
	pid_t tgid = argc == 3 ? to_tgid(argv[2]) : 0;
	int fd, ret;

	if (!tgid) {
		fprintf(stderr, "usage: %s DEVICE TGID\n", argv[0]);
		return 2;
	}

	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	ret = fd < 0 ? -errno : panthor_mem_probe(fd);
	if (ret == 0)
		ret = panthor_mem_reclaim(fd, tgid, &freed);
	if (ret == 0)
		printf("%llu bytes are free now\n", (unsigned long long)freed);
	else
		fprintf(stderr, "cannot reclaim with %s: %s\n", argv[1], strerror(-ret));
	return ret != 0;
}
