/* SPDX-License-Identifier: MIT */
/*
 * Every allocation fails once, and every DMA map of a BO: in claim, reclaim, VM_BIND,
 * GROUP_SUBMIT, a page fault, the sysfs attributes, and all that makes an object of the driver.
 *
 * usage: faults [--by EVENT] [--rounds N] [STEP...]
 *
 * A step is repeated with the first, second, third... event failing, until none of them failed.
 * Each time it returns 0 or an errno that the event may cause, its counts are right, and all
 * contents are intact for CPU and GPU. At the end, nothing is lost in the kernel.
 *
 *   nth         allocations and DMA maps of the caller (default). The caller is nice, so that
 *               the driver does all the work in its thread
 *   spread      the same in all threads, of which the driver's workers do a part: a random one
 *               in each of N rounds (default 60)
 *   lock        a LOCK of the GPU's MMU: the driver gives up after 100 ms and resets the GPU
 *   flush       a cache flush of the GPU, with the same effect
 *   ack         a request to the GPU's firmware: the job is lost, or late
 *   swap-write  writes to swap
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "faults.h"
#include "gpu/group.h"
#include "gpu/klog.h"
#include "gpu/power.h"
#include "gpu/vm.h"
#include "inject.h"
#include "leaks.h"

#define KIB UINT64_C(1024)
/* A call allocates something for each page, and each of that has to fail once. */
#define SMALL (72 * KIB)
#define LARGE (4096 * KIB)

/* More than any step allocates. */
#define TRIES_MAX 20000

#define RENEWALS_MAX 10

struct subject subject;

static const struct step *const all_steps[] = { mem_steps, vm_steps, life_steps };

#define LISTS (sizeof(all_steps) / sizeof(all_steps[0]))

struct totals {
	unsigned long tries;
	unsigned long failed;	/* returned an error */
	unsigned long absorbed;	/* succeeded nevertheless */
	unsigned int bad;
};

static struct totals totals;
static const struct injector *injector = injectors;
static unsigned int rounds = 60;
static char **wanted;

int wrong(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("faults: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	return -EBADMSG;
}

int raw_ioctl(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) ? -errno : 0;
}

int prepare_resident(void)
{
	int ret = subject_claim(&subject);

	return ret ? wrong("preparing: claim: %s", strerror(-ret)) : 0;
}

int prepare_evicted(void)
{
	uint64_t evicted;
	int ret = subject_reclaim(&subject);

	if (!ret)
		ret = subject_evicted(&subject, &evicted);
	if (ret)
		return wrong("preparing: reclaim: %s", strerror(-ret));
	return evicted ? 0 : wrong("preparing: nothing was evicted");
}

/* Contents, and the objects that a failed call may not have broken. */
static int check_subject(void)
{
	int ret = gpu_vm_check(subject.dev.fd, subject.ctx.vm);

	if (ret)
		return wrong("the VM is unusable");
	ret = gpu_group_check(&subject.dev, subject.ctx.group);
	if (ret)
		return wrong("the group is dead");
	ret = subject_check_cpu(&subject);
	if (!ret)
		ret = subject_check_gpu(&subject);
	return ret ? wrong("contents: %s", strerror(-ret)) : 0;
}

/* Until a job runs: the driver can reset the GPU some time after the event. */
static void renew_group(void)
{
	for (int i = 0; i < RENEWALS_MAX && subject_check_gpu(&subject) &&
	     gpu_group_check(&subject.dev, subject.ctx.group); i++)
		subject_new_group(&subject);
}

static int try_once(const struct step *step, unsigned int number, bool *hit)
{
	int ret = step->prepare(step->how), judged;

	if (!ret)
		ret = injector->begin(number);
	if (ret)
		return ret;
	ret = step->act();
	*hit = injector->end();
	totals.tries++;
	if (ret && !*hit)
		return wrong("it fails without a reason: %s", strerror(-ret));
	if (ret && !injector->allows(ret))
		return wrong("it fails with %s", strerror(-ret));
	totals.failed += !!ret;
	totals.absorbed += !ret && *hit;
	if (injector->loses_jobs)
		renew_group();
	judged = step->judge && !injector->loses_jobs ? step->judge(ret) : 0;
	return judged ? judged : check_subject();
}

static __attribute__((noreturn)) void die(const char *what, int ret)
{
	fprintf(stderr, "faults: %s: %s\n", what, strerror(-ret));
	exit(2);
}

static int new_subject(void)
{
	int ret = subject_init(&subject, injector->helpers ? LARGE : SMALL);

	return ret ? ret : gpu_power_allow_sleep(subject.dev.fd, !injector->awake);
}

