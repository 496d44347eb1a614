/* SPDX-License-Identifier: MIT */
/*
 * The first frame of an application that nobody claimed in time: as Linux brings
 * it back, as the series does, and with a claim that is sent when the frame has
 * been submitted, or a little later.
 */
#include <time.h>

#include "bench.h"
#include "gpu/mem.h"

/* From guest/patches: whether GROUP_SUBMIT does more than Linux. */
#define BATCHES "/sys/module/panthor/parameters/batches"

/* The application gets the CPU first. */
#define HEAD_START_NS 50000

static int64_t frame_as(struct bench *b, bool series)
{
	int64_t ns;

	need(sysmem_write_file(BATCHES, series ? "Y" : "N"), BATCHES);
	ns = bench_frame(b);
	need(sysmem_write_file(BATCHES, "Y"), BATCHES);
	return ns;
}

static void emit_frame(struct bench *b, const char *arm, int64_t ns, int64_t claimed)
{
	emit_begin(b, arm);
	emit_number("ns", ns);
	emit_number("claimed", claimed);
	emit_end();
}

static void as_linux(struct bench *b)
{
	emit_frame(b, "as Linux", frame_as(b, false), 0);
}

static void no_claim(struct bench *b)
{
	emit_frame(b, "no claim", frame_as(b, true), 0);
}

/* The application is told to submit, and the claim follows. */
static void late_claim(struct bench *b, const char *arm, unsigned int ms)
{
	struct drm_panthor_mem_claim args;
	struct app_reply reply;

	need(gpu_app_send(&b->app, &(struct app_request) { .op = APP_FRAME }, NULL, -1),
	     "asking for a frame");
	nanosleep(&(struct timespec) { .tv_nsec = HEAD_START_NS }, NULL);
	sleep_ms(ms);
	need(gpu_mem_claim_all(b->dev.fd, (uint32_t)b->app.pid, &args), "MEM_CLAIM");
	need(gpu_app_answer(&b->app, &reply, NULL, 0, NULL), "a frame");
	emit_frame(b, arm, (int64_t)reply.value, (int64_t)args.claimed_bytes);
}

static void late_0(struct bench *b)
{
	late_claim(b, "claim after 0 ms", 0);
}

static void late_1(struct bench *b)
{
	late_claim(b, "claim after 1 ms", 1);
}

static void late_10(struct bench *b)
{
	late_claim(b, "claim after 10 ms", 10);
}

void case_late(struct bench *b)
{
	static const struct bench_arm arms[] = {
		{ "as Linux", as_linux }, { "no claim", no_claim },
		{ "claim after 0 ms", late_0 }, { "claim after 1 ms", late_1 },
		{ "claim after 10 ms", late_10 },
	};

	bench_from_swap(b, arms, sizeof(arms) / sizeof(arms[0]));
}
