/* SPDX-License-Identifier: MIT */
/*
 * Groups: creation, and a job whose store the CPU can see.
 */
#include <errno.h>

#include "gpu/ctx.h"
#include "gpu/group.h"
#include "gpu/sync.h"
#include "gpu/vm.h"
#include "igt.h"

#define COUNT 64

static struct drm_panthor_queue_create queue = {
	.priority = 1,
	.ringbuf_size = GPU_RINGBUF_SIZE,
};

/* A valid request; the tests then make one field invalid. */
static struct drm_panthor_group_create good_request(uint32_t vm)
{
	return (struct drm_panthor_group_create) {
		.queues = DRM_PANTHOR_OBJ_ARRAY(1, &queue),
		.max_compute_cores = 1,
		.max_fragment_cores = 1,
		.max_tiler_cores = 1,
		.priority = PANTHOR_GROUP_PRIORITY_MEDIUM,
		.compute_core_mask = igt_dev.info.shader_present,
		.fragment_core_mask = igt_dev.info.shader_present,
		.tiler_core_mask = igt_dev.info.tiler_present,
		.vm_id = vm,
	};
}

static int create(struct drm_panthor_group_create *request)
{
	return gpu_ioctl(igt_dev.fd, DRM_IOCTL_PANTHOR_GROUP_CREATE, request);
}

static void group_create(void **state)
{
	struct drm_panthor_group_create request;
	struct gpu_group_state group_state;
	uint32_t vm;

	(void)state;
	igt_ok(gpu_vm_create(igt_dev.fd, NULL, &vm));

	request = good_request(vm);
	igt_ok(create(&request));
	assert_int_not_equal(request.group_handle, 0);
	igt_ok(gpu_group_get_state(&igt_dev, request.group_handle,
				   &group_state));
	assert_int_equal(group_state.state, 0);
	assert_int_equal(group_state.fatal_queues, 0);
	igt_ok(gpu_group_destroy(&igt_dev, request.group_handle));
	igt_fails(gpu_group_destroy(&igt_dev, request.group_handle), EINVAL);

	igt_ok(gpu_vm_destroy(igt_dev.fd, vm));
}

static void group_create_invalid(void **state)
{
	struct drm_panthor_group_create request;
	struct drm_panthor_queue_create small = queue;
	uint32_t vm;

	(void)state;
	igt_ok(gpu_vm_create(igt_dev.fd, NULL, &vm));

	request = good_request(vm);
	request.queues.count = 0;
	igt_fails(create(&request), EINVAL);

	request = good_request(vm);
	request.vm_id = vm + 1;
	igt_fails(create(&request), EINVAL);

	request = good_request(vm);
	request.compute_core_mask = ~igt_dev.info.shader_present;
	igt_fails(create(&request), EINVAL);

	request = good_request(vm);
	request.max_tiler_cores = 64;
	igt_fails(create(&request), EINVAL);

	request = good_request(vm);
	request.pad = 1;
	igt_fails(create(&request), EINVAL);

	request = good_request(vm);
	small.ringbuf_size = 3000;
	request.queues = (struct drm_panthor_obj_array)
		DRM_PANTHOR_OBJ_ARRAY(1, &small);
	igt_fails(create(&request), EINVAL);

	igt_ok(gpu_vm_destroy(igt_dev.fd, vm));
}

static void group_submit(void **state)
{
	static struct gpu_ctx ctx;
	struct gpu_bo bo;
	struct gpu_cs *cs;
	volatile uint32_t *words;

	(void)state;
	igt_ok(gpu_ctx_init(&ctx, &igt_dev, 1));
	igt_ok(gpu_ctx_alloc(&ctx, 4096, GPU_BO_PRIVATE, &bo));
	igt_ok(gpu_bo_map(igt_dev.fd, &bo));

	/* One store for each word, each with another value. */
	cs = gpu_ctx_begin(&ctx);
	cs_move48(cs, 0, bo.va);
	for (uint32_t i = 0; i < COUNT; i++) {
		cs_move32(cs, 2, 0xc0de0000 + i);
		cs_store_multiple(cs, 2, 0, 1, (int16_t)(i * 4));
		cs_wait_all(cs);
	}
	cs_flush_caches(cs, 4);
	igt_ok(gpu_ctx_run(&ctx, 0));

	words = bo.map;
	for (uint32_t i = 0; i < COUNT; i++)
		assert_int_equal(words[i], 0xc0de0000 + i);
	assert_int_equal(words[COUNT], 0);

	gpu_ctx_free(&ctx, &bo);
	gpu_ctx_fini(&ctx);
}

