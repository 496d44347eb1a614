/* SPDX-License-Identifier: MIT */
/* Helpers of the cases, see cases.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <xf86drm.h>

#include "cases.h"

bool on_debug_kernel(void)
{
	/* run-guest sets this inside the guest. */
	const char *kernel = getenv("PANTHOR_GUEST");

	return kernel && !strcmp(kernel, "debug");
}

uint64_t unit(void)
{
	return on_debug_kernel() ? WORLD_MIB / 8 : WORLD_MIB;
}

uint64_t small(void)
{
	long page = sysconf(_SC_PAGESIZE);

	return page > 4 * (long)WORLD_PAGE ? (uint64_t)page : 4 * WORLD_PAGE;
}

unsigned int many(unsigned int count)
{
	return on_debug_kernel() ? count / 4 : count;
}

struct lot lot_alloc_with(struct world *w, struct world_app *app, const struct world_alloc *how)
{
	struct lot lot = {
		.app = app,
		.count = how->count ? how->count : 1,
		.size = how->size,
		.seed = how->seed,
	};

	lot.first = world_alloc(w, app, how);
	assert_true(lot.first >= 0);
	return lot;
}

struct lot lot_alloc(struct world *w, struct world_app *app, unsigned int count, uint64_t size,
		     uint64_t seed)
{
	const struct world_alloc how = { .count = count, .size = size, .seed = seed };

	return lot_alloc_with(w, app, &how);
}

uint64_t lot_bytes(const struct lot *lot)
{
	return lot->count * lot->size;
}

static uint64_t seed_of(const struct lot *lot, unsigned int i)
{
	return lot->seed + ((uint64_t)i << 32);
}

void lot_check(struct world *w, const struct lot *lot, enum world_unit by)
{
	unsigned int i;

	for (i = 0; i < lot->count; i++) {
		uint64_t sum = world_sum(w, lot->app, lot->first + (int)i, by);

		if (sum != pattern_sum(seed_of(lot, i), lot->size))
			fail_msg("BO %u of %u has lost its content, as the %s sees it", i,
				 lot->count, by == WORLD_BY_CPU ? "CPU" : "GPU");
	}
}

void lot_refill(struct world *w, struct lot *lot, enum world_unit by, uint64_t seed)
{
	unsigned int i;

	lot->seed = seed;
	for (i = 0; i < lot->count; i++)
		world_fill(w, lot->app, lot->first + (int)i, by, seed_of(lot, i));
}

uint64_t resident(struct world *w, struct world_app *app)
{
	struct world_memory m;

	world_memory(w, app, &m);
	return m.resident;
}

/* What is true of the result of every successful reclaim. */
static void check_reclaim(const struct panthor_mem_reclaim_result *res, uint32_t flags)
{
	const uint32_t skipped = DRM_PANTHOR_MEM_STATUS_BUSY | DRM_PANTHOR_MEM_STATUS_SHARED |
				 DRM_PANTHOR_MEM_STATUS_PINNED |
				 DRM_PANTHOR_MEM_STATUS_SWAP_REFUSED;

	assert_true(res->freed_bytes <= res->evicted_bytes);
	if (flags)
		assert_int_equal(res->freed_bytes, 0);
	/* The status gives a reason for skipped bytes. */
	if (res->skipped_bytes)
		assert_true(res->status & skipped);
	assert_int_equal(res->status & ~0x7fu, 0);
	assert_int_equal(res->freed_bytes % WORLD_PAGE, 0);
	assert_int_equal(res->evicted_bytes % WORLD_PAGE, 0);
	assert_int_equal(res->skipped_bytes % WORLD_PAGE, 0);
}

