// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * What is swapped in for a job. BOs are evicted but not paged out, so no swap is
 * needed. Included at the end of panthor_mem_swapin.c.
 */

#include <linux/delay.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/workqueue.h>

#include <drm/drm_file.h>

#include <kunit/static_stub.h>
#include <kunit/test.h>

#include "panthor_kunit.h"
#include "panthor_mem_select.h"

#define PANTHOR_TEST_JOB_BOS	(2 * PANTHOR_MEM_SLICE_BOS + 1)

/**
 * struct panthor_mem_swapin_test - What the tests need
 */
struct panthor_mem_swapin_test {
	/** @ptdev: Device. */
	struct panthor_device *ptdev;

	/** @file: File of the process that submits. */
	struct drm_file *file;

	/** @vm: VM of its job. */
	struct panthor_vm *vm;

	/** @bos: Its BOs, which are mapped in @vm. */
	struct panthor_gem_object *bos[PANTHOR_TEST_JOB_BOS];
};

static int panthor_mem_swapin_test_init(struct kunit *test)
{
	struct panthor_mem_swapin_test *ctx;

	ctx = kunit_kzalloc(test, sizeof(*ctx), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ctx);
	test->priv = ctx;

	ctx->ptdev = panthor_kunit_device(test);
	ctx->file = panthor_kunit_open(test, ctx->ptdev, panthor_kunit_process(test));
	ctx->vm = panthor_kunit_vm(test, ctx->file);
	for (u32 i = 0; i < PANTHOR_TEST_JOB_BOS; i++)
		ctx->bos[i] = panthor_kunit_mapped_bo(test, ctx->file, ctx->vm, PAGE_SIZE);
	return 0;
}

static void panthor_test_evict_all(struct kunit *test)
{
	struct panthor_mem_swapin_test *ctx = test->priv;

	for (u32 i = 0; i < PANTHOR_TEST_JOB_BOS; i++)
		panthor_kunit_evict(test, ctx->bos[i]);
}

static u32 panthor_test_resident(struct panthor_mem_swapin_test *ctx)
{
	u32 count = 0;

	for (u32 i = 0; i < PANTHOR_TEST_JOB_BOS; i++)
		count += ctx->bos[i]->reclaim_state == PANTHOR_GEM_GPU_MAPPED_SINGLE_VM &&
			 !panthor_mem_bo_evicted(ctx->bos[i]);

	return count;
}

/* All BOs of the VM, which are more than two slices, come back, but none of another VM. */
static void panthor_mem_swapin_test_all(struct kunit *test)
{
	struct panthor_mem_swapin_test *ctx = test->priv;
	struct panthor_vm *other_vm = panthor_kunit_vm(test, ctx->file);
	struct panthor_gem_object *other;
	u32 submits;

	other = panthor_kunit_mapped_bo(test, ctx->file, other_vm, PAGE_SIZE);
	panthor_kunit_evict(test, other);
	panthor_test_evict_all(test);
	KUNIT_ASSERT_TRUE(test, panthor_vm_has_evicted(ctx->vm));
	KUNIT_ASSERT_EQ(test, panthor_test_resident(ctx), 0);

	submits = panthor_vm_submits(ctx->vm);
	panthor_mem_swapin_vm(ctx->ptdev, ctx->vm);
	KUNIT_EXPECT_EQ(test, panthor_test_resident(ctx), PANTHOR_TEST_JOB_BOS);
	KUNIT_EXPECT_FALSE(test, panthor_vm_has_evicted(ctx->vm));
	KUNIT_EXPECT_TRUE(test, panthor_mem_bo_evicted(other));

	/* A reclaim of the target sees the submit. */
	KUNIT_EXPECT_NE(test, panthor_vm_submits(ctx->vm), submits);
	KUNIT_EXPECT_FALSE(test, panthor_vm_swapin_begin(ctx->vm));
	panthor_vm_swapin_end(ctx->vm);
}

/* The pages of one BO came back earlier, its mappings did not. */
static void panthor_mem_swapin_test_pages_are_back(struct kunit *test)
{
	struct panthor_mem_swapin_test *ctx = test->priv;

	panthor_test_evict_all(test);
	KUNIT_ASSERT_EQ(test, 0, panthor_gem_pin(ctx->bos[1]));
	panthor_gem_unpin(ctx->bos[1]);
	KUNIT_ASSERT_NULL(test, ctx->bos[1]->dmap.sgt);

	panthor_mem_swapin_vm(ctx->ptdev, ctx->vm);
	KUNIT_EXPECT_EQ(test, panthor_test_resident(ctx), PANTHOR_TEST_JOB_BOS);
	KUNIT_EXPECT_FALSE(test, panthor_vm_has_evicted(ctx->vm));
}

