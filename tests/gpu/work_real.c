/* SPDX-License-Identifier: MIT */
/*
 * Operations in the instructions of real GPUs, v10 and later.
 *
 * The only arithmetic of a command stream is the addition of constants. Loads and stores
 * run in parallel with other instructions: only after a WAIT for the scoreboard does a
 * loaded register hold its value, and only then may a stored one be changed. The encodings
 * and these rules are public, in Mesa's src/panfrost/genxml: v10.xml and v12.xml, which
 * agree on everything used here, and cs_builder.h.
 *
 * Registers: r0 and r4 addresses, r2 number of iterations, r8 for the flush, r16 to r79
 * data.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "gpu/pattern.h"
#include "gpu/work.h"

#define SCRATCH_BYTES (64u << 10)
/* The maximum that one job moves; no GPU needs a second for it. */
#define JOB_BYTES (256u << 10)

/* One iteration of a loop moves four times what one instruction can. */
#define DATA 16
#define REGS 16
#define STORES 4
#define ROUND_BYTES (STORES * REGS * sizeof(uint32_t))
#define ROUND_WORDS (ROUND_BYTES / sizeof(uint64_t))

#define ALL_REGS 0xffff

static void store_all(struct gpu_cs *cs, unsigned int addr)
{
	for (unsigned int i = 0; i < STORES; i++)
		cs_store_multiple(cs, DATA + i * REGS, addr, ALL_REGS,
				  (int16_t)(i * REGS * sizeof(uint32_t)));
}

static void load_all(struct gpu_cs *cs, unsigned int addr)
{
	for (unsigned int i = 0; i < STORES; i++)
		cs_load_multiple(cs, DATA + i * REGS, addr, ALL_REGS,
				 (int16_t)(i * REGS * sizeof(uint32_t)));
}

static void next_round(struct gpu_cs *cs, size_t loop)
{
	cs_add_imm32(cs, 2, 2, -1);
	cs_branch_to(cs, 2, SIM_COND_NE, loop);
}

static int fill_part(struct gpu_ctx *ctx, uint64_t va, uint64_t size,
		     uint64_t seed)
{
	struct gpu_cs *cs = gpu_ctx_begin(ctx);
	size_t loop;

	cs_move48(cs, 0, va);
	cs_move32(cs, 2, (uint32_t)(size / ROUND_BYTES));
	for (unsigned int i = 0; i < ROUND_WORDS; i++)
		cs_move64(cs, DATA + 2 * i, seed + i);
	loop = cs->count;
	store_all(cs, 0);
	cs_wait_all(cs);
	for (unsigned int i = 0; i < ROUND_WORDS; i++)
		cs_add_imm64(cs, DATA + 2 * i, DATA + 2 * i, ROUND_WORDS);
	cs_add_imm64(cs, 0, 0, ROUND_BYTES);
	next_round(cs, loop);
	cs_flush_caches(cs, 8);
	return gpu_ctx_run(ctx, 0);
}

static int copy_part(struct gpu_ctx *ctx, uint64_t to, uint64_t from,
		     uint64_t size)
{
	struct gpu_cs *cs = gpu_ctx_begin(ctx);
	size_t loop;

	cs_move48(cs, 0, from);
	cs_move48(cs, 4, to);
	cs_move32(cs, 2, (uint32_t)(size / ROUND_BYTES));
	loop = cs->count;
	load_all(cs, 0);
	cs_wait_all(cs);
	store_all(cs, 4);
	cs_wait_all(cs);
	cs_add_imm64(cs, 0, 0, ROUND_BYTES);
	cs_add_imm64(cs, 4, 4, ROUND_BYTES);
	next_round(cs, loop);
	cs_flush_caches(cs, 8);
	return gpu_ctx_run(ctx, 0);
}

static uint64_t part_of(const struct gpu_bo *bo, uint64_t at, uint64_t most)
{
	return bo->size - at < most ? bo->size - at : most;
}

