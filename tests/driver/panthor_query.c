/* SPDX-License-Identifier: MIT */
/*
 * DEV_QUERY: what the device reports about itself.
 */
#include <errno.h>
#include <string.h>

#include "igt.h"

static int raw_query(uint32_t type, uint32_t *size, void *data)
{
	struct drm_panthor_dev_query query = {
		.type = type,
		.size = *size,
		.pointer = (uintptr_t)data,
	};
	int ret = gpu_ioctl(igt_dev.fd, DRM_IOCTL_PANTHOR_DEV_QUERY, &query);

	*size = query.size;
	return ret;
}

static void query(void **state)
{
	struct drm_panthor_gpu_info info;
	uint32_t size = 0;

	(void)state;
	/* Without a buffer, the kernel returns the size. */
	igt_ok(raw_query(DRM_PANTHOR_DEV_QUERY_GPU_INFO, &size, NULL));
	assert_true(size >= sizeof(info.gpu_id));

	memset(&info, 0, sizeof(info));
	size = sizeof(info);
	igt_ok(raw_query(DRM_PANTHOR_DEV_QUERY_GPU_INFO, &size, &info));
	assert_int_not_equal(info.gpu_id, 0);
	assert_int_not_equal(DRM_PANTHOR_ARCH_MAJOR(info.gpu_id), 0);
	assert_true(info.shader_present != 0);
	assert_true(info.tiler_present != 0);
	assert_true(info.as_present != 0);
	assert_in_range(DRM_PANTHOR_MMU_VA_BITS(info.mmu_features), 32, 64);
}

/*
 * A structure from before the last members were added: only this part is written. One that
 * is shorter than the first version is refused.
 */
static void query_short(void **state)
{
	const uint32_t old = offsetof(struct drm_panthor_gpu_info,
				      core_features);
	struct drm_panthor_gpu_info info, full;
	uint32_t size = old;

	(void)state;
	igt_ok(gpu_device_query(igt_dev.fd, DRM_PANTHOR_DEV_QUERY_GPU_INFO,
				&full, sizeof(full)));
	memset(&info, 0xa5, sizeof(info));
	igt_ok(raw_query(DRM_PANTHOR_DEV_QUERY_GPU_INFO, &size, &info));
	assert_int_equal(size, old);
	assert_memory_equal(&info, &full, old);
	assert_int_equal(info.core_features, 0xa5a5a5a5);

	size = sizeof(info.gpu_id);
	igt_fails(raw_query(DRM_PANTHOR_DEV_QUERY_GPU_INFO, &size, &info),
		  EINVAL);
}

static void query_csif(void **state)
{
	struct drm_panthor_csif_info csif;

	(void)state;
	igt_ok(gpu_device_query(igt_dev.fd, DRM_PANTHOR_DEV_QUERY_CSIF_INFO,
				&csif, sizeof(csif)));
	assert_in_range(csif.csg_slot_count, 1, 31);
	assert_in_range(csif.cs_slot_count, 1, 32);
	assert_true(csif.cs_reg_count > csif.unpreserved_cs_reg_count);
	assert_in_range(csif.scoreboard_slot_count, 1, 16);
}

static void query_mmu(void **state)
{
	struct drm_panthor_mmu_info mmu;

	(void)state;
	igt_ok(gpu_device_query(igt_dev.fd, DRM_PANTHOR_DEV_QUERY_MMU_INFO,
				&mmu, sizeof(mmu)));
	assert_true(mmu.page_size_bitmap & 4096);
}

static void query_invalid(void **state)
{
	uint32_t size = 8;
	uint64_t room;

	(void)state;
	igt_fails(raw_query(0xffff, &size, &room), EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IGT_SUBTEST(query),
		IGT_SUBTEST(query_short),
		IGT_SUBTEST(query_csif),
		IGT_SUBTEST(query_mmu),
		IGT_SUBTEST(query_invalid),
	};

	igt_require_device();
	return cmocka_run_group_tests_name("panthor_query", tests, NULL, NULL);
}
