/* SPDX-License-Identifier: MIT */
/*
 * sim-jobs: queues that wait for each other.
 */
#include <errno.h>

#include "gpu/data.h"
#include "gpu/hold.h"
#include "gpu/sync.h"
#include "gpu/vm.h"
#include "guest.h"
#include "sim_jobs.h"

#define PAGE 4096u

static struct gpu_ctx ctx, other;

/* Wait for word 0 of a page to exceed 0, then write word 2. */
static void emit_wait_then_store(struct gpu_cs *cs, uint64_t va)
{
	cs_move48(cs, 0, va);
	cs_move48(cs, 2, 0);
	cs_sync_wait_gt64(cs, 0, 2);
	gpu_emit_store64(cs, va + 16, 77);
	cs_flush_caches(cs, 8);
}

static void emit_set(struct gpu_cs *cs, uint64_t va)
{
	cs_move48(cs, 0, va);
	cs_move48(cs, 2, 1);
	cs_sync_set64(cs, 0, 2);
}

void sync_wait_across_queues(void **state)
{
	volatile uint64_t *word;
	struct gpu_bo bo;
	uint32_t done;

	(void)state;
	ok(gpu_ctx_init(&ctx, &guest.dev, 2), "context");
	ok(gpu_sync_create(guest.dev.fd, false, &done), "sync object");
	ok(gpu_ctx_alloc(&ctx, PAGE, GPU_BO_PRIVATE, &bo), "BO");
	ok(gpu_bo_map(guest.dev.fd, &bo), "mmap");
	word = bo.map;
	for (int i = 0; i < 50; i++) {
		word[0] = word[2] = 0;
		ok(gpu_sync_reset(guest.dev.fd, done), "reset");
		emit_wait_then_store(gpu_ctx_begin(&ctx), bo.va);
		ok(gpu_ctx_submit(&ctx, 1, 0, done), "submit");
		/* In some rounds the waiting queue has time to block, or to be suspended. */
		sleep_ms(i % 10 == 0 ? 150 : 0);
		assert_true(word[2] == 0);
		emit_set(gpu_ctx_begin(&ctx), bo.va);
		ok(gpu_ctx_run(&ctx, 0), "job");
		ok(gpu_sync_wait(guest.dev.fd, done, GPU_JOB_TIMEOUT_MS),
		   "waiter");
		assert_true(word[2] == 77);
	}
	gpu_sync_destroy(guest.dev.fd, done);
	gpu_ctx_free(&ctx, &bo);
	gpu_ctx_fini(&ctx);
}

/* The word is in a BO that is bound in two VMs. */
void sync_wait_across_vms(void **state)
{
	struct gpu_bo bo, view;
	volatile uint64_t *word;
	uint32_t done;

	(void)state;
	ok(gpu_ctx_init(&ctx, &guest.dev, 1), "context");
	ok(gpu_ctx_init(&other, &guest.dev, 1), "second context");
	ok(gpu_sync_create(guest.dev.fd, false, &done), "sync object");
	ok(gpu_ctx_alloc(&ctx, PAGE, GPU_BO_SHAREABLE, &bo), "BO");
	view = bo;
	ok(gpu_ctx_bind(&other, &view), "second binding");
	ok(gpu_bo_map(guest.dev.fd, &bo), "mmap");
	word = bo.map;

	emit_wait_then_store(gpu_ctx_begin(&ctx), bo.va);
	ok(gpu_ctx_submit(&ctx, 0, 0, done), "submit");
	sleep_ms(50);
	assert_true(word[2] == 0);
	emit_set(gpu_ctx_begin(&other), view.va);
	ok(gpu_ctx_run(&other, 0), "job");
	ok(gpu_sync_wait(guest.dev.fd, done, GPU_JOB_TIMEOUT_MS), "waiter");
	assert_true(word[2] == 77);

	gpu_sync_destroy(guest.dev.fd, done);
	ok(gpu_ctx_unbind(&other, &view), "unbind");
	gpu_ctx_free(&ctx, &bo);
	gpu_ctx_fini(&other);
	gpu_ctx_fini(&ctx);
}

/* The same if the device goes to sleep in between. */
void held_then_released(void **state)
{
	struct gpu_hold hold;

	(void)state;
	ok(gpu_ctx_init(&ctx, &guest.dev, 2), "context");
	for (int i = 0; i < 3; i++) {
		ok(gpu_hold_begin(&hold, &ctx), "hold");
		sleep_ms(i ? 20 : 500);
		assert_int_equal(gpu_sync_wait(guest.dev.fd, hold.sync, 0),
				 -ETIME);
		ok(gpu_hold_end(&hold), "end of the hold");
	}
	gpu_ctx_fini(&ctx);
}

/* Binds that wait for sync objects happen in the order of these. */
void bind_in_queue_order(void **state)
{
	struct gpu_bo bo[2];
	uint32_t start, bound;
	const uint64_t va = 0x70000000;
	struct gpu_cs *cs;

	(void)state;
	ok(gpu_ctx_init(&ctx, &guest.dev, 1), "context");
	ok(gpu_sync_create(guest.dev.fd, true, &start), "sync object");
	ok(gpu_sync_create(guest.dev.fd, false, &bound), "sync object");
	for (unsigned int i = 0; i < 2; i++) {
		ok(gpu_bo_create(guest.dev.fd, PAGE, ctx.vm, 0, &bo[i]), "BO");
		ok(gpu_bo_map(guest.dev.fd, &bo[i]), "mmap");
		*(uint64_t *)bo[i].map = 100 + i;
	}
	ok(gpu_vm_map_async(guest.dev.fd, ctx.vm, bo[0].handle, 0, va, PAGE, 0,
			    start, 0), "first bind");
	ok(gpu_vm_unmap_async(guest.dev.fd, ctx.vm, va, PAGE, 0, 0), "unbind");
	ok(gpu_vm_map_async(guest.dev.fd, ctx.vm, bo[1].handle, 0, va, PAGE, 0,
			    0, bound), "second bind");

	cs = gpu_ctx_begin(&ctx);
	cs_move48(cs, 0, va);
	cs_load_multiple(cs, 2, 0, 3, 0);
	cs_add_imm64(cs, 2, 2, 1000);
	cs_store_multiple(cs, 2, 0, 3, 0);
	ok(gpu_ctx_submit(&ctx, 0, bound, ctx.sync), "submit");
	ok(gpu_sync_wait(guest.dev.fd, ctx.sync, GPU_JOB_TIMEOUT_MS), "job");
	assert_int_equal(*(uint64_t *)bo[0].map, 100);
	assert_int_equal(*(uint64_t *)bo[1].map, 1101);

	for (int i = 0; i < 2; i++)
		gpu_bo_destroy(guest.dev.fd, &bo[i]);
	gpu_sync_destroy(guest.dev.fd, bound);
	gpu_sync_destroy(guest.dev.fd, start);
	gpu_ctx_fini(&ctx);
}
