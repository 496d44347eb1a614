/* SPDX-License-Identifier: MIT */
/*
 * Functions that the programs of tests/driver and tests/sim share.
 */
#include <errno.h>
#include <glob.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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

int find_attribute(const char *name, char path[256])
{
	char pattern[256];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "/sys/bus/platform/drivers/panthor/*/%s", name);
	if (glob(pattern, 0, NULL, &found) || found.gl_pathc != 1)
		return -ENOENT;
	snprintf(path, 256, "%s", found.gl_pathv[0]);
	globfree(&found);
	return 0;
}

int drop_capability(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2];
	const unsigned int bit = 1u << CAP_SYS_RESOURCE;

	if (syscall(SYS_capget, &header, caps))
		return -errno;
	caps[0].effective &= ~bit;
	caps[0].permitted &= ~bit;
	return syscall(SYS_capset, &header, caps) ? -errno : 0;
}

void in_child(int (*fn)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid)
		_exit(fn());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int open_files(int fd, void *arg)
{
	int count = *(int *)arg;
	struct rlimit limit = { .rlim_cur = (rlim_t)count + 64, .rlim_max = (rlim_t)count + 64 };

	(void)fd;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		return -errno;
	for (int i = 0; i < count; i++)
		if (gpu_node_open("panthor") < 0)
			return -EMFILE;
	return 0;
}
