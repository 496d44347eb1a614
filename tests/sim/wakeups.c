/* SPDX-License-Identifier: MIT */
/*
 * Is a wake-up ever lost? For kernels with changed interrupt handling, such as the kernel
 * bench.
 *
 * usage: wakeups [SECONDS]
 *
 * Two processes on two CPUs wake each other in turn, so that each CPU goes idle just when the
 * other one sends it an interrupt. First the machine is otherwise idle, and no timer can
 * make up for a loss. Then other processes sleep on short timers, move from CPU to CPU, and
 * make the kernel interrupt all CPUs. No wait is long, so a process that still waits after
 * LOST_S has lost a wake-up. The round-trip times are printed for information.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOST_S 20
#define SAMPLES (1 << 20)
#define PAIRS 2

struct pair {
	uint32_t turn;		/* whose turn it is: 0 or 1 */
	uint32_t over;
	unsigned int count;
	uint32_t ns[SAMPLES];	/* round-trip times */
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void *shared(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED) {
		perror("wakeups: mmap");
		exit(1);
	}
	return mem;
}

static void stay_on(int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	/* With one CPU, all processes share it. */
	sched_setaffinity(0, sizeof(one), &one);
}

static void wait_for(struct pair *pair, uint32_t me)
{
	int64_t end = now_ns() + LOST_S * INT64_C(1000000000);
	const struct timespec most = { .tv_sec = LOST_S };

	while (__atomic_load_n(&pair->turn, __ATOMIC_SEQ_CST) != me) {
		if (now_ns() > end) {
			fprintf(stderr, "wakeups: error: a wake-up was lost\n");
			_exit(1);
		}
		syscall(SYS_futex, &pair->turn, FUTEX_WAIT, !me, &most, NULL, 0);
	}
}

static void pass_on(struct pair *pair, uint32_t me)
{
	__atomic_store_n(&pair->turn, !me, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &pair->turn, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static int play(struct pair *pair, uint32_t me, int cpu, int64_t end)
{
	stay_on(cpu);
	while (!__atomic_load_n(&pair->over, __ATOMIC_SEQ_CST)) {
		int64_t start;

		wait_for(pair, me);
		if (!me && now_ns() > end)
			__atomic_store_n(&pair->over, 1, __ATOMIC_SEQ_CST);
		start = now_ns();
		pass_on(pair, me);
		if (me || pair->over)
			continue;
		wait_for(pair, me);
		if (pair->count < SAMPLES)
			pair->ns[pair->count++] = (uint32_t)(now_ns() - start);
	}
	return 0;
}

/* Sleep for short times on all CPUs, and interrupt all CPUs. */
static int disturb(unsigned int seed, int64_t end)
{
	int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);

	while (now_ns() < end) {
		struct timespec ts = { .tv_nsec = rand_r(&seed) % 400000 };

		stay_on(rand_r(&seed) % cpus);
		nanosleep(&ts, NULL);
		syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0);
	}
	return 0;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void print(struct pair *pair, int number)
{
	unsigned int n = pair->count;

	if (!n)
		return;
	qsort(pair->ns, n, sizeof(pair->ns[0]), by_size);
	printf("pair %d: %u there and back, us: median %.1f p99 %.1f p99.9 %.1f longest %.1f\n",
	       number, n, pair->ns[n / 2] / 1e3, pair->ns[n - 1 - n / 100] / 1e3,
	       pair->ns[n - 1 - n / 1000] / 1e3, pair->ns[n - 1] / 1e3);
}

static pid_t child(void)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0) {
		perror("wakeups: fork");
		exit(1);
	}
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static int phase(int pairs, int disturbers, int seconds)
{
	int64_t end = now_ns() + seconds * INT64_C(1000000000);
	struct pair *pair = shared((size_t)pairs * sizeof(*pair));
	int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN), bad = 0, status;

	printf("%d pairs, %d others:\n", pairs, disturbers);
	for (int i = 0; i < 2 * pairs; i++)
		if (!child())
			_exit(play(&pair[i / 2], i % 2, (i + i / 2) % cpus, end));
	for (int i = 0; i < disturbers; i++)
		if (!child())
			_exit(disturb((unsigned int)i + 1, end));
	while (wait(&status) > 0 || errno == EINTR)
		bad |= status;
	for (int i = 0; i < pairs; i++) {
		bad |= pair[i].count == 0;
		print(&pair[i], i);
	}
	munmap(pair, (size_t)pairs * sizeof(*pair));
	return bad;
}

int main(int argc, char **argv)
{
	int seconds = argc > 1 ? atoi(argv[1]) : 10, bad;

	syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0);
	bad = phase(1, 0, seconds);
	bad |= phase(PAIRS, PAIRS, seconds);
	return bad ? 1 : 0;
}
