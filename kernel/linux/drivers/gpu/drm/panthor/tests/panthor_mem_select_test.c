// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Targets that are named by a client id or a cgroup.
 */

#include <drm/drm_device.h>
#include <drm/drm_file.h>
#include <drm/panthor_drm.h>

#include <kunit/test.h>

#include "../panthor_device.h"
#include "../panthor_mem.h"
#include "../panthor_mem_select.h"
#include "panthor_kunit.h"

/**
 * struct panthor_mem_select_test - What the tests need
 */
struct panthor_mem_select_test {
	/** @ptdev: Device. */
	struct panthor_device *ptdev;

	/** @pid: A process. */
	struct pid *pid;

	/** @target: What was found. */
	struct panthor_mem_target target;
};

static int panthor_mem_select_test_init(struct kunit *test)
{
	struct panthor_mem_select_test *ctx;

	ctx = kunit_kzalloc(test, sizeof(*ctx), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ctx);
	test->priv = ctx;

	ctx->ptdev = panthor_kunit_device(test);
	ctx->pid = panthor_kunit_process(test);
	return 0;
}

static int panthor_test_find_files(struct panthor_mem_select_test *ctx,
				   const struct panthor_mem_selector *selector)
{
	int ret;

	memset(&ctx->target, 0, sizeof(ctx->target));
	ret = panthor_mem_target_init(&ctx->target, ctx->ptdev, selector);
	if (ret)
		panthor_mem_target_fini(&ctx->target);

	return ret;
}

static void panthor_mem_select_test_arguments(struct kunit *test)
{
	const u32 pidfd = DRM_PANTHOR_MEM_TARGET_PIDFD, client = DRM_PANTHOR_MEM_TARGET_CLIENT;
	const u32 cgroup = DRM_PANTHOR_MEM_TARGET_CGROUP;

	KUNIT_EXPECT_EQ(test, 0, panthor_mem_check_args(client, 3, 0, U64_MAX, 0));
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_check_args(cgroup, 3, 0, 1, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, panthor_mem_check_args(client, 3, 1, 1, 0));

	/* Two flags. */
	KUNIT_EXPECT_EQ(test, -EINVAL, panthor_mem_check_args(client | pidfd, 3, 0, 1, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, panthor_mem_check_args(client | cgroup, 3, 0, 1, 0));
}

/* A client is one file, whoever owns it. */
static void panthor_mem_select_test_client(struct kunit *test)
{
	struct panthor_mem_select_test *ctx = test->priv;
	struct pid *other = panthor_kunit_process(test);
	struct panthor_mem_selector selector;
	struct drm_file *files[3];

	for (u32 i = 0; i < ARRAY_SIZE(files); i++) {
		files[i] = panthor_kunit_open(test, ctx->ptdev, ctx->pid);
		panthor_kunit_vm(test, files[i]);
	}
	KUNIT_ASSERT_EQ(test, 0, panthor_mem_select(&selector, DRM_PANTHOR_MEM_TARGET_CLIENT,
						    0, files[1]->client_id));

	for (u32 i = 0; i < 2; i++) {
		KUNIT_ASSERT_EQ(test, 0, panthor_test_find_files(ctx, &selector));
		KUNIT_EXPECT_EQ(test, ctx->target.file_count, 1);
		KUNIT_EXPECT_EQ(test, ctx->target.vm_count, 1);
		KUNIT_EXPECT_EQ(test, ctx->target.file_ids[0], files[1]->client_id);
		panthor_mem_target_fini(&ctx->target);
		panthor_kunit_set_owner(files[1], other);
	}

	panthor_kunit_close(test, files[1]);
	KUNIT_EXPECT_EQ(test, -ESRCH, panthor_test_find_files(ctx, &selector));
	KUNIT_EXPECT_EQ(test, -ESRCH, panthor_mem_select(&selector, DRM_PANTHOR_MEM_TARGET_CLIENT,
							 0, 0));
}

/* Numbers that are not the descriptor of a cgroup. */
static void panthor_mem_select_test_bad_descriptor(struct kunit *test)
{
	const int error = IS_ENABLED(CONFIG_CGROUPS) ? -EBADF : -EOPNOTSUPP;
	struct panthor_mem_selector selector;

	KUNIT_EXPECT_EQ(test, -EBADF, panthor_mem_select(&selector, DRM_PANTHOR_MEM_TARGET_CGROUP,
							 0, U64_MAX));
	KUNIT_EXPECT_EQ(test, error, panthor_mem_select(&selector, DRM_PANTHOR_MEM_TARGET_CGROUP,
							0, 1000000));
	panthor_mem_unselect(&selector);
}

/* A claim of a process ends the reclaim of one of its clients. */
static void panthor_mem_select_test_claim_ends_reclaim(struct kunit *test)
{
	struct panthor_mem_select_test *ctx = test->priv;
	struct panthor_mem_selector process = { .owner = ctx->pid }, client = {};
	struct panthor_mem_op *reclaim, *claim;

	client.client_id = panthor_kunit_open(test, ctx->ptdev, ctx->pid)->client_id;
	reclaim = panthor_mem_begin(ctx->ptdev, &client, true);
	KUNIT_ASSERT_FALSE(test, IS_ERR(reclaim));
	claim = panthor_mem_begin(ctx->ptdev, &process, false);
	KUNIT_ASSERT_FALSE(test, IS_ERR(claim));

	claim->deadline_ns = S64_MAX;
	KUNIT_EXPECT_EQ(test, 0, panthor_mem_cancel_reclaims(claim));
	KUNIT_EXPECT_TRUE(test, reclaim->cancelled);
	panthor_mem_end(claim);
	panthor_mem_end(reclaim);
}

static struct kunit_case panthor_mem_select_test_cases[] = {
	KUNIT_CASE(panthor_mem_select_test_arguments),
	KUNIT_CASE(panthor_mem_select_test_client),
	KUNIT_CASE(panthor_mem_select_test_bad_descriptor),
	KUNIT_CASE(panthor_mem_select_test_claim_ends_reclaim),
	{}
};

static struct kunit_suite panthor_mem_select_test_suite = {
	.name = "panthor_mem_select",
	.init = panthor_mem_select_test_init,
	.test_cases = panthor_mem_select_test_cases,
};

kunit_test_suite(panthor_mem_select_test_suite);
