/* SPDX-License-Identifier: MIT */
/*
 * The machine is suspended in the middle of reclaims and claims, as far as the kernel's test
 * levels of power management go, and resumed. Calls go on, and all contents are intact.
 *
 * usage: suspend [COUNT]	(default 30)
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gpu/app.h"
#include "gpu/device.h"
#include "gpu/klog.h"
#include "gpu/mem.h"
#include "gpu/pattern.h"
#include "gpu/sysmem.h"

#define MIB (UINT64_C(1) << 20)
#define BOS 8
#define SEED UINT64_C(0x5ee900000000)

/* A reclaim and a claim take about this long, so a suspend meets any part of them. */
#define SPAN_US 60000

/* How far a suspend goes. The devices sleep from the second level on. */
static const char *const levels[] = { "freezer", "devices", "platform", "processors", "core" };

#define LEVELS (sizeof(levels) / sizeof(levels[0]))

static struct gpu_app app;
static struct gpu_device dev;
static atomic_bool stop;
static atomic_ulong calls;

static __attribute__((noreturn)) void die(const char *what, int64_t ret)
{
	fprintf(stderr, "suspend: %s: %s\n", what, strerror((int)-ret));
	gpu_app_kill(&app);
	exit(1);
}

static void start_target(void)
{
	struct gpu_app_setup setup = {
		.cred = GPU_APP_ROOT, .files = 1, .vms = 1, .pidns = -1,
	};
	int64_t ret = gpu_app_start(&app, &setup);

	if (!ret)
		ret = gpu_app_ask(&app, &(struct app_request) {
			.op = APP_ALLOC, .count = BOS, .size = MIB, .seed = SEED,
			.exclusive = true }, NULL, NULL, NULL);
	if (ret < 0)
		die("starting a target", ret);
}

static void check_target(void)
{
	for (unsigned int i = 0; i < BOS; i++) {
		struct app_reply reply;
		int64_t ret = gpu_app_ask(&app, &(struct app_request) {
			.op = APP_SUM, .bo = i, .by_gpu = true }, &reply, NULL, NULL);

		if (ret < 0)
			die("reading a BO", ret);
		if (reply.value != pattern_expected(SEED + ((uint64_t)i << 32), MIB))
			die("the content of a BO", -EILSEQ);
	}
}

static void *manage(void *unused)
{
	(void)unused;
	while (!atomic_load(&stop)) {
		struct drm_panthor_mem_reclaim reclaim;
		struct drm_panthor_mem_claim claim;
		int ret = gpu_mem_reclaim_all(dev.fd, (uint32_t)app.pid, 0, &reclaim);

		if (!ret)
			ret = gpu_mem_claim_all(dev.fd, (uint32_t)app.pid, &claim);
		if (ret)
			die("a call", ret);
		atomic_fetch_add(&calls, 2);
	}
	return NULL;
}

/* Returns when the machine has resumed. */
static void suspend(const char *level)
{
	int ret = sysmem_write_file("/sys/power/pm_test", level);

	if (!ret)
		ret = sysmem_write_file("/sys/power/state", "mem");
	if (ret)
		die(level, ret);
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 30;
	uint64_t random_state = 1;
	struct klog log;
	pthread_t thread;
	bool failed;
	int ret = klog_open(&log);

	if (!ret)
		ret = gpu_device_open(&dev);
	/* At the level that was chosen, the kernel would wait. */
	if (!ret)
		ret = sysmem_write_file("/sys/module/suspend/parameters/pm_test_delay", "0");
	if (ret)
		die("starting", ret);
	start_target();
	ret = pthread_create(&thread, NULL, manage, NULL);
	if (ret)
		die("a thread", -ret);
	for (unsigned long i = 0; i < count; i++) {
		usleep((useconds_t)(pattern_random(&random_state) % SPAN_US));
		suspend(levels[i % LEVELS]);
		check_target();
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	check_target();
	gpu_app_kill(&app);
	failed = klog_check(&log, true) || !atomic_load(&calls);
	printf("%10lu times suspended and resumed\n%10lu calls in between\n", count,
	       atomic_load(&calls));
	printf("suspend: %s\n", failed ? "FAILED" : "ok");
	return failed;
}
