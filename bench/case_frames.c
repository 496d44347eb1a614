/* SPDX-License-Identifier: MIT */
/*
 * The first frame: of an application that was left alone, after a claim, and the
 * one that has to bring everything back itself.
 */
#include "bench.h"

/* All arms: the GPU and the application have been idle for a while. */
#define REST_MS 10

/* Contents are looked at after so many rounds, they take longer than a round. */
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
