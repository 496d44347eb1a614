/* SPDX-License-Identifier: MIT */
/*
 * Signals cost no bytes. The real drmIoctl() is under the library here and starts
 * the same struct over on EINTR; what went before must not be lost by that.
 */
#include <errno.h>

#include "fixture.h"

static void before_anything(void **state)
{
	static const int pages[] = { 0, 0, 0, 0, 0 };
	struct fixture *f = *state;
	uint64_t freed = 0, claimed = 0;

	script_signals(f, 5, pages);
	assert_int_equal(panthor_mem_reclaim(f->fd, app_tgid(f), &freed), 0);
	assert_int_equal(freed, APP_SIZE);
	assert_int_equal(f->core.mem_ioctls, 6);

	script_signals(f, 5, pages);
	assert_int_equal(panthor_mem_claim(f->fd, app_tgid(f), &claimed), 0);
	assert_int_equal(claimed, APP_SIZE);
	assert_int_equal(f->core.mem_ioctls, 12);
	check_content(f);
}

/* Twice too early, then in the middle of the second BO, then never. */
static void in_the_middle_of_reclaim(void **state)
{
	static const int pages[] = { 0, 0, 20, MODEL_NO_SIGNAL };
	struct fixture *f = *state;
	struct panthor_mem_reclaim_result res = PANTHOR_MEM_RECLAIM_RESULT_INIT;

	script_signals(f, 4, pages);
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), NULL, &res), 0);
	assert_int_equal(res.status & DRM_PANTHOR_MEM_STATUS_INTERRUPTED,
			 DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
	assert_int_equal(res.freed_bytes, 20 * MODEL_PAGE);
	assert_int_equal(res.evicted_bytes, 2 * BO_SIZE);
	assert_int_equal(f->core.mem_ioctls, 3);

	/* The caller goes on, and the two counts add up to everything that there was. */
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), NULL, &res), 0);
	assert_int_equal(res.status & DRM_PANTHOR_MEM_STATUS_INTERRUPTED, 0);
	assert_int_equal(res.freed_bytes, APP_SIZE - 20 * MODEL_PAGE);
	assert_int_equal(app_resident(f), 0);
}

static void in_the_middle_of_claim(void **state)
{
	static const int pages[] = { 0, 20, MODEL_NO_SIGNAL };
	struct fixture *f = *state;
	struct panthor_mem_claim_result res = PANTHOR_MEM_CLAIM_RESULT_INIT;

	assert_int_equal(panthor_mem_reclaim(f->fd, app_tgid(f), NULL), 0);
	script_signals(f, 3, pages);
	assert_int_equal(panthor_mem_claim_with(f->fd, app_tgid(f), NULL, &res), 0);
	assert_int_equal(res.status, DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
	assert_int_equal(res.claimed_bytes, BO_SIZE);
	assert_int_equal(res.remaining_bytes, APP_SIZE - BO_SIZE);

	assert_int_equal(panthor_mem_claim_with(f->fd, app_tgid(f), NULL, &res), 0);
	assert_int_equal(res.status, 0);
	assert_int_equal(res.claimed_bytes, APP_SIZE - BO_SIZE);
	assert_int_equal(res.remaining_bytes, 0);
	check_content(f);
}

/* The same again at every page: each byte is told exactly once. */
static void at_every_page(void **state)
{
	struct fixture *f = *state;
	const int n = APP_SIZE / MODEL_PAGE;
	int at;

	for (at = 0; at <= n; at++) {
		const int pages[] = { at };
		uint64_t one = 0, two = 0;

		script_signals(f, 1, pages);
		assert_int_equal(panthor_mem_claim(f->fd, app_tgid(f), NULL), 0);
		assert_int_equal(panthor_mem_claim(f->fd, app_tgid(f), NULL), 0);
		assert_int_equal(app_resident(f), APP_SIZE);

		script_signals(f, 1, pages);
		assert_int_equal(panthor_mem_reclaim(f->fd, app_tgid(f), &one), 0);
		assert_int_equal(panthor_mem_reclaim(f->fd, app_tgid(f), &two), 0);
		assert_int_equal(app_resident(f), 0);
		assert_int_equal(one, at ? (uint64_t)at * MODEL_PAGE : APP_SIZE);
		assert_int_equal(one + two, APP_SIZE);
	}
	assert_int_equal(panthor_mem_claim(f->fd, app_tgid(f), NULL), 0);
	check_content(f);
}

static void ring_bell(struct model *m, void *arg)
{
	(void)arg;
	m->signal = true;
}

/* The deadline is a point in time: starting over does not move it. */
static void deadline_stays(void **state)
{
	struct fixture *f = *state;
	struct panthor_mem_reclaim_options opts = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	struct panthor_mem_reclaim_result res = PANTHOR_MEM_RECLAIM_RESULT_INIT;
	int64_t start = f->model->now;
	struct model_event event = { .at = start + 600000000, .fn = ring_bell };

	assert_int_equal(model_submit(f->model, f->vm, 5000000000), 0);
	f->model->event = &event;
	opts.deadline_ns = start + 1000000000;
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), &opts, &res), 0);
	assert_int_equal(res.evicted_bytes, 0);
	assert_int_equal(res.status & DRM_PANTHOR_MEM_STATUS_BUSY, DRM_PANTHOR_MEM_STATUS_BUSY);
	assert_int_equal(f->core.mem_ioctls, 2);
	assert_true(f->model->now == opts.deadline_ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_fixture(before_anything),
		on_fixture(in_the_middle_of_reclaim),
		on_fixture(in_the_middle_of_claim),
		on_fixture(at_every_page),
		on_fixture(deadline_stays),
	};

	return cmocka_run_group_tests_name("signals", tests, NULL, NULL);
}
