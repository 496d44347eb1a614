/* SPDX-License-Identifier: MIT */
/*
 * The effect on another process: it opens the device, makes an ioctl and runs null
 * jobs, while a second application is reclaimed and claimed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "companion.h"
#include "gpu/cs_sim.h"
#include "gpu/ctx.h"
#include "gpu/mem.h"

#define SAMPLES_MAX 20000
#define PACE_NS 500000
#define IDLE_MS 300

enum phase { IDLE, RECLAIM, CLAIM, MEMORY_RECLAIM, NATURAL, BETWEEN, PHASES };

static const char *const phase_names[PHASES] = {
	[IDLE] = "idle", [RECLAIM] = "reclaim", [CLAIM] = "claim",
	[MEMORY_RECLAIM] = "memory.reclaim", [NATURAL] = "natural", [BETWEEN] = "between",
};

struct bystander {
	struct companion companion;
	unsigned int opens[PHASES], jobs[PHASES];
	int64_t open_ns[PHASES][SAMPLES_MAX];
	int64_t job_ns[PHASES][SAMPLES_MAX];
};

/* The node is searched for once: nodes of other drivers come first. */
static char node[64];

static void find_node(int fd)
{
	char link[64];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, node, sizeof(node) - 1);
	need(length < 0 ? -errno : 0, link);
	node[length] = '\0';
}

/* A latency counts for a call if any part of it overlaps the call. */
static int count_for(int before, int after)
{
	return after == IDLE || after == BETWEEN ? before : after;
}

static void open_once(struct bystander *by)
{
	int before = companion_phase(&by->companion), phase;
	int64_t start = now_ns(), ns;
	int fd = open(node, O_RDWR | O_CLOEXEC);
	struct drm_panthor_gpu_info info;

	if (fd < 0 || gpu_device_query(fd, DRM_PANTHOR_DEV_QUERY_GPU_INFO, &info,
				       sizeof(info)))
		by->companion.failed = 1;
	ns = now_ns() - start;
	close(fd);
	phase = count_for(before, companion_phase(&by->companion));
	if (by->opens[phase] < SAMPLES_MAX)
		by->open_ns[phase][by->opens[phase]++] = ns;
}

static void job_once(struct bystander *by, struct gpu_ctx *ctx)
{
	int before = companion_phase(&by->companion), phase;
	int64_t start = now_ns(), ns;

	cs_nop(gpu_ctx_begin(ctx));
	if (gpu_ctx_run(ctx, 0))
		by->companion.failed = 1;
	ns = now_ns() - start;
	phase = count_for(before, companion_phase(&by->companion));
	if (by->jobs[phase] < SAMPLES_MAX)
		by->job_ns[phase][by->jobs[phase]++] = ns;
}

static void open_and_run(struct companion *c, struct gpu_ctx *ctx)
{
	struct bystander *by = (struct bystander *)c;
	const struct timespec pace = { .tv_nsec = PACE_NS };

	open_once(by);
	nanosleep(&pace, NULL);
	job_once(by, ctx);
	nanosleep(&pace, NULL);
}

static void memory_reclaim(struct bench *b)
{
	struct rival_result result;

	rival_reclaim(b, &result);
}

static void idle(struct bench *b)
{
	(void)b;
	sleep_ms(IDLE_MS);
}

static void reclaim_once(struct bench *b)
{
	struct drm_panthor_mem_reclaim args;

	need(gpu_mem_reclaim_all(b->dev.fd, (uint32_t)b->app.pid, 0, &args), "MEM_RECLAIM");
}

static void frame(struct bench *b)
{
	bench_frame(b);
}

static void in_phase(struct bench *b, struct companion *c, enum phase phase,
		     void (*work)(struct bench *b))
{
	companion_set_phase(c, phase);
	work(b);
	companion_set_phase(c, BETWEEN);
}

static void one_round(struct bench *b, struct companion *c)
{
	in_phase(b, c, IDLE, idle);
	in_phase(b, c, RECLAIM, reclaim_once);
	bench_reclaim_all(b);
	in_phase(b, c, CLAIM, bench_claim_all);
	bench_check(b);
	in_phase(b, c, MEMORY_RECLAIM, memory_reclaim);
	bench_reclaim_all(b);
	in_phase(b, c, NATURAL, frame);
	bench_check(b);
}

static void report(struct bench *b, const struct bystander *by)
{
	for (int phase = 0; phase < BETWEEN; phase++) {
		emit_begin(b, phase_names[phase]);
		emit_list("open_ns", by->open_ns[phase], by->opens[phase]);
		emit_list("job_ns", by->job_ns[phase], by->jobs[phase]);
		emit_end();
	}
}

void case_bystander(struct bench *b)
{
	struct companion *c;

	bench_start(b);
	find_node(b->dev.fd);
	c = companion_start(sizeof(struct bystander), BETWEEN, open_and_run);
	for (b->round = 0; b->round < b->opt.rounds; b->round++)
		one_round(b, c);
	b->round = 0;
	report(b, (struct bystander *)c);
	companion_end(c, sizeof(struct bystander));
	bench_end(b);
}
