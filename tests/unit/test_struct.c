/* SPDX-License-Identifier: MIT */
/* Structs of an older or newer header than that of the library: smaller and larger ones. */
#include <errno.h>
#include <string.h>

#include "fixture.h"

/* What a program that was built with a later header may pass. */
struct later_reclaim_options {
	struct panthor_mem_reclaim_options now;
	uint64_t later;
};

struct later_reclaim_result {
	struct panthor_mem_reclaim_result now;
	uint64_t later;
	uint64_t behind;
};

struct later_claim_options {
	struct panthor_mem_claim_options now;
	uint64_t later;
};

struct later_claim_result {
	struct panthor_mem_claim_result now;
	uint64_t later;
	uint64_t behind;
};

static void initializers(void **state)
{
	struct panthor_mem_reclaim_options ro = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	struct panthor_mem_reclaim_result rr = PANTHOR_MEM_RECLAIM_RESULT_INIT;
	struct panthor_mem_claim_options co = PANTHOR_MEM_CLAIM_OPTIONS_INIT;
	struct panthor_mem_claim_result cr = PANTHOR_MEM_CLAIM_RESULT_INIT;

	(void)state;
	assert_int_equal(ro.size, 24);
	assert_int_equal(rr.size, 32);
	assert_int_equal(co.size, 24);
	assert_int_equal(cr.size, 24);
	assert_int_equal(ro.flags | ro.max_bytes | (uint64_t)ro.deadline_ns, 0);
	assert_int_equal(co.flags | co.max_bytes | (uint64_t)co.deadline_ns, 0);
}

static void later_options_unused(void **state)
{
	struct fixture *f = *state;
	struct later_reclaim_options ro = { .now.size = sizeof(ro) };
	struct later_claim_options co = { .now.size = sizeof(co) };

	ro.now.max_bytes = 1;
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), &ro.now, NULL), 0);
	assert_int_equal(app_resident(f), APP_SIZE - BO_SIZE);
	co.now.max_bytes = 1;
	assert_int_equal(panthor_mem_claim_with(f->fd, app_tgid(f), &co.now, NULL), 0);
	assert_int_equal(app_resident(f), APP_SIZE);
}

static void later_options_used(void **state)
{
	struct fixture *f = *state;
	struct later_reclaim_options ro = { .now.size = sizeof(ro), .later = 1ull << 56 };
	struct later_claim_options co = { .now.size = sizeof(co), .later = 1 };
	struct panthor_mem_reclaim_result rr = { .size = sizeof(rr), .freed_bytes = 7 };
	struct panthor_mem_claim_result cr = { .size = sizeof(cr), .claimed_bytes = 7 };

	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), &ro.now, &rr), -E2BIG);
	assert_int_equal(rr.freed_bytes, 0);
	assert_int_equal(panthor_mem_claim_with(f->fd, app_tgid(f), &co.now, &cr), -E2BIG);
	assert_int_equal(cr.claimed_bytes, 0);
	assert_int_equal(f->core.ioctls, 0);
}

/* The library does not read or write memory beyond the size. */
static void size_is_the_end(void **state)
{
	struct fixture *f = *state;
	struct later_reclaim_options ro = { .now.size = sizeof(ro.now), .later = 1 };
	struct later_reclaim_result rr = { .now.size = sizeof(rr.now), .later = 1 };
	struct later_claim_options co = { .now.size = sizeof(co.now), .later = 1 };
	struct later_claim_result cr = { .now.size = sizeof(cr.now), .later = 1 };

	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), &ro.now, &rr.now), 0);
	assert_int_equal(rr.now.freed_bytes, APP_SIZE);
	assert_int_equal(rr.later, 1);
	assert_int_equal(panthor_mem_claim_with(f->fd, app_tgid(f), &co.now, &cr.now), 0);
	assert_int_equal(cr.now.claimed_bytes, APP_SIZE);
	assert_int_equal(cr.later, 1);
}

static void later_result(void **state)
{
	struct fixture *f = *state;
	struct later_reclaim_result rr;
	struct later_claim_result cr;

	memset(&rr, 0xff, sizeof(rr));
	rr.now.size = offsetof(struct later_reclaim_result, behind);
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), NULL, &rr.now), 0);
	assert_int_equal(rr.now.size, offsetof(struct later_reclaim_result, behind));
	assert_int_equal(rr.now.freed_bytes, APP_SIZE);
	assert_int_equal(rr.later, 0);
	assert_true(rr.behind == UINT64_MAX);

	memset(&cr, 0xff, sizeof(cr));
	cr.now.size = offsetof(struct later_claim_result, behind);
	assert_int_equal(panthor_mem_claim_with(f->fd, app_tgid(f), NULL, &cr.now), 0);
	assert_int_equal(cr.now.claimed_bytes, APP_SIZE);
	assert_int_equal(cr.later, 0);
	assert_true(cr.behind == UINT64_MAX);
}

static void unlock(struct model *m, void *arg)
{
	(void)m;
	((struct model_vm *)arg)->locked = false;
}

