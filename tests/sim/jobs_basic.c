/* SPDX-License-Identifier: MIT */
/*
 * sim-jobs: single jobs.
 */
#include <string.h>

#include "gpu/cs_sim.h"
#include "gpu/data.h"
#include "gpu/pattern.h"
#include "guest.h"
#include "sim_jobs.h"

#define PAGE 4096u

static struct gpu_ctx ctx;

void store_is_visible(void **state)
{
	struct gpu_bo bo;
	struct gpu_cs *cs;

	(void)state;
	ok(gpu_ctx_init(&ctx, &guest.dev, 1), "context");
	ok(gpu_ctx_alloc(&ctx, PAGE, GPU_BO_PRIVATE, &bo), "BO");
	ok(gpu_bo_map(guest.dev.fd, &bo), "mmap");
	cs = gpu_ctx_begin(&ctx);
	gpu_emit_store64(cs, bo.va + 8, UINT64_C(0x1122334455667788));
	ok(gpu_ctx_run(&ctx, 0), "job");
	assert_true(((uint64_t *)bo.map)[0] == 0);
	assert_true(((uint64_t *)bo.map)[1] == UINT64_C(0x1122334455667788));
	gpu_ctx_free(&ctx, &bo);
	gpu_ctx_fini(&ctx);
}

/* Number all pages, with LOAD, ADD, STORE and BRANCH. */
void loop_of_real_instructions(void **state)
{
	const uint32_t pages = 2048;
	struct gpu_bo bo, sum;
	struct gpu_cs *cs;
	size_t loop;

	(void)state;
	ok(gpu_ctx_init(&ctx, &guest.dev, 1), "context");
	ok(gpu_ctx_alloc(&ctx, pages * PAGE, GPU_BO_PRIVATE, &bo), "BO");
	ok(gpu_ctx_alloc(&ctx, PAGE, GPU_BO_PRIVATE, &sum), "BO");
	ok(gpu_bo_map(guest.dev.fd, &sum), "mmap");

	cs = gpu_ctx_begin(&ctx);
	cs_move48(cs, 0, bo.va);
	cs_move48(cs, 2, sum.va);
	cs_move32(cs, 4, pages);	/* pages left */
	cs_move32(cs, 5, 0);		/* page number */
	loop = cs->count;
	cs_store_multiple(cs, 5, 0, 1, 16);
	cs_wait_all(cs);
	/* A counter in memory, read by LOAD. */
	cs_load_multiple(cs, 6, 2, 1, 0);
	cs_wait_all(cs);
	cs_add_imm32(cs, 6, 6, 3);
	cs_store_multiple(cs, 6, 2, 1, 0);
	cs_wait_all(cs);
	cs_add_imm32(cs, 5, 5, 1);
	cs_add_imm64(cs, 0, 0, PAGE);
	cs_add_imm32(cs, 4, 4, -1);
	cs_branch_to(cs, 4, SIM_COND_GT, loop);
	cs_flush_caches(cs, 8);
	ok(gpu_ctx_run(&ctx, 0), "job");

	assert_int_equal(*(uint32_t *)sum.map, pages * 3);
	ok(gpu_bo_map(guest.dev.fd, &bo), "mmap");
	for (uint32_t i = 0; i < pages; i++) {
		uint32_t *page = (uint32_t *)((char *)bo.map + i * PAGE);

		if (page[4] != i || page[3] || page[5])
			fail_msg("page %u holds %u %u %u", i, page[3], page[4],
				 page[5]);
	}
	gpu_ctx_free(&ctx, &sum);
	gpu_ctx_free(&ctx, &bo);
	gpu_ctx_fini(&ctx);
}

void pseudo_instructions(void **state)
{
	const uint64_t size = 3 * MIB, seed = 0x5eed00000000;
	struct gpu_bo from, to;
	struct gpu_cs *cs;
	uint64_t sum;

	(void)state;
	ok(gpu_ctx_init(&ctx, &guest.dev, 1), "context");
	ok(gpu_ctx_alloc(&ctx, size, GPU_BO_PRIVATE, &from), "BO");
	ok(gpu_ctx_alloc(&ctx, size, GPU_BO_PRIVATE, &to), "BO");

	ok(gpu_fill(&ctx, &from, seed), "FILL");
	ok(gpu_bo_map(guest.dev.fd, &from), "mmap");
	assert_int_equal(pattern_bad_words(from.map, size, seed), 0);

	cs = gpu_ctx_begin(&ctx);
	cs_move48(cs, 0, from.va);
	cs_move48(cs, 2, to.va);
	cs_move48(cs, 4, size);
	cs_copy(cs, 2, 0, 4);
	ok(gpu_ctx_run(&ctx, 0), "COPY");
	ok(gpu_bo_map(guest.dev.fd, &to), "mmap");
	assert_int_equal(pattern_bad_words(to.map, size, seed), 0);

	ok(gpu_checksum(&ctx, &to, &sum), "CHECKSUM");
	assert_true(sum == pattern_expected(seed, size));
	assert_true(sum == pattern_checksum(to.map, size));

	/* A single wrong word must be noticed. */
	((uint64_t *)to.map)[size / 16] ^= 1;
	ok(gpu_checksum(&ctx, &to, &sum), "CHECKSUM");
	assert_true(sum != pattern_expected(seed, size));
	assert_int_equal(pattern_bad_words(to.map, size, seed), 1);

	gpu_ctx_free(&ctx, &to);
	gpu_ctx_free(&ctx, &from);
	gpu_ctx_fini(&ctx);
}

void random_data(void **state)
{
	struct gpu_bo bo;
	uint64_t by_gpu, by_cpu, expected;

	(void)state;
	ok(gpu_ctx_init(&ctx, &guest.dev, 1), "context");
	ok(gpu_ctx_alloc(&ctx, 2 * MIB + 3 * PAGE, GPU_BO_PRIVATE, &bo), "BO");
	ok(gpu_fill_random(&ctx, &bo, 42, &expected), "filling");
	ok(gpu_checksum(&ctx, &bo, &by_gpu), "CHECKSUM");
	ok(gpu_bo_cpu_checksum(guest.dev.fd, &bo, &by_cpu), "reading");
	assert_true(by_gpu == expected);
	assert_true(by_cpu == expected);
	gpu_ctx_free(&ctx, &bo);
	gpu_ctx_fini(&ctx);
}

void many_jobs_in_flight(void **state)
{
	struct gpu_bo bo;

	(void)state;
	ok(gpu_ctx_init(&ctx, &guest.dev, 2), "context");
	ok(gpu_ctx_alloc(&ctx, PAGE, GPU_BO_PRIVATE, &bo), "BO");
	ok(gpu_bo_map(guest.dev.fd, &bo), "mmap");
	for (int i = 0; i < 500; i++) {
		struct gpu_cs *cs = gpu_ctx_begin(&ctx);

		cs_move48(cs, 0, bo.va);
		cs_load_multiple(cs, 2, 0, 3, 0);
		cs_add_imm64(cs, 2, 2, 1);
		cs_store_multiple(cs, 2, 0, 3, 0);
		if (i % (GPU_SLOT_COUNT / 2) == 0)
			ok(gpu_ctx_run(&ctx, 0), "job");
		else
			ok(gpu_ctx_submit(&ctx, 0, 0, 0), "submit");
	}
	cs_nop(gpu_ctx_begin(&ctx));
	ok(gpu_ctx_run(&ctx, 0), "last job");
	assert_int_equal(*(uint64_t *)bo.map, 500);
	gpu_ctx_free(&ctx, &bo);
	gpu_ctx_fini(&ctx);
}
