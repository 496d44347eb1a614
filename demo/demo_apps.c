/* SPDX-License-Identifier: MIT */
/*
 * The demo's applications: unprivileged processes that own GPU buffers and
 * submit about 60 frames per second.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "demo.h"
#include "gpu/pattern.h"

#define FRAME_PAUSE_NS 16000000
#define SEED_STEP (UINT64_C(1) << 32)

static uint64_t seed_of(unsigned int number)
{
	return (number + UINT64_C(0xa11)) << 48;
}

static int64_t said(int64_t ret, const struct gpu_app *app, const char *what)
{
	if (ret < 0)
		fprintf(stderr, "demo: process %d: %s: %s\n", (int)app->pid,
			what, strerror((int)-ret));
	return ret;
}

static int start_one(struct gpu_app *app, unsigned int number,
		     const struct gpu_app_client *client)
{
	const struct gpu_app_setup setup = {
		.cred = GPU_APP_NOBODY,
		/* A client opens its own. */
		.files = client ? 0 : 1,
		.vms = client ? 0 : 1,
		.pidns = -1,
		.client = client,
	};
	int64_t ret = said(gpu_app_start(app, &setup), app, "start");

	if (ret < 0)
		return (int)ret;
	ret = gpu_app_ask(app, &(struct app_request) {
		.op = APP_ALLOC, .count = DEMO_BOS, .size = DEMO_BO_SIZE,
		.seed = seed_of(number), .exclusive = true,
	}, NULL, NULL, NULL);
	if (said(ret, app, "allocating and filling its buffers") < 0)
		return (int)ret;
	return demo_frames_start(app);
}

int demo_apps_start(struct gpu_app apps[DEMO_APPS])
{
	const struct gpu_app_client *client = NULL;
	int ret = demo_client(&client);

	for (unsigned int i = 0; i < DEMO_APPS; i++)
		apps[i].sock = -1;
	if (ret)
		fprintf(stderr, "demo: opening the GPU to all users: %s\n", strerror(-ret));
	for (unsigned int i = 0; !ret && i < DEMO_APPS; i++)
		ret = start_one(&apps[i], i, client);
	return ret;
}

void demo_apps_end(struct gpu_app apps[DEMO_APPS])
{
	for (unsigned int i = 0; i < DEMO_APPS; i++)
		gpu_app_kill(&apps[i]);
}

int demo_frames_start(struct gpu_app *app)
{
	return (int)said(gpu_app_ask(app, &(struct app_request) {
		.op = APP_FRAMES_START, .ns = FRAME_PAUSE_NS,
	}, NULL, NULL, NULL), app, "starting frames");
}

int64_t demo_frames_stop(struct gpu_app *app)
{
	return said(gpu_app_ask(app, &(struct app_request) {
		.op = APP_FRAMES_STOP,
	}, NULL, NULL, NULL), app, "frames");
}

int demo_to_background(struct gpu_app *app)
{
	return (int)said(gpu_app_stop(app), app, "stopping it");
}

int demo_to_foreground(struct gpu_app *app, int64_t *frame_us)
{
	struct app_reply reply = { 0 };
	int64_t ret = said(gpu_app_continue(app), app, "continuing it");

	if (!ret)
		ret = said(gpu_app_ask(app, &(struct app_request) {
			.op = APP_FRAME,
		}, &reply, NULL, NULL), app, "first frame");
	*frame_us = (int64_t)(reply.value / 1000);
	return (int)ret;
}

static int sum_of(struct gpu_app *app, unsigned int bo, bool by_gpu,
		  uint64_t *sum)
{
	struct app_reply reply = { 0 };
	int64_t ret = gpu_app_ask(app, &(struct app_request) {
		.op = APP_SUM, .bo = bo, .by_gpu = by_gpu,
	}, &reply, NULL, NULL);

	*sum = reply.value;
	return (int)said(ret, app, by_gpu ? "reading a buffer by the GPU" :
					    "reading a buffer by the CPU");
}

int demo_verify(struct gpu_app *app, unsigned int number, unsigned int *bad)
{
	for (unsigned int i = 0; i < DEMO_BOS; i++) {
		uint64_t expected = pattern_expected(seed_of(number) +
						     i * SEED_STEP,
						     DEMO_BO_SIZE);
		uint64_t by_gpu = expected, by_cpu;
		int ret = 0;

		if (demo_read_by_gpu)
			ret = sum_of(app, i, true, &by_gpu);
		if (!ret)
			ret = sum_of(app, i, false, &by_cpu);
		if (ret)
			return ret;
		*bad += by_gpu != expected || by_cpu != expected;
	}
	return 0;
}

int demo_look(const struct gpu_app apps[DEMO_APPS], struct demo_look *look)
{
	int ret = sysmem_read_settled(&look->mem);

	if (ret)
		fprintf(stderr, "demo: the machine's memory counters: %s\n",
			strerror(-ret));
	for (unsigned int i = 0; !ret && i < DEMO_APPS; i++)
		ret = (int)said(gpu_fdinfo_read(apps[i].pid, &look->gpu[i]),
				&apps[i], "fdinfo");
	return ret;
}
