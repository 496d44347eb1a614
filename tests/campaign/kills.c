/* SPDX-License-Identifier: MIT */
/*
 * A manager is killed at random moments of a reclaim or claim, and must be gone soon; a call
 * with a deadline must return soon after it, even if the target is stopped, busy or throttled.
 * Both are measured. Nothing is lost by it.
 *
 * usage: kills [MOMENTS]	(default 300)
 *
 * The times are figures for the report, not a test: on a busy machine, they show the machine.
 * Only a call that takes a minute fails, because then it hangs.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "gpu/device.h"
#include "gpu/klog.h"
#include "gpu/mem.h"
#include "gpu/pattern.h"
#include "gpu/sysmem.h"
#include "target.h"

#define MIB (UINT64_C(1) << 20)
#define BOS 24
#define SEED UINT64_C(0x4b11150000000)
#define HANG_MS 60000
#define CGROUP "/sys/fs/cgroup/kills"

/* A call takes about this long, so a kill meets any part of it. */
#define SPAN_US 60000

/* Times in microseconds, sorted for the report. */
struct times {
	uint64_t *us;
	unsigned int count;
};

static struct target target = {
	.bos = BOS, .bo_bytes = MIB, .seed = SEED, .cgroup = CGROUP,
};
static struct gpu_device dev;
static uint64_t random_state = 1;