/* After a failure, the subject may be broken: the next step gets another one. */
static void renew_subject(void)
{
	int ret;

	subject_fini(&subject);
	ret = new_subject();
	if (ret)
		die("starting again", ret);
}

static void run_step(const struct step *step)
{
	unsigned int max = injector->random ? rounds : TRIES_MAX, number;
	struct totals before = totals;
	int ret = 0;

	for (number = 1; !ret && number <= max; number++) {
		bool hit = false;

		ret = try_once(step, number, &hit);
		if (ret)
			wrong("%s: number %u", step->name, number);
		else if (!hit && !injector->random)
			break;
	}
	if (!ret && !injector->random && number > max)
		ret = wrong("%s: no end after %u", step->name, max);
	printf("%10lu %s: %lu errors, %lu absorbed%s\n", totals.tries - before.tries, step->name,
	       totals.failed - before.failed, totals.absorbed - before.absorbed,
	       ret ? ", FAILED" : "");
	fflush(stdout);
	if (ret) {
		totals.bad++;
		renew_subject();
	}
}

static bool is_wanted(const struct step *step)
{
	const char *const *all = injector->steps;

	for (char **name = wanted; *name; name++)
		if (!strcmp(*name, step->name))
			return true;
	if (*wanted)
		return false;
	for (; all && *all; all++)
		if (!strcmp(*all, step->name))
			return true;
	return !injector->steps;
}

static void check_names(void)
{
	for (char **name = wanted; *name; name++) {
		bool known = false;

		for (size_t i = 0; i < LISTS; i++)
			for (const struct step *step = all_steps[i]; step->name; step++)
				known |= !strcmp(*name, step->name);
		if (!known)
			die(*name, -EINVAL);
	}
}

static void run_steps(void)
{
	for (size_t i = 0; i < LISTS; i++)
		for (const struct step *step = all_steps[i]; step->name; step++)
			if (is_wanted(step))
				run_step(step);
}

/* The first use of a thing allocates what stays: caches, per-CPU data, workers. */
static int warm_up(void)
{
	int ret = check_subject();

	for (int i = 0; !ret && i < 3; i++) {
		ret = prepare_evicted();
		if (!ret)
			ret = check_subject();
	}
	return ret;
}

static bool bos_left(const struct holdings *before)
{
	struct holdings now = { 0 };

	/* The driver frees a VM and its BOs in a worker. */
	for (int i = 0; i < 600; i++) {
		if (holdings_read(&now))
			return true;
		if (now.bos <= before->bos)
			return false;
		usleep(100000);
	}
	fprintf(stderr, "faults: the driver has %llu BOs, at first it had %llu\n",
		(unsigned long long)now.bos, (unsigned long long)before->bos);
	return true;
}

static void parse(char **argv)
{
	const struct injector *i = injectors;

	wanted = argv + 1;
	while (*wanted && wanted[1] && !strncmp(*wanted, "--", 2)) {
		if (!strcmp(*wanted, "--rounds"))
			rounds = (unsigned int)strtoul(wanted[1], NULL, 10);
		else if (strcmp(*wanted, "--by") != 0)
			die(*wanted, -EINVAL);
		else {
			while (i->name && strcmp(i->name, wanted[1]) != 0)
				i++;
			if (!i->name)
				die(wanted[1], -EINVAL);
			injector = i;
		}
		wanted += 2;
	}
	check_names();
}

int main(int argc, char **argv)
{
	struct holdings before;
	struct klog log;
	int ret, leaks;

	(void)argc;
	parse(argv);
	ret = injector->open();
	if (ret)
		die(injector->name, ret);
	if (!injector->helpers && nice(1) == -1)
		die("nice", -errno);
	ret = klog_open(&log);
	if (!ret)
		ret = holdings_read(&before);
	if (!ret)
		ret = new_subject();
	if (ret)
		die("starting", ret);
	ret = warm_up();
	if (!ret)
		ret = leaks_begin();
	if (ret)
		die("warming up", ret);

	run_steps();
	subject_fini(&subject);

	leaks = leaks_count();
	printf("%10lu tries\n%10lu errors returned\n%10lu failures absorbed\n%10d objects lost\n",
	       totals.tries, totals.failed, totals.absorbed, leaks);
	if (bos_left(&before) || klog_check(&log, false) || leaks ||
	    !(totals.failed + totals.absorbed))
		totals.bad++;
	printf("faults: %s\n", totals.bad ? "FAILED" : "ok");
	return !!totals.bad;
}