/* For a program that was built before claims had a deadline, there is none. */
static void earlier_options(void **state)
{
	struct fixture *f = *state;
	struct model_event event = { .fn = unlock, .arg = f->vm };
	struct panthor_mem_claim_options co = {
		.size = offsetof(struct panthor_mem_claim_options, deadline_ns), .deadline_ns = 1,
	};
	struct later_claim_options before = { .now.size = sizeof(before), .now.deadline_ns = 1 };
	struct panthor_mem_claim_result cr = PANTHOR_MEM_CLAIM_RESULT_INIT;

	assert_int_equal(panthor_mem_reclaim(f->fd, app_tgid(f), NULL), 0);
	/* This call may leave its deadline on the stack; the next one must not use it. */
	f->vm->locked = true;
	assert_int_equal(panthor_mem_claim_with(f->fd, app_tgid(f), &before.now, &cr), 0);
	assert_int_equal(cr.status, DRM_PANTHOR_MEM_STATUS_BUSY);
	event.at = f->model->now + 1000;
	f->model->event = &event;
	assert_int_equal(panthor_mem_claim_with(f->fd, app_tgid(f), &co, &cr), 0);
	assert_int_equal(cr.claimed_bytes, APP_SIZE);
	assert_int_equal(cr.status, 0);
	f->model->event = NULL;
}

/* The size of the first version of each struct. */
#define RECLAIM_OPTIONS_FIRST 24
#define RECLAIM_RESULT_FIRST 32
#define CLAIM_OPTIONS_FIRST 16
#define CLAIM_RESULT_FIRST 24

/* An impossible size: the library reads and writes nothing but the size. */
static void too_small(void **state)
{
	static const uint32_t less[] = { 1, 4, 8 };
	struct fixture *f = *state;
	unsigned int i;

	for (i = 0; i < sizeof(less) / sizeof(less[0]); i++) {
		const uint32_t by = less[i];
		struct panthor_mem_reclaim_options ro = { .size = RECLAIM_OPTIONS_FIRST - by };
		struct panthor_mem_reclaim_result rr = {
			.size = RECLAIM_RESULT_FIRST - by, .status = 9,
		};
		struct panthor_mem_claim_options co = { .size = CLAIM_OPTIONS_FIRST - by };
		struct panthor_mem_claim_result cr = {
			.size = CLAIM_RESULT_FIRST - by, .status = 9,
		};

		assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), &ro, NULL), -EINVAL);
		assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), NULL, &rr), -EINVAL);
		assert_int_equal(rr.status, 9);
		assert_int_equal(panthor_mem_claim_with(f->fd, app_tgid(f), &co, NULL), -EINVAL);
		assert_int_equal(panthor_mem_claim_with(f->fd, app_tgid(f), NULL, &cr), -EINVAL);
		assert_int_equal(cr.status, 9);
	}
	assert_int_equal(f->core.ioctls, 0);
}

static void size_forgotten(void **state)
{
	struct fixture *f = *state;
	struct panthor_mem_reclaim_result rr = { .status = 9 };
	struct panthor_mem_claim_options co = { .max_bytes = 1 };

	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), NULL, &rr), -EINVAL);
	assert_int_equal(rr.status, 9);
	assert_int_equal(panthor_mem_claim_with(f->fd, app_tgid(f), &co, NULL), -EINVAL);
	assert_int_equal(f->core.ioctls, 0);
}

/* A size that the caller never set, with whatever was on its stack. */
static void garbage_size(void **state)
{
	static const uint32_t sizes[] = { 4097, 65536, 0x7fffffff, 0xdeadbeef, UINT32_MAX };
	struct fixture *f = *state;
	const pid_t tgid = app_tgid(f);
	unsigned int i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct panthor_mem_reclaim_options ro = { .size = sizes[i] };
		struct panthor_mem_reclaim_result rr = { .size = sizes[i], .status = 9 };
		struct panthor_mem_claim_options co = { .size = sizes[i] };
		struct panthor_mem_claim_result cr = { .size = sizes[i], .status = 9 };

		assert_int_equal(panthor_mem_reclaim_with(f->fd, tgid, &ro, NULL), -EINVAL);
		assert_int_equal(panthor_mem_reclaim_with(f->fd, tgid, NULL, &rr), -EINVAL);
		assert_int_equal(panthor_mem_reclaim_client_with(f->fd, 1, NULL, &rr), -EINVAL);
		assert_int_equal(rr.status, 9);
		assert_int_equal(panthor_mem_claim_with(f->fd, tgid, &co, NULL), -EINVAL);
		assert_int_equal(panthor_mem_claim_with(f->fd, tgid, NULL, &cr), -EINVAL);
		assert_int_equal(panthor_mem_claim_cgroup_with(f->fd, 0, NULL, &cr), -EINVAL);
		assert_int_equal(cr.status, 9);
	}
	assert_int_equal(f->core.ioctls, 0);
}

/* The largest possible size is accepted. */
static void largest_size(void **state)
{
	struct fixture *f = *state;
	union {
		struct panthor_mem_reclaim_options options;
		struct panthor_mem_reclaim_result result;
		unsigned char bytes[4096];
	} in, out;

	memset(&in, 0, sizeof(in));
	memset(&out, 0xff, sizeof(out));
	in.options.size = sizeof(in);
	out.result.size = sizeof(out);
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), &in.options, &out.result),
			 0);
	assert_int_equal(out.result.freed_bytes, APP_SIZE);
	assert_int_equal(out.bytes[sizeof(out) - 1], 0);
	in.bytes[sizeof(in) - 1] = 1;
	assert_int_equal(panthor_mem_reclaim_with(f->fd, app_tgid(f), &in.options, NULL), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_fixture(initializers),
		on_fixture(later_options_unused),
		on_fixture(later_options_used),
		on_fixture(size_is_the_end),
		on_fixture(later_result),
		on_fixture(earlier_options),
		on_fixture(too_small),
		on_fixture(size_forgotten),
		on_fixture(garbage_size),
		on_fixture(largest_size),
	};

	return cmocka_run_group_tests_name("struct", tests, NULL, NULL);
}
