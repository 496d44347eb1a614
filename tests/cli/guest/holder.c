/* SPDX-License-Identifier: MIT */
/*
 * usage: gpu-holder NAME MIB
 *
 * A process with that name that holds GPU memory with known contents. It prints "ready", then
 * obeys the commands on standard input until its end:
 *
 *   check   reads everything with the GPU; prints "intact" or "broken"
 *   share   gives the file to a child and a second descriptor; prints the PID of the child
 *   busy    keeps the GPU busy for 10 s; prints 0, or an error, at once
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "gpu/buffers.h"

#define SEED UINT64_C(0x401d000000000000)
#define JOBS 5

static struct gpu_buffers buffers;

static const char *check(void)
{
	for (unsigned int i = 0; i < buffers.count; i++) {
		if (!gpu_buffers_gpu_reads(&buffers, i, NULL))
			return "broken";
	}
	return "intact";
}

static pid_t share(void)
{
	pid_t child;

	if (dup(buffers.dev.fd) < 0)
		return -1;
	child = fork();
	if (!child) {
		/* Ends with its parent. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return child;
}

int main(int argc, char **argv)
{
	char line[32];
	unsigned int count;
	int ret;

	if (argc != 3)
		return 2;
	prctl(PR_SET_NAME, argv[1]);
	count = (unsigned int)strtoul(argv[2], NULL, 10);
	if (!count || count > GPU_BUFFERS_MOST)
		return 2;
	ret = gpu_buffers_create(&buffers, count, SEED);
	if (ret) {
		fprintf(stderr, "gpu-holder: %s\n", strerror(-ret));
		return 1;
	}
	setlinebuf(stdout);
	puts("ready");
	while (fgets(line, sizeof(line), stdin)) {
		if (!strcmp(line, "check\n"))
			puts(check());
		else if (!strcmp(line, "share\n"))
			printf("%d\n", (int)share());
		else if (!strcmp(line, "busy\n"))
			printf("%d\n", gpu_buffers_keep_busy(&buffers, JOBS));
	}
	return 0;
}
