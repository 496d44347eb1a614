/* SPDX-License-Identifier: MIT */
/*
 * Everything at the same time: processes submit jobs and verify their contents, while others
 * reclaim and claim them, run the shrinker, cause memory pressure, and open and close files.
 *
 * usage: stress [--without-ioctls] [--campaign] [--seed N] [SECONDS]
 *        stress-mesa, with the same arguments: also programs that use Mesa, in its system
 *
 * With --campaign, processes also fork, exec, exit, crash, are stopped and killed, share BOs and
 * use tiler heaps. Swap is switched off and on, a cgroup is throttled, and the GPU is reset.
 *
 * Runs for SECONDS (default 10), and then until every worker has done something, because a
 * slow kernel on a busy machine needs more time.
 *
 * Status 0: no wrong word, no unexpected errno, no GPU fault, no reset that was not asked for, no
 * stale translation, no report in the kernel log, and every worker has done something.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#include "gpu/ctx.h"
#include "gpu/group.h"
#include "gpu/klog.h"
#include "gpu/mem.h"
#include "gpu/pattern.h"
#include "gpu/sim.h"
#include "stress.h"

struct worker {
	void (*run)(unsigned int number);
	unsigned int number;
	bool needs_ioctls;
	bool campaign;		/* only then */
};

static const struct worker workers[] = {
	{ stress_submitter, 0, false, false },
	{ stress_submitter, 1, false, false },
	{ stress_submitter, 2, false, false },
	{ stress_opener, STRESS_OPENER, false, false },
	{ stress_reclaimer, 0, true, false },
	{ stress_reclaimer, 1, true, false },
	{ stress_claimer, 0, true, false },
	{ stress_claimer, 1, true, false },
	{ stress_shrinker, 0, false, false },
	{ stress_presser, 0, false, false },
	{ stress_hog, 0, false, false },
	{ stress_forker, 0, false, true },
	{ stress_stopper, 0, false, true },
	{ stress_killer, 0, true, true },
	{ stress_killer, 1, true, true },
	{ stress_sharer, 0, false, true },
	{ stress_heaper, 0, false, true },
	{ stress_swapper, 0, false, true },
	{ stress_throttler, 0, false, true },
	{ stress_resetter, 0, false, true },
#ifdef WITH_MESA
	{ stress_mesa, 0, false, false },
	{ stress_mesa, 1, false, false },
#endif
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
	[COUNT_EXITS] = "children that used a file of their parent and exited",
	[COUNT_CRASHES] = "children that crashed",
	[COUNT_EXECS] = "children that executed a program",
	[COUNT_STOPS] = "SIGSTOPs of a target",
	[COUNT_KILLED_MANAGERS] = "SIGKILLs of a manager",
	[COUNT_KILLED_TARGETS] = "SIGKILLs of a target",
	[COUNT_SHARES] = "dma-bufs exported, imported and read",
	[COUNT_HEAPS] = "tiler heaps",
	[COUNT_SWAPOFFS] = "swapoffs and swapons",
	[COUNT_THROTTLES] = "times that memory.high throttled a target",
	[COUNT_RESETS] = "GPU resets",
	[COUNT_SLEEPS] = "times that the GPU slept",
	[COUNT_NEW_GROUPS] = "groups made again after a reset",
	[COUNT_MESA_LIVES] = "processes that used Mesa, until they ended or were killed",
	[COUNT_MESA_FRAMES] = "frames that they drew",
	[COUNT_MESA_CHECKS] = "checks of their objects",
	[COUNT_MESA_RESETS] = "other processes that used Mesa, whose work a reset ended (allowed)",
	[COUNT_NO_MEMORY] = "out of memory (allowed)",
	[COUNT_BAD_WORDS] = "WRONG DATA",
	[COUNT_BAD_ERRNO] = "UNEXPECTED ERRORS",
	[COUNT_BAD_RESULT] = "IMPOSSIBLE RESULTS",
};

struct stress_shared *stress;

static uint64_t random_state;
static uint64_t first_seed;
static int64_t first_halts;

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