/* The VM has new work as long as it is swapped in for a job, whenever a reclaim began. */
static void panthor_mem_swapin_test_is_new_work(struct kunit *test)
{
	struct panthor_mem_swapin_test *ctx = test->priv;
	u32 submits = panthor_vm_submits(ctx->vm);

	dma_resv_lock(panthor_vm_resv(ctx->vm), NULL);
	KUNIT_EXPECT_FALSE(test, panthor_vm_has_new_work(ctx->vm, submits));
	panthor_vm_job_swapin_begin(ctx->vm);
	KUNIT_EXPECT_TRUE(test, panthor_vm_has_new_work(ctx->vm, submits));
	KUNIT_EXPECT_TRUE(test, panthor_vm_has_new_work(ctx->vm, panthor_vm_submits(ctx->vm)));
	panthor_vm_job_swapin_end(ctx->vm);
	KUNIT_EXPECT_TRUE(test, panthor_vm_has_new_work(ctx->vm, submits));
	KUNIT_EXPECT_FALSE(test, panthor_vm_has_new_work(ctx->vm, panthor_vm_submits(ctx->vm)));
	dma_resv_unlock(panthor_vm_resv(ctx->vm));

	/* The swap-in ends, whatever came back. */
	panthor_test_evict_all(test);
	panthor_mem_swapin_vm(ctx->ptdev, ctx->vm);
	KUNIT_EXPECT_FALSE(test, panthor_vm_has_new_work(ctx->vm, panthor_vm_submits(ctx->vm)));
}

/* If nothing is evicted, nothing is done, and no submit is counted. */
static void panthor_mem_swapin_test_nothing(struct kunit *test)
{
	struct panthor_mem_swapin_test *ctx = test->priv;
	u32 submits = panthor_vm_submits(ctx->vm);

	panthor_mem_swapin_vm(ctx->ptdev, ctx->vm);
	KUNIT_EXPECT_EQ(test, panthor_vm_submits(ctx->vm), submits);
}

/* All BOs come back even if another thread swaps in the same VM, and neither waits. */
static void panthor_mem_swapin_test_second(struct kunit *test)
{
	struct panthor_mem_swapin_test *ctx = test->priv;

	panthor_test_evict_all(test);
	KUNIT_ASSERT_FALSE(test, panthor_vm_swapin_begin(ctx->vm));
	panthor_mem_swapin_vm(ctx->ptdev, ctx->vm);
	panthor_vm_swapin_end(ctx->vm);
	KUNIT_EXPECT_EQ(test, panthor_test_resident(ctx), PANTHOR_TEST_JOB_BOS);
}

static bool panthor_test_spare_cpu(void)
{
	return true;
}

static bool panthor_test_no_spare_cpu(void)
{
	return false;
}

static void panthor_test_job_begin(struct panthor_vm *vm)
{
	dma_resv_lock(panthor_vm_resv(vm), NULL);
	panthor_vm_job_swapin_begin(vm);
	dma_resv_unlock(panthor_vm_resv(vm));
}

/* A claim helps a job that swaps in the VM if it has a CPU, or after its deadline. */
static void panthor_mem_swapin_test_claim_helps(struct kunit *test)
{
	struct panthor_mem_swapin_test *ctx = test->priv;
	struct panthor_mem_selector selector = { .client_id = ctx->file->client_id };

	panthor_test_job_begin(ctx->vm);
	for (u32 i = 0; i < 2; i++) {
		struct drm_panthor_mem_claim args = { .deadline_ns = i };

		if (i)
			kunit_activate_static_stub(test, panthor_mem_spare_cpu,
						   panthor_test_no_spare_cpu);
		else
			kunit_activate_static_stub(test, panthor_mem_spare_cpu,
						   panthor_test_spare_cpu);
		panthor_test_evict_all(test);
		KUNIT_EXPECT_EQ(test, 0, panthor_mem_claim(ctx->ptdev, &selector, &args));
		KUNIT_EXPECT_EQ(test, args.claimed_bytes, PANTHOR_TEST_JOB_BOS * PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, args.remaining_bytes, 0);
		KUNIT_EXPECT_EQ(test, args.status, 0);
	}
	panthor_vm_job_swapin_end(ctx->vm);
}

/* What another thread does while a claim waits: it submits, or its submit ends. */
struct panthor_test_submit {
	struct work_struct work;
	struct panthor_vm *vm;
	bool ends;
	bool claim_waited;
	bool claimed;
};

static void panthor_test_submit(struct work_struct *work)
{
	struct panthor_test_submit *submit = container_of(work, typeof(*submit), work);

	msleep(20);
	submit->claim_waited = panthor_vm_has_evicted(submit->vm);
	if (submit->ends) {
		panthor_vm_job_swapin_end(submit->vm);
		return;
	}

	/* The claim can begin after the first submit. */
	do {
		panthor_kunit_submit(submit->vm);
		msleep(20);
	} while (!READ_ONCE(submit->claimed));
}

