// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Which files, VMs and BOs a call finds, and which other calls it ends or waits for.
 */

#include <linux/dma-buf.h>
#include <linux/pid.h>
#include <linux/sched.h>

#include <drm/drm_device.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_gpuvm.h>
#include <drm/panthor_drm.h>

#include <kunit/test.h>

#include "../panthor_device.h"
#include "../panthor_gem.h"
#include "../panthor_mem.h"
#include "../panthor_mem_claim.h"
#include "../panthor_mem_reclaim.h"
#include "../panthor_mem_select.h"
#include "../panthor_mmu.h"
#include "panthor_kunit.h"

/* More than fit into the arrays at first, and after they have grown once. */
#define PANTHOR_TEST_FILES	40
#define PANTHOR_TEST_VMS	20

/* No such process: pid_max is far below. */
#define PANTHOR_TEST_NO_TGID	INT_MAX

/**
 * struct panthor_mem_target_test - What the tests need
 */
struct panthor_mem_target_test {
	/** @ptdev: Device. */
	struct panthor_device *ptdev;

	/** @pid: The process to search for. */
	struct pid *pid;

	/** @other: Another process. */
	struct pid *other;

	/** @selector: Names @pid. */
	struct panthor_mem_selector selector;

	/** @other_selector: Names @other. */
	struct panthor_mem_selector other_selector;

	/** @target: What was found. */
	struct panthor_mem_target target;
};

static int panthor_mem_target_test_init(struct kunit *test)
{
	struct panthor_mem_target_test *ctx;

	ctx = kunit_kzalloc(test, sizeof(*ctx), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ctx);
	test->priv = ctx;

	ctx->ptdev = panthor_kunit_device(test);
	ctx->pid = panthor_kunit_process(test);
	ctx->other = panthor_kunit_process(test);
	ctx->selector.owner = ctx->pid;
	ctx->other_selector.owner = ctx->other;
	return 0;
}

static int panthor_test_select(struct panthor_mem_target_test *ctx,
			       const struct panthor_mem_selector *selector)
{
	int ret;

	/* Zeroed, as in panthor_mem_begin(). */
	memset(&ctx->target, 0, sizeof(ctx->target));

	ret = panthor_mem_target_init(&ctx->target, ctx->ptdev, selector);
	if (ret)
		panthor_mem_target_fini(&ctx->target);

	return ret;
}

static int panthor_test_find(struct panthor_mem_target_test *ctx, struct pid *pid)
{
	return panthor_test_select(ctx, pid == ctx->pid ? &ctx->selector : &ctx->other_selector);
}

static u32 panthor_test_count_file(const struct panthor_mem_target *target,
				   const struct drm_file *file)
{
	u32 count = 0;

	for (u32 i = 0; i < target->file_count; i++)
		count += target->file_ids[i] == file->client_id;

	return count;
}

/* Files of the target are found, wherever they are on the list. */
static void panthor_mem_target_test_only_its_files(struct kunit *test)
{
	struct panthor_mem_target_test *ctx = test->priv;
	struct drm_file *its[3], *others[3];

	for (u32 i = 0; i < ARRAY_SIZE(its); i++) {
		others[i] = panthor_kunit_open(test, ctx->ptdev, ctx->other);
		its[i] = panthor_kunit_open(test, ctx->ptdev, ctx->pid);
	}

	KUNIT_ASSERT_EQ(test, 0, panthor_test_find(ctx, ctx->pid));
	KUNIT_EXPECT_EQ(test, ctx->target.file_count, ARRAY_SIZE(its));
	KUNIT_EXPECT_EQ(test, ctx->target.vm_count, 0);
	for (u32 i = 0; i < ARRAY_SIZE(its); i++) {
		KUNIT_EXPECT_EQ(test, 1, panthor_test_count_file(&ctx->target, its[i]));
		KUNIT_EXPECT_EQ(test, 0, panthor_test_count_file(&ctx->target, others[i]));
	}
	panthor_mem_target_fini(&ctx->target);
}

