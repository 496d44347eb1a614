/* SPDX-License-Identifier: MIT */
/*
 * Does a program that draws 60 frames a second miss more of them while a manager,
 * at nice 19 or not, reclaims another one? Each frame is some work for a CPU and a
 * job, and is missed if it is not over when the next one begins.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "gpu/cs_sim.h"
#include "gpu/ctx.h"
#include "gpu/mem.h"

#define FRAME_NS INT64_C(16666667)
#define WORK_NS INT64_C(5000000)

enum phase { IDLE, RECLAIM, RECLAIM_NICE, BETWEEN, PHASES };

static const char *const phase_names[] = {
	[IDLE] = "idle", [RECLAIM] = "reclaim", [RECLAIM_NICE] = "reclaim, nice 19",
};

struct board {
	int phase;
	int failed;
	int ready;
	int64_t frames[PHASES], missed[PHASES];
};

/* How often work() goes round in WORK_NS, alone on its CPU. */
static uint64_t work_rounds;

static void work(uint64_t rounds)
{
	volatile uint64_t sum = 0;

	for (uint64_t i = 0; i < rounds; i++)
		sum += i;
}

/* The shortest of some tries: others had the CPU in the longer ones. */
static void calibrate(void)
{
	const uint64_t rounds = 100000;
	int64_t least = INT64_MAX;

	for (int i = 0; i < 50; i++) {
		int64_t start = now_ns(), ns;

		work(rounds);
		ns = now_ns() - start;
		if (ns < least)
			least = ns;
	}
	work_rounds = rounds * (uint64_t)WORK_NS / (uint64_t)(least > 0 ? least : 1);
}

static void sleep_until(int64_t ns)
{
	const struct timespec at = { ns / INT64_C(1000000000), ns % INT64_C(1000000000) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
		;
}

/* A frame that is late costs those that should have begun meanwhile. */
static int64_t draw(struct board *board, struct gpu_ctx *ctx, int64_t begin)
{
	int phase = __atomic_load_n(&board->phase, __ATOMIC_SEQ_CST);
	int64_t late;

	work(work_rounds);
	cs_nop(gpu_ctx_begin(ctx));
	if (gpu_ctx_run(ctx, 0))
		board->failed = 1;
	late = (now_ns() - begin) / FRAME_NS;
	board->frames[phase] += 1 + late;
	board->missed[phase] += late;
	return begin + (1 + late) * FRAME_NS;
}

static void be_foreground(struct board *board)
{
	static struct gpu_ctx ctx;
	static struct gpu_device dev;
	int64_t begin;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (gpu_device_open(&dev) || gpu_ctx_init(&ctx, &dev, 1))
		board->failed = 1;
	calibrate();
	__atomic_store_n(&board->ready, 1, __ATOMIC_SEQ_CST);
	begin = now_ns();
	while (!board->failed) {
		sleep_until(begin);
		begin = draw(board, &ctx, begin);
	}
	_exit(1);
}

static int64_t in_phase(struct bench *b, struct board *board, enum phase phase, int64_t idle_ns)
{
	int64_t start = now_ns();
	struct drm_panthor_mem_reclaim args;

	if (board->failed)
		need(-EIO, "the program in the foreground");
	__atomic_store_n(&board->phase, phase, __ATOMIC_SEQ_CST);
	if (phase == IDLE)
		sleep_until(start + idle_ns);
	else
		need(gpu_mem_reclaim_all(b->dev.fd, (uint32_t)b->app.pid, 0, &args), "MEM_RECLAIM");
	__atomic_store_n(&board->phase, BETWEEN, __ATOMIC_SEQ_CST);
	return now_ns() - start;
}

/* A process that is nice for the time of a call: only root gets back from there. */
static void one_round(struct bench *b, struct board *board)
{
	int64_t ns;

	need(setpriority(PRIO_PROCESS, 0, 19) ? -errno : 0, "nice 19");
	ns = in_phase(b, board, RECLAIM_NICE, 0);
	need(setpriority(PRIO_PROCESS, 0, 0) ? -errno : 0, "nice 0");
	bench_claim_all(b);
	in_phase(b, board, IDLE, ns);
	bench_claim_all(b);
	in_phase(b, board, RECLAIM, 0);
	bench_claim_all(b);
	bench_check(b);
}

static void report(struct bench *b, const struct board *board)
{
	for (int phase = 0; phase < BETWEEN; phase++) {
		emit_begin(b, phase_names[phase]);
		emit_number("frames", board->frames[phase]);
		emit_number("missed", board->missed[phase]);
		emit_end();
	}
}

void case_foreground(struct bench *b)
{
	struct board *board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	if (board == MAP_FAILED)
		need(-errno, "mmap");
	board->phase = BETWEEN;
	bench_start(b);
	fflush(NULL);
	pid = fork();
	if (!pid)
		be_foreground(board);
	need(pid < 0 ? -errno : 0, "fork");
	while (!__atomic_load_n(&board->ready, __ATOMIC_SEQ_CST))
		sleep_ms(1);
	for (b->round = 0; b->round < b->opt.rounds; b->round++)
		one_round(b, board);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	b->round = 0;
	report(b, board);
	bench_end(b);
	munmap(board, sizeof(*board));
}
