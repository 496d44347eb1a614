/* SPDX-License-Identifier: MIT */
/*
 * Everything at the same time: processes submit jobs and verify their contents, while others
 * reclaim and claim them, run the shrinker, cause memory pressure, and open and close files.
 *
 * usage: stress [--without-ioctls] [SECONDS]
 *
 * Runs for SECONDS (default 10), and then until every worker has done something, because a
 * slow kernel on a busy machine needs more time.
 *
 * Status 0: no wrong word, no unexpected errno, no GPU fault or reset, no stale translation,
 * no report in the kernel log, and every worker has done something.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#include "gpu/device.h"
#include "gpu/klog.h"
#include "gpu/mem.h"
#include "gpu/pattern.h"
#include "gpu/sim.h"
#include "stress.h"

struct worker {
	void (*run)(unsigned int number);
	unsigned int number;
	bool needs_ioctls;
};

static const struct worker workers[] = {
	{ stress_submitter, 0, false },
	{ stress_submitter, 1, false },
	{ stress_submitter, 2, false },
	{ stress_opener, STRESS_SUBMITTERS, false },
	{ stress_reclaimer, 0, true },
	{ stress_reclaimer, 1, true },
	{ stress_claimer, 0, true },
	{ stress_claimer, 1, true },
	{ stress_shrinker, 0, false },
	{ stress_presser, 0, false },
	{ stress_hog, 0, false },
};

/* After this time, a worker that has not done anything counts as stuck. */
#define STRESS_PATIENCE 600

#define WORKERS (sizeof(workers) / sizeof(workers[0]))

static const char *const names[COUNT_NUMBER] = {
	[COUNT_FILLS] = "fills by the GPU",
	[COUNT_CHECKS_GPU] = "checks by the GPU",
	[COUNT_CHECKS_CPU] = "checks by the CPU",
	[COUNT_BINDS] = "rebinds",
	[COUNT_RECLAIMS] = "reclaims",
	[COUNT_RECLAIMED_KIB] = "KiB reclaimed",
	[COUNT_CLAIMS] = "claims",
	[COUNT_CLAIMED_KIB] = "KiB claimed",
	[COUNT_SHRINKS] = "runs of the shrinker",
	[COUNT_PRESSES] = "memory.reclaim",
	[COUNT_OPENS] = "opens and closes",
	[COUNT_HOGS] = "memory hogs",
	[COUNT_SIGNALS] = "signals",
	[COUNT_NO_MEMORY] = "out of memory (allowed)",
	[COUNT_BAD_WORDS] = "WRONG DATA",
	[COUNT_BAD_ERRNO] = "UNEXPECTED ERRORS",
	[COUNT_BAD_RESULT] = "IMPOSSIBLE RESULTS",
};

struct stress_shared *stress;

static uint64_t random_state;

void stress_seed(uint64_t seed)
{
	random_state = seed;
}

uint64_t stress_random(uint64_t below)
{
	return pattern_random(&random_state) % below;
}

void stress_add(enum stress_count which, long long number)
{
	atomic_fetch_add(&stress->count[which], number);
}

void stress_bad_errno(const char *what, int ret)
{
	/* Print only the first few. */
	if (atomic_fetch_add(&stress->count[COUNT_BAD_ERRNO], 1) < 20)
		fprintf(stderr, "stress: %s: %s\n", what, strerror(-ret));
}

static pid_t start(size_t i)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	stress_seed(i + 1);
	workers[i].run(workers[i].number);
	_exit(0);
}

static bool may_be_zero(enum stress_count which, bool ioctls)
{
	switch (which) {
	case COUNT_RECLAIMS:
	case COUNT_RECLAIMED_KIB:
	case COUNT_CLAIMS:
	case COUNT_CLAIMED_KIB:
	case COUNT_SIGNALS:
		return !ioctls;
	default:
		return which == COUNT_NO_MEMORY;
	}
}

static bool all_worked(bool ioctls)
{
	for (int i = 0; i < COUNT_FIRST_FAILURE; i++)
		if (!atomic_load(&stress->count[i]) && !may_be_zero(i, ioctls))
			return false;
	return true;
}

static int run(unsigned int seconds, bool ioctls)
{
	pid_t pid[WORKERS] = { 0 };
	int failed = 0;

	for (size_t i = 0; i < WORKERS; i++)
		if (ioctls || !workers[i].needs_ioctls)
			pid[i] = start(i);
	sleep(seconds);
	for (int i = 0; i < STRESS_PATIENCE && !all_worked(ioctls); i++)
		sleep(1);
	atomic_store(&stress->stop, true);
	for (size_t i = 0; i < WORKERS; i++) {
		int status;

		if (!pid[i])
			continue;
		if (pid[i] < 0 || waitpid(pid[i], &status, 0) < 0 || status) {
			fprintf(stderr, "stress: worker %zu ended badly\n", i);
			failed = 1;
		}
	}
	return failed;
}

static int report(bool ioctls)
{
	int failed = 0;

	for (int i = 0; i < COUNT_NUMBER; i++) {
		long long count = atomic_load(&stress->count[i]);

		printf("%10lld %s\n", count, names[i]);
		if (i >= COUNT_FIRST_FAILURE)
			failed |= count != 0;
		else if (!count && !may_be_zero(i, ioctls)) {
			fprintf(stderr, "stress: no %s\n", names[i]);
			failed = 1;
		}
	}
	return failed;
}

static void die(const char *what, int ret)
{
	fprintf(stderr, "stress: %s: %s\n", what, strerror(-ret));
	exit(2);
}

int main(int argc, char **argv)
{
	int64_t before = 0, after = 0;
	struct gpu_device dev;
	bool ioctls = true;
	unsigned int seconds = 10;
	struct klog log;
	int failed, ret;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--without-ioctls"))
			ioctls = false;
		else
			seconds = (unsigned int)strtoul(argv[i], NULL, 10);
	}
	stress = mmap(NULL, sizeof(*stress), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (stress == MAP_FAILED)
		die("memory", -errno);
	ret = gpu_device_open(&dev);
	if (ret)
		die("device", ret);
	if (ioctls && !gpu_mem_supported(dev.fd))
		die("MEM_RECLAIM", -ENOSYS);
	gpu_device_close(&dev);
	ret = klog_open(&log);
	if (!ret)
		ret = sim_troubles(&before);
	if (ret)
		die("kernel log or counters of the simulated GPU", ret);

	failed = run(seconds, ioctls);
	failed |= report(ioctls);
	sim_troubles(&after);
	printf("%10" PRId64 " GPU FAULTS, RESETS, STALE TRANSLATIONS\n",
	       after - before);
	failed |= after != before;
	failed |= klog_check(&log, true) != 0;
	printf("stress: %s\n", failed ? "FAILED" : "ok");
	return failed;
}
