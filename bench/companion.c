/* SPDX-License-Identifier: MIT */
/*
 * A second program beside the samples.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "companion.h"

static void be_companion(struct companion *c,
			 void (*step)(struct companion *c, struct gpu_ctx *ctx))
{
	static struct gpu_device dev;
	static struct gpu_ctx ctx;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (gpu_device_open(&dev) || gpu_ctx_init(&ctx, &dev, 1))
		c->failed = 1;
	__atomic_store_n(&c->ready, 1, __ATOMIC_SEQ_CST);
	while (!c->failed)
		step(c, &ctx);
	_exit(1);
}

static void check(struct companion *c)
{
	if (c->failed || waitpid(c->pid, NULL, WNOHANG))
		need(-EIO, "the program beside the samples");
}

struct companion *companion_start(size_t size, int phase,
				  void (*step)(struct companion *c, struct gpu_ctx *ctx))
{
	struct companion *c = mmap(NULL, size, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	if (c == MAP_FAILED)
		need(-errno, "mmap");
	c->phase = phase;
	/* The child would print what the buffers of stdio hold once more. */
	fflush(NULL);
	pid = fork();
	if (!pid)
		be_companion(c, step);
	need(pid < 0 ? -errno : 0, "fork");
	c->pid = pid;
	while (!__atomic_load_n(&c->ready, __ATOMIC_SEQ_CST)) {
		check(c);
		sleep_ms(1);
	}
	return c;
}

void companion_end(struct companion *c, size_t size)
{
	kill(c->pid, SIGKILL);
	waitpid(c->pid, NULL, 0);
	munmap(c, size);
}

int companion_phase(const struct companion *c)
{
	return __atomic_load_n(&c->phase, __ATOMIC_SEQ_CST);
}

void companion_set_phase(struct companion *c, int phase)
{
	check(c);
	__atomic_store_n(&c->phase, phase, __ATOMIC_SEQ_CST);
}
