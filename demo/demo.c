/* SPDX-License-Identifier: MIT */
/*
 * The demo: a small resource manager on libdrm_panthor.
 *
 * usage: demo [--json]
 *
 * Three applications hold 48 MiB of GPU buffers each and draw frames. One goes
 * to the background: the manager stops it, reclaims its GPU memory, and reads
 * the system's memory counters. Then the application returns to the foreground,
 * first without a claim and then, after another reclaim, with one. Contents are
 * verified after each step.
 *
 * Needs a panthor device, swap, and CAP_SYS_RESOURCE. Exit status: 0 if
 * everything is as the ioctls promise, 1 if not, 2 if the demo could not run.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include <panthor_drmif.h>

#include "demo.h"
#include "gpu/device.h"

/* How long a reclaim waits for GPU work that was submitted before. */
#define IDLE_NS INT64_C(1000000000)
#define BACKGROUND_NS 30000000

static struct gpu_device dev = { .fd = -1 };
static struct gpu_app apps[DEMO_APPS];
static struct gpu_app *const app = &apps[0];	/* the one that goes to the background */

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void rest(long ns)
{
	nanosleep(&(struct timespec) { 0, ns }, NULL);
}

static int failed(const char *what, int ret)
{
	fprintf(stderr, "demo: %s: %s\n", what, strerror(-ret));
	return ret;
}

static int reclaim(struct panthor_mem_reclaim_result *result, int64_t *us)
{
	struct panthor_mem_reclaim_options options =
		PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	int64_t start = now_ns();
	int ret;

	options.deadline_ns = start + IDLE_NS;
	ret = panthor_mem_reclaim_with(dev.fd, app->pid, &options, result);
	*us = (now_ns() - start) / 1000;
	return ret ? failed("reclaim", ret) : 0;
}

static int claim(struct panthor_mem_claim_result *result, int64_t *us)
{
	int64_t start = now_ns();
	int ret = panthor_mem_claim_with(dev.fd, app->pid, NULL, result);

	*us = (now_ns() - start) / 1000;
	return ret ? failed("claim", ret) : 0;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The time of a first frame when nothing was reclaimed: the median of several. */
static int baseline(struct demo_result *r)
{
	int64_t us[DEMO_SAMPLES];

	for (unsigned int i = 0; i < DEMO_SAMPLES; i++) {
		int ret = demo_to_background(app);

		rest(BACKGROUND_NS);
		if (!ret)
			ret = demo_to_foreground(app, &us[i]);
		if (ret)
			return ret;
	}
	qsort(us, DEMO_SAMPLES, sizeof(us[0]), compare);
	r->frame_never_us = us[DEMO_SAMPLES / 2];
	return 0;
}

static int show(const char *step, int64_t us)
{
	struct demo_look look;
	int ret = demo_look(apps, &look);

	if (!ret)
		demo_table_row(step, &look, us);
	return ret;
}

/* Background, reclaim, foreground without a claim. */
static int first_act(struct demo_result *r)
{
	struct panthor_mem_reclaim_result result =
		PANTHOR_MEM_RECLAIM_RESULT_INIT;
	int ret = demo_to_background(app);

	if (!ret)
		ret = demo_look(apps, &r->before);
	if (!ret)
		ret = reclaim(&result, &r->reclaim_us);
	if (!ret)
		ret = demo_look(apps, &r->after);
	if (ret)
		return ret;
	r->evicted = result.evicted_bytes;
	r->freed = result.freed_bytes;
	r->skipped = result.skipped_bytes;
	demo_table_row("first app stopped and reclaimed", &r->after,
		       r->reclaim_us);
	ret = demo_to_foreground(app, &r->frame_reclaimed_us);
	if (!ret)
		ret = show("resumed, first frame drawn", r->frame_reclaimed_us);
	return ret ? ret : demo_verify(app, 0, &r->bad_bos);
}

/* Background, reclaim, claim, foreground. */
static int second_act(struct demo_result *r)
{
	struct panthor_mem_reclaim_result reclaimed =
		PANTHOR_MEM_RECLAIM_RESULT_INIT;
	struct panthor_mem_claim_result claimed = PANTHOR_MEM_CLAIM_RESULT_INIT;
	int64_t us;
	int ret = demo_to_background(app);

	if (!ret)
		ret = reclaim(&reclaimed, &us);
	if (!ret)
		ret = show("stopped and reclaimed again", us);
	if (!ret)
		ret = claim(&claimed, &r->claim_us);
	if (!ret)
		ret = show("claimed", r->claim_us);
	if (!ret)
		ret = demo_to_foreground(app, &r->frame_claimed_us);
	if (!ret)
		ret = show("resumed, first frame drawn", r->frame_claimed_us);
	if (ret)
		return ret;
	r->claimed = claimed.claimed_bytes;
	r->remaining = claimed.remaining_bytes;
	return demo_verify(app, 0, &r->bad_bos);
}

/* Stop the other applications, which drew all the time, and verify their contents. */
static int last_act(struct demo_result *r)
{
	for (unsigned int i = 1; i < DEMO_APPS; i++) {
		int64_t frames = demo_frames_stop(&apps[i]);
		int ret;

		if (frames < 0)
			return (int)frames;
		r->bystander_frames += frames;
		ret = demo_verify(&apps[i], i, &r->bad_bos);
		if (ret)
			return ret;
	}
	return 0;
}

static int play(struct demo_result *r)
{
	int64_t frames;
	int ret;

	demo_say("Starting %d applications with %d MiB of GPU memory each...\n",
		 DEMO_APPS, (int)(DEMO_APP_BYTES >> 20));
	ret = demo_apps_start(apps);
	if (ret)
		return ret;
	r->tgid = app->pid;
	demo_table_head(apps);
	ret = show("all three draw frames", -1);
	if (ret)
		return ret;
	frames = demo_frames_stop(app);
	if (frames < 0)
		return (int)frames;
	ret = baseline(r);
	if (!ret)
		ret = first_act(r);
	if (!ret)
		ret = second_act(r);
	if (!ret)
		ret = last_act(r);
	return ret;
}

static int open_device(struct demo_result *r)
{
	struct utsname name;
	struct sysmem mem;
	int ret = gpu_device_open(&dev);

	if (ret)
		return failed("no panthor device", ret);
	ret = panthor_mem_probe(dev.fd);
	if (ret)
		return failed("this machine cannot reclaim GPU memory", ret);
	ret = sysmem_read(&mem);
	if (ret)
		return failed("memory counters", ret);
	uname(&name);
	snprintf(r->kernel, sizeof(r->kernel), "%s", name.release);
	demo_say("Linux %s on %s, GPU id %#x, %llu MiB of swap\n",
		 name.release, name.machine, dev.info.gpu_id,
		 (unsigned long long)(mem.swap_total >> 20));
	return 0;
}

int main(int argc, char **argv)
{
	static struct demo_result r;
	int ret;

	if (argc == 2 && !strcmp(argv[1], "--json")) {
		demo_quiet = true;
	} else if (argc > 1) {
		fprintf(stderr, "usage: demo [--json]\n");
		return 2;
	}
	ret = open_device(&r);
	if (!ret)
		ret = play(&r);
	demo_apps_end(apps);
	gpu_device_close(&dev);
	if (ret)
		return 2;
	demo_judge(&r);
	demo_summary(&r);
	if (demo_quiet && demo_json(&r))
		return 2;
	return strcmp(r.verdict, "ok") ? 1 : 0;
}