static void panthor_mem_target_test_many_files(struct kunit *test)
{
	struct panthor_mem_target_test *ctx = test->priv;
	struct drm_file *its[PANTHOR_TEST_FILES];

	for (u32 i = 0; i < PANTHOR_TEST_FILES; i++) {
		panthor_kunit_open(test, ctx->ptdev, ctx->other);
		its[i] = panthor_kunit_open(test, ctx->ptdev, ctx->pid);
	}

	KUNIT_ASSERT_EQ(test, 0, panthor_test_find(ctx, ctx->pid));
	KUNIT_EXPECT_EQ(test, ctx->target.file_count, PANTHOR_TEST_FILES);
	for (u32 i = 0; i < PANTHOR_TEST_FILES; i++)
		KUNIT_EXPECT_EQ(test, 1, panthor_test_count_file(&ctx->target, its[i]));
	panthor_mem_target_fini(&ctx->target);
}

static void panthor_mem_target_test_many_vms(struct kunit *test)
{
	struct panthor_mem_target_test *ctx = test->priv;
	struct panthor_vm *its[2 * PANTHOR_TEST_VMS], *other;
	struct drm_file *files[2], *file;

	file = panthor_kunit_open(test, ctx->ptdev, ctx->other);
	other = panthor_kunit_vm(test, file);
	for (u32 i = 0; i < ARRAY_SIZE(files); i++)
		files[i] = panthor_kunit_open(test, ctx->ptdev, ctx->pid);
	for (u32 i = 0; i < ARRAY_SIZE(its); i++)
		its[i] = panthor_kunit_vm(test, files[i % ARRAY_SIZE(files)]);

	KUNIT_ASSERT_EQ(test, 0, panthor_test_find(ctx, ctx->pid));
	KUNIT_EXPECT_EQ(test, ctx->target.vm_count, ARRAY_SIZE(its));
	for (u32 i = 0; i < ARRAY_SIZE(its); i++)
		KUNIT_EXPECT_TRUE(test, panthor_mem_target_has_vm(&ctx->target,
								  panthor_vm_gpuvm(its[i])));
	KUNIT_EXPECT_FALSE(test, panthor_mem_target_has_vm(&ctx->target,
							   panthor_vm_gpuvm(other)));

	/* They outlive their file. */
	panthor_kunit_close(test, files[0]);
	for (u32 i = 0; i < ARRAY_SIZE(its); i++)
		KUNIT_EXPECT_TRUE(test, panthor_mem_target_has_vm(&ctx->target,
								  panthor_vm_gpuvm(its[i])));
	panthor_mem_target_fini(&ctx->target);

	/* The test has a reference to each of them, and the open file to its own. */
	for (u32 i = 0; i < ARRAY_SIZE(its); i++)
		KUNIT_EXPECT_EQ(test, kref_read(&panthor_vm_gpuvm(its[i])->kref),
				i % ARRAY_SIZE(files) ? 2 : 1);
}

/*
 * A struct pid that no file has. A thread id is no different, because files have the
 * struct pid of a thread group.
 */
static void panthor_mem_target_test_no_file(struct kunit *test)
{
	struct panthor_mem_target_test *ctx = test->priv;
	struct drm_file *file;

	KUNIT_EXPECT_EQ(test, -ESRCH, panthor_test_find(ctx, ctx->pid));

	file = panthor_kunit_open(test, ctx->ptdev, ctx->other);
	KUNIT_EXPECT_EQ(test, -ESRCH, panthor_test_find(ctx, ctx->pid));

	/* The owner of a file is the process that used it last. */
	panthor_kunit_set_owner(file, ctx->pid);
	KUNIT_EXPECT_EQ(test, -ESRCH, panthor_test_find(ctx, ctx->other));
	KUNIT_ASSERT_EQ(test, 0, panthor_test_find(ctx, ctx->pid));
	panthor_mem_target_fini(&ctx->target);

	panthor_kunit_close(test, file);
	KUNIT_EXPECT_EQ(test, -ESRCH, panthor_test_find(ctx, ctx->pid));
}

