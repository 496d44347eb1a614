/* SPDX-License-Identifier: MIT */
/*
 * Calls with random arguments: both ioctls, VM_BIND, GROUP_SUBMIT, BO_CREATE and the other
 * ioctls of panthor, the sysfs attributes, forks, opens and closes, by several threads of
 * several processes, which name each other as targets. Coverage of the driver (KCOV) decides
 * which calls are varied further.
 *
 * usage: fuzz [--calls N] [--seconds N] [--seed N]
 *
 * Ends after N calls or seconds, whichever comes first (default: 60 s).
 *
 * Status 0: no report in the kernel log; a call always returned within two minutes; no ioctl
 * changed its inputs, or returned an errno or counts that its contract does not have; the
 * witness, a process that makes none of these calls, but is reclaimed, kept all of its contents.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cover.h"
#include "fuzz.h"
#include "gpu/fdinfo.h"
#include "gpu/klog.h"
#include "gpu/sysmem.h"
#include "subject.h"

#define CGROUP "/sys/fs/cgroup/fuzz"
/* A thread without a call for this long hangs. */
#define PATIENCE_S 120
#define POLL_MS 100

struct fuzz_shared *fuzz;

static uint64_t seed = 1;

void fuzz_bad(const char *format, ...)
{
	va_list args;

	/* Print only the first few. */
	if (atomic_fetch_add(&fuzz->bad, 1) >= 20)
		return;
	va_start(args, format);
	fputs("fuzz: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}

static __attribute__((noreturn)) void die(const char *what, int ret)
{
	fprintf(stderr, "fuzz: %s: %s\n", what, strerror(-ret));
	exit(2);
}

/* --- the witness --------------------------------------------------------------- */

/* Others may make the driver reset the GPU, and the group is lost then, but no memory. */
static bool survived(struct subject *s, int ret)
{
	if (ret == -EIO || ret == -ETIMEDOUT || ret == -ECANCELED)
		return !gpu_ctx_new_group(&s->ctx);
	return ret == -ENOMEM;
}

/* Makes none of the random calls. Others reclaim and claim it. */
static __attribute__((noreturn)) void witness(void)
{
	static struct subject s;
	uint64_t client = 0;
	int ret;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	do {
		ret = subject_init(&s, 512 << 10);
	} while (ret == -ENOMEM && !atomic_load(&fuzz->stop));
	if (!ret)
		ret = gpu_fdinfo_client(getpid(), s.dev.fd, &client);
	if (ret)
		fuzz_bad("the witness: %s", strerror(-ret));
	atomic_store(&fuzz->witness_client, client);
	while (!ret && !atomic_load(&fuzz->stop)) {
		ret = subject_check_cpu(&s);
		if (!ret)
			ret = subject_check_gpu(&s);
		if (!ret)
			atomic_fetch_add(&fuzz->witness_checks, 1);
		else if (survived(&s, ret))
			ret = 0;
		else
			fuzz_bad("the witness: %s", strerror(-ret));
		usleep(20000);
	}
	_exit(0);
}

/* --- processes ----------------------------------------------------------------- */

static void start_witness(void)
{
	pid_t pid = fork();

	if (!pid)
		witness();
	atomic_store(&fuzz->witness, pid);
}

/* Its cgroup has a limit, so that it runs out of memory before the machine does. */
static void start_process(unsigned int number)
{
	pid_t pid;

	seed++;
	pid = fork();
	if (!pid) {
		char text[16];

		snprintf(text, sizeof(text), "%d", (int)getpid());
		sysmem_write_file(CGROUP "/cgroup.procs", text);
		fuzz_process(number, seed);
	}
	atomic_store(&fuzz->pid[number], pid);
}

static void make_cgroup(void)
{
	if (mkdir(CGROUP, 0755) && errno != EEXIST)
		die(CGROUP, -errno);
	sysmem_write_file(CGROUP "/memory.max", "67108864");
	sysmem_write_file(CGROUP "/pids.max", "64");
}

static int64_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static unsigned long long all_calls(void)
{
	unsigned long long sum = 0;

	for (unsigned int i = 0; i < fuzz_op_count; i++)
		sum += atomic_load(&fuzz->calls[i]);
	return sum;
}

/* Start again what has died: without memory, a process ends or is killed. */
static unsigned int renew(void)
{
	unsigned int count = 0;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (unsigned int i = 0; i < FUZZ_PROCESSES; i++) {
			if (atomic_load(&fuzz->pid[i]) != pid)
				continue;
			start_process(i);
			count++;
		}
		if (pid == atomic_load(&fuzz->witness)) {
			atomic_store(&fuzz->witness, 0);
			fuzz_bad("the witness has died: status %#x", (unsigned int)status);
		}
	}
	return count;
}

/* Returns false if a thread has made no call for too long. */
static bool all_move(void)
{
	static unsigned long long last[FUZZ_PROCESSES][FUZZ_THREADS];
	static int64_t since[FUZZ_PROCESSES][FUZZ_THREADS];
	int64_t now = now_s();

	for (unsigned int p = 0; p < FUZZ_PROCESSES; p++) {
		for (unsigned int t = 0; t < FUZZ_THREADS; t++) {
			unsigned long long beat = atomic_load(&fuzz->beat[p][t]);

			if (beat != last[p][t] || !since[p][t]) {
				last[p][t] = beat;
				since[p][t] = now;
			} else if (now - since[p][t] > PATIENCE_S) {
				fuzz_bad("%s does not return",
					 fuzz_ops[atomic_load(&fuzz->current[p][t])].name);
				return false;
			}
		}
	}
	return true;
}

static bool has_ended(_Atomic pid_t *pid)
{
	if (atomic_load(pid) && waitpid(atomic_load(pid), NULL, WNOHANG) == 0)
		return false;
	atomic_store(pid, 0);
	return true;
}

static bool all_ended(void)
{
	bool all = has_ended(&fuzz->witness);

	for (unsigned int i = 0; i < FUZZ_PROCESSES; i++)
		all &= has_ended(&fuzz->pid[i]);
	return all;
}

static void stop_all(void)
{
	int64_t end = now_s() + PATIENCE_S;

	atomic_store(&fuzz->stop, true);
	while (!all_ended()) {
		if (now_s() > end) {
			fuzz_bad("a process does not end");
			break;
		}
		usleep(POLL_MS * 1000);
	}
}

static void report(unsigned int renewed)
{
	for (unsigned int i = 0; i < fuzz_op_count; i++)
		printf("%10llu %s, %llu of them good\n", atomic_load(&fuzz->calls[i]),
		       fuzz_ops[i].name, atomic_load(&fuzz->good[i]));
	printf("%10llu calls\n", all_calls());
	printf("%10llu calls kept, because they reached something new\n",
	       atomic_load(&fuzz->kept));
	printf("%10zu blocks of the driver reached\n", cover_count());
	printf("%10llu checks by the witness\n", atomic_load(&fuzz->witness_checks));
	printf("%10u processes started again, after they had no memory left\n", renewed);
	printf("%10llu BROKEN RULES\n", atomic_load(&fuzz->bad));
}

int main(int argc, char **argv)
{
	unsigned long long calls = ~0ull;
	int64_t seconds = 60, end;
	unsigned int renewed = 0;
	struct klog log;
	bool failed;
	int ret;

	for (int i = 1; i < argc; i += 2) {
		if (i + 1 == argc)
			die(argv[i], -EINVAL);
		if (!strcmp(argv[i], "--calls"))
			calls = strtoull(argv[i + 1], NULL, 10);
		else if (!strcmp(argv[i], "--seconds"))
			seconds = strtoll(argv[i + 1], NULL, 10);
		else if (!strcmp(argv[i], "--seed"))
			seed = strtoull(argv[i + 1], NULL, 10);
		else
			die(argv[i], -EINVAL);
	}
	printf("%10" PRIu64 " is the seed\n", seed);
	seed <<= 32;
	fuzz = mmap(NULL, sizeof(*fuzz), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		    -1, 0);
	if (fuzz == MAP_FAILED)
		die("memory", -errno);
	ret = cover_init();
	if (!ret)
		ret = klog_open(&log);
	if (ret)
		die("starting", ret);
	make_cgroup();
	fflush(NULL);
	start_witness();
	for (unsigned int i = 0; i < FUZZ_PROCESSES; i++)
		start_process(i);

	end = now_s() + seconds;
	while (now_s() < end && all_calls() < calls && all_move() &&
	       !atomic_load(&fuzz->bad)) {
		usleep(POLL_MS * 1000);
		renewed += renew();
	}
	stop_all();
	report(renewed);
	/* The first two operations are reclaim and claim. */
	failed = klog_check(&log, false) || atomic_load(&fuzz->bad) ||
		 !atomic_load(&fuzz->witness_checks) || !atomic_load(&fuzz->good[0]) ||
		 !atomic_load(&fuzz->good[1]);
	printf("fuzz: %s\n", failed ? "FAILED" : "ok");
	return failed;
}