/* Jobs of one queue run in order: each adds to the result of the one before. */
static void group_submit_many(void **state)
{
	static struct gpu_ctx ctx;
	struct gpu_bo bo;

	(void)state;
	igt_ok(gpu_ctx_init(&ctx, &igt_dev, 1));
	igt_ok(gpu_ctx_alloc(&ctx, 4096, GPU_BO_PRIVATE, &bo));
	igt_ok(gpu_bo_map(igt_dev.fd, &bo));
	for (int i = 0; i < 200; i++) {
		struct gpu_cs *cs = gpu_ctx_begin(&ctx);

		cs_move48(cs, 0, bo.va);
		cs_load_multiple(cs, 2, 0, 1, 0);
		cs_wait_all(cs);
		cs_add_imm32(cs, 2, 2, 1);
		cs_store_multiple(cs, 2, 0, 1, 0);
		cs_wait_all(cs);
		cs_flush_caches(cs, 4);
		/* Wait for every fourth job, so that several are unfinished at a time. */
		if (i % 4 == 3)
			igt_ok(gpu_ctx_run(&ctx, 0));
		else
			igt_ok(gpu_ctx_submit(&ctx, 0, 0, 0));
	}
	assert_int_equal(*(volatile uint32_t *)bo.map, 200);
	gpu_ctx_free(&ctx, &bo);
	gpu_ctx_fini(&ctx);
}

static void group_submit_invalid(void **state)
{
	uint32_t vm, group;

	(void)state;
	igt_ok(gpu_vm_create(igt_dev.fd, NULL, &vm));
	igt_ok(gpu_group_create(&igt_dev, vm, 1, &group));
	/* Not aligned to 64 bytes; no whole number of instructions; no such queue. */
	igt_fails(gpu_group_submit(&igt_dev, group, 0, 8, 64, 0, 0), EINVAL);
	igt_fails(gpu_group_submit(&igt_dev, group, 0, 64, 4, 0, 0), EINVAL);
	igt_fails(gpu_group_submit(&igt_dev, group, 1, 0, 0, 0, 0), EINVAL);
	igt_fails(gpu_group_submit(&igt_dev, group + 1, 0, 0, 0, 0, 0), EINVAL);
	igt_ok(gpu_group_destroy(&igt_dev, group));
	igt_ok(gpu_vm_destroy(igt_dev.fd, vm));
}

/* Nobody has this sync object. */
static void group_submit_unknown_sync(void **state)
{
	uint32_t vm, group;

	(void)state;
	igt_ok(gpu_vm_create(igt_dev.fd, NULL, &vm));
	igt_ok(gpu_group_create(&igt_dev, vm, 1, &group));
	igt_fails(gpu_group_submit(&igt_dev, group, 0, 0, 0, 4711, 0), ENOENT);
	igt_fails(gpu_group_submit(&igt_dev, group, 0, 0, 0, 0, 4711), EINVAL);
	igt_fails(gpu_vm_unmap_async(igt_dev.fd, vm, 4096, 4096, 0, 4711), EINVAL);
	igt_ok(gpu_group_destroy(&igt_dev, group));
	igt_ok(gpu_vm_destroy(igt_dev.fd, vm));
}

/* A job waits for itself. The kernel must not warn. */
static void group_submit_wait_first(void **state)
{
	uint32_t vm, group, sync;

	(void)state;
	igt_ok(gpu_vm_create(igt_dev.fd, NULL, &vm));
	igt_ok(gpu_group_create(&igt_dev, vm, 1, &group));
	igt_ok(gpu_sync_create(igt_dev.fd, false, &sync));
	igt_fails(gpu_group_submit(&igt_dev, group, 0, 0, 0, sync, sync), EINVAL);
	gpu_sync_destroy(igt_dev.fd, sync);
	igt_ok(gpu_group_destroy(&igt_dev, group));
	igt_ok(gpu_vm_destroy(igt_dev.fd, vm));
}

/* More than the kernel allocates at a time. It must not warn. */
static void array_too_long(void **state)
{
	struct drm_panthor_vm_bind_op op = { 0 };
	struct drm_panthor_vm_bind bind = {
		.ops = DRM_PANTHOR_OBJ_ARRAY(UINT32_MAX, &op),
	};

	(void)state;
	igt_ok(gpu_vm_create(igt_dev.fd, NULL, &bind.vm_id));
	igt_fails(gpu_ioctl(igt_dev.fd, DRM_IOCTL_PANTHOR_VM_BIND, &bind), ENOMEM);
	igt_ok(gpu_vm_destroy(igt_dev.fd, bind.vm_id));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IGT_SUBTEST(group_create),
		IGT_SUBTEST(group_create_invalid),
		IGT_SUBTEST(group_submit),
		IGT_SUBTEST(group_submit_many),
		IGT_SUBTEST(group_submit_invalid),
		IGT_SUBTEST(group_submit_unknown_sync),
		IGT_SUBTEST(group_submit_wait_first),
		IGT_SUBTEST(array_too_long),
	};

	igt_require_device();
	return cmocka_run_group_tests_name("panthor_group", tests, NULL, NULL);
}
