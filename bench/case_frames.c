/* SPDX-License-Identifier: MIT */
/*
 * The first frame of an application: never reclaimed, after a claim, and without a
 * claim, where the frame itself brings everything back.
 */
#include "bench.h"

/* In each arm, the GPU and the application have been idle for this time. */
#define REST_MS 10

/* Contents are verified once in this many rounds: it takes longer than a round. */
#define CHECK_EVERY 10

static void frame(struct bench *b, const char *arm)
{
	int64_t ns;

	sleep_ms(REST_MS);
	ns = bench_frame(b);
	emit_begin(b, arm);
	emit_number("ns", ns);
	emit_end();
}

static void resident(struct bench *b)
{
	frame(b, "resident");
}

static void claimed(struct bench *b)
{
	bench_reclaim_all(b);
	bench_claim_all(b);
	frame(b, "claimed");
}

static void natural(struct bench *b)
{
	bench_reclaim_all(b);
	frame(b, "natural");
}

void case_frames(struct bench *b)
{
	void (*const arms[])(struct bench *) = { resident, claimed, natural };
	const unsigned int count = sizeof(arms) / sizeof(arms[0]);

	bench_start(b);
	bench_frame(b);
	for (b->round = 0; b->round < b->opt.rounds; b->round++) {
		for (unsigned int i = 0; i < count; i++)
			arms[(i + b->round) % count](b);
		if (b->round % CHECK_EVERY == 0)
			bench_check(b);
	}
	bench_check(b);
	bench_end(b);
}
