/* SPDX-License-Identifier: MIT */
/*
 * sim-work: what a dispatch reads.
 */
#include <string.h>

#include "desc.h"
#include "gpu/cs.h"
#include "gpu/data.h"
#include "gpu/mem.h"
#include "gpu/pattern.h"
#include "gpu/sim.h"
#include "gpu/vm.h"
#include "guest.h"
#include "sim_work.h"

/* Everything that a dispatch names, each in a BO of its own. */
enum part {
	TABLE,
	DESCRIPTORS,
	BUFFER,
	PLANES,
	PIXELS,
	PLAIN,		/* an entry of the table without descriptors */
	CONSTANTS,
	PROGRAM,
	BINARY,
	STORAGE,
	THREADS,
	PARTS,
};

/* The part of the last core in thread storage: 16 bytes for each of 2048 threads. */
#define LAST_CORE 18
#define THREADS_LAST (LAST_CORE * UINT64_C(2048) * 16)

/* Size, and the last page that is accessed. */
static const struct {
	uint64_t bytes;
	uint64_t last;
} parts[PARTS] = {
	[TABLE] = { PAGE, 0 },
	[DESCRIPTORS] = { 3 * PAGE, 2 * PAGE },
	[BUFFER] = { 24 * PAGE, 23 * PAGE },
	[PLANES] = { PAGE, 0 },
	[PIXELS] = { 40 * PAGE, 39 * PAGE },
	[PLAIN] = { 5 * PAGE, 4 * PAGE },
	[CONSTANTS] = { PAGE, 0 },
	[PROGRAM] = { PAGE, 0 },
	[BINARY] = { PAGE, 0 },
	[STORAGE] = { PAGE, 0 },
	[THREADS] = { THREADS_LAST + PAGE, THREADS_LAST },
};

static struct gpu_ctx ctx;
static struct gpu_bo bo[PARTS];

static uint32_t *words(enum part part)
{
	return bo[part].map;
}

/* A buffer at the start, a texture of four planes at the end, and null descriptors. */
static void put_descriptors(void)
{
	uint32_t *last = words(DESCRIPTORS) + (parts[DESCRIPTORS].bytes - DESC_BYTES) / 4;

	desc_buffer(words(DESCRIPTORS), bo[BUFFER].va, (uint32_t)bo[BUFFER].size);
	desc_texture(last, bo[PLANES].va, 2, 2);
	for (unsigned int i = 0; i < 4; i++)
		desc_plane(words(PLANES) + 8 * i, bo[PIXELS].va + i * 10 * PAGE, 10 * 4096);
}

static void begin(void)
{
	ok(gpu_ctx_init(&ctx, &guest.dev, 1), "context");
	for (int i = 0; i < PARTS; i++)
		work_alloc(&ctx, parts[i].bytes, &bo[i]);
	desc_entry(words(TABLE), bo[DESCRIPTORS].va, bo[DESCRIPTORS].size, 1);
	desc_entry(words(TABLE) + 4, bo[PLAIN].va, bo[PLAIN].size, 0);
	put_descriptors();
	desc_shader(words(PROGRAM), bo[BINARY].va);
	desc_storage(words(STORAGE), bo[THREADS].va);
}

static void end(void)
{
	for (int i = 0; i < PARTS; i++)
		gpu_ctx_free(&ctx, &bo[i]);
	gpu_ctx_fini(&ctx);
}

static void emit(struct gpu_cs *cs)
{
	cs_move64(cs, SIM_SR_SRT(0), bo[TABLE].va | 2);
	cs_move64(cs, SIM_SR_FAU(0), bo[CONSTANTS].va | UINT64_C(8) << 56);
	cs_move64(cs, SIM_SR_SPD(0), bo[PROGRAM].va);
	cs_move64(cs, SIM_SR_TSD(0), bo[STORAGE].va);
	for (unsigned int axis = 0; axis < 3; axis++)
		cs_move32(cs, SIM_SR_JOB_SIZE(axis), 1);
	cs_run_compute(cs);
	cs_wait_all(cs);
}

