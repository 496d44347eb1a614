/* SPDX-License-Identifier: MIT */
/*
 * The driver is unbound in the middle of reclaims and claims, and bound again: as when a module
 * is removed and loaded. Calls end with ENODEV, the target gets ENODEV, and with the next
 * binding all works again.
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

#include "gpu/app.h"
#include "gpu/bind.h"
#include "gpu/device.h"
#include "gpu/klog.h"
#include "gpu/mem.h"
#include "gpu/pattern.h"

#define MIB (UINT64_C(1) << 20)
#define BOS 8
#define SEED UINT64_C(0xb14d00000000)
#define SPAN_US 40000
#define HANG_S 120

static struct gpu_app app;
static struct gpu_device dev;
static unsigned long calls;

static __attribute__((noreturn)) void die(const char *what, int64_t ret)
{
	fprintf(stderr, "rebind: %s: %s\n", what, strerror((int)-ret));
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

/* Returns the errno that ends the calls. */
static void *manage(void *arg)
{
	int *ended = arg;
	int ret;

	do {
		struct drm_panthor_mem_reclaim reclaim;
		struct drm_panthor_mem_claim claim;

		ret = gpu_mem_reclaim_all(dev.fd, (uint32_t)app.pid, 0, &reclaim);
		if (!ret)
			ret = gpu_mem_claim_all(dev.fd, (uint32_t)app.pid, &claim);
		calls++;
	} while (!ret);
	*ended = ret;
	return NULL;
}

static void unbind_once(uint64_t *random_state)
{
	struct gpu_binding binding;
	struct timespec end;
	pthread_t thread;
	int ended = 0;
	int64_t ret = gpu_device_open(&dev);

	if (ret)
		die("opening the device", ret);
	start_target();
	check_target();
	ret = gpu_binding_of(dev.fd, &binding);
	if (ret || pthread_create(&thread, NULL, manage, &ended))
		die("preparing", ret ? ret : -EAGAIN);
	usleep((useconds_t)(pattern_random(random_state) % SPAN_US));
	ret = gpu_unbind(&binding);
	if (ret)
		die("unbinding", ret);
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += HANG_S;
	if (pthread_timedjoin_np(thread, NULL, &end))
		die("a call goes on after the unbind", -ETIME);
	if (ended != -ENODEV)
		die("a call does not end with ENODEV", ended);
	ret = gpu_app_ask(&app, &(struct app_request) { .op = APP_FRAME }, NULL, NULL, NULL);
	if (ret != -ENODEV)
		die("a submit does not return ENODEV", ret);
	gpu_app_kill(&app);
	gpu_device_close(&dev);
	ret = gpu_bind(&binding);
	if (ret)
		die("binding", ret);
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 20;
	uint64_t random_state = 1;
	struct klog log;
	bool failed;

	if (klog_open(&log))
		die("the kernel log", -errno);
	for (unsigned long i = 0; i < count; i++)
		unbind_once(&random_state);
	failed = klog_check(&log, false);
	printf("%10lu times unbound and bound\n%10lu calls until then\n", count, calls);
	printf("rebind: %s\n", failed ? "FAILED" : "ok");
	return failed;
}
