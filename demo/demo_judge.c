/* SPDX-License-Identifier: MIT */
/*
 * The demo's verdict: do the results of the ioctls agree with the system's own
 * counters? Times are shown, not judged.
 */
#include <stdlib.h>

#include "demo.h"

#define PERCENT(bytes, n) ((int64_t)((bytes) * (n) / 100))
#define TOLERANCE_MIN (INT64_C(1) << 20)

static int64_t delta(uint64_t from, uint64_t to)
{
	return (int64_t)(to - from);
}

int64_t demo_free_delta(const struct demo_result *r)
{
	return delta(r->before.mem.free, r->after.mem.free);
}

int64_t demo_swap_delta(const struct demo_result *r)
{
	return delta(r->before.mem.swap_used, r->after.mem.swap_used);
}

int64_t demo_zram_delta(const struct demo_result *r)
{
	return delta(r->before.mem.zram_used, r->after.mem.zram_used);
}

/* The largest change of one application: a sum could cancel out. */
int64_t demo_bystander_delta(const struct demo_result *r)
{
	int64_t worst = 0;

	for (unsigned int i = 1; i < DEMO_APPS; i++) {
		int64_t d = delta(r->before.gpu[i].resident,
				  r->after.gpu[i].resident);

		if (llabs(d) > llabs(worst))
			worst = d;
	}
	return worst;
}

/* Are two measurements of one amount equal, except for unrelated activity? */
static bool agree(int64_t a, int64_t b)
{
	int64_t tolerance = PERCENT(a, 2);

	if (tolerance < TOLERANCE_MIN)
		tolerance = TOLERANCE_MIN;
	return llabs(a - b) <= tolerance;
}

static const char *find_fault(const struct demo_result *r)
{
	/* Chunks of tiler heaps are evicted, too. */
	int64_t left = delta(r->after.gpu[0].resident + r->after.gpu[0].internal,
			     r->before.gpu[0].resident + r->before.gpu[0].internal);

	if (r->bad_bos)
		return "contents of buffers changed";
	if (r->evicted < DEMO_APP_BYTES)
		return "not all of the application's memory was evicted";
	if (!agree(left, (int64_t)r->evicted))
		return "evicted_bytes disagrees with the driver's statistics";
	if (r->freed > r->evicted)
		return "more was freed than was evicted";
	if ((int64_t)r->freed < PERCENT(r->evicted, 95))
		return "the evicted memory was not freed";
	/* With zram, part of the freed memory holds the compressed copy. */
	if (!agree((int64_t)r->freed, demo_free_delta(r) + demo_zram_delta(r)))
		return "freed_bytes disagrees with the system's free memory";
	if (!agree((int64_t)r->freed, demo_swap_delta(r)))
		return "freed_bytes disagrees with the use of swap";
	if (demo_bystander_delta(r))
		return "another application lost memory";
	if (r->bystander_frames <= 0)
		return "the other applications did not continue";
	if (r->remaining || r->claimed < DEMO_APP_BYTES)
		return "claim did not bring everything back";
	return "ok";
}

void demo_judge(struct demo_result *r)
{
	r->verdict = find_fault(r);
}
