/* SPDX-License-Identifier: MIT */
/*
 * What the test programs of the guest share.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "gpu/klog.h"
#include "gpu/sim.h"
#include "gpu/sysmem.h"
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

static void power_path(char *path, size_t size, const char *name)
{
	struct stat st;

	if (fstat(guest.dev.fd, &st))
		fail_msg("the device is not open");
	snprintf(path, size, "/sys/dev/char/%u:%u/device/power/%s",
		 major(st.st_rdev), minor(st.st_rdev), name);
}

void power_allow_sleep(int allow)
{
	char path[128];

	power_path(path, sizeof(path), "control");
	ok(sysmem_write_file(path, allow ? "auto" : "on"), path);
}

int power_wait_asleep(unsigned int timeout_ms)
{
	int64_t end = now_ns() + timeout_ms * INT64_C(1000000);
	char path[128], text[32];

	power_path(path, sizeof(path), "runtime_status");
	for (;;) {
		FILE *file = fopen(path, "re");
		int asleep;

		if (!file)
			return -errno;
		asleep = fgets(text, sizeof(text), file) &&
			 !strncmp(text, "suspended", 9);
		fclose(file);
		if (asleep)
			return 0;
		if (now_ns() > end)
			return -ETIME;
		sleep_ms(POLL_MS);
	}
}
