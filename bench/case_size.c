/* SPDX-License-Identifier: MIT */
/*
 * Does a call take the same time per byte, and as little kernel memory, whatever the
 * size? Sizes from 16 MiB up to the given one take turns.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "gpu/mem.h"

#define SMALLEST (16 * MIB)
#define STEP 4

/* Short calls are repeated until they took about as long as a long one. */
#define REPEAT_BYTES (128 * MIB)

static const char *const kernel_memory[] = {
	"Slab:", "KernelStack:", "PageTables:", "VmallocUsed:", "Percpu:",
};

static int64_t kernel_bytes(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	int64_t sum = 0, value;
	char line[128], key[64];

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%63s %" SCNd64, key, &value) != 2)
			continue;
		for (size_t i = 0; i < sizeof(kernel_memory) / sizeof(kernel_memory[0]); i++)
			if (!strcmp(key, kernel_memory[i]))
				sum += value << 10;
	}
	if (file)
		fclose(file);
	return sum;
}

/* The peak of kernel memory while @call runs, less what is in use before and after. */
static int64_t peak_during(struct bench *b, void (*call)(struct bench *b))
{
	int64_t *peak = mmap(NULL, sizeof(*peak), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0), before, after, result;
	pid_t pid;

	if (peak == MAP_FAILED)
		need(-errno, "mmap");
	fflush(NULL);
	pid = fork();
	need(pid < 0 ? -errno : 0, "fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			int64_t now = kernel_bytes();

			if (now > *peak)
				__atomic_store_n(peak, now, __ATOMIC_SEQ_CST);
		}
	}
	/* The thread runs, and has allocated what it needs. */
	while (!__atomic_load_n(peak, __ATOMIC_SEQ_CST))
		sleep_ms(1);
	before = kernel_bytes();
	__atomic_store_n(peak, before, __ATOMIC_SEQ_CST);
	call(b);
	result = __atomic_load_n(peak, __ATOMIC_SEQ_CST);
	after = kernel_bytes();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	munmap(peak, sizeof(*peak));
	if (after > before)
		before = after;
	return result > before ? result - before : 0;
}

static void reclaim_once(struct bench *b)
{
	struct drm_panthor_mem_reclaim args;

	need(gpu_mem_reclaim_all(b->dev.fd, (uint32_t)b->app.pid, 0, &args), "MEM_RECLAIM");
}

static int64_t timed(struct bench *b, void (*call)(struct bench *b))
{
	int64_t start = now_ns();

	call(b);
	return now_ns() - start;
}

static void one_size(struct bench *b)
{
	int64_t out = 0, in = 0, peak_out, peak_in;
	uint64_t times = b->opt.bytes < REPEAT_BYTES ? REPEAT_BYTES / b->opt.bytes : 1;

	bench_start(b);
	bench_reclaim_all(b);
	bench_claim_all(b);
	for (uint64_t i = 0; i < times; i++) {
		out += timed(b, reclaim_once);
		in += timed(b, bench_claim_all);
	}
	peak_out = peak_during(b, reclaim_once);
	peak_in = peak_during(b, bench_claim_all);
	bench_check(b);
	bench_end(b);

	emit_begin(b, "reclaim");
	emit_number("ns", out / (int64_t)times);
	emit_number("extra", peak_out);
	emit_end();
	emit_begin(b, "claim");
	emit_number("ns", in / (int64_t)times);
	emit_number("extra", peak_in);
	emit_end();
}

void case_size(struct bench *b)
{
	uint64_t largest = b->opt.bytes;

	for (b->round = 0; b->round < b->opt.rounds; b->round++) {
		for (uint64_t bytes = SMALLEST; bytes < largest; bytes *= STEP) {
			b->opt.bytes = bytes;
			one_size(b);
		}
		b->opt.bytes = largest;
		one_size(b);
	}
}