static void build(void)
{
	emit(gpu_ctx_begin(&ctx));
}

/* One for each descriptor and plane, and for each page that is read. */
static int64_t expected_accesses(void)
{
	const uint64_t pages = 24 + 40 + 5 + 1 + 1;	/* also constants, binary */
	const uint64_t descriptors = 3 * PAGE / DESC_BYTES + 4;
	const uint64_t cores = 4;			/* shader_present */

	return (int64_t)(pages + descriptors + cores);
}

void dispatch_reads_what_it_names(void **state)
{
	int64_t dispatches = stat_of("dispatches"), pages = stat_of("work_pages");

	(void)state;
	begin();
	build();
	ok(gpu_ctx_run(&ctx, 0), "dispatch");
	assert_int_equal(stat_of("dispatches"), dispatches + 1);
	assert_int_equal(stat_of("work_pages"), pages + expected_accesses());
	end();
}

void dispatch_on_a_missing_page(void **state)
{
	(void)state;
	for (int i = 0; i < PARTS; i++) {
		uint64_t va;

		begin();
		va = bo[i].va + parts[i].last;
		build();
		ok(gpu_ctx_run(&ctx, 0), "dispatch");
		ok(gpu_vm_unmap(guest.dev.fd, ctx.vm, va, PAGE), "unbind");
		build();
		work_must_die(&ctx, va);
		end();
	}
}

void dispatch_on_a_freed_buffer(void **state)
{
	uint64_t va;

	(void)state;
	begin();
	va = bo[BUFFER].va;
	gpu_ctx_free(&ctx, &bo[BUFFER]);
	build();
	work_must_die(&ctx, va);
	/* end() must not free it again. */
	memset(&bo[BUFFER], 0, sizeof(bo[BUFFER]));
	end();
}

/* With read_resources=0 nothing of that buffer is read. */
void dispatch_that_uses_nothing(void **state)
{
	(void)state;
	begin();
	ok(gpu_vm_unmap(guest.dev.fd, ctx.vm, bo[BUFFER].va, bo[BUFFER].size), "unbind");
	ok(sim_param_set("read_resources", 0), "parameter read_resources");
	build();
	ok(gpu_ctx_run(&ctx, 0), "dispatch");
	ok(sim_param_set("read_resources", 1), "parameter read_resources");
	build();
	work_must_die(&ctx, bo[BUFFER].va);
	end();
}

/* Without workgroups nothing is read; a table of no entries and no constants are not. */
void dispatch_of_nothing(void **state)
{
	struct gpu_cs *cs;
	int64_t pages;

	(void)state;
	begin();
	pages = stat_of("work_pages");
	cs = gpu_ctx_begin(&ctx);
	cs_move64(cs, SIM_SR_SPD(0), 0x66600000);
	cs_move32(cs, SIM_SR_JOB_SIZE(0), 1);
	cs_move32(cs, SIM_SR_JOB_SIZE(1), 0);
	cs_move32(cs, SIM_SR_JOB_SIZE(2), 1);
	cs_run_compute(cs);
	cs_wait_all(cs);
	ok(gpu_ctx_run(&ctx, 0), "no workgroups");
	assert_int_equal(stat_of("work_pages"), pages);

	cs = gpu_ctx_begin(&ctx);
	cs_move64(cs, SIM_SR_SRT(0), 0x66600000);
	cs_move64(cs, SIM_SR_FAU(0), 0x66600000);
	cs_move64(cs, SIM_SR_TSD(0), 0);
	cs_move64(cs, SIM_SR_SPD(0), bo[PROGRAM].va);
	cs_move32(cs, SIM_SR_JOB_SIZE(1), 1);
	cs_run_compute(cs);
	cs_wait_all(cs);
	ok(gpu_ctx_run(&ctx, 0), "empty tables");
	assert_int_equal(stat_of("work_pages"), pages + 1);
	end();
}

