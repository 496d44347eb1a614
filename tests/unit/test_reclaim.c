/* SPDX-License-Identifier: MIT */
/* Reclaim: its options, results and errors. */
#include <errno.h>
#include <limits.h>

#include "fixture.h"

static struct panthor_mem_reclaim_result dirty_result(void)
{
	struct panthor_mem_reclaim_result res = {
		sizeof(res), UINT32_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX,
	};
	return res;
}

static void check_zero(const struct panthor_mem_reclaim_result *res)
{
	assert_int_equal(res->size, sizeof(*res));
	assert_int_equal(res->status, 0);
	assert_int_equal(res->freed_bytes, 0);
	assert_int_equal(res->evicted_bytes, 0);
	assert_int_equal(res->skipped_bytes, 0);
}

static void simple(void **state)
{
	struct fixture *f = *state;
	uint64_t freed = UINT64_MAX;

	assert_int_equal(panthor_mem_reclaim(f->fd, app_tgid(f), &freed), 0);
	assert_int_equal(freed, APP_SIZE);
	assert_int_equal(app_resident(f), 0);
	/* Everything is in swap already. */
	assert_int_equal(panthor_mem_reclaim(f->fd, app_tgid(f), &freed), 0);
	assert_int_equal(freed, 0);
}

static void full_result(void **state)
{
	struct fixture *f = *state;
	struct panthor_mem_reclaim_result res = dirty_result();

	f->bo[1]->pins = 1;
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), NULL, &res), 0);
	assert_int_equal(res.freed_bytes, APP_SIZE - BO_SIZE);
	assert_int_equal(res.evicted_bytes, APP_SIZE - BO_SIZE);
	assert_int_equal(res.skipped_bytes, BO_SIZE + MODEL_RING_BYTES);
	assert_int_equal(res.status, DRM_PANTHOR_MEM_STATUS_PINNED);
	assert_int_equal(res.size, sizeof(res));
}

static void null_results(void **state)
{
	struct fixture *f = *state;
	struct panthor_mem_reclaim_options opts = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;

	opts.flags = DRM_PANTHOR_MEM_RECLAIM_DRY_RUN;
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), &opts, NULL), 0);
	assert_int_equal(app_resident(f), APP_SIZE);
	assert_int_equal(panthor_mem_reclaim(f->fd, app_tgid(f), NULL), 0);
	assert_int_equal(app_resident(f), 0);
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), NULL, NULL), 0);
	assert_int_equal(panthor_mem_reclaim(f->fd, 999, NULL), -ESRCH);
}

static void dry_run(void **state)
{
	struct fixture *f = *state;
	struct panthor_mem_reclaim_options opts = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	struct panthor_mem_reclaim_result res = dirty_result();

	opts.flags = DRM_PANTHOR_MEM_RECLAIM_DRY_RUN;
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), &opts, &res), 0);
	assert_int_equal(res.freed_bytes, 0);
	assert_int_equal(res.evicted_bytes, APP_SIZE);
	assert_int_equal(app_resident(f), APP_SIZE);
}

static void no_pageout(void **state)
{
	struct fixture *f = *state;
	struct panthor_mem_reclaim_options opts = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	struct panthor_mem_reclaim_result res = dirty_result();

	opts.flags = DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT;
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), &opts, &res), 0);
	assert_int_equal(res.freed_bytes, 0);
	assert_int_equal(res.evicted_bytes, APP_SIZE);
	assert_int_equal(app_resident(f), 0);
	assert_int_equal(f->model->slots_used, 0);
}

static void max_bytes(void **state)
{
	struct fixture *f = *state;
	struct panthor_mem_reclaim_options opts = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	struct panthor_mem_reclaim_result res = dirty_result();

	opts.max_bytes = BO_SIZE + 1;
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), &opts, &res), 0);
	assert_int_equal(res.freed_bytes, 2 * BO_SIZE);
	assert_int_equal(res.status & DRM_PANTHOR_MEM_STATUS_CAPPED, DRM_PANTHOR_MEM_STATUS_CAPPED);

	/* All 64 bits reach the kernel. */
	opts.max_bytes = 1ull << 63;
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), &opts, &res), 0);
	assert_int_equal(res.freed_bytes, APP_SIZE - 2 * BO_SIZE);
	assert_int_equal(res.status & DRM_PANTHOR_MEM_STATUS_CAPPED, 0);
}

