/* SPDX-License-Identifier: MIT */
/* Claim: its options, results and errors. */
#include <errno.h>
#include <limits.h>

#include "fixture.h"

static struct panthor_mem_claim_result dirty_result(void)
{
	struct panthor_mem_claim_result res = {
		sizeof(res), UINT32_MAX, UINT64_MAX, UINT64_MAX,
	};
	return res;
}

/* A fixture with all of the app's memory in swap. */
static struct fixture *in_swap(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(panthor_mem_reclaim(f->fd, app_tgid(f), NULL), 0);
	assert_int_equal(app_resident(f), 0);
	f->core.ioctls = f->core.mem_ioctls = 0;
	return f;
}

static void simple(void **state)
{
	struct fixture *f = in_swap(state);
	uint64_t claimed = UINT64_MAX;

	assert_int_equal(panthor_mem_claim(f->fd, app_tgid(f), &claimed), 0);
	assert_int_equal(claimed, APP_SIZE);
	assert_int_equal(app_resident(f), APP_SIZE);
	check_content(f);
	assert_int_equal(panthor_mem_claim(f->fd, app_tgid(f), &claimed), 0);
	assert_int_equal(claimed, 0);
}

static void full_result(void **state)
{
	struct fixture *f = in_swap(state);
	struct panthor_mem_claim_options opts = PANTHOR_MEM_CLAIM_OPTIONS_INIT;
	struct panthor_mem_claim_result res = dirty_result();

	opts.max_bytes = BO_SIZE;
	assert_int_equal(panthor_mem_claim_with(f->fd, app_tgid(f), &opts, &res), 0);
	assert_int_equal(res.claimed_bytes, BO_SIZE);
	assert_int_equal(res.remaining_bytes, APP_SIZE - BO_SIZE);
	assert_int_equal(res.status, DRM_PANTHOR_MEM_STATUS_CAPPED);
	assert_int_equal(res.size, sizeof(res));

	opts.max_bytes = UINT64_MAX;
	assert_int_equal(panthor_mem_claim_with(f->fd, app_tgid(f), &opts, &res), 0);
	assert_int_equal(res.claimed_bytes, APP_SIZE - BO_SIZE);
	assert_int_equal(res.remaining_bytes, 0);
	assert_int_equal(res.status, 0);
}

static void null_results(void **state)
{
	struct fixture *f = in_swap(state);
	struct panthor_mem_claim_options opts = PANTHOR_MEM_CLAIM_OPTIONS_INIT;

	opts.max_bytes = 1;
	assert_int_equal(panthor_mem_claim_with(f->fd, app_tgid(f), &opts, NULL), 0);
	assert_int_equal(app_resident(f), BO_SIZE);
	assert_int_equal(panthor_mem_claim_with(f->fd, app_tgid(f), NULL, NULL), 0);
	assert_int_equal(app_resident(f), APP_SIZE);
	assert_int_equal(panthor_mem_claim(f->fd, app_tgid(f), NULL), 0);
}

static void prefetch_only(void **state)
{
	struct fixture *f = in_swap(state);
	struct panthor_mem_claim_options opts = PANTHOR_MEM_CLAIM_OPTIONS_INIT;
	struct panthor_mem_claim_result res = dirty_result();

	opts.flags = DRM_PANTHOR_MEM_CLAIM_PREFETCH_ONLY;
	assert_int_equal(panthor_mem_claim_with(f->fd, app_tgid(f), &opts, &res), 0);
	assert_int_equal(res.claimed_bytes, 0);
	assert_int_equal(res.remaining_bytes, APP_SIZE);
	assert_int_equal(app_resident(f), 0);
	assert_int_equal(f->model->slots_used, 0);
}

static void dry_run(void **state)
{
	struct fixture *f = in_swap(state);
	struct panthor_mem_claim_options opts = PANTHOR_MEM_CLAIM_OPTIONS_INIT;
	struct panthor_mem_claim_result res = dirty_result();

	opts.flags = DRM_PANTHOR_MEM_CLAIM_DRY_RUN;
	opts.max_bytes = BO_SIZE + 1;
	assert_int_equal(panthor_mem_claim_with(f->fd, app_tgid(f), &opts, &res), 0);
	assert_int_equal(res.claimed_bytes, 2 * BO_SIZE);
	assert_int_equal(res.remaining_bytes, APP_SIZE - 2 * BO_SIZE);
	assert_int_equal(res.status, DRM_PANTHOR_MEM_STATUS_CAPPED);
	assert_int_equal(app_resident(f), 0);
}

