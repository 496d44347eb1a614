/* SPDX-License-Identifier: MIT */
/*
 * Buffer objects: creation, sizes, CPU mappings, content.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "gpu/bo.h"
#include "gpu/vm.h"
#include "igt.h"

#define MIB (1ull << 20)

static void bo_create(void **state)
{
	struct gpu_bo bo;
	uint32_t vm;

	(void)state;
	igt_ok(gpu_bo_create(igt_dev.fd, 4096, 0, 0, &bo));
	assert_int_not_equal(bo.handle, 0);
	gpu_bo_destroy(igt_dev.fd, &bo);

	igt_ok(gpu_vm_create(igt_dev.fd, NULL, &vm));
	igt_ok(gpu_bo_create(igt_dev.fd, MIB, vm, DRM_PANTHOR_BO_NO_MMAP, &bo));
	gpu_bo_destroy(igt_dev.fd, &bo);
	igt_ok(gpu_vm_destroy(igt_dev.fd, vm));

	igt_fails(gpu_bo_create(igt_dev.fd, 0, 0, 0, &bo), EINVAL);
	igt_fails(gpu_bo_create(igt_dev.fd, 4096, 0, 1u << 31, &bo), EINVAL);
	/* A VM that was destroyed. */
	igt_fails(gpu_bo_create(igt_dev.fd, 4096, vm, 0, &bo), EINVAL);
}

static void bo_mmap_offset(void **state)
{
	struct gpu_bo bo;
	uint64_t *words;
	void *other;

	(void)state;
	igt_ok(gpu_bo_create(igt_dev.fd, 4 * 4096, 0, 0, &bo));
	igt_ok(gpu_bo_map(igt_dev.fd, &bo));
	igt_ok(gpu_bo_map_window(igt_dev.fd, &bo, 4096, 4096, &other));
	words = bo.map;
	for (uint64_t i = 0; i < bo.size / 8; i++)
		words[i] = i * 3;
	/* The second mapping is of the second page of the same memory. */
	for (uint64_t i = 0; i < 512; i++)
		assert_true(((uint64_t *)other)[i] == (512 + i) * 3);
	gpu_bo_unmap_window(other, 4096, 4096);
	gpu_bo_destroy(igt_dev.fd, &bo);
}

static void bo_mmap_offset_invalid_handle(void **state)
{
	struct drm_panthor_bo_mmap_offset where = { .handle = 0xdead };

	(void)state;
	igt_fails(gpu_ioctl(igt_dev.fd, DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET,
			    &where), ENOENT);
}

static void bo_create_round_size(void **state)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	const struct { uint64_t asked, got; } cases[] = {
		{ 1, page },
		{ page - 1, page },
		{ page, page },
		{ page + 1, 2 * page },
		{ MIB + 1, MIB + page },
	};
	struct gpu_bo bo;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		igt_ok(gpu_bo_create(igt_dev.fd, cases[i].asked, 0, 0, &bo));
		assert_int_equal(bo.size, cases[i].got);
		gpu_bo_destroy(igt_dev.fd, &bo);
	}
}

/* Even if the memory belonged to another BO before. */
static void bo_zeroed(void **state)
{
	struct gpu_bo bo;

	(void)state;
	for (int round = 0; round < 4; round++) {
		uint64_t *words;

		igt_ok(gpu_bo_create(igt_dev.fd, 2 * MIB, 0, 0, &bo));
		igt_ok(gpu_bo_map(igt_dev.fd, &bo));
		words = bo.map;
		for (uint64_t i = 0; i < bo.size / 8; i++)
			if (words[i])
				fail_msg("round %d: word %llu is not 0", round,
					 (unsigned long long)i);
		memset(bo.map, 0x5a, bo.size);
		gpu_bo_destroy(igt_dev.fd, &bo);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IGT_SUBTEST(bo_create),
		IGT_SUBTEST(bo_mmap_offset),
		IGT_SUBTEST(bo_mmap_offset_invalid_handle),
		IGT_SUBTEST(bo_create_round_size),
		IGT_SUBTEST(bo_zeroed),
	};

	igt_require_device();
	return cmocka_run_group_tests_name("panthor_gem", tests, NULL, NULL);
}
