/* SPDX-License-Identifier: MIT */
/*
 * stress: processes that reclaim and claim the others.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "gpu/device.h"
#include "gpu/mem.h"
#include "stress.h"

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)

static void on_alarm(int sig)
{
	(void)sig;
	stress_add(COUNT_SIGNALS, 1);
}

/* Signals arrive at any time. A call must end early and return what it did. */
static void interrupt_me(void)
{
	struct sigaction action = {
		.sa_handler = on_alarm, .sa_flags = SA_RESTART,
	};
	struct itimerval every = { { 0, 7000 }, { 0, 7000 } };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
}

static pid_t random_target(unsigned int *which)
{
	*which = (unsigned int)stress_random(STRESS_TARGETS);
	return atomic_load(&stress->target[*which]);
}

static int64_t soon(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec + 5000000;
}

/*
 * The opener sometimes has no file, and others sometimes have none or are gone. The submitters
 * have one until the end. In a reset, the MMU does not answer.
 */
static bool allowed(int ret, unsigned int which)
{
	return !ret || ret == -ENOSPC || (ret == -ETIMEDOUT && stress->campaign) ||
	       (ret == -ESRCH && (which >= STRESS_SUBMITTERS || atomic_load(&stress->stop)));
}

static void judge_reclaim(const struct drm_panthor_mem_reclaim *args, int ret,
			  unsigned int which)
{
	if (!allowed(ret, which)) {
		stress_bad_errno("MEM_RECLAIM", ret);
		return;
	}
	if (ret)
		return;
	if (args->freed_bytes > args->evicted_bytes ||
	    (args->freed_bytes && args->flags)) {
		fprintf(stderr, "stress: MEM_RECLAIM with flags %#x: freed %llu"
			" of %llu evicted\n", args->flags,
			(unsigned long long)args->freed_bytes,
			(unsigned long long)args->evicted_bytes);
		stress_add(COUNT_BAD_RESULT, 1);
	}
	stress_add(COUNT_RECLAIMS, 1);
	stress_add(COUNT_RECLAIMED_KIB, (long long)(args->freed_bytes / KIB));
}

void stress_reclaimer(unsigned int number)
{
	struct gpu_device dev;
	int ret = gpu_device_open(&dev);

	if (ret) {
		stress_bad_errno("open", ret);
		return;
	}
	if (number)
		interrupt_me();
	while (!atomic_load(&stress->stop)) {
		unsigned int which;
		pid_t pid = random_target(&which);
		struct drm_panthor_mem_reclaim args = {
			.flags = stress_random(4) ? 0 : (uint32_t)
				 stress_random(4),
			.tgid = (uint32_t)pid,
			.max_bytes = stress_random(3) ? 0 :
				     stress_random(8 * MIB),
			.deadline_ns = stress_random(2) ? 0 : soon(),
		};

		if (!pid) {
			usleep(1000);
			continue;
		}
		ret = gpu_mem_reclaim(dev.fd, &args);
		judge_reclaim(&args, ret, which);
		usleep((useconds_t)stress_random(5000));
	}
}

void stress_claimer(unsigned int number)
{
	struct gpu_device dev;
	int ret = gpu_device_open(&dev);

	if (ret) {
		stress_bad_errno("open", ret);
		return;
	}
	if (number)
		interrupt_me();
	while (!atomic_load(&stress->stop)) {
		unsigned int which;
		pid_t pid = random_target(&which);
		struct drm_panthor_mem_claim args = {
			.flags = stress_random(4) ? 0 :
				 DRM_PANTHOR_MEM_CLAIM_PREFETCH_ONLY,
			.tgid = (uint32_t)pid,
			.max_bytes = stress_random(3) ? 0 :
				     stress_random(8 * MIB),
		};

		if (!pid) {
			usleep(1000);
			continue;
		}
		ret = gpu_mem_claim(dev.fd, &args);
		if (ret == -ENOMEM)
			stress_add(COUNT_NO_MEMORY, 1);
		else if (!allowed(ret, which))
			stress_bad_errno("MEM_CLAIM", ret);
		else if (!ret)
			stress_add(COUNT_CLAIMS, 1);
		if (!ret)
			stress_add(COUNT_CLAIMED_KIB,
				   (long long)(args.claimed_bytes / KIB));
		usleep((useconds_t)stress_random(20000));
	}
}
