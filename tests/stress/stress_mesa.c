// SPDX-License-Identifier: MIT
/*
 * stress --mesa: processes that draw by way of Mesa, in Vulkan (number 0) or in GLES (1). They start,
 * draw, change and check their objects, and are killed or end.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "gpu/pattern.h"
#include "gpu/sim.h"
#include "stress.h"

#define KIB UINT64_C(1024)
#define OBJECTS 10
/* A process does so many things at most. Each can take one more entry of its table of objects. */
#define ACTIONS (MESA_OBJECTS - OBJECTS)

struct thing {
	int64_t number;		/* below 0: there is none */
	uint64_t size;
	uint64_t seed;		/* 0: the contents are not known */
	bool image;
	bool exclusive;
};

static struct gpu_app app;
static struct thing things[OBJECTS];
static uint64_t next_seed;
static int64_t lost_before;
static const char *api_name;

static int64_t lost_flushes(void)
{
	int64_t lost = 0;
	int ret = sim_stat("lost_flushes", &lost);

	if (ret)
		stress_bad_errno("lost_flushes", ret);
	return lost;
}

/*
 * Is this the end of the process? A reset of the GPU ends what it draws with. Vulkan reports that, and
 * GLES draws something else. Mesa may end if there is no memory.
 */
static bool went_well(const char *what, int64_t ret)
{
	if (ret >= 0)
		return true;
	if (lost_flushes() != lost_before)
		stress_add(COUNT_MESA_RESETS, 1);
	else if (ret == -ENOMEM)
		stress_add(COUNT_NO_MEMORY, 1);
	else {
		fprintf(stderr, "stress: %s: ", api_name);
		stress_bad_errno(what, (int)ret);
	}
	return false;
}

static bool ask(const char *what, const struct app_request *req, uint64_t *value)
{
	struct app_reply reply = { 0 };
	int64_t ret = gpu_app_ask(&app, req, &reply, NULL, NULL);

	if (value)
		*value = reply.value;
	return went_well(what, ret);
}

/* --- objects ------------------------------------------------------------------- */

static uint64_t new_seed(const struct thing *t)
{
	uint64_t seed = next_seed;

	next_seed += t->size;
	return seed;
}

static bool create(struct thing *t)
{
	uint64_t seed = new_seed(t);
	int64_t ret = gpu_app_ask(&app, &(struct app_request) {
		.op = APP_ALLOC, .count = 1, .size = t->size, .image = t->image,
		.exclusive = t->exclusive, .seed = seed,
	}, NULL, NULL, NULL);

	t->number = ret;
	t->seed = seed;
	return went_well("an object", ret);
}

static bool destroy(struct thing *t)
{
	unsigned int number = (unsigned int)t->number;

	t->number = -1;
	return ask("freeing an object", &(struct app_request) {
		.op = APP_FREE, .bo = number,
	}, NULL);
}

static bool fill(struct thing *t)
{
	t->seed = new_seed(t);
	return ask("writing an object", &(struct app_request) {
		.op = APP_FILL, .bo = (unsigned int)t->number, .seed = t->seed,
	}, NULL);
}

static bool check(const struct thing *t, bool by_gpu)
{
	uint64_t sum, wanted = pattern_expected(t->seed, t->size);

	if (!ask("reading an object", &(struct app_request) {
			.op = APP_SUM, .bo = (unsigned int)t->number, .by_gpu = by_gpu,
		 }, &sum))
		return false;
	stress_add(COUNT_MESA_CHECKS, 1);
	if (sum == wanted)
		return true;
	stress_add(COUNT_BAD_WORDS, 1);
	fprintf(stderr, "stress: %s, process %d, %s %" PRId64 " of %" PRIu64 " KiB: the %s reads %#"
		PRIx64 ", not %#" PRIx64 "\n", api_name, (int)app.pid, t->image ? "image" : "buffer",
		t->number, t->size / KIB, by_gpu ? "GPU" : "CPU", sum, wanted);
	return false;
}

/* --- frames -------------------------------------------------------------------- */

static bool draw(void)
{
	return ask("starting frames", &(struct app_request) {
		.op = APP_FRAMES_START, .count = (unsigned int)stress_random(300) + 1,
	}, NULL);
}

static bool stop_drawing(void)
{
	int64_t frames = gpu_app_ask(&app, &(struct app_request) { .op = APP_FRAMES_STOP },
				     NULL, NULL, NULL);

	if (frames > 0)
		stress_add(COUNT_MESA_FRAMES, frames);
	return went_well("a frame", frames);
}

/* --- a process ----------------------------------------------------------------- */

static bool begin(unsigned int number)
{
	const struct gpu_app_setup setup = {
		.pidns = -1,
		.client = number ? &mesa_gles_client : &mesa_vk_client,
	};

	lost_before = lost_flushes();
	if (!went_well("starting a process", gpu_app_start(&app, &setup)))
		return false;
	atomic_store(&stress->target[STRESS_MESA + number], app.pid);
	/* From 64 KiB to 3 MiB; images are as wide as mesa_width() says. */
	for (unsigned int i = 0; i < OBJECTS; i++) {
		things[i] = (struct thing) {
			.size = (i % 4) * 1024 * KIB + (i < 8 ? 64 * KIB : 0),
			/* A buffer of GLES cannot be exported, and so not be read by the GPU. */
			.image = i % 2, .exclusive = i % 3 == 0 || (number && i % 2 == 0),
		};
		if (!things[i].size)
			things[i].size = 256 * KIB;
		if (!create(&things[i]))
			return false;
	}
	return draw();
}

static bool act(struct thing *t)
{
	switch (stress_random(12)) {
	case 0:
		return destroy(t) && create(t);
	case 1:
	case 2:
		return fill(t);
	case 3:
		return stop_drawing() && draw();
	case 4:
		/* In the background for a moment. */
		if (!stop_drawing())
			return false;
		usleep(50000);
		return draw();
	case 5:
	case 6:
	case 7:
		return t->exclusive || check(t, true);
	default:
		return check(t, false);
	}
}

/* Whatever the others did last, all contents must be right. */
static bool finish(void)
{
	if (!stop_drawing())
		return false;
	for (unsigned int i = 0; i < OBJECTS; i++)
		if (!check(&things[i], false))
			return false;
	return ask("the end", &(struct app_request) { .op = APP_END }, NULL);
}

void stress_mesa(unsigned int number)
{
	api_name = number ? "GLES" : "Vulkan";
	next_seed = (uint64_t)(number + 1) << 44;
	while (!atomic_load(&stress->stop)) {
		unsigned int actions = (unsigned int)stress_random(ACTIONS);
		bool good = begin(number);

		for (unsigned int i = 0; good && i < actions && !atomic_load(&stress->stop); i++)
			good = act(&things[stress_random(OBJECTS)]);
		/* Others are killed in the middle of what they draw. */
		if (good && (atomic_load(&stress->stop) || stress_random(2)))
			good = finish();
		if (good)
			stress_add(COUNT_MESA_LIVES, 1);
		gpu_app_kill(&app);
	}
}