/* The ioctls find the process by its number. */
static void panthor_mem_target_test_ioctl_tgid(struct kunit *test)
{
	struct panthor_mem_target_test *ctx = test->priv;
	struct drm_device *ddev = &ctx->ptdev->base;
	struct drm_panthor_mem_claim claim = {};
	struct drm_panthor_mem_reclaim reclaim = {};

	if (!IS_ENABLED(CONFIG_SWAP))
		kunit_skip(test, "needs swap");

	claim.tgid = PANTHOR_TEST_NO_TGID;
	reclaim.tgid = PANTHOR_TEST_NO_TGID;
	KUNIT_EXPECT_EQ(test, -ESRCH, panthor_ioctl_mem_claim(ddev, &claim, NULL));
	KUNIT_EXPECT_EQ(test, -ESRCH, panthor_ioctl_mem_reclaim(ddev, &reclaim, NULL));

	claim.tgid = pid_nr(ctx->pid);
	KUNIT_EXPECT_EQ(test, -ESRCH, panthor_ioctl_mem_claim(ddev, &claim, NULL));
	panthor_kunit_open(test, ctx->ptdev, ctx->pid);
	KUNIT_EXPECT_EQ(test, 0, panthor_ioctl_mem_claim(ddev, &claim, NULL));

	/* 0 is the caller. */
	claim.tgid = 0;
	reclaim.tgid = 0;
	KUNIT_EXPECT_EQ(test, -ESRCH, panthor_ioctl_mem_claim(ddev, &claim, NULL));
	KUNIT_EXPECT_EQ(test, -ESRCH, panthor_ioctl_mem_reclaim(ddev, &reclaim, NULL));
	panthor_kunit_open(test, ctx->ptdev, task_tgid(current));
	KUNIT_EXPECT_EQ(test, 0, panthor_ioctl_mem_claim(ddev, &claim, NULL));
}