static int fill(struct gpu_ctx *ctx, const struct gpu_bo *bo, uint64_t seed)
{
	int ret = bo->size % ROUND_BYTES ? -EINVAL : 0;

	for (uint64_t at = 0; !ret && at < bo->size; at += JOB_BYTES)
		ret = fill_part(ctx, bo->va + at, part_of(bo, at, JOB_BYTES),
				seed + at / sizeof(uint64_t));
	return ret;
}

/* The GPU reads and copies the data, the CPU calculates the checksum. */
static int checksum(struct gpu_ctx *ctx, const struct gpu_bo *bo, uint64_t *sum)
{
	int ret = bo->size % ROUND_BYTES ? -EINVAL : 0;

	*sum = pattern_checksum(NULL, 0);
	for (uint64_t at = 0; !ret && at < bo->size; at += SCRATCH_BYTES) {
		uint64_t size = part_of(bo, at, SCRATCH_BYTES);

		/* If the job does not run, an earlier copy must not be taken for its result. */
		memset(ctx->scratch.map, 0, size);
		ret = copy_part(ctx, ctx->scratch.va, bo->va + at, size);
		if (!ret)
			*sum = pattern_checksum_add(*sum, ctx->scratch.map,
						    size);
	}
	return ret;
}

/* --- time ---------------------------------------------------------------- */

#define SECOND INT64_C(1000000000)
#define CALIBRATE_NS 20000000
/* Half of the range that a 32-bit comparison can distinguish. */
#define FAR (UINT64_C(1) << 30)

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND + now.tv_nsec;
}

static int clock_of(struct gpu_ctx *ctx, uint64_t *now, uint64_t *frequency)
{
	struct drm_panthor_timestamp_info info;
	int ret = gpu_device_query(ctx->dev->fd,
				   DRM_PANTHOR_DEV_QUERY_TIMESTAMP_INFO, &info,
				   sizeof(info));

	*now = info.current_timestamp;
	*frequency = info.timestamp_frequency;
	return ret;
}

/* The driver knows the frequency on arm64 only; elsewhere it is measured. */
static int measure(struct gpu_ctx *ctx, uint64_t *frequency)
{
	const struct timespec pause = { .tv_nsec = CALIBRATE_NS };
	uint64_t first, last, unknown;
	int64_t start;
	int ret = clock_of(ctx, &first, &unknown);

	start = now_ns();
	nanosleep(&pause, NULL);
	if (!ret)
		ret = clock_of(ctx, &last, &unknown);
	if (!ret)
		*frequency = (uint64_t)((double)(last - first) * SECOND /
					(double)(now_ns() - start));
	if (!ret && !*frequency)
		ret = -EIO;
	return ret;
}

/*
 * Wait until the clock has passed @until, by polling it in a loop. The lower half is
 * enough, because @until is never more than FAR away.
 */
static void emit_until(struct gpu_cs *cs, uint64_t until)
{
	size_t loop = cs->count;

	cs_store_timestamp(cs, 0, 0);
	cs_wait_all(cs);
	cs_load_multiple(cs, 2, 0, 0x1, 0);
	cs_wait_all(cs);
	cs_add_imm32(cs, 2, 2, (int32_t)-(uint32_t)until);
	cs_branch_to(cs, 2, SIM_COND_LT, loop);
}

static int emit_busy(struct gpu_ctx *ctx, int64_t ns)
{
	uint64_t now, frequency, ticks;
	int ret = clock_of(ctx, &now, &frequency);

	if (!ret && !frequency)
		ret = measure(ctx, &frequency);
	if (ret)
		return ret;
	ticks = (uint64_t)((double)ns / SECOND * (double)frequency);
	/* Wait slightly too long, because this clock and the CPU's differ slightly. */
	ticks += ticks / 64 + 1;

	cs_move48(&ctx->cs, 0, gpu_ctx_result_va(ctx) + sizeof(uint64_t));
	for (; ticks > FAR; ticks -= FAR)
		emit_until(&ctx->cs, now += FAR);
	emit_until(&ctx->cs, now + ticks);
	return 0;
}

const struct gpu_work gpu_work_real = {
	.scratch_bytes = SCRATCH_BYTES,
	.fill = fill,
	.checksum = checksum,
	.emit_busy = emit_busy,
};
