/* SPDX-License-Identifier: MIT */
/*
 * stress --campaign: what happens to the machine: swap is switched off and on, a cgroup is
 * throttled, the GPU is reset.
 */
#include <errno.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gpu/sim.h"
#include "gpu/swap.h"
#include "gpu/sysmem.h"
#include "stress.h"

#define CGROUP "/sys/fs/cgroup/stress"

/* Each takes 10 ms. */
#define WAITS 1000

/* There are at most so many checks between two resets. */
#define MESA_CHECKS 50

/* --- swapoff ------------------------------------------------------------------- */

/* In a child, because the kernel ends who switches swap off first if memory is short. */
static bool swap_off(const char *device)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(swapoff(device) ? 1 : 0);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return false;
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

void stress_swapper(unsigned int number)
{
	struct swap swap;
	int ret = swap_open(&swap);

	(void)number;
	if (ret) {
		stress_bad_errno("swap", ret);
		return;
	}
	while (!atomic_load(&stress->stop)) {
		usleep((useconds_t)stress_random(2000000) + 500000);
		if (!swap_off(swap.device)) {
			stress_add(COUNT_NO_MEMORY, 1);
			continue;
		}
		usleep((useconds_t)stress_random(50000));
		if (swapon(swap.device, 0)) {
			stress_bad_errno("swapon", -errno);
			return;
		}
		stress_add(COUNT_SWAPOFFS, 1);
	}
}

/* --- memory.high --------------------------------------------------------------- */

static int limit(const char *high)
{
	return sysmem_write_file(CGROUP "/memory.high", high);
}

void stress_join(void)
{
	int ret = mkdir(CGROUP, 0755) && errno != EEXIST ? -errno : 0;

	/* 0 is the caller. */
	if (!ret)
		ret = sysmem_write_file(CGROUP "/cgroup.procs", "0");
	if (ret)
		stress_bad_errno(CGROUP, ret);
}

/* Whoever has joined sleeps in the kernel whenever it allocates, also in the driver. */
void stress_throttler(unsigned int number)
{
	uint64_t before = 0, after = 0;
	int ret = mkdir(CGROUP, 0755) && errno != EEXIST ? -errno : 0;

	(void)number;
	while (!ret && !atomic_load(&stress->stop)) {
		usleep((useconds_t)stress_random(500000));
		ret = limit("4194304");
		usleep((useconds_t)stress_random(100000));
		if (!ret)
			ret = limit("max");
		if (!ret)
			ret = sysmem_read_key(CGROUP "/memory.events", "high", &after);
		stress_add(COUNT_THROTTLES, (long long)(after - before));
		before = after;
	}
	if (ret && !atomic_load(&stress->stop))
		stress_bad_errno(CGROUP, ret);
}

/* --- GPU reset ----------------------------------------------------------------- */

/* Wait until there were this many; false: there are not. */
static bool wait_for(const char *name, int64_t number)
{
	for (int i = 0; i < WAITS && !atomic_load(&stress->stop); i++) {
		int64_t now;
		int ret = sim_stat(name, &now);

		if (ret) {
			stress_bad_errno(name, ret);
			break;
		}
		if (now >= number)
			return true;
		usleep(10000);
	}
	return false;
}

/*
 * The driver resets the GPU if it does not answer a flush. The boot of the firmware ends it. There
 * is no reset if the driver gets the answer to an earlier flush late, and takes it for this one.
 */
static int reset_once(void)
{
	int64_t resets, boots, lost;
	int ret = sim_stat("resets", &resets);

	if (!ret)
		ret = sim_stat("boots", &boots);
	if (!ret)
		ret = sim_stat("lost_flushes", &lost);
	if (!ret)
		ret = sim_param_set("flush_lost", 1);
	if (ret)
		return ret;
	if (wait_for("lost_flushes", lost + 1) && wait_for("resets", resets + 1) &&
	    wait_for("boots", boots + 1))
		stress_add(COUNT_RESETS, 1);
	return sim_param_set("flush_lost", 0);
}

/* A reset ends programs of Mesa, and they take long to start. Let them check something first. */
static void wait_for_mesa(void)
{
	long long wanted = atomic_load(&stress->count[COUNT_MESA_CHECKS]) +
			   (long long)stress_random(MESA_CHECKS) + 1;

	while (stress->mesa && !atomic_load(&stress->stop) &&
	       atomic_load(&stress->count[COUNT_MESA_CHECKS]) < wanted)
		usleep(10000);
}

void stress_resetter(unsigned int number)
{
	int ret = 0;

	(void)number;
	while (!ret && !atomic_load(&stress->stop)) {
		usleep((useconds_t)stress_random(1500000) + 500000);
		wait_for_mesa();
		ret = reset_once();
	}
	if (ret)
		stress_bad_errno("flush_lost", ret);
}
