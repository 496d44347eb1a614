/* SPDX-License-Identifier: MIT */
/*
 * The time until an application can run its first frame again: with MEM_CLAIM, with
 * one MEM_CLAIM per buffer, and without a claim, where the submit of the frame brings
 * everything back. The last one is measured twice: as the series does it, which is much
 * like a claim, and as Linux without the series does it.
 */
#include <errno.h>

#include "bench.h"
#include "gpu/mem.h"

/* The switch that guest/patches/4-speed/0005 adds. */
#define BATCHES "/sys/module/panthor/parameters/batches"

static void emit_claim(struct bench *b, const char *arm, int64_t ns,
		       const struct sysmem *before)
{
	int64_t frame = bench_frame(b);
	struct sysmem after;

	need(sysmem_read(&after), "counters of memory");
	emit_begin(b, arm);
	emit_number("ns", ns);
	emit_number("frame_ns", frame);
	emit_number("pages_in", (int64_t)(after.pages_in - before->pages_in));
	emit_end();
}

static void claim(struct bench *b)
{
	struct sysmem before;
	int64_t start;

	need(sysmem_read(&before), "counters of memory");
	start = now_ns();
	bench_claim_all(b);
	emit_claim(b, "claim", now_ns() - start, &before);
}

/* Each call ends after its first buffer, so there is never more than one to read. */
static void serial_claim(struct bench *b)
{
	struct drm_panthor_mem_claim args;
	struct sysmem before;
	int64_t start;

	need(sysmem_read(&before), "counters of memory");
	start = now_ns();
	do {
		args = (struct drm_panthor_mem_claim) {
			.tgid = (uint32_t)b->app.pid, .max_bytes = 1,
		};
		need(gpu_mem_claim(b->dev.fd, &args), "MEM_CLAIM of one buffer");
		if (!args.claimed_bytes && args.remaining_bytes)
			need(-EBUSY, "MEM_CLAIM of one buffer");
	} while (args.remaining_bytes);
	emit_claim(b, "serial", now_ns() - start, &before);
}

static void emit_frame(struct bench *b, const char *arm)
{
	struct sysmem before, after;
	int64_t ns;

	need(sysmem_read(&before), "counters of memory");
	ns = bench_frame(b);
	need(sysmem_read(&after), "counters of memory");
	emit_begin(b, arm);
	emit_number("ns", ns);
	emit_number("pages_in", (int64_t)(after.pages_in - before.pages_in));
	emit_end();
}

static void natural(struct bench *b)
{
	emit_frame(b, "natural");
}

static void as_linux(struct bench *b)
{
	need(sysmem_write_file(BATCHES, "N"), BATCHES);
	emit_frame(b, "as Linux");
	need(sysmem_write_file(BATCHES, "Y"), BATCHES);
}

void case_claim(struct bench *b)
{
	static const struct bench_arm arms[] = {
		{ "claim", claim }, { "natural", natural }, { "serial", serial_claim },
		{ "as Linux", as_linux },
	};

	bench_from_swap(b, arms, sizeof(arms) / sizeof(arms[0]));
}
