/* SPDX-License-Identifier: MIT */
/*
 * The driver is unbound in the middle of reclaims and claims, and bound again: as when a module
 * is removed and loaded. The call ends with ENODEV, a submit of the target returns ENODEV, and
 * with the next binding all works again.
 *
 * usage: rebind [COUNT]	(default 20)
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gpu/bind.h"
#include "gpu/device.h"
#include "gpu/klog.h"
#include "gpu/mem.h"
#include "gpu/pattern.h"
#include "target.h"

#define MIB (UINT64_C(1) << 20)
#define BOS 8
#define SEED UINT64_C(0xb14d00000000)
#define SPAN_US 40000
#define HANG_S 120

static struct target target = { .bos = BOS, .bo_bytes = MIB, .seed = SEED };
static struct gpu_device dev;
static unsigned long calls;

/* The call that the unbind has ended. */
struct end {
	bool in_claim;
	int ret;
};

static __attribute__((noreturn)) void die(const char *what, int64_t ret)
{
	fprintf(stderr, "rebind: %s: %s\n", what, strerror((int)-ret));
	gpu_app_kill(&target.app);
	exit(1);
}

static void check_target(void)
{
	for (unsigned int i = 0; i < BOS; i++) {
		int ret = target_check(&target, i, true);

		if (ret)
			die("a BO", ret);
	}
}

/* Reclaims and claims until a call fails. */
static void *manage(void *arg)
{
	struct end *end = arg;

	for (;;) {
		struct drm_panthor_mem_reclaim reclaim;
		struct drm_panthor_mem_claim claim;

		if (end->in_claim)
			end->ret = gpu_mem_claim_all(dev.fd, (uint32_t)target.app.pid, &claim);
		else
			end->ret = gpu_mem_reclaim_all(dev.fd, (uint32_t)target.app.pid, 0,
						       &reclaim);
		if (end->ret)
			return NULL;
		calls++;
		end->in_claim = !end->in_claim;
	}
}

/* @claim: the first call is a claim. Returns whether a claim was interrupted. */
static bool unbind_once(bool claim, uint64_t *random_state)
{
	struct drm_panthor_mem_reclaim reclaim;
	struct end end = { .in_claim = claim };
	struct gpu_binding binding;
	struct timespec latest;
	pthread_t thread;
	int64_t ret = gpu_device_open(&dev);

	if (!ret)
		ret = target_start(&target);
	if (ret)
		die("starting", ret);
	check_target();
	ret = gpu_binding_of(dev.fd, &binding);
	if (!ret && claim)
		ret = gpu_mem_reclaim_all(dev.fd, (uint32_t)target.app.pid, 0, &reclaim);
	if (ret || pthread_create(&thread, NULL, manage, &end))
		die("preparing", ret ? ret : -EAGAIN);
	usleep((useconds_t)(pattern_random(random_state) % SPAN_US));
	ret = gpu_unbind(&binding);
	if (ret)
		die("unbinding", ret);
	clock_gettime(CLOCK_REALTIME, &latest);
	latest.tv_sec += HANG_S;
	if (pthread_timedjoin_np(thread, NULL, &latest))
		die("a call goes on after the unbind", -ETIME);
	if (end.ret != -ENODEV)
		die("a call does not end with ENODEV", end.ret);
	ret = target_ask(&target, APP_FRAME, 0);
	if (ret != -ENODEV)
		die("a submit does not return ENODEV", ret);
	gpu_app_kill(&target.app);
	gpu_device_close(&dev);
	ret = gpu_bind(&binding);
	if (ret)
		die("binding", ret);
	return end.in_claim;
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 20, claims = 0;
	uint64_t random_state = 1;
	struct klog log;
	bool failed;

	if (klog_open(&log))
		die("the kernel log", -errno);
	for (unsigned long i = 0; i < count; i++)
		claims += unbind_once(i % 2, &random_state);
	failed = klog_check(&log, false);
	printf("%10lu times unbound and bound, %lu of them during a claim\n"
	       "%10lu calls had ended before\n", count, claims, calls);
	printf("rebind: %s\n", failed ? "FAILED" : "ok");
	return failed;
}