static void panthor_mem_target_test_arguments(struct kunit *test)
{
	const u32 pidfd = DRM_PANTHOR_MEM_TARGET_PIDFD;

	KUNIT_EXPECT_EQ(test, 0, panthor_mem_check_args(0, 0, 0, 0, 0));
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_check_args(3, 3, INT_MAX, 0, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, panthor_mem_check_args(4, 3, 0, 0, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, panthor_mem_check_args(1U << 31, 3, 0, 0, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, panthor_mem_check_args(0, 3, INT_MAX + 1U, 0, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, panthor_mem_check_args(0, 3, U32_MAX, 0, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, panthor_mem_check_args(0, 3, 0, 0, 1));

	/* A target without a flag, a TGID with one. */
	KUNIT_EXPECT_EQ(test, -EINVAL, panthor_mem_check_args(0, 3, 0, 1, 0));
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_check_args(pidfd, 3, 0, U64_MAX, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, panthor_mem_check_args(pidfd, 3, 1, 1, 0));
}

/* Numbers that are not a pidfd. */
static void panthor_mem_target_test_bad_descriptor(struct kunit *test)
{
	struct panthor_mem_selector selector;

	KUNIT_EXPECT_EQ(test, -EBADF, panthor_mem_select(&selector, DRM_PANTHOR_MEM_TARGET_PIDFD,
							 0, U64_MAX));
	KUNIT_EXPECT_EQ(test, -EBADF, panthor_mem_select(&selector, DRM_PANTHOR_MEM_TARGET_PIDFD,
							 0, 1000000));
	panthor_mem_unselect(&selector);
}

/* Numbers of BOs of a file, around what fits into a slice. */
static const u32 panthor_test_counts[] = {
	0, 1,
	PANTHOR_MEM_SLICE_BOS - 1, PANTHOR_MEM_SLICE_BOS, PANTHOR_MEM_SLICE_BOS + 1,
	2 * PANTHOR_MEM_SLICE_BOS, 2 * PANTHOR_MEM_SLICE_BOS + 5,
};

static void panthor_test_count_desc(const u32 *count, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u BOs", *count);
}

KUNIT_ARRAY_PARAM(panthor_test_count, panthor_test_counts, panthor_test_count_desc);

static struct panthor_mem_op *panthor_test_begin(struct kunit *test)
{
	struct panthor_mem_target_test *ctx = test->priv;
	struct panthor_mem_op *op;

	op = panthor_mem_begin(ctx->ptdev, &ctx->selector, false);
	KUNIT_ASSERT_FALSE(test, IS_ERR(op));
	return op;
}

/*
 * Walks the handles of a file. Returns how many BOs were found, all of them for
 * the first time.
 */
static u32 panthor_test_walk(struct kunit *test, struct panthor_mem_op *op,
			     struct drm_file *file)
{
	u32 found = 0, slices = 0;
	int handle = 0;

	while (panthor_mem_next_file_bos(op, file->client_id, &handle)) {
		KUNIT_EXPECT_LE(test, op->bo_count, PANTHOR_MEM_SLICE_BOS);
		for (u32 i = 0; i < op->bo_count; i++) {
			KUNIT_EXPECT_TRUE(test, panthor_mem_first_visit(op, op->bos[i]));
			KUNIT_EXPECT_FALSE(test, panthor_mem_first_visit(op, op->bos[i]));
			KUNIT_EXPECT_FALSE(test, drm_gem_is_imported(&op->bos[i]->base));
		}
		found += op->bo_count;
		panthor_mem_put_bos(op);
		KUNIT_EXPECT_EQ(test, op->bo_count, 0);

		if (++slices > PANTHOR_TEST_FILES) {
			KUNIT_FAIL(test, "the walk does not end");
			break;
		}
	}

	return found;
}

/* Each BO is found once, at most a slice at a time, and none of another file. */
static void panthor_mem_target_test_handles(struct kunit *test)
{
	struct panthor_mem_target_test *ctx = test->priv;
	const u32 count = *(const u32 *)test->param_value;
	struct panthor_gem_object *other;
	struct panthor_mem_op *op;
	struct drm_file *file;

	file = panthor_kunit_open(test, ctx->ptdev, ctx->other);
	other = panthor_kunit_bo(test, file, NULL, PAGE_SIZE);
	file = panthor_kunit_open(test, ctx->ptdev, ctx->pid);
	for (u32 i = 0; i < count; i++)
		panthor_kunit_bo(test, file, NULL, PAGE_SIZE);

	op = panthor_test_begin(test);
	KUNIT_EXPECT_EQ(test, count, panthor_test_walk(test, op, file));
	KUNIT_EXPECT_TRUE(test, panthor_mem_first_visit(op, other));
	panthor_mem_end(op);

	/* The next call visits them again. */
	op = panthor_test_begin(test);
	KUNIT_EXPECT_EQ(test, count, panthor_test_walk(test, op, file));
	panthor_mem_end(op);
}

/* Handles that were closed leave gaps. */
static void panthor_mem_target_test_handles_with_gaps(struct kunit *test)
{
	struct panthor_mem_target_test *ctx = test->priv;
	const u32 count = 3 * PANTHOR_MEM_SLICE_BOS;
	struct panthor_mem_op *op;
	struct drm_file *file;
	u32 left = count;

	file = panthor_kunit_open(test, ctx->ptdev, ctx->pid);
	for (u32 i = 0; i < count; i++)
		panthor_kunit_bo(test, file, NULL, PAGE_SIZE);
	/* Handles start from 1. The first and the last one are closed, too. */
	for (u32 i = 1; i <= count; i += i < count / 2 ? 3 : 1, left--)
		KUNIT_ASSERT_EQ(test, 0, drm_gem_handle_delete(file, i));

	op = panthor_test_begin(test);
	KUNIT_EXPECT_EQ(test, left, panthor_test_walk(test, op, file));
	panthor_mem_end(op);
}

static void panthor_test_unimport(void *bo)
{
	((struct panthor_gem_object *)bo)->base.import_attach = NULL;
}

/* Imported BOs have no pages of the process. More of them than a slice come first. */
static void panthor_mem_target_test_imported(struct kunit *test)
{
	struct panthor_mem_target_test *ctx = test->priv;
	const u32 imported = 2 * PANTHOR_MEM_SLICE_BOS + 1, own = 3;
	struct dma_buf_attachment *attach;
	struct panthor_mem_op *op;
	struct drm_file *file;

	attach = kunit_kzalloc(test, sizeof(*attach), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, attach);

	file = panthor_kunit_open(test, ctx->ptdev, ctx->pid);
	for (u32 i = 0; i < imported + own; i++) {
		struct panthor_gem_object *bo = panthor_kunit_bo(test, file, NULL, PAGE_SIZE);

		if (i >= imported)
			continue;
		bo->base.import_attach = attach;
		KUNIT_ASSERT_EQ(test, 0,
				kunit_add_action_or_reset(test, panthor_test_unimport, bo));
	}

	op = panthor_test_begin(test);
	KUNIT_EXPECT_EQ(test, own, panthor_test_walk(test, op, file));
	panthor_mem_end(op);
}

/* The file is closed after the first slice: the walk ends, its BOs stay valid. */
static void panthor_mem_target_test_closed_file(struct kunit *test)
{
	struct panthor_mem_target_test *ctx = test->priv;
	struct panthor_mem_op *op;
	struct drm_file *file;
	int handle = 0;
	u64 id;

	file = panthor_kunit_open(test, ctx->ptdev, ctx->pid);
	id = file->client_id;
	for (u32 i = 0; i < 2 * PANTHOR_MEM_SLICE_BOS; i++)
		panthor_kunit_bo(test, file, NULL, PAGE_SIZE);

	op = panthor_test_begin(test);
	KUNIT_EXPECT_TRUE(test, panthor_mem_next_file_bos(op, id, &handle));
	KUNIT_EXPECT_EQ(test, op->bo_count, PANTHOR_MEM_SLICE_BOS);

	panthor_kunit_close(test, file);
	for (u32 i = 0; i < op->bo_count; i++)
		KUNIT_EXPECT_EQ(test, op->bos[i]->base.size, PAGE_SIZE);
	panthor_mem_put_bos(op);

	KUNIT_EXPECT_FALSE(test, panthor_mem_next_file_bos(op, id, &handle));
	KUNIT_EXPECT_EQ(test, op->bo_count, 0);
	panthor_mem_end(op);
}

/* BOs of a VM come in slices, in the order of their addresses. */
static void panthor_mem_target_test_vm_bos(struct kunit *test)
{
	struct panthor_mem_target_test *ctx = test->priv;
	const u32 count = PANTHOR_MEM_SLICE_BOS + 2;
	struct panthor_gem_object *bo = NULL;
	u64 va = 0, user_va = SZ_1G;
	struct panthor_mem_op *op;
	struct drm_file *file;
	struct panthor_vm *vm;

	file = panthor_kunit_open(test, ctx->ptdev, ctx->pid);
	vm = panthor_kunit_vm(test, file);
	for (u32 i = 0; i < count; i++, user_va -= SZ_1M) {
		bo = panthor_kunit_bo(test, file, vm, PAGE_SIZE);
		panthor_kunit_map(test, vm, bo, user_va);
	}
	/* The last BO has the lowest address, and is mapped again at the highest. */
	panthor_kunit_map(test, vm, bo, SZ_1G + SZ_1M);

	op = panthor_test_begin(test);
	KUNIT_EXPECT_EQ(test, 1, panthor_mem_next_vm_bos(op, vm, &va));
	KUNIT_EXPECT_EQ(test, op->bo_count, PANTHOR_MEM_SLICE_BOS);
	KUNIT_EXPECT_PTR_EQ(test, op->bos[0], bo);
	for (u32 i = 0; i < op->bo_count; i++)
		KUNIT_EXPECT_TRUE(test, panthor_mem_first_visit(op, op->bos[i]));
	panthor_mem_put_bos(op);

	KUNIT_EXPECT_EQ(test, 1, panthor_mem_next_vm_bos(op, vm, &va));
	KUNIT_ASSERT_EQ(test, op->bo_count, 3);
	KUNIT_EXPECT_TRUE(test, panthor_mem_first_visit(op, op->bos[0]));
	KUNIT_EXPECT_TRUE(test, panthor_mem_first_visit(op, op->bos[1]));
	KUNIT_EXPECT_PTR_EQ(test, op->bos[2], bo);
	KUNIT_EXPECT_FALSE(test, panthor_mem_first_visit(op, op->bos[2]));
	panthor_mem_put_bos(op);

	KUNIT_EXPECT_EQ(test, 0, panthor_mem_next_vm_bos(op, vm, &va));
	panthor_mem_end(op);
}

/* No call gets the number that marks BOs that were never visited. */
static void panthor_mem_target_test_visit_wraps(struct kunit *test)
{
	struct panthor_mem_target_test *ctx = test->priv;
	struct panthor_mem_op *op;

	panthor_kunit_open(test, ctx->ptdev, ctx->pid);
	atomic_set(&ctx->ptdev->mem.visit, -2);
	for (u32 i = 0; i < 3; i++) {
		op = panthor_test_begin(test);
		KUNIT_EXPECT_NE(test, op->visit, 0);
		panthor_mem_end(op);
	}
	KUNIT_EXPECT_EQ(test, 2, atomic_read(&ctx->ptdev->mem.visit));
}

static struct panthor_mem_op *
panthor_test_begin_reclaim(struct kunit *test, const struct panthor_mem_selector *selector)
{
	struct panthor_mem_target_test *ctx = test->priv;
	struct panthor_mem_op *op = panthor_mem_begin(ctx->ptdev, selector, true);

	KUNIT_ASSERT_FALSE(test, IS_ERR(op));
	return op;
}

/* A claim ends the reclaims of its target that began before it, and no others. */
static void panthor_mem_target_test_claim_ends_reclaims(struct kunit *test)
{
	struct panthor_mem_target_test *ctx = test->priv;
	struct panthor_mem_op *reclaims[2], *other, *later, *claim;

	panthor_kunit_open(test, ctx->ptdev, ctx->pid);
	panthor_kunit_open(test, ctx->ptdev, ctx->other);

	reclaims[0] = panthor_test_begin_reclaim(test, &ctx->selector);
	reclaims[1] = panthor_test_begin_reclaim(test, &ctx->selector);
	other = panthor_test_begin_reclaim(test, &ctx->other_selector);

	/* A reclaim that has ended is not touched. */
	panthor_mem_end(reclaims[0]);

	claim = panthor_test_begin(test);
	claim->deadline_ns = S64_MAX;
	later = panthor_test_begin_reclaim(test, &ctx->selector);
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_cancel_reclaims(claim));
	KUNIT_EXPECT_TRUE(test, reclaims[1]->cancelled);
	KUNIT_EXPECT_FALSE(test, other->cancelled);
	KUNIT_EXPECT_FALSE(test, later->cancelled);
	KUNIT_EXPECT_FALSE(test, panthor_mem_evict_begin(reclaims[1]));
	KUNIT_EXPECT_TRUE(test, panthor_mem_evict_begin(later));
	panthor_mem_evict_end(later);
	panthor_mem_end(claim);

	panthor_mem_end(reclaims[1]);
	panthor_mem_end(other);
	panthor_mem_end(later);
	KUNIT_EXPECT_TRUE(test, list_empty(&ctx->ptdev->mem.reclaims));
}

/* A claim waits for reclaims that evict, or that do not know their target yet. */
static void panthor_mem_target_test_claim_waits(struct kunit *test)
{
	struct panthor_mem_target_test *ctx = test->priv;
	struct panthor_mem_op *reclaim, *claim;

	panthor_kunit_open(test, ctx->ptdev, ctx->pid);
	panthor_kunit_open(test, ctx->ptdev, ctx->other);

	reclaim = panthor_test_begin_reclaim(test, &ctx->selector);
	claim = panthor_test_begin(test);
	claim->deadline_ns = 1;
	KUNIT_EXPECT_TRUE(test, panthor_mem_evict_begin(reclaim));
	KUNIT_EXPECT_EQ(test, -EBUSY, panthor_mem_cancel_reclaims(claim));
	panthor_mem_evict_end(reclaim);
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_cancel_reclaims(claim));
	panthor_mem_end(reclaim);

	reclaim = panthor_test_begin_reclaim(test, &ctx->other_selector);
	claim->ticket = reclaim->ticket + 1;
	reclaim->collected = false;
	KUNIT_EXPECT_EQ(test, -EBUSY, panthor_mem_cancel_reclaims(claim));
	reclaim->collected = true;
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_cancel_reclaims(claim));
	KUNIT_EXPECT_FALSE(test, reclaim->cancelled);
	panthor_mem_end(reclaim);
	panthor_mem_end(claim);
}

/* After its deadline, a call tries a lock that is held briefly again, and not for ever. */
static void panthor_mem_target_test_grace(struct kunit *test)
{
	struct panthor_mem_target_test *ctx = test->priv;
	u32 grace, us = 0, sum = 0;
	struct panthor_mem_op *op;
	int ret;

	panthor_kunit_open(test, ctx->ptdev, ctx->pid);
	op = panthor_test_begin(test);
	op->deadline_ns = 1;
	grace = atomic_read(&op->grace_us);
	for (u32 i = 0; !(ret = panthor_mem_pause(op, &us)) && i < grace; i++)
		sum += us;
	KUNIT_EXPECT_EQ(test, ret, -EBUSY);
	KUNIT_EXPECT_GT(test, sum, 0);
	KUNIT_EXPECT_LE(test, sum, grace);
	panthor_mem_end(op);
}

static struct kunit_case panthor_mem_target_test_cases[] = {
	KUNIT_CASE(panthor_mem_target_test_only_its_files),
	KUNIT_CASE(panthor_mem_target_test_many_files),
	KUNIT_CASE(panthor_mem_target_test_many_vms),
	KUNIT_CASE(panthor_mem_target_test_no_file),
	KUNIT_CASE(panthor_mem_target_test_ioctl_tgid),
	KUNIT_CASE(panthor_mem_target_test_arguments),
	KUNIT_CASE(panthor_mem_target_test_bad_descriptor),
	KUNIT_CASE_PARAM(panthor_mem_target_test_handles, panthor_test_count_gen_params),
	KUNIT_CASE(panthor_mem_target_test_handles_with_gaps),
	KUNIT_CASE(panthor_mem_target_test_imported),
	KUNIT_CASE(panthor_mem_target_test_closed_file),
	KUNIT_CASE(panthor_mem_target_test_vm_bos),
	KUNIT_CASE(panthor_mem_target_test_visit_wraps),
	KUNIT_CASE(panthor_mem_target_test_claim_ends_reclaims),
	KUNIT_CASE(panthor_mem_target_test_claim_waits),
	KUNIT_CASE(panthor_mem_target_test_grace),
	{}
};

static struct kunit_suite panthor_mem_target_test_suite = {
	.name = "panthor_mem_target",
	.init = panthor_mem_target_test_init,
	.test_cases = panthor_mem_target_test_cases,
};

kunit_test_suite(panthor_mem_target_test_suite);