/* Memory that is no descriptor is an error of the job, an address of 0 a fault. */
void dispatch_of_no_shader(void **state)
{
	struct gpu_cs *cs;

	(void)state;
	begin();
	memset(bo[PROGRAM].map, 0, DESC_BYTES);
	build();
	work_must_complain(&ctx);

	cs = gpu_ctx_begin(&ctx);
	cs_move64(cs, SIM_SR_SPD(0), 0);
	cs_run_compute(cs);
	cs_wait_all(cs);
	work_must_die(&ctx, 0);
	end();
}

/* More than the limit, in addresses: the BO is mapped again and again. */
#define HUGE_VA UINT64_C(0x200000000)
#define HUGE_BYTES ((SIM_WORK_MAX + 1024) * PAGE)

static void map_huge(const struct gpu_bo *small)
{
	for (uint64_t at = 0; at < HUGE_BYTES; at += small->size)
		ok(gpu_vm_map(guest.dev.fd, ctx.vm, small->handle, 0, HUGE_VA + at, small->size,
			      0), "bind");
}

static void must_be_capped(const char *what)
{
	int64_t capped = stat_of("work_capped"), pages = stat_of("work_pages");

	build();
	ok(gpu_ctx_run(&ctx, 0), what);
	assert_int_equal(stat_of("work_capped"), capped + 1);
	assert_true(stat_of("work_pages") - pages <= SIM_WORK_MAX);
}

void dispatch_of_too_much(void **state)
{
	struct gpu_bo small;

	(void)state;
	begin();
	ok(gpu_ctx_alloc(&ctx, 4 * MIB, GPU_BO_PRIVATE, &small), "BO");
	map_huge(&small);

	desc_buffer(words(DESCRIPTORS), HUGE_VA, UINT32_MAX);
	must_be_capped("a buffer of 4 GiB");

	desc_texture(words(DESCRIPTORS), bo[PLANES].va, 32, 65536);
	for (unsigned int i = 0; i < PAGE / DESC_BYTES; i++)
		desc_plane(words(PLANES) + 8 * i, HUGE_VA, UINT32_MAX);
	must_be_capped("a texture of 64 Ki layers");

	desc_entry(words(TABLE), HUGE_VA, UINT64_MAX, 1);
	must_be_capped("a table of descriptors without end");

	/* A table that names itself is read as descriptors of no type, or as a buffer. */
	desc_entry(words(TABLE), bo[TABLE].va, PAGE, 1);
	build();
	ok(gpu_ctx_run(&ctx, 0), "a table in itself");

	/* The limit is not what ended the first: this is beyond what is mapped. */
	desc_entry(words(TABLE), bo[DESCRIPTORS].va, DESC_BYTES, 1);
	desc_buffer(words(DESCRIPTORS), HUGE_VA + HUGE_BYTES - PAGE, UINT32_MAX);
	build();
	work_must_die(&ctx, HUGE_VA + HUGE_BYTES);
	gpu_ctx_free(&ctx, &small);
	end();
}

void dispatch_after_a_reclaim(void **state)
{
	struct drm_panthor_mem_claim claim;
	uint64_t sum;
	int64_t pages;

	(void)state;
	begin();
	ok(gpu_fill(&ctx, &bo[BUFFER], 77), "FILL");
	ok(gpu_fill(&ctx, &bo[PIXELS], 88), "FILL");
	for (int round = 0; round < 3; round++) {
		work_reclaim();
		if (round)
			ok(gpu_mem_claim_all(guest.dev.fd, 0, &claim), "MEM_CLAIM");
		pages = stat_of("work_pages");
		build();
		ok(gpu_ctx_run(&ctx, 0), "dispatch");
		assert_int_equal(stat_of("work_pages"), pages + expected_accesses());
	}
	ok(gpu_checksum(&ctx, &bo[BUFFER], &sum), "CHECKSUM");
	assert_true(sum == pattern_expected(77, bo[BUFFER].size));
	ok(gpu_checksum(&ctx, &bo[PIXELS], &sum), "CHECKSUM");
	assert_true(sum == pattern_expected(88, bo[PIXELS].size));
	end();
}