/* A lock is held beyond the deadline. */
static void deadline(void **state)
{
	struct fixture *f = in_swap(state);
	struct panthor_mem_claim_options opts = PANTHOR_MEM_CLAIM_OPTIONS_INIT;
	struct panthor_mem_claim_result res = dirty_result();
	int64_t start = f->model->now;

	f->vm->locked = true;
	opts.deadline_ns = start + 5000000000;
	assert_int_equal(panthor_mem_claim_with(f->fd, app_tgid(f), &opts, &res), 0);
	assert_int_equal(res.claimed_bytes, 0);
	assert_int_equal(res.remaining_bytes, APP_SIZE);
	assert_int_equal(res.status, DRM_PANTHOR_MEM_STATUS_BUSY);
	assert_true(f->model->now == opts.deadline_ns);

	/* A deadline in the past: the call tries the lock once and does not wait. */
	opts.deadline_ns = INT64_MIN;
	assert_int_equal(panthor_mem_claim_with(f->fd, app_tgid(f), &opts, &res), 0);
	assert_int_equal(res.status, DRM_PANTHOR_MEM_STATUS_BUSY);
	f->vm->locked = false;
	assert_int_equal(panthor_mem_claim_with(f->fd, app_tgid(f), &opts, &res), 0);
	assert_int_equal(res.claimed_bytes, APP_SIZE);
	assert_int_equal(res.status, 0);
}

static void own_process(void **state)
{
	struct fixture *f = in_swap(state);
	struct model_file *file = model_file_new(f->model, f->manager, 1);
	struct model_bo *bo = model_bo_new(f->model, file, BO_SIZE);
	uint64_t claimed = 0;

	assert_int_equal(model_bo_bind(f->model, bo, &file->vms[0]), 0);
	assert_int_equal(panthor_mem_reclaim(f->fd, 0, NULL), 0);
	assert_false(bo->resident);
	assert_int_equal(panthor_mem_claim(f->fd, 0, &claimed), 0);
	assert_int_equal(claimed, BO_SIZE);
	assert_int_equal(app_resident(f), 0);
}

/* After an error part-way, the counts say what was done. */
static void part_way(struct fixture *f, int error)
{
	struct panthor_mem_claim_result res = dirty_result();

	assert_int_equal(panthor_mem_claim_with(f->fd, app_tgid(f), NULL, &res), error);
	assert_int_equal(res.claimed_bytes, 2 * BO_SIZE);
	assert_int_equal(res.remaining_bytes, 2 * BO_SIZE);
	assert_int_equal(app_resident(f), 2 * BO_SIZE);
}

static void no_memory(void **state)
{
	struct fixture *f = in_swap(state);
	uint64_t claimed = 0;

	f->model->fail_alloc = 2 * BO_SIZE / MODEL_PAGE + 3;
	part_way(f, -ENOMEM);

	/* The failure was injected once: the next call succeeds. */
	assert_int_equal(panthor_mem_claim(f->fd, app_tgid(f), &claimed), 0);
	assert_int_equal(claimed, 2 * BO_SIZE);
	check_content(f);
}

static void swap_read_error(void **state)
{
	struct fixture *f = in_swap(state);

	f->model->fail_swap_read = 2 * BO_SIZE / MODEL_PAGE + 3;
	part_way(f, -EIO);

	/* A page that could not be read is lost: other data must never replace it. */
	assert_int_equal(panthor_mem_claim(f->fd, app_tgid(f), NULL), -EIO);
	assert_int_equal(app_resident(f), 2 * BO_SIZE);
}

static void simple_form_part_way(void **state)
{
	struct fixture *f = in_swap(state);
	uint64_t claimed = 0;

	f->model->fail_alloc = 2 * BO_SIZE / MODEL_PAGE + 3;
	assert_int_equal(panthor_mem_claim(f->fd, app_tgid(f), &claimed), -ENOMEM);
	assert_int_equal(claimed, 2 * BO_SIZE);
}

static void expect(struct fixture *f, pid_t tgid, int error)
{
	struct panthor_mem_claim_result res = dirty_result();
	uint64_t claimed = UINT64_MAX;

	assert_int_equal(panthor_mem_claim(f->fd, tgid, &claimed), error);
	assert_int_equal(claimed, 0);
	assert_int_equal(panthor_mem_claim_with(f->fd, tgid, NULL, &res), error);
	assert_int_equal(res.size, sizeof(res));
	assert_int_equal(res.status, 0);
	assert_int_equal(res.claimed_bytes, 0);
	assert_int_equal(res.remaining_bytes, 0);
	assert_int_equal(app_resident(f), 0);
}

static void no_capability(void **state)
{
	struct fixture *f = in_swap(state);

	f->manager->cap_sys_resource = false;
	expect(f, app_tgid(f), -EPERM);
	expect(f, 999, -EPERM);
	expect(f, 0, -EPERM);
}

static void no_process(void **state)
{
	struct fixture *f = in_swap(state);

	expect(f, 999, -ESRCH);
	expect(f, INT_MAX, -ESRCH);
	expect(f, f->app->thread.nr[MODEL_NS_INIT], -ESRCH);
}