bool stress_allows(int ret, const struct gpu_ctx *ctx)
{
	struct gpu_group_state state;

	if (!ret || ret == -ENOMEM)
		return true;
	if (!stress->campaign)
		return false;
	return ret == -ENOSPC || (ctx->group &&
	       !gpu_group_get_state(ctx->dev, ctx->group, &state) &&
	       state.state & DRM_PANTHOR_GROUP_STATE_INNOCENT);
}

static pid_t start(size_t i)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	stress_seed(first_seed * WORKERS + i + 1);
	workers[i].run(workers[i].number);
	_exit(0);
}

static bool only_in_campaign(enum stress_count which)
{
	return which >= COUNT_EXITS && which < COUNT_MESA_LIVES;
}

static bool only_with_mesa(enum stress_count which)
{
	return which >= COUNT_MESA_LIVES && which < COUNT_NO_MEMORY;
}

static bool applies(enum stress_count which)
{
	return (stress->campaign || !only_in_campaign(which)) &&
	       (stress->mesa || !only_with_mesa(which));
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
	case COUNT_NO_MEMORY:
	case COUNT_NEW_GROUPS:
	case COUNT_MESA_RESETS:
		return true;
	default:
		return !applies(which);
	}
}

/* Each time that the GPU goes to sleep, its firmware halts. */
static int count_sleeps(void)
{
	int64_t halts;
	int ret = sim_stat("halts", &halts);

	if (!ret)
		atomic_store(&stress->count[COUNT_SLEEPS], halts - first_halts);
	return ret;
}

static bool all_worked(bool ioctls)
{
	if (count_sleeps())
		return false;
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
		if ((ioctls || !workers[i].needs_ioctls) &&
		    (stress->campaign || !workers[i].campaign))
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

/*
 * The GPU is reset if it does not answer a flush, and nothing else may reset it. The count of resets
 * is below 0 while one of them is still to come.
 */
static int count_troubles(int64_t count[SIM_TROUBLES])
{
	int64_t lost = 0;
	int ret = sim_stat("lost_flushes", &lost);

	if (!ret)
		ret = sim_troubles(count);
	count[SIM_RESETS] -= lost;
	return ret;
}

static int report_troubles(const int64_t before[SIM_TROUBLES], const int64_t after[SIM_TROUBLES])
{
	int failed = 0;

	for (int i = 0; i < SIM_TROUBLES; i++) {
		long long count = after[i] > before[i] ? after[i] - before[i] : 0;

		printf("%10lld UNINTENDED: %s\n", count, sim_trouble_name(i));
		failed |= count != 0;
	}
	return failed;
}

static int report(bool ioctls)
{
	int failed = 0;

	for (int i = 0; i < COUNT_NUMBER; i++) {
		long long count = atomic_load(&stress->count[i]);

		if (applies(i))
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
	int64_t before[SIM_TROUBLES], after[SIM_TROUBLES];
	struct gpu_device dev;
	bool ioctls = true;
	unsigned int seconds = 10;
	struct klog log;
	int failed, ret;

	stress = mmap(NULL, sizeof(*stress), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (stress == MAP_FAILED)
		die("memory", -errno);
#ifdef WITH_MESA
	stress->mesa = true;
#endif
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--without-ioctls"))
			ioctls = false;
		else if (!strcmp(argv[i], "--campaign"))
			stress->campaign = true;
		else if (!strcmp(argv[i], "--seed") && i + 1 < argc)
			first_seed = strtoull(argv[++i], NULL, 10);
		else
			seconds = (unsigned int)strtoul(argv[i], NULL, 10);
	}
	ret = gpu_device_open(&dev);
	if (ret)
		die("device", ret);
	if (ioctls && !gpu_mem_supported(dev.fd))
		die("MEM_RECLAIM", -ENOSYS);
	gpu_device_close(&dev);
	ret = klog_open(&log);
	if (!ret)
		ret = count_troubles(before);
	if (!ret)
		ret = sim_stat("halts", &first_halts);
	if (ret)
		die("kernel log or counters of the simulated GPU", ret);

	failed = run(seconds, ioctls);
	ret = count_troubles(after);
	if (!ret)
		ret = count_sleeps();
	if (ret)
		die("counters of the simulated GPU", ret);
	failed |= report(ioctls);
	failed |= report_troubles(before, after);
	failed |= klog_check(&log, !stress->campaign) != 0;
	printf("stress: %s\n", failed ? "FAILED" : "ok");
	return failed;
}