static void deadline(void **state)
{
	struct fixture *f = *state;
	struct panthor_mem_reclaim_options opts = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	struct panthor_mem_reclaim_result res = dirty_result();
	int64_t start = f->model->now;

	assert_int_equal(model_submit(f->model, f->vm, 5000000000), 0);

	/* No deadline, and one that is too early. */
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), &opts, &res), 0);
	assert_int_equal(res.evicted_bytes, 0);
	assert_int_equal(res.skipped_bytes, APP_SIZE + MODEL_RING_BYTES);
	assert_int_equal(res.status & DRM_PANTHOR_MEM_STATUS_BUSY, DRM_PANTHOR_MEM_STATUS_BUSY);
	assert_true(f->model->now == start);
	opts.deadline_ns = start + 4999999999;
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), &opts, &res), 0);
	assert_int_equal(res.evicted_bytes, 0);
	assert_true(f->model->now == start + 4999999999);

	/* A negative deadline is in the past; INT64_MAX never comes. */
	opts.deadline_ns = INT64_MIN;
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), &opts, &res), 0);
	assert_int_equal(res.evicted_bytes, 0);
	opts.deadline_ns = INT64_MAX;
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), &opts, &res), 0);
	assert_int_equal(res.freed_bytes, APP_SIZE);
}

static void status_bits(void **state)
{
	struct fixture *f = *state;
	struct panthor_mem_reclaim_result res = dirty_result();
	struct model_file *other = model_file_new(f->model, f->manager, 1);

	/* One BO is shared, and swap becomes full in the middle of another. */
	model_bo_add_handle(f->bo[0], other);
	assert_int_equal(model_bo_bind(f->model, f->bo[0], &other->vms[0]), 0);
	f->model->slots_reserved = f->model->n_slots - 20;
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), NULL, &res), 0);
	assert_int_equal(res.freed_bytes, 20 * MODEL_PAGE);
	assert_int_equal(res.evicted_bytes, 2 * BO_SIZE);
	assert_int_equal(res.status & DRM_PANTHOR_MEM_STATUS_SWAP_FULL,
			 DRM_PANTHOR_MEM_STATUS_SWAP_FULL);
	f->model->slots_reserved = 0;
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), NULL, &res), 0);
	assert_int_equal(res.status & DRM_PANTHOR_MEM_STATUS_SHARED,
			 DRM_PANTHOR_MEM_STATUS_SHARED);
}

static void swap_refused(void **state)
{
	struct fixture *f = *state;
	struct panthor_mem_reclaim_result res = dirty_result();
	struct model_cgroup *cgroup = model_cgroup_new(f->model, NULL);
	unsigned int i;

	/* The cgroup may swap two of the BOs. */
	for (i = 0; i < APP_BOS; i++)
		f->bo[i]->cgroup = cgroup;
	cgroup->swap_max = 2 * BO_SIZE + MODEL_PAGE;
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), NULL, &res), 0);
	assert_int_equal(res.freed_bytes, 2 * BO_SIZE);
	assert_int_equal(res.evicted_bytes, 2 * BO_SIZE);
	assert_int_equal(res.skipped_bytes, 2 * BO_SIZE + MODEL_RING_BYTES);
	assert_true(res.status & DRM_PANTHOR_MEM_STATUS_SWAP_REFUSED);

	/* The swap device fails writes. */
	cgroup->swap_max = MODEL_NO_LIMIT;
	f->model->fail_swap_write = true;
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), NULL, &res), 0);
	assert_int_equal(res.freed_bytes, 0);
	assert_int_equal(res.evicted_bytes, BO_SIZE);
	assert_true(res.status & DRM_PANTHOR_MEM_STATUS_SWAP_REFUSED);
}

static void own_process(void **state)
{
	struct fixture *f = *state;
	struct model_file *file = model_file_new(f->model, f->manager, 0);
	uint64_t freed = 0;

	assert_non_null(model_bo_new(f->model, file, BO_SIZE));
	assert_int_equal(panthor_mem_reclaim(f->fd, 0, &freed), 0);
	assert_int_equal(freed, BO_SIZE);
	assert_int_equal(app_resident(f), APP_SIZE);
}

/* More than 32 bits can count: three BOs of 2 GiB each. */
static void big(void **state)
{
	struct fixture *f = *state;
	struct model_file *file = f->app->files[0];
	uint64_t size = 2ull << 30;
	uint64_t freed = 0;
	unsigned int i;

	f->model->ram_total = 64ull << 30;
	model_swap_resize(f->model, (16ull << 30) / MODEL_PAGE);
	for (i = 0; i < 3; i++)
		assert_non_null(model_bo_new(f->model, file, size));
	assert_int_equal(panthor_mem_reclaim(f->fd, app_tgid(f), &freed), 0);
	assert_true(freed == 3 * size + APP_SIZE);
}

