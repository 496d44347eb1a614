/* SPDX-License-Identifier: MIT */
/*
 * Does a program that draws 60 frames a second miss more of them while a manager,
 * at nice 19 or not, reclaims another one? Each frame is some work for a CPU and a
 * job, and is missed if it is not over when the next one begins.
 *
 * A loop at nice 19 that only counts shows what the scheduler makes of any such program.
 */
#include <errno.h>
#include <sys/resource.h>
#include <time.h>

#include "bench.h"
#include "companion.h"
#include "gpu/cs_sim.h"
#include "gpu/ctx.h"
#include "gpu/mem.h"

#define FRAME_NS INT64_C(16666667)
#define WORK_NS INT64_C(5000000)

enum phase { IDLE, LOOP_NICE, RECLAIM, RECLAIM_NICE, BETWEEN, PHASES };

static const char *const phase_names[] = {
	[IDLE] = "idle", [LOOP_NICE] = "loop, nice 19", [RECLAIM] = "reclaim",
	[RECLAIM_NICE] = "reclaim, nice 19",
};

struct drawing {
	struct companion companion;
	int64_t next;	/* when the next frame begins */
	int64_t frames[PHASES], missed[PHASES];
};

/* How often work() goes round in WORK_NS, alone on its CPU. */
static uint64_t work_rounds;

static void work(uint64_t rounds)
{
	volatile uint64_t sum = 0;

	for (uint64_t i = 0; i < rounds; i++)
		sum += i;
	/* Without a use of it, clang warns. */
	(void)sum;
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
static void draw(struct companion *c, struct gpu_ctx *ctx)
{
	struct drawing *drawing = (struct drawing *)c;
	int64_t begin = drawing->next ? drawing->next : now_ns(), late;
	int phase;

	sleep_until(begin);
	phase = companion_phase(c);
	work(work_rounds);
	cs_nop(gpu_ctx_begin(ctx));
	if (gpu_ctx_run(ctx, 0))
		c->failed = 1;
	late = (now_ns() - begin) / FRAME_NS;
	drawing->frames[phase] += 1 + late;
	drawing->missed[phase] += late;
	drawing->next = begin + (1 + late) * FRAME_NS;
}

static int64_t in_phase(struct bench *b, struct companion *c, enum phase phase, int64_t ns)
{
	int64_t start = now_ns();
	struct drm_panthor_mem_reclaim args;

	companion_set_phase(c, phase);
	if (phase == IDLE)
		sleep_until(start + ns);
	else if (phase == LOOP_NICE)
		while (now_ns() < start + ns)
			work(work_rounds / 100);
	else
		need(gpu_mem_reclaim_all(b->dev.fd, (uint32_t)b->app.pid, 0, &args), "MEM_RECLAIM");
	companion_set_phase(c, BETWEEN);
	return now_ns() - start;
}

/* A process that is nice for the time of a call: only root gets back from there. */
static void one_round(struct bench *b, struct companion *c)
{
	int64_t ns;

	need(setpriority(PRIO_PROCESS, 0, 19) ? -errno : 0, "nice 19");
	ns = in_phase(b, c, RECLAIM_NICE, 0);
	in_phase(b, c, LOOP_NICE, ns);
	need(setpriority(PRIO_PROCESS, 0, 0) ? -errno : 0, "nice 0");
	bench_claim_all(b);
	in_phase(b, c, IDLE, ns);
	bench_claim_all(b);
	in_phase(b, c, RECLAIM, 0);
	bench_claim_all(b);
	bench_check(b);
}

static void report(struct bench *b, const struct drawing *drawing)
{
	for (int phase = 0; phase < BETWEEN; phase++) {
		emit_begin(b, phase_names[phase]);
		emit_number("frames", drawing->frames[phase]);
		emit_number("missed", drawing->missed[phase]);
		emit_end();
	}
}

void case_foreground(struct bench *b)
{
	struct companion *c;

	bench_start(b);
	calibrate();
	c = companion_start(sizeof(struct drawing), BETWEEN, draw);
	for (b->round = 0; b->round < b->opt.rounds; b->round++)
		one_round(b, c);
	b->round = 0;
	report(b, (struct drawing *)c);
	companion_end(c, sizeof(struct drawing));
	bench_end(b);
}