struct panthor_mem_reclaim_result reclaim_with(struct world *w, struct world_app *app,
					       uint32_t flags, uint64_t max_bytes,
					       int64_t deadline_ns)
{
	struct panthor_mem_reclaim_options opts = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	struct panthor_mem_reclaim_result res = PANTHOR_MEM_RECLAIM_RESULT_INIT;
	int ret;

	opts.flags = flags;
	opts.max_bytes = max_bytes;
	opts.deadline_ns = deadline_ns;
	ret = panthor_mem_reclaim_with(world_fd(w), world_tgid(w, app, NULL), &opts, &res);
	if (ret)
		fail_msg("reclaim: %s", strerror(-ret));
	check_reclaim(&res, flags);
	return res;
}

struct panthor_mem_reclaim_result reclaim(struct world *w, struct world_app *app)
{
	return reclaim_with(w, app, 0, 0, 0);
}

struct panthor_mem_claim_result claim_with(struct world *w, struct world_app *app, uint32_t flags,
					   uint64_t max_bytes)
{
	struct panthor_mem_claim_options opts = PANTHOR_MEM_CLAIM_OPTIONS_INIT;
	struct panthor_mem_claim_result res = PANTHOR_MEM_CLAIM_RESULT_INIT;
	int ret;

	opts.flags = flags;
	opts.max_bytes = max_bytes;
	ret = panthor_mem_claim_with(world_fd(w), world_tgid(w, app, NULL), &opts, &res);
	if (ret)
		fail_msg("claim: %s", strerror(-ret));
	if (flags & DRM_PANTHOR_MEM_CLAIM_PREFETCH_ONLY)
		assert_int_equal(res.claimed_bytes, 0);
	assert_int_equal(res.claimed_bytes % WORLD_PAGE, 0);
	assert_int_equal(res.remaining_bytes % WORLD_PAGE, 0);
	assert_int_equal(res.status & ~0x7fu, 0);
	return res;
}

struct panthor_mem_claim_result claim(struct world *w, struct world_app *app)
{
	return claim_with(w, app, 0, 0);
}

void until_told(struct world *w, try_fn once)
{
	int i;

	for (i = 0; i < TRIES; i++) {
		if (once(w))
			return;
	}
	fail_msg("no try of %d proved anything: a slow machine, or a call that waits", TRIES);
}

int64_t busy_until(struct world *w, struct world_app *app, unsigned int vm, int64_t ns)
{
	/* Read the time first, because the work starts after it. */
	int64_t start = world_now(w);

	world_busy(w, app, 0, vm, ns);
	return start + ns;
}

static int raw(int fd, unsigned long request, void *arg, int restart)
{
	int ret = restart ? drmIoctl(fd, request, arg) : ioctl(fd, request, arg);

	return ret ? -errno : 0;
}

int raw_reclaim_fn(int fd, void *arg)
{
	struct raw_reclaim *r = arg;

	return raw(fd, DRM_IOCTL_PANTHOR_MEM_RECLAIM, &r->arg, r->restart);
}

int raw_claim_fn(int fd, void *arg)
{
	struct raw_claim *c = arg;

	return raw(fd, DRM_IOCTL_PANTHOR_MEM_CLAIM, &c->arg, c->restart);
}

struct target by_tgid(struct world *w, struct world_app *app)
{
	return (struct target){ .tgid = (uint32_t)world_tgid(w, app, NULL) };
}

struct target by_pidfd(struct world *w, struct world_app *app)
{
	return (struct target){
		.flags = DRM_PANTHOR_MEM_TARGET_PIDFD, .id = (uint64_t)world_pidfd(w, app),
	};
}

struct target by_client(struct world *w, struct world_app *app, unsigned int file)
{
	return (struct target){
		.flags = DRM_PANTHOR_MEM_TARGET_CLIENT, .id = world_client_id(w, app, file),
	};
}

struct target by_cgroup(struct world_cgroup *cgroup)
{
	return (struct target){
		.flags = DRM_PANTHOR_MEM_TARGET_CGROUP, .id = (uint64_t)world_cgroup_fd(cgroup),
	};
}

