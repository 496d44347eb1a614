/* SPDX-License-Identifier: MIT */
/*
 * sim-jobs: more groups and VMs than the hardware has slots for.
 */
#include "gpu/cs_sim.h"
#include "gpu/data.h"
#include "gpu/group.h"
#include "gpu/pattern.h"
#include "gpu/power.h"
#include "gpu/sync.h"
#include "guest.h"
#include "sim_jobs.h"

#define PAGE 4096u
#define GROUPS 24
#define VMS 20
#define JOBS 4
#define MAX_ROUNDS 30

/* Add 1 to a word, so slowly that the group is rotated out meanwhile. */
static void emit_slow_increment(struct gpu_cs *cs, uint64_t va)
{
	cs_move48(cs, 0, va);
	cs_load_multiple(cs, 2, 0, 3, 0);
	cs_add_imm64(cs, 2, 2, 1);
	cs_delay(cs, 30000);
	cs_store_multiple(cs, 2, 0, 3, 0);
	cs_flush_caches(cs, 8);
}

/* Groups of one VM. Each has a page of its own, with a word and a command stream. */
static struct gpu_ctx one;
static struct gpu_bo pages;
static uint32_t group[GROUPS], sync[GROUPS];

static uint64_t *page_of(unsigned int i)
{
	return (uint64_t *)((char *)pages.map + i * PAGE);
}

static void submit_slow_jobs(unsigned int i, unsigned int count)
{
	uint64_t va = pages.va + i * PAGE;
	struct gpu_cs cs;

	cs_init(&cs, page_of(i) + 8, 64);
	emit_slow_increment(&cs, va);
	ok(cs_check(&cs), "stream");
	ok(gpu_sync_reset(guest.dev.fd, sync[i]), "sync object");
	for (unsigned int job = 1; job <= count; job++)
		ok(gpu_group_submit(&guest.dev, group[i], 0, va + 64,
				    (uint32_t)(cs.count * 8), 0,
				    job == count ? sync[i] : 0), "submit");
}

void more_groups_than_slots(void **state)
{
	int64_t suspends = stat_of("group_suspends");
	int64_t resumes = stat_of("group_resumes");
	unsigned int rounds = 0;

	(void)state;
	assert_true(GROUPS > guest.dev.csif.csg_slot_count);
	ok(gpu_ctx_init(&one, &guest.dev, 1), "context");
	ok(gpu_ctx_alloc(&one, GROUPS * PAGE, GPU_BO_PRIVATE, &pages), "BO");
	ok(gpu_bo_map(guest.dev.fd, &pages), "mmap");
	for (unsigned int i = 0; i < GROUPS; i++) {
		ok(gpu_group_create(&guest.dev, one.vm, 1, &group[i]), "group");
		ok(gpu_sync_create(guest.dev.fd, false, &sync[i]), "sync");
	}

	/* On a slow machine a group may finish before it is rotated out. */
	do {
		rounds++;
		for (unsigned int i = 0; i < GROUPS; i++)
			submit_slow_jobs(i, JOBS);
		for (unsigned int i = 0; i < GROUPS; i++) {
			ok(gpu_sync_wait(guest.dev.fd, sync[i],
					 GPU_JOB_TIMEOUT_MS), "job");
			ok(gpu_group_check(&guest.dev, group[i]), "group");
			assert_int_equal(*page_of(i), rounds * JOBS);
		}
	} while (rounds < MAX_ROUNDS && (stat_of("group_suspends") == suspends ||
					 stat_of("group_resumes") == resumes));
	assert_true(stat_of("group_suspends") > suspends);
	assert_true(stat_of("group_resumes") > resumes);

	for (unsigned int i = 0; i < GROUPS; i++) {
		gpu_sync_destroy(guest.dev.fd, sync[i]);
		ok(gpu_group_destroy(&guest.dev, group[i]), "group");
	}
	gpu_ctx_free(&one, &pages);
	gpu_ctx_fini(&one);
}

/* The same address refers to another page in each VM. */
void more_vms_than_address_spaces(void **state)
{
	static struct gpu_ctx ctx[VMS];
	struct gpu_bo bo[VMS];
	uint64_t sum;

	(void)state;
	assert_true(VMS > __builtin_popcount(guest.dev.info.as_present));
	for (unsigned int i = 0; i < VMS; i++) {
		ok(gpu_ctx_init(&ctx[i], &guest.dev, 1), "context");
		ok(gpu_ctx_alloc(&ctx[i], 16 * PAGE, GPU_BO_PRIVATE, &bo[i]),
		   "BO");
		assert_int_equal(bo[i].va, bo[0].va);
	}
	for (unsigned int round = 0; round < 5; round++) {
		for (unsigned int i = 0; i < VMS; i++)
			ok(gpu_fill(&ctx[i], &bo[i], i * 1000000 + round),
			   "FILL");
		for (unsigned int i = 0; i < VMS; i++) {
			ok(gpu_checksum(&ctx[i], &bo[i], &sum), "CHECKSUM");
			assert_true(sum == pattern_expected(i * 1000000 + round,
							    bo[i].size));
		}
	}
	for (unsigned int i = 0; i < VMS; i++) {
		gpu_ctx_free(&ctx[i], &bo[i]);
		gpu_ctx_fini(&ctx[i]);
	}
}

void sleep_and_wake(void **state)
{
	static struct gpu_ctx ctx;
	struct gpu_bo bo;
	int64_t boots = stat_of("boots");
	uint64_t sum;

	(void)state;
	ok(gpu_power_allow_sleep(guest.dev.fd, true), "power/control");
	ok(gpu_ctx_init(&ctx, &guest.dev, 1), "context");
	ok(gpu_ctx_alloc(&ctx, MIB, GPU_BO_PRIVATE, &bo), "BO");
	for (unsigned int i = 0; i < 20; i++) {
		ok(gpu_fill(&ctx, &bo, i), "FILL");
		ok(power_wait_asleep(20000), "the device does not fall asleep");
		ok(gpu_checksum(&ctx, &bo, &sum), "CHECKSUM");
		assert_true(sum == pattern_expected(i, bo.size));
	}
	assert_true(stat_of("boots") >= boots + 19);
	gpu_ctx_free(&ctx, &bo);
	gpu_ctx_fini(&ctx);
}