/* Without a CPU of its own, a claim waits for the job, until it ends or there is another. */
static void panthor_mem_swapin_test_claim_waits(struct kunit *test)
{
	struct panthor_mem_swapin_test *ctx = test->priv;
	struct panthor_mem_selector selector = { .client_id = ctx->file->client_id };
	struct panthor_test_submit submit = { .vm = ctx->vm };

	kunit_activate_static_stub(test, panthor_mem_spare_cpu, panthor_test_no_spare_cpu);
	INIT_WORK_ONSTACK(&submit.work, panthor_test_submit);
	panthor_test_job_begin(ctx->vm);
	for (u32 i = 0; i < 2; i++) {
		struct drm_panthor_mem_claim args = {};

		submit.ends = i;
		submit.claimed = false;
		panthor_test_evict_all(test);
		schedule_work(&submit.work);
		KUNIT_EXPECT_EQ(test, 0, panthor_mem_claim(ctx->ptdev, &selector, &args));
		WRITE_ONCE(submit.claimed, true);
		flush_work(&submit.work);
		KUNIT_EXPECT_TRUE(test, submit.claim_waited);
		KUNIT_EXPECT_EQ(test, args.claimed_bytes, PANTHOR_TEST_JOB_BOS * PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, args.remaining_bytes, 0);
	}
	destroy_work_on_stack(&submit.work);
}

static struct panthor_mem_op *panthor_test_no_op_for_job(struct panthor_device *ptdev)
{
	return NULL;
}

/* Without memory the BOs are left to GROUP_SUBMIT. */
static void panthor_mem_swapin_test_no_memory(struct kunit *test)
{
	struct panthor_mem_swapin_test *ctx = test->priv;

	panthor_test_evict_all(test);
	kunit_activate_static_stub(test, panthor_mem_op_alloc, panthor_test_no_op_for_job);
	panthor_mem_swapin_vm(ctx->ptdev, ctx->vm);
	KUNIT_EXPECT_EQ(test, panthor_test_resident(ctx), 0);
	KUNIT_EXPECT_TRUE(test, panthor_vm_has_evicted(ctx->vm));
}

/* A BO that cannot be read ends the swap-in. GROUP_SUBMIT returns the error. */
static void panthor_mem_swapin_test_unreadable(struct kunit *test)
{
	struct panthor_mem_swapin_test *ctx = test->priv;
	struct inode *inode = file_inode(ctx->bos[0]->base.filp);

	panthor_test_evict_all(test);
	i_size_write(inode, 0);
	panthor_mem_swapin_vm(ctx->ptdev, ctx->vm);
	i_size_write(inode, PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, panthor_mem_bo_evicted(ctx->bos[0]));

	panthor_mem_swapin_vm(ctx->ptdev, ctx->vm);
	KUNIT_EXPECT_EQ(test, panthor_test_resident(ctx), PANTHOR_TEST_JOB_BOS);
}

/* A signal leaves the rest to GROUP_SUBMIT. */
static void panthor_mem_swapin_test_signal(struct kunit *test)
{
	struct panthor_mem_swapin_test *ctx = test->priv;

	panthor_test_evict_all(test);
	allow_signal(SIGUSR1);
	send_sig(SIGUSR1, current, 0);
	panthor_mem_swapin_vm(ctx->ptdev, ctx->vm);
	flush_signals(current);
	disallow_signal(SIGUSR1);
	KUNIT_EXPECT_EQ(test, panthor_test_resident(ctx), 0);
}

static struct kunit_case panthor_mem_swapin_test_cases[] = {
	KUNIT_CASE(panthor_mem_swapin_test_all),
	KUNIT_CASE(panthor_mem_swapin_test_pages_are_back),
	KUNIT_CASE(panthor_mem_swapin_test_is_new_work),
	KUNIT_CASE(panthor_mem_swapin_test_nothing),
	KUNIT_CASE(panthor_mem_swapin_test_second),
	KUNIT_CASE(panthor_mem_swapin_test_claim_helps),
	KUNIT_CASE(panthor_mem_swapin_test_claim_waits),
	KUNIT_CASE(panthor_mem_swapin_test_no_memory),
	KUNIT_CASE(panthor_mem_swapin_test_unreadable),
	KUNIT_CASE(panthor_mem_swapin_test_signal),
	{}
};

static struct kunit_suite panthor_mem_swapin_test_suite = {
	.name = "panthor_mem_swapin",
	.init = panthor_mem_swapin_test_init,
	.test_cases = panthor_mem_swapin_test_cases,
};

kunit_test_suite(panthor_mem_swapin_test_suite);
