/* SPDX-License-Identifier: MIT */
/*
 * Functions that the programs of tests/driver and tests/sim share.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "gpu/klog.h"
#include "gpu/power.h"
#include "gpu/sim.h"
#include "guest.h"

#define POLL_MS 5

struct guest guest = { .dev.fd = -1 };

static struct klog guest_log = { .fd = -1 };

int guest_open(void **state)
{
	int ret = klog_open(&guest_log);

	(void)state;
	if (!ret)
		ret = gpu_device_open(&guest.dev);
	if (ret)
		fprintf(stderr, "cannot start: %s\n", strerror(-ret));
	return ret;
}

int guest_close(void **state)
{
	int complaints;

	(void)state;
	gpu_device_close(&guest.dev);
	complaints = klog_check(&guest_log, false);
	klog_close(&guest_log);
	return complaints ? -1 : 0;
}

void ok(int64_t ret, const char *what)
{
	if (ret < 0)
		fail_msg("%s: %s", what, strerror((int)-ret));
}

int64_t stat_of(const char *name)
{
	int64_t value;

	ok(sim_stat(name, &value), name);
	return value;
}

int stat_wait(const char *name, int64_t before, unsigned int timeout_ms)
{
	int64_t end = now_ns() + timeout_ms * INT64_C(1000000);

	while (stat_of(name) <= before) {
		if (now_ns() > end)
			return -ETIME;
		sleep_ms(POLL_MS);
	}
	return 0;
}

void sleep_ms(unsigned int ms)
{
	struct timespec left = { ms / 1000, (ms % 1000) * 1000000L };

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

int power_wait_asleep(unsigned int timeout_ms)
{
	int64_t end = now_ns() + timeout_ms * INT64_C(1000000);

	for (;;) {
		int asleep = gpu_power_asleep(guest.dev.fd);

		if (asleep)
			return asleep < 0 ? asleep : 0;
		if (now_ns() > end)
			return -ETIME;
		sleep_ms(POLL_MS);
	}
}
