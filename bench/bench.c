/* SPDX-License-Identifier: MIT */
/*
 * The application whose GPU memory is moved, and the steps between samples.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "gpu/mem.h"

#define CGROUP_PATH "/sys/fs/cgroup/bench"
#define SEED UINT64_C(0xbe4c000000000000)

/* Within this time, pages that are being written to a slow disk become free. */
#define PATIENCE_NS INT64_C(100000000)
#define STEPS_LEAST 5
#define PAUSE_NS 200000
#define DROPS_MAX 100

int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

void sleep_ms(unsigned int ms)
{
	struct timespec left = { ms / 1000, (ms % 1000) * 1000000L };

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

void need(int64_t ret, const char *what)
{
	if (ret >= 0)
		return;
	fprintf(stderr, "bench: error: %s: %s\n", what, strerror((int)-ret));
	exit(1);
}

static void alloc(struct bench *b)
{
	need(gpu_app_ask(&b->app, &(struct app_request) {
		.op = APP_ALLOC, .count = (unsigned int)(b->opt.bytes / b->opt.bo_bytes),
		.size = b->opt.bo_bytes, .seed = SEED, .exclusive = true,
	}, NULL, NULL, NULL), "allocating buffers");
	need(gpu_app_ask(&b->app, &(struct app_request) {
		.op = APP_DATA, .data = b->opt.data, .seed = SEED,
	}, NULL, NULL, NULL), "filling buffers");
}

void bench_start(struct bench *b)
{
	struct gpu_app_setup setup = {
		.cred = GPU_APP_ROOT, .files = 1, .vms = 1, .pidns = -1,
		.cgroup = CGROUP_PATH,
	};

	if (mkdir(CGROUP_PATH, 0755) && errno != EEXIST)
		need(-errno, CGROUP_PATH);
	need(gpu_device_open(&b->dev), "opening the GPU");
	need(gpu_app_start(&b->app, &setup), "starting the application");
	alloc(b);
}

void bench_end(struct bench *b)
{
	gpu_app_kill(&b->app);
	gpu_device_close(&b->dev);
}

void bench_check(struct bench *b)
{
	int64_t bad = gpu_app_ask(&b->app, &(struct app_request) { .op = APP_DATA_CHECK },
				  NULL, NULL, NULL);

	need(bad, "checking contents");
	if (!bad)
		return;
	fprintf(stderr, "bench: error: %s: contents of %d buffers are wrong\n", b->opt.set,
		(int)bad);
	exit(EXIT_CONTENTS);
}

void bench_claim_all(struct bench *b)
{
	struct drm_panthor_mem_claim args;

	need(gpu_mem_claim_all(b->dev.fd, (uint32_t)b->app.pid, &args), "MEM_CLAIM");
	if (args.remaining_bytes)
		need(-EBUSY, "MEM_CLAIM left something");
}

int64_t bench_free(struct bench *b, struct bench_steps *steps)
{
	int64_t start = now_ns(), end = start, left = INT64_MAX;
	unsigned int idle = 0;

	steps->count = 0;
	do {
		steps->left = steps->step(b, steps->arg);
		steps->count++;
		if (steps->left < left) {
			end = now_ns();
			idle = 0;
		} else {
			idle++;
			nanosleep(&(struct timespec) { .tv_nsec = PAUSE_NS }, NULL);
		}
		left = steps->left;
	} while (left > 0 && (idle < STEPS_LEAST || now_ns() - end < PATIENCE_NS));
	return end - start;
}

/* Evicted pages may still be in RAM. Write them out, so that they must be read later. */
static void drop_swap_cache(const struct bench *b)
{
	struct sysmem mem;

	for (int i = 0; i < DROPS_MAX; i++) {
		need(sysmem_read(&mem), "counters of memory");
		if (mem.swap_cached < b->opt.bytes / LEFT_OVER)
			return;
		need(sysmem_reclaim("bench", mem.swap_cached), "memory.reclaim");
		sleep_ms(10);
	}
	need(-EBUSY, "pages stay in the swap cache");
}

void bench_reclaim_all(struct bench *b)
{
	struct drm_panthor_mem_reclaim args;

	need(gpu_mem_reclaim_all(b->dev.fd, (uint32_t)b->app.pid, 0, &args), "MEM_RECLAIM");
	drop_swap_cache(b);
	need(gpu_mem_reclaim_all(b->dev.fd, (uint32_t)b->app.pid,
				 DRM_PANTHOR_MEM_RECLAIM_DRY_RUN, &args), "MEM_RECLAIM");
	if (args.evicted_bytes > b->opt.bytes / LEFT_OVER)
		need(-EBUSY, "MEM_RECLAIM left something");
}

int64_t bench_frame(struct bench *b)
{
	struct app_reply reply;

	need(gpu_app_ask(&b->app, &(struct app_request) { .op = APP_FRAME }, &reply, NULL,
			 NULL), "a frame");
	return (int64_t)reply.value;
}

static void run_rounds(struct bench *b, const struct bench_arm *arms, unsigned int count,
		       void (*sample)(struct bench *b, const struct bench_arm *arm))
{
	bench_start(b);
	/* Lists and caches grow to their size before the first sample. */
	bench_reclaim_all(b);
	bench_claim_all(b);
	for (b->round = 0; b->round < b->opt.rounds; b->round++) {
		for (unsigned int i = 0; i < count; i++) {
			const struct bench_arm *arm = &arms[(i + b->round) % count];

			if (b->opt.only && strcmp(b->opt.only, arm->name))
				continue;
			sample(b, arm);
			bench_check(b);
		}
	}
	bench_end(b);
}

static void from_ram(struct bench *b, const struct bench_arm *arm)
{
	arm->run(b);
	bench_claim_all(b);
}

static void from_swap(struct bench *b, const struct bench_arm *arm)
{
	bench_reclaim_all(b);
	arm->run(b);
}

void bench_from_ram(struct bench *b, const struct bench_arm *arms, unsigned int count)
{
	run_rounds(b, arms, count, from_ram);
}

void bench_from_swap(struct bench *b, const struct bench_arm *arms, unsigned int count)
{
	run_rounds(b, arms, count, from_swap);
}