/* A struct with outputs that every call must overwrite. */
static struct raw_reclaim dirty_reclaim(struct target target)
{
	return (struct raw_reclaim){ .restart = 1, .arg = {
		.flags = target.flags, .tgid = target.tgid, .target = target.id,
		.freed_bytes = UINT64_MAX, .evicted_bytes = UINT64_MAX,
		.skipped_bytes = UINT64_MAX, .status = UINT32_MAX,
	} };
}

static struct raw_claim dirty_claim(struct target target)
{
	return (struct raw_claim){ .restart = 1, .arg = {
		.flags = target.flags, .tgid = target.tgid, .target = target.id,
		.claimed_bytes = UINT64_MAX, .remaining_bytes = UINT64_MAX,
		.status = UINT32_MAX,
	} };
}

int try_reclaim(struct world *w, struct target target, struct drm_panthor_mem_reclaim *arg)
{
	struct raw_reclaim r = dirty_reclaim(target);
	int ret = raw_reclaim_fn(world_fd(w), &r);

	*arg = r.arg;
	return ret;
}

int try_claim(struct world *w, struct target target, struct drm_panthor_mem_claim *arg)
{
	struct raw_claim c = dirty_claim(target);
	int ret = raw_claim_fn(world_fd(w), &c);

	*arg = c.arg;
	return ret;
}

void expect_reclaim(struct world *w, struct world_app *caller, struct target target, int error)
{
	struct raw_reclaim r = dirty_reclaim(target);

	assert_int_equal(world_call(w, caller, raw_reclaim_fn, &r, sizeof(r), NULL), error);
	if (error) {
		assert_int_equal(r.arg.freed_bytes, 0);
		assert_int_equal(r.arg.evicted_bytes, 0);
		assert_int_equal(r.arg.skipped_bytes, 0);
		assert_int_equal(r.arg.status, 0);
	}
}

void expect_claim(struct world *w, struct world_app *caller, struct target target, int error)
{
	struct raw_claim c = dirty_claim(target);

	assert_int_equal(world_call(w, caller, raw_claim_fn, &c, sizeof(c), NULL), error);
	if (error) {
		assert_int_equal(c.arg.claimed_bytes, 0);
		assert_int_equal(c.arg.remaining_bytes, 0);
		assert_int_equal(c.arg.status, 0);
	}
}

void expect_both(struct world *w, struct world_app *caller, struct target target, int error)
{
	expect_reclaim(w, caller, target, error);
	expect_claim(w, caller, target, error);
}

uint64_t tolerance(uint64_t bytes)
{
	uint64_t part = bytes / 50;

	return part > WORLD_MIB ? part : WORLD_MIB;
}

static uint64_t tolerance_free(uint64_t bytes)
{
	uint64_t part = bytes / 10;

	if (!on_debug_kernel())
		return tolerance(bytes);
	return part > 4 * WORLD_MIB ? part : 4 * WORLD_MIB;
}

static void check_within(int64_t value, int64_t expected, uint64_t allowed, const char *what)
{
	int64_t off = value - expected;

	if (off > (int64_t)allowed || off < -(int64_t)allowed)
		fail_msg("%s is %lld KiB, expected %lld KiB, give or take %lld KiB", what,
			 (long long)value / 1024, (long long)expected / 1024,
			 (long long)allowed / 1024);
}

void check_close(int64_t value, int64_t expected, const char *what)
{
	check_within(value, expected, tolerance((uint64_t)llabs(expected)), what);
}

void check_close_swap(int64_t value, int64_t expected, const char *what)
{
	if (world_features() & WORLD_IS_ALONE)
		check_close(value, expected, what);
}

void check_close_free(int64_t value, int64_t expected, const char *what)
{
	if (!(world_features() & WORLD_IS_ALONE))
		return;
	check_within(value, expected, tolerance_free((uint64_t)llabs(expected)), what);
}
