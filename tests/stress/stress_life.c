/* SPDX-License-Identifier: MIT */
/*
 * stress --campaign: processes that begin and end in all ways, are stopped, and are killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gpu/ctx.h"
#include "gpu/data.h"
#include "gpu/mem.h"
#include "stress.h"

#define MIB (UINT64_C(1) << 20)

/* Give other workers this long to meet what has changed. */
#define MOMENT_US 20000

static void moment(void)
{
	usleep((useconds_t)stress_random(MOMENT_US) + 1);
}

/* Returns the number of the signal that has ended the child, or 0. */
static int reap(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* --- fork, exec, exit, crash --------------------------------------------------- */

/* The child uses the file of its parent, and so becomes its owner. Does not return. */
static void child_life(const struct gpu_device *dev, unsigned int how)
{
	struct gpu_bo bo;
	struct rlimit none = { 0, 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!gpu_bo_create(dev->fd, 65536, 0, 0, &bo))
		gpu_bo_cpu_fill(dev->fd, &bo, 1);
	switch (how) {
	case 0:
		_exit(0);
	case 1:
		/* A core file is of no use. */
		setrlimit(RLIMIT_CORE, &none);
		signal(SIGSEGV, SIG_DFL);
		raise(SIGSEGV);
		_exit(1);
	default:
		/* The file is closed by this, and the owner is still the process. */
		execl("/bin/true", "true", (char *)NULL);
		_exit(1);
	}
}

void stress_forker(unsigned int number)
{
	static const enum stress_count counts[] = { COUNT_EXITS, COUNT_CRASHES, COUNT_EXECS };
	static const int signals[] = { 0, SIGSEGV, 0 };
	struct gpu_device dev;
	int ret = gpu_device_open(&dev);

	(void)number;
	if (ret) {
		stress_bad_errno("open", ret);
		return;
	}
	while (!atomic_load(&stress->stop)) {
		unsigned int how = (unsigned int)stress_random(3);
		pid_t pid = fork();

		if (!pid)
			child_life(&dev, how);
		if (pid < 0) {
			stress_add(COUNT_NO_MEMORY, 1);
			moment();
			continue;
		}
		/* From now on, the children are a target, alive or not. */
		atomic_store(&stress->target[STRESS_MORTAL], pid);
		if (reap(pid) == signals[how])
			stress_add(counts[how], 1);
		/* What they have left in the file goes away with it. */
		if (!stress_random(16)) {
			gpu_device_close(&dev);
			ret = gpu_device_open(&dev);
			if (ret == -ENOMEM)
				continue;
			if (ret) {
				stress_bad_errno("open", ret);
				return;
			}
		}
		moment();
	}
}

/* --- SIGSTOP ------------------------------------------------------------------- */

void stress_stopper(unsigned int number)
{
	(void)number;
	while (!atomic_load(&stress->stop)) {
		pid_t pid = atomic_load(&stress->target[stress_random(STRESS_SUBMITTERS)]);

		moment();
		if (!pid || kill(pid, SIGSTOP))
			continue;
		moment();
		kill(pid, SIGCONT);
		stress_add(COUNT_STOPS, 1);
	}
}

/* --- SIGKILL ------------------------------------------------------------------- */

static void manage(void)
{
	struct gpu_device dev;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (gpu_device_open(&dev))
		_exit(1);
	for (;;) {
		pid_t pid = atomic_load(&stress->target[stress_random(STRESS_TARGETS)]);
		struct drm_panthor_mem_reclaim reclaim;
		struct drm_panthor_mem_claim claim;

		gpu_mem_reclaim_all(dev.fd, (uint32_t)pid, 0, &reclaim);
		gpu_mem_claim_all(dev.fd, (uint32_t)pid, &claim);
	}
}

static void be_target(void)
{
	static struct gpu_ctx ctx;
	struct gpu_device dev;
	struct gpu_bo bo;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (gpu_device_open(&dev) || gpu_ctx_init(&ctx, &dev, 1) ||
	    gpu_ctx_alloc(&ctx, MIB, GPU_BO_PRIVATE, &bo))
		_exit(1);
	for (;;)
		gpu_fill(&ctx, &bo, 1);
}

/* @number: 0 kills managers, 1 targets. */
void stress_killer(unsigned int number)
{
	while (!atomic_load(&stress->stop)) {
		pid_t pid = fork();

		if (!pid && number)
			be_target();
		if (!pid)
			manage();
		if (pid < 0) {
			stress_add(COUNT_NO_MEMORY, 1);
			moment();
			continue;
		}
		if (number)
			atomic_store(&stress->target[STRESS_VICTIM], pid);
		moment();
		moment();
		kill(pid, SIGKILL);
		if (reap(pid) == SIGKILL)
			stress_add(number ? COUNT_KILLED_TARGETS : COUNT_KILLED_MANAGERS, 1);
	}
}
