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

#include "gpu/ctx.h"
#include "gpu/data.h"
#include "gpu/pattern.h"
#include "gpu/work.h"

#define BO_BYTES (UINT64_C(1) << 20)
#define MAX_BOS 256
#define SEED UINT64_C(0x401d000000000000)
/* The driver would end a longer job. */
#define JOBS 5
#define JOB_NS INT64_C(2000000000)

static struct gpu_device dev;
static struct gpu_ctx ctx;
static struct gpu_bo bos[MAX_BOS];
static unsigned int count;

static uint64_t seed_of(unsigned int bo)
{
	return SEED + ((uint64_t)bo << 32);
}

static int hold(void)
{
	int ret = gpu_device_open(&dev);

	if (!ret)
		ret = gpu_ctx_init(&ctx, &dev, 1);
	for (unsigned int i = 0; !ret && i < count; i++) {
		ret = gpu_ctx_alloc(&ctx, BO_BYTES, GPU_BO_PRIVATE, &bos[i]);
		if (!ret)
			ret = gpu_fill(&ctx, &bos[i], seed_of(i));
	}
	return ret;
}

static const char *check(void)
{
	for (unsigned int i = 0; i < count; i++) {
		uint64_t sum;

		if (gpu_checksum(&ctx, &bos[i], &sum) ||
		    sum != pattern_expected(seed_of(i), BO_BYTES))
			return "broken";
	}
	return "intact";
}

static pid_t share(void)
{
	pid_t child;

	if (dup(dev.fd) < 0)
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

static int busy(void)
{
	int i, ret = 0;

	for (i = 0; i < JOBS && !ret; i++) {
		gpu_ctx_begin(&ctx);
		ret = gpu_work()->emit_busy(&ctx, JOB_NS);
		if (!ret)
			ret = gpu_ctx_submit(&ctx, 0, 0, 0);
	}
	return ret;
}

int main(int argc, char **argv)
{
	char line[32];
	int ret;

	if (argc != 3)
		return 2;
	prctl(PR_SET_NAME, argv[1]);
	count = (unsigned int)strtoul(argv[2], NULL, 10);
	if (!count || count > MAX_BOS)
		return 2;
	ret = hold();
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
			printf("%d\n", busy());
	}
	return 0;
}