/* Both forms return the error and set their outputs to 0. */
static void expect(struct fixture *f, pid_t tgid, int error)
{
	struct panthor_mem_reclaim_result res = dirty_result();
	uint64_t freed = UINT64_MAX;

	assert_int_equal(panthor_mem_reclaim(f->fd, tgid, &freed), error);
	assert_int_equal(freed, 0);
	assert_int_equal(panthor_mem_reclaim_with(f->fd, tgid, NULL, &res), error);
	check_zero(&res);
	assert_int_equal(app_resident(f), APP_SIZE);
}

static void no_capability(void **state)
{
	struct fixture *f = *state;

	f->manager->cap_sys_resource = false;
	expect(f, app_tgid(f), -EPERM);
	/* It is checked before the target is looked up, and even for the caller itself. */
	expect(f, 999, -EPERM);
	expect(f, 0, -EPERM);
}

static void no_process(void **state)
{
	struct fixture *f = *state;
	struct model_proc *idle = model_proc_new(f->model, MODEL_NS_INIT);

	expect(f, 999, -ESRCH);
	expect(f, INT_MAX, -ESRCH);
	expect(f, idle->tgid.nr[MODEL_NS_INIT], -ESRCH);
	expect(f, f->app->thread.nr[MODEL_NS_INIT], -ESRCH);
}

static void bad_tgid(void **state)
{
	struct fixture *f = *state;

	expect(f, -1, -EINVAL);
	expect(f, INT_MIN, -EINVAL);
	/* The library rejects them itself. */
	assert_int_equal(f->core.ioctls, 0);
}

/* A BO that is evicted from the VM of another process does not count as shared with it. */
static void shared_and_evicted_there(void **state)
{
	struct fixture *f = *state;
	struct model_proc *proc = model_proc_new(f->model, MODEL_NS_INIT);
	struct model_file *file = model_file_new(f->model, proc, 1);
	struct panthor_mem_reclaim_result res = PANTHOR_MEM_RECLAIM_RESULT_INIT;

	model_bo_add_handle(f->bo[0], file);
	assert_int_equal(model_bo_bind(f->model, f->bo[0], &file->vms[0]), 0);
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), NULL, &res), 0);
	assert_int_equal(res.evicted_bytes, APP_SIZE - BO_SIZE);
	assert_true(res.status & DRM_PANTHOR_MEM_STATUS_SHARED);

	/* Evict it from both VMs, then claim it for the app alone. */
	model_evict(f->model, f->bo[0]);
	assert_int_equal(panthor_mem_claim(f->fd, app_tgid(f), NULL), 0);
	assert_int_equal(model_gpu_check(f->bo[0], f->vm), 0);
	assert_int_equal(model_gpu_check(f->bo[0], &file->vms[0]), -EFAULT);
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), NULL, &res), 0);
	assert_int_equal(res.evicted_bytes, APP_SIZE);
	assert_int_equal(res.status & DRM_PANTHOR_MEM_STATUS_SHARED, 0);
}

static void bad_flags(void **state)
{
	struct fixture *f = *state;
	struct panthor_mem_reclaim_options opts = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	struct panthor_mem_reclaim_result res = dirty_result();
	unsigned int bit;

	/* The kernel must decide, because a newer one may know more flags. */
	for (bit = 2; bit < 31; bit++) {
		if (1u << bit & TARGET_FLAGS)
			continue;
		opts.flags = 1u << bit;
		res = dirty_result();
		assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), &opts, &res),
				 -EINVAL);
		check_zero(&res);
	}
	assert_int_equal(f->core.mem_ioctls, 26);
}

static void no_swap(void **state)
{
	struct fixture *f = *state;

	model_swap_resize(f->model, 0);
	expect(f, app_tgid(f), -ENOSPC);
}

static void kernel_without_swap(void **state)
{
	struct fixture *f = *state;

	f->model->swap_supported = false;
	expect(f, app_tgid(f), -EOPNOTSUPP);
}

static void old_kernel(void **state)
{
	struct fixture *f = *state;

	f->core.has_mem = false;
	expect(f, app_tgid(f), -EINVAL);
}

static void unplugged(void **state)
{
	struct fixture *f = *state;

	f->core.unplugged = true;
	expect(f, app_tgid(f), -ENODEV);
}

static void mmu_timeout(void **state)
{
	struct fixture *f = *state;
	struct panthor_mem_reclaim_result res = dirty_result();

	/* The counts say what was done before. */
	f->model->fail_mmu = 3;
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), NULL, &res), -ETIMEDOUT);
	assert_int_equal(res.freed_bytes, 2 * BO_SIZE);
	assert_int_equal(res.evicted_bytes, 2 * BO_SIZE);
	assert_int_equal(app_resident(f), APP_SIZE - 2 * BO_SIZE);
}

