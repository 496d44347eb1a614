/* SPDX-License-Identifier: MIT */
/*
 * The GPU wakes up on a machine that is so busy that the driver's thread for interrupts of the
 * firmware does not run for a while. The firmware has booted nevertheless.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gpu/buffers.h"
#include "gpu/klog.h"
#include "gpu/power.h"
#include "gpu/sysmem.h"
#include "guest.h"

#define SEED UINT64_C(0xb0070000000000)
#define SLEEP_MS 60000
#define CPUS_MOST 8

/*
 * The driver waits for the firmware for 1 s. A try in which it needs longer than the other threads
 * are busy is repeated.
 */
#define BUSY_NS INT64_C(3000000000)
#define TRIES 20

/* What is kept for threads without a real-time priority, in nanoseconds. */
#define FAIR_SERVER "/sys/kernel/debug/sched/fair_server/cpu%d/runtime"

static struct gpu_buffers buffers;

/* Threads of a higher priority than the driver's take all CPUs while it is to wait. */
static struct busy {
	pthread_t thread;
	int cpu;
	int64_t fair;		/* of this CPU, before */
	int error;
} busy[CPUS_MOST];
static long cpus;
static atomic_int at_work;
static atomic_bool stop;

static int set_policy(pid_t thread, int policy, int priority)
{
	const struct sched_param param = { .sched_priority = priority };

	return sched_setscheduler(thread, policy, &param) ? -errno : 0;
}

/* The kernel's thread for the interrupts of the firmware. */
static pid_t irq_thread(void)
{
	DIR *dir = opendir("/proc");
	const struct dirent *entry;
	pid_t found = 0;

	assert_non_null(dir);
	while (!found && (entry = readdir(dir))) {
		char path[300], name[64] = "";
		FILE *file;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		file = fopen(path, "r");
		if (!file)
			continue;
		if (fgets(name, sizeof(name), file) && !strncmp(name, "irq/", 4) &&
		    strstr(name, "-panthor-job"))
			found = atoi(entry->d_name);
		fclose(file);
	}
	closedir(dir);
	return found;
}

static void *keep_busy(void *arg)
{
	struct busy *b = arg;
	cpu_set_t set;
	int64_t end;

	CPU_ZERO(&set);
	CPU_SET(b->cpu, &set);
	b->error = sched_setaffinity(0, sizeof(set), &set) ? -errno : set_policy(0, SCHED_FIFO, 1);
	end = now_ns() + BUSY_NS;
	atomic_fetch_add(&at_work, 1);
	while (!b->error && !atomic_load(&stop)) {
		if (now_ns() > end)
			b->error = -ETIME;
	}
	return NULL;
}

static void set_fair(int cpu, int64_t ns)
{
	char path[80], text[24];

	snprintf(path, sizeof(path), FAIR_SERVER, cpu);
	snprintf(text, sizeof(text), "%" PRId64, ns);
	ok(sysmem_write_file(path, text), path);
}

static void begin_busy(void)
{
	char path[80];

	cpus = sysconf(_SC_NPROCESSORS_ONLN);
	assert_in_range(cpus, 1, CPUS_MOST);
	atomic_store(&at_work, 0);
	atomic_store(&stop, false);
	/* This thread is not kept waiting. */
	ok(set_policy(0, SCHED_FIFO, 2), "sched_setscheduler");
	for (int i = 0; i < cpus; i++) {
		busy[i].cpu = i;
		snprintf(path, sizeof(path), FAIR_SERVER, i);
		ok(sysmem_read_number(path, &busy[i].fair), path);
		set_fair(i, 0);
	}
	for (int i = 0; i < cpus; i++)
		assert_int_equal(pthread_create(&busy[i].thread, NULL, keep_busy, &busy[i]), 0);
	while (atomic_load(&at_work) < cpus)
		sleep_ms(1);
}

/* -ETIME: a CPU has not been busy until now. */
static int end_busy(void)
{
	int ret = 0;

	atomic_store(&stop, true);
	for (int i = 0; i < cpus; i++) {
		assert_int_equal(pthread_join(busy[i].thread, NULL), 0);
		set_fair(i, busy[i].fair);
		ret = ret ? ret : busy[i].error;
	}
	ok(set_policy(0, SCHED_OTHER, 0), "sched_setscheduler");
	return ret;
}

/* Wake the GPU up while the thread does not run. Returns what end_busy() does. */
static int wake_up_late(pid_t thread)
{
	struct sched_param param;
	int policy = sched_getscheduler(thread), woken, ret;

	assert_int_equal(sched_getparam(thread, &param), 0);
	begin_busy();
	ok(set_policy(thread, SCHED_OTHER, 0), "sched_setscheduler");
	/* Returns when it is awake. */
	woken = gpu_power_allow_sleep(guest.dev.fd, false);
	ok(set_policy(thread, policy, param.sched_priority), "sched_setscheduler");
	ret = end_busy();
	ok(woken, "power/control");
	return ret;
}

static void a_late_interrupt(void **state)
{
	pid_t thread = irq_thread();
	struct klog log;
	int ret = -ETIME;

	(void)state;
	ok(klog_open(&log), "the kernel log");
	assert_true(thread > 0);
	for (unsigned int i = 0; ret == -ETIME && i < TRIES; i++) {
		int64_t boots;

		ok(gpu_power_allow_sleep(guest.dev.fd, true), "power/control");
		ok(power_wait_asleep(SLEEP_MS), "sleep");
		boots = stat_of("boots");
		ret = wake_up_late(thread);
		assert_int_equal(klog_wait(&log, "Failed to boot MCU", 0), -ETIMEDOUT);
		assert_int_equal(stat_of("boots"), boots + 1);
		assert_true(gpu_buffers_gpu_reads(&buffers, 0, NULL));
	}
	klog_close(&log);
	ok(ret, "keeping the CPUs busy");
	ok(gpu_power_allow_sleep(guest.dev.fd, true), "power/control");
}

static int begin(void **state)
{
	int ret = guest_open(state);

	return ret ? ret : gpu_buffers_create(&buffers, 1, SEED);
}

static int end(void **state)
{
	gpu_buffers_destroy(&buffers);
	return guest_close(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_late_interrupt, begin, end),
	};

	return cmocka_run_group_tests_name("boot", tests, NULL, NULL);
}