static void bad_tgid(void **state)
{
	struct fixture *f = in_swap(state);

	expect(f, -1, -EINVAL);
	expect(f, INT_MIN, -EINVAL);
	assert_int_equal(f->core.ioctls, 0);
}

/* A page that cannot be read, or for which there is no memory, uses no memory. */
static void failures_take_no_memory(void **state)
{
	struct fixture *f = *state;
	struct model_counters before, after;

	assert_int_equal(panthor_mem_reclaim(f->fd, app_tgid(f), NULL), 0);
	model_counters(f->model, &before);
	f->model->fail_swap_read = 1;
	assert_int_equal(panthor_mem_claim(f->fd, app_tgid(f), NULL), -EIO);
	model_counters(f->model, &after);
	/* The slot of the lost page is freed, and with it its memory in zram. */
	assert_int_equal(after.free - before.free, before.zram_used - after.zram_used);
	assert_int_equal(before.swap_used - after.swap_used, MODEL_PAGE);
	before = after;
	f->model->fail_alloc = 1;
	assert_true(panthor_mem_claim(f->fd, app_tgid(f), NULL) < 0);
	model_counters(f->model, &after);
	assert_int_equal(after.free, before.free);
}

static void bad_flags(void **state)
{
	struct fixture *f = in_swap(state);
	struct panthor_mem_claim_options opts = PANTHOR_MEM_CLAIM_OPTIONS_INIT;
	unsigned int bit;

	for (bit = 2; bit < 31; bit++) {
		if (1u << bit & TARGET_FLAGS)
			continue;
		opts.flags = 1u << bit;
		assert_int_equal(panthor_mem_claim_with(f->fd, app_tgid(f), &opts, NULL), -EINVAL);
	}
	assert_int_equal(f->core.mem_ioctls, 26);
}

/* Memory must come back from swap even if swap is full. */
static void full_swap(void **state)
{
	struct fixture *f = in_swap(state);
	uint64_t claimed = 0;

	f->model->slots_reserved = f->model->n_slots - f->model->slots_used;
	assert_int_equal(panthor_mem_claim(f->fd, app_tgid(f), &claimed), 0);
	assert_int_equal(claimed, APP_SIZE);
}

static void kernel_without_swap(void **state)
{
	struct fixture *f = in_swap(state);

	f->model->swap_supported = false;
	expect(f, app_tgid(f), -EOPNOTSUPP);
}

static void old_kernel(void **state)
{
	struct fixture *f = in_swap(state);

	f->core.has_mem = false;
	expect(f, app_tgid(f), -EINVAL);
}

static void unplugged(void **state)
{
	struct fixture *f = in_swap(state);

	f->core.unplugged = true;
	expect(f, app_tgid(f), -ENODEV);
}

static void errno_is_kept(void **state)
{
	struct fixture *f = in_swap(state);

	errno = EXDEV;
	assert_int_equal(panthor_mem_claim(f->fd, 999, NULL), -ESRCH);
	assert_int_equal(panthor_mem_claim(f->fd, -1, NULL), -EINVAL);
	assert_int_equal(panthor_mem_claim(f->fd, app_tgid(f), NULL), 0);
	assert_int_equal(errno, EXDEV);
}

/* What the kernel received. */
static struct drm_panthor_mem_claim given;

static int take(struct drm_core *core, void *data)
{
	(void)core;
	given = *(struct drm_panthor_mem_claim *)data;
	return 0;
}

/* Every bit of the options reaches the kernel. */
static void wide_options(void **state)
{
	struct fixture *f = *state;
	struct panthor_mem_claim_options opts = PANTHOR_MEM_CLAIM_OPTIONS_INIT;

	f->core.foreign = take;
	f->core.foreign_size = sizeof(given);
	opts.max_bytes = UINT64_C(0xfedcba9876543210);
	opts.deadline_ns = INT64_C(0x7edcba9876543210);
	assert_int_equal(panthor_mem_claim_with(f->fd, app_tgid(f), &opts, NULL), 0);
	assert_true(given.max_bytes == opts.max_bytes);
	assert_true(given.deadline_ns == opts.deadline_ns);
	assert_int_equal(given.tgid, app_tgid(f));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_fixture(simple),
		on_fixture(full_result),
		on_fixture(null_results),
		on_fixture(prefetch_only),
		on_fixture(dry_run),
		on_fixture(deadline),
		on_fixture(own_process),
		on_fixture(no_memory),
		on_fixture(swap_read_error),
		on_fixture(simple_form_part_way),
		on_fixture(no_capability),
		on_fixture(no_process),
		on_fixture(bad_tgid),
		on_fixture(failures_take_no_memory),
		on_fixture(bad_flags),
		on_fixture(full_swap),
		on_fixture(kernel_without_swap),
		on_fixture(old_kernel),
		on_fixture(unplugged),
		on_fixture(errno_is_kept),
		on_fixture(wide_options),
	};

	return cmocka_run_group_tests_name("claim", tests, NULL, NULL);
}
