/* SPDX-License-Identifier: MIT */
/*
 * The two phases that move pages, page-out and swap-in, each alone, compared with the
 * maximum that the machine can do.
 */
#include "gpu/mem.h"
#include "raw.h"

/* A process of User-Mode Linux can map some ten thousand pages, see bo.h. */
#define RAW_BYTES_MAX (96 * MIB)

/* Evicting comes before page-out and does not count. */
static void pageout_phase(struct bench *b)
{
	struct drm_panthor_mem_reclaim args;
	int64_t busy, start, ns;

	need(gpu_mem_reclaim_all(b->dev.fd, (uint32_t)b->app.pid,
				 DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT, &args), "evicting");
	busy = cpu_busy_ns();
	start = now_ns();
	need(gpu_mem_reclaim_all(b->dev.fd, (uint32_t)b->app.pid, 0, &args), "MEM_RECLAIM");
	ns = now_ns() - start;
	emit_begin(b, "pageout");
	emit_number("ns", ns);
	emit_number("busy_ns", cpu_busy_ns() - busy);
	emit_number("freed", (int64_t)args.freed_bytes);
	emit_end();
}

static void prefetch_phase(struct bench *b)
{
	struct drm_panthor_mem_claim args = {
		.tgid = (uint32_t)b->app.pid,
		.flags = DRM_PANTHOR_MEM_CLAIM_PREFETCH_ONLY,
	};
	int64_t busy = cpu_busy_ns(), start = now_ns(), ns;

	need(gpu_mem_claim(b->dev.fd, &args), "MEM_CLAIM");
	ns = now_ns() - start;
	emit_begin(b, "prefetch");
	emit_number("ns", ns);
	emit_number("busy_ns", cpu_busy_ns() - busy);
	emit_end();
}

static void ours(struct bench *b)
{
	pageout_phase(b);
	prefetch_phase(b);
	bench_claim_all(b);
	bench_check(b);
}

static void raw(struct bench *b, const char *arm, enum raw_kind kind, unsigned int processes)
{
	uint64_t bytes = b->opt.bytes < RAW_BYTES_MAX ? b->opt.bytes : RAW_BYTES_MAX;
	const char *device = kind == RAW_WRITE || kind == RAW_READ ? raw_zram(bytes) : NULL;
	int64_t ns = raw_run(kind, bytes, processes, device, b->opt.data);

	emit_begin(b, arm);
	emit_number("ns", ns);
	emit_number("bytes", (int64_t)bytes);
	emit_number("processes", processes);
	emit_end();
}

static void raw_all(struct bench *b, unsigned int processes)
{
	raw(b, "MADV_PAGEOUT", RAW_PAGEOUT, processes);
	raw(b, "MADV_WILLNEED", RAW_WILLNEED, processes);
	raw(b, "O_DIRECT write", RAW_WRITE, processes);
	raw(b, "O_DIRECT read", RAW_READ, processes);
}

void case_limits(struct bench *b)
{
	bench_start(b);
	bench_reclaim_all(b);
	bench_claim_all(b);
	for (b->round = 0; b->round < b->opt.rounds; b->round++) {
		ours(b);
		for (unsigned int n = 1; n <= cpu_count(); n++)
			raw_all(b, n);
	}
	raw_zram_end();
	bench_end(b);
}

/* The throughput of the swap device itself: several processes read, and nobody swaps. */
void case_bandwidth(struct bench *b)
{
	for (b->round = 0; b->round < b->opt.rounds; b->round++) {
		int64_t ns = raw_run(RAW_READ, b->opt.bytes, RAW_PROCESSES_MAX,
				     backing_device(), b->opt.data);

		emit_begin(b, "device");
		emit_number("ns", ns);
		emit_end();
	}
}