/* All was done, and the caller does not get to know it. */
static void lost_results(void **state)
{
	struct fixture *f = *state;
	struct panthor_mem_reclaim_result res = dirty_result();
	uint64_t freed = UINT64_MAX;

	f->core.first_lost = f->core.mem_ioctls + 1;
	assert_int_equal(panthor_mem_reclaim(f->fd, app_tgid(f), &freed), -EFAULT);
	assert_int_equal(freed, 0);
	assert_int_equal(app_resident(f), 0);
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), NULL, &res), -EFAULT);
	check_zero(&res);
}

static void errno_is_kept(void **state)
{
	struct fixture *f = *state;

	errno = EXDEV;
	assert_int_equal(panthor_mem_reclaim(f->fd, 999, NULL), -ESRCH);
	assert_int_equal(panthor_mem_reclaim(f->fd, -1, NULL), -EINVAL);
	assert_int_equal(panthor_mem_reclaim(f->fd, app_tgid(f), NULL), 0);
	assert_int_equal(errno, EXDEV);
}

/* Make the BO that is being paged out resident, as a fault of the CPU does. */
static void take_back(struct model *m, void *arg)
{
	assert_int_equal(model_make_resident(m, arg), 0);
}

/*
 * A BO that is made resident during the page-out stays resident, and the rest of it does not
 * count as freed: the call goes on until max_bytes were freed.
 */
static void taken_back_meanwhile(void **state)
{
	struct fixture *f = *state;
	/* The first BO that the reclaim evicts. */
	struct model_bo *bo = f->model->bos;
	struct model_event event = { .fn = take_back, .arg = bo };
	struct panthor_mem_reclaim_options opts = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	struct panthor_mem_reclaim_result res = dirty_result();

	event.at = f->model->now + MODEL_NS_EVICT + 2 * MODEL_NS_PAGE_OUT;
	f->model->event = &event;
	opts.max_bytes = BO_SIZE;
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), &opts, &res), 0);
	f->model->event = NULL;
	assert_true(event.done);
	assert_true(bo->resident);
	assert_int_equal(res.freed_bytes, 2 * MODEL_PAGE + BO_SIZE);
	assert_int_equal(res.evicted_bytes, 2 * BO_SIZE);
	assert_int_equal(res.status & DRM_PANTHOR_MEM_STATUS_CAPPED,
			 DRM_PANTHOR_MEM_STATUS_CAPPED);
	assert_int_equal(panthor_mem_claim(f->fd, app_tgid(f), NULL), 0);
	check_content(f);
}

static void ring(struct model *m, void *arg)
{
	(void)arg;
	m->signal = true;
}

/* Nothing was freed, but something was evicted, so this is no EINTR. */
static void signal_without_pageout(void **state)
{
	struct fixture *f = *state;
	struct model_event event = { .at = f->model->now + 1, .fn = ring };
	struct panthor_mem_reclaim_options opts = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	struct panthor_mem_reclaim_result res = dirty_result();

	f->model->event = &event;
	opts.flags = DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT;
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), &opts, &res), 0);
	f->model->event = NULL;
	assert_true(event.done);
	assert_int_equal(res.freed_bytes, 0);
	assert_int_equal(res.evicted_bytes, BO_SIZE);
	assert_int_equal(res.status & DRM_PANTHOR_MEM_STATUS_INTERRUPTED,
			 DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
}

/* What the kernel received. */
static struct drm_panthor_mem_reclaim given;

static int take(struct drm_core *core, void *data)
{
	(void)core;
	given = *(struct drm_panthor_mem_reclaim *)data;
	return 0;
}

/* Every bit of the options reaches the kernel. */
static void wide_options(void **state)
{
	struct fixture *f = *state;
	struct panthor_mem_reclaim_options opts = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;

	f->core.foreign = take;
	f->core.foreign_size = sizeof(given);
	opts.max_bytes = UINT64_C(0xfedcba9876543210);
	opts.deadline_ns = INT64_C(0x7edcba9876543210);
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), &opts, NULL), 0);
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
		on_fixture(dry_run),
		on_fixture(no_pageout),
		on_fixture(max_bytes),
		on_fixture(deadline),
		on_fixture(status_bits),
		on_fixture(swap_refused),
		on_fixture(own_process),
		on_fixture(big),
		on_fixture(no_capability),
		on_fixture(no_process),
		on_fixture(bad_tgid),
		on_fixture(shared_and_evicted_there),
		on_fixture(bad_flags),
		on_fixture(no_swap),
		on_fixture(kernel_without_swap),
		on_fixture(old_kernel),
		on_fixture(unplugged),
		on_fixture(mmu_timeout),
		on_fixture(lost_results),
		on_fixture(errno_is_kept),
		on_fixture(taken_back_meanwhile),
		on_fixture(signal_without_pageout),
		on_fixture(wide_options),
	};

	return cmocka_run_group_tests_name("reclaim", tests, NULL, NULL);
}