static __attribute__((noreturn)) void die(const char *what, int ret)
{
	fprintf(stderr, "kills: %s: %s\n", what, strerror(-ret));
	gpu_app_kill(&target.app);
	exit(2);
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void add_time(struct times *times, int64_t ns)
{
	if (ns > HANG_MS * INT64_C(1000000))
		die("something has taken too long", -ETIME);
	times->us[times->count++] = ns > 0 ? (uint64_t)ns / 1000 : 0;
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void print_times(const char *what, struct times *times)
{
	if (!times->count)
		return;
	qsort(times->us, times->count, sizeof(*times->us), by_value);
	printf("%10u %s: median %" PRIu64 " us, 99 %% within %" PRIu64 " us, longest %" PRIu64
	       " us\n", times->count, what, times->us[times->count / 2],
	       times->us[times->count * 99 / 100], times->us[times->count - 1]);
}

/* --- the manager --------------------------------------------------------------- */

/* Reclaims and claims until it is killed. */
static void manage(int ready)
{
	struct gpu_device own;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (gpu_device_open(&own) || write(ready, "", 1) != 1)
		_exit(1);
	for (;;) {
		struct drm_panthor_mem_reclaim reclaim;
		struct drm_panthor_mem_claim claim;

		gpu_mem_reclaim_all(own.fd, (uint32_t)target.app.pid, 0, &reclaim);
		gpu_mem_claim_all(own.fd, (uint32_t)target.app.pid, &claim);
	}
}

/* Returns when it works. */
static pid_t start_manager(void)
{
	int ends[2];
	char byte;
	pid_t pid;

	if (pipe(ends))
		die("pipe", -errno);
	pid = fork();
	if (!pid)
		manage(ends[1]);
	close(ends[1]);
	if (pid < 0 || read(ends[0], &byte, 1) != 1)
		die("starting a manager", -EIO);
	close(ends[0]);
	return pid;
}

static int64_t kill_manager(pid_t pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd gone = { .fd = pidfd, .events = POLLIN };
	int64_t start = now_ns(), end;

	kill(pid, SIGKILL);
	if (poll(&gone, 1, HANG_MS) != 1)
		die("a killed manager goes on", -ETIME);
	end = now_ns();
	close(pidfd);
	waitpid(pid, NULL, 0);
	return end - start;
}

static void kill_managers(unsigned int moments, struct times *times)
{
	for (unsigned int i = 0; i < moments; i++) {
		pid_t pid = start_manager();

		usleep((useconds_t)(pattern_random(&random_state) % SPAN_US));
		add_time(times, kill_manager(pid));
	}
}

/* --- deadlines ----------------------------------------------------------------- */

/* Both calls, with a deadline some milliseconds from now. How late do they return? */
static void call_late(unsigned int moments, struct times *reclaims, struct times *claims)
{
	for (unsigned int i = 0; i < moments; i++) {
		int64_t deadline = now_ns() + (int64_t)(pattern_random(&random_state) % 20000000);
		struct drm_panthor_mem_reclaim reclaim = {
			.tgid = (uint32_t)target.app.pid, .deadline_ns = deadline,
			.flags = DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT,
		};
		struct drm_panthor_mem_claim claim = { .tgid = (uint32_t)target.app.pid };
		int ret = gpu_mem_reclaim(dev.fd, &reclaim);

		add_time(reclaims, now_ns() - deadline);
		if (ret)
			die("MEM_RECLAIM", ret);
		deadline = now_ns() + (int64_t)(pattern_random(&random_state) % 20000000);
		claim.deadline_ns = deadline;
		ret = gpu_mem_claim(dev.fd, &claim);
		add_time(claims, now_ns() - deadline);
		if (ret)
			die("MEM_CLAIM", ret);
	}
}

static void busy_target(unsigned int moments, struct times *reclaims, struct times *claims)
{
	int64_t ret = gpu_app_ask(&target.app, &(struct app_request) {
		.op = APP_FRAMES_START, .ns = 100000 }, NULL, NULL, NULL);

	if (ret < 0)
		die("frames", (int)ret);
	call_late(moments, reclaims, claims);
	ret = target_ask(&target, APP_FRAMES_STOP, 0);
	if (ret < 0)
		die("frames", (int)ret);
}

static void stopped_target(unsigned int moments, struct times *reclaims, struct times *claims)
{
	int ret = gpu_app_stop(&target.app);

	if (ret)
		die("SIGSTOP", ret);
	call_late(moments, reclaims, claims);
	ret = gpu_app_continue(&target.app);
	if (ret)
		die("SIGCONT", ret);
}

static uint64_t times_throttled(void)
{
	uint64_t times;
	int ret = sysmem_read_key(CGROUP "/memory.events", "high", &times);

	if (ret)
		die(CGROUP "/memory.events", ret);
	return times;
}

static void limit_memory(const char *bytes)
{
	int ret = sysmem_write_file(CGROUP "/memory.high", bytes);

	if (ret)
		die(CGROUP "/memory.high", ret);
}

/* The target makes frames in a cgroup that has no memory left, so it sleeps with its locks. */
static void throttled_target(unsigned int moments, struct times *reclaims, struct times *claims)
{
	uint64_t before = times_throttled();

	limit_memory("4194304");
	busy_target(moments, reclaims, claims);
	if (times_throttled() == before)
		die("the target was not throttled", -EBADMSG);
	limit_memory("max");
}

/* --- contents ------------------------------------------------------------------ */

static void start_target(void)
{
	int ret;

	if (mkdir(CGROUP, 0755) && errno != EEXIST)
		die(CGROUP, -errno);
	ret = target_start(&target);
	if (ret)
		die("starting a target", ret);
}

static unsigned int count_lost(void)
{
	unsigned int lost = 0;

	for (unsigned int i = 0; i < BOS; i++)
		lost += !!target_check(&target, i, true);
	return lost;
}

static struct times new_times(unsigned int count)
{
	struct times times = { .us = calloc(count, sizeof(uint64_t)) };

	if (!times.us)
		die("memory", -ENOMEM);
	return times;
}

static void measure_deadlines(const char *name, unsigned int moments,
			      void (*measure)(unsigned int, struct times *, struct times *))
{
	struct times reclaims = new_times(moments), claims = new_times(moments);
	char text[128];

	measure(moments, &reclaims, &claims);
	snprintf(text, sizeof(text), "reclaims of a %s target, after their deadline", name);
	print_times(text, &reclaims);
	snprintf(text, sizeof(text), "claims of a %s target, after their deadline", name);
	print_times(text, &claims);
	free(reclaims.us);
	free(claims.us);
}

int main(int argc, char **argv)
{
	unsigned int moments = argc > 1 ? (unsigned int)strtoul(argv[1], NULL, 10) : 300;
	struct times ends;
	struct klog log;
	unsigned int lost;
	int ret = klog_open(&log);
	bool failed;

	if (!moments)
		die("MOMENTS", -EINVAL);
	if (!ret)
		ret = gpu_device_open(&dev);
	if (ret)
		die("starting", ret);
	start_target();
	ends = new_times(moments);
	kill_managers(moments, &ends);
	print_times("managers killed, until they were gone", &ends);
	lost = count_lost();
	measure_deadlines("stopped", moments, stopped_target);
	measure_deadlines("busy", moments, busy_target);
	measure_deadlines("throttled", moments / 10 + 1, throttled_target);
	lost += count_lost();
	printf("%10u BOs LOST\n", lost);
	gpu_app_kill(&target.app);
	failed = klog_check(&log, true) || lost;
	printf("kills: %s\n", failed ? "FAILED" : "ok");
	return failed;
}
