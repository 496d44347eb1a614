/* SPDX-License-Identifier: MIT */
/*
 * BOs after a claim: the shrinker finds all of them, and the claimed ones last. The outputs
 * after an error. A device that is unbound during a reclaim.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gpu/bind.h"
#include "gpu/data.h"
#include "gpu/swap.h"
#include "gpu/sysmem.h"
#include "gpu/vm.h"
#include "hostile.h"

#define SEED UINT64_C(0x1157000000000000)
#define BOS 16
/* The size of one BO: the shrinker stops when it has evicted this much. */
#define ONE_BO (unsigned int)(MIB / 4096)
#define ALL 1000000

/* --- a BO that is unmapped during a claim ----------------------------------------- */

/* Bytes that are resident, but on none of the shrinker's lists. */
static uint64_t on_no_list(void)
{
	uint64_t bytes, evictable;

	driver_totals(&bytes, &evictable);
	return bytes - evictable;
}

static bool reads_or_ends(void *arg)
{
	return !call_runs(arg) || disk_in_flight();
}

/* Returns false if the claim had ended before. */
static bool unmap_during_claim(struct gpu_ctx *ctx, struct gpu_bo *bo)
{
	struct call *call;
	bool during;

	/* The target is this process. */
	call = begin_claim(&(struct drm_panthor_mem_claim) { .tgid = 0 });
	wait_until(reads_or_ends, call, "a claim does not read");
	ok(gpu_ctx_unbind(ctx, bo), "unbinding");
	during = call_runs(call);
	end_call(call);
	ok(call->ret, "MEM_CLAIM");
	return during;
}

static void unmapped_during_claim(void **state)
{
	struct drm_panthor_mem_reclaim out;
	struct gpu_bo first, second;
	struct gpu_ctx ctx;
	bool during = false;
	uint64_t before, bytes, evictable, sum;

	(void)state;
	swap_on_slow_disk(64, 1000000, 16);
	ok(gpu_ctx_init(&ctx, &guest.dev, 1), "a context");
	ok(gpu_ctx_alloc(&ctx, 16 * MIB, GPU_BO_PRIVATE, &first), "a BO");
	ok(gpu_ctx_alloc(&ctx, 4 * MIB, GPU_BO_PRIVATE, &second), "a BO");
	ok(gpu_fill(&ctx, &first, SEED), "filling");
	ok(gpu_fill(&ctx, &second, SEED + 1), "filling");
	before = on_no_list();
	for (int i = 0; i < TRIES && !during; i++) {
		if (!second.va)
			ok(gpu_ctx_bind(&ctx, &second), "binding");
		ok(gpu_mem_reclaim_all(guest.dev.fd, 0, 0, &out), "MEM_RECLAIM");
		during = unmap_during_claim(&ctx, &second);
	}
	assert_true(during);
	if (on_no_list() > before)
		fail_msg("%" PRIu64 " KiB are on no list of the shrinker",
			 (on_no_list() - before) >> 10);
	run_shrinker(ALL);
	driver_totals(&bytes, &evictable);
	assert_int_equal(evictable, 0);
	assert_true(bytes <= before);

	ok(gpu_ctx_bind(&ctx, &second), "binding");
	ok(gpu_checksum(&ctx, &first, &sum), "reading");
	assert_true(sum == pattern_expected(SEED, first.size));
	ok(gpu_checksum(&ctx, &second, &sum), "reading");
	assert_true(sum == pattern_expected(SEED + 1, second.size));
	gpu_ctx_free(&ctx, &first);
	gpu_ctx_free(&ctx, &second);
	gpu_ctx_fini(&ctx);
}

/* --- the order of eviction ----------------------------------------------------------- */

/* Evict one BO after the other, until nothing of @idle can be evicted any more. */
static void check_last(uint64_t idle_left)
{
	uint64_t claimed = resident_of(&app);

	for (int i = 0; resident_of(&other) > idle_left; i++) {
		uint64_t before = resident_of(&other);

		run_shrinker(ONE_BO);
		if (resident_of(&app) < claimed)
			fail_msg("%" PRIu64 " KiB of a claimed process were evicted, and %" PRIu64
				 " KiB of one that is idle were not",
				 (claimed - resident_of(&app)) >> 10, before >> 10);
		assert_true(i < 10 * BOS);
	}
}

/*
 * @other was idle for longer than @app was in the background. @theirs: also test BOs that
 * no VM maps.
 */
static void claimed_is_last(bool bound, bool unbound, bool theirs_unbound)
{
	struct lot lots[2] = {
		{ .of = &app, .count = BOS, .size = MIB, .seed = SEED },
		{ .of = &app, .count = BOS, .size = MIB, .seed = SEED + 1, .unbound = true },
	};
	struct lot theirs = { .of = &other, .count = BOS, .size = MIB, .seed = SEED + 2,
			      .unbound = theirs_unbound };
	uint64_t idle_left;

	start_app(&other, 1, 1, NULL);
	alloc_lot(&theirs);
	start_app(&app, 1, 1, NULL);
	if (bound)
		alloc_lot(&lots[0]);
	if (unbound)
		alloc_lot(&lots[1]);
	/* Pinned memory stays, and its amount is known beforehand. */
	idle_left = resident_of(&other) - lot_bytes(&theirs);
	reclaim_all(&app, 0);
	claim_all(&app);
	check_last(idle_left);
	check_lot(&theirs);
	if (bound)
		check_lot(&lots[0]);
	if (unbound)
		check_lot(&lots[1]);
}

static void claimed_is_last_if_mapped(void **state)
{
	(void)state;
	claimed_is_last(true, false, false);
}

static void claimed_is_last_if_no_vm_maps_it(void **state)
{
	(void)state;
	claimed_is_last(false, true, false);
}

static void claimed_is_last_if_some_is_mapped(void **state)
{
	(void)state;
	claimed_is_last(true, true, false);
}

static void claimed_is_last_among_unmapped(void **state)
{
	(void)state;
	claimed_is_last(true, true, true);
}

/* --- outputs -------------------------------------------------------------------------- */

#define GARBAGE UINT64_C(0xdeadbeefdeadbeef)

static struct drm_panthor_mem_reclaim garbage_reclaim(void)
{
	return (struct drm_panthor_mem_reclaim) {
		.freed_bytes = GARBAGE, .evicted_bytes = GARBAGE, .skipped_bytes = GARBAGE,
		.status = (uint32_t)GARBAGE,
	};
}

static struct drm_panthor_mem_claim garbage_claim(void)
{
	return (struct drm_panthor_mem_claim) {
		.claimed_bytes = GARBAGE, .remaining_bytes = GARBAGE,
		.status = (uint32_t)GARBAGE,
	};
}

static bool reclaim_says(struct drm_panthor_mem_reclaim args, int error)
{
	int ret = gpu_mem_reclaim(guest.dev.fd, &args);

	if (ret == error && !args.freed_bytes && !args.evicted_bytes && !args.skipped_bytes &&
	    !args.status)
		return true;
	print_message("MEM_RECLAIM: %s, outputs 0x%" PRIx64 "\n", strerror(-ret),
		      (uint64_t)args.freed_bytes);
	return false;
}

static bool claim_says(struct drm_panthor_mem_claim args, int error)
{
	int ret = gpu_mem_claim(guest.dev.fd, &args);

	if (ret == error && !args.claimed_bytes && !args.remaining_bytes && !args.status)
		return true;
	print_message("MEM_CLAIM: %s, outputs 0x%" PRIx64 "\n", strerror(-ret),
		      (uint64_t)args.claimed_bytes);
	return false;
}

static bool both_say(uint32_t flags, uint32_t tgid, uint32_t pad, uint64_t target, int error)
{
	struct drm_panthor_mem_reclaim out = garbage_reclaim();
	struct drm_panthor_mem_claim in = garbage_claim();
	bool reclaim, claim;

	out.flags = in.flags = flags;
	out.tgid = in.tgid = tgid;
	out.pad = in.pad = pad;
	out.target = in.target = target;
	reclaim = reclaim_says(out, error);
	claim = claim_says(in, error);
	return reclaim && claim;
}

static void wrong_arguments_leave_zeros(void **state)
{
	bool flags, pad, tgid, target, fd;

	(void)state;
	flags = both_say(1u << 31, 0, 0, 0, -EINVAL);
	pad = both_say(0, 0, 1, 0, -EINVAL);
	tgid = both_say(0, UINT32_MAX, 0, 0, -EINVAL);
	target = both_say(0, 0, 0, 1, -EINVAL);
	fd = both_say(DRM_PANTHOR_MEM_TARGET_PIDFD, 0, 0, (uint64_t)guest.dev.fd, -EBADF);
	assert_true(flags && pad && tgid && target && fd);
}

static void no_process_leaves_zeros(void **state)
{
	bool nobody, no_file, no_client;

	(void)state;
	nobody = both_say(0, INT32_MAX, 0, 0, -ESRCH);
	no_file = both_say(0, 1, 0, 0, -ESRCH);
	no_client = both_say(DRM_PANTHOR_MEM_TARGET_CLIENT, 0, 0, UINT64_MAX, -ESRCH);
	assert_true(nobody && no_file && no_client);
}

static void no_swap_leaves_zeros(void **state)
{
	struct drm_panthor_mem_reclaim out = garbage_reclaim();
	struct swap swap;

	(void)state;
	ok(swap_open(&swap), "swap");
	ok(swap_none(&swap), "swapoff");
	assert_true(reclaim_says(out, -ENOSPC));
}

/* Runs in a process that lacks only CAP_SYS_RESOURCE. */
static int without_capability(void)
{
	if (drop_capability())
		return 1;
	return both_say(0, 0, 0, 0, -EPERM) ? 0 : 2;
}

static void no_permission_leaves_zeros(void **state)
{
	(void)state;
	in_child(without_capability);
}

/* --- unbinding ------------------------------------------------------------------------ */

static struct attribute {
	char path[256];
	int ret;
	atomic_bool done;
} attribute;

static void *write_attribute(void *arg)
{
	char text[16];

	(void)arg;
	snprintf(text, sizeof(text), "%d", app.pid);
	attribute.ret = sysmem_write_file(attribute.path, text);
	atomic_store(&attribute.done, true);
	return NULL;
}

static bool has_written(void *arg)
{
	(void)arg;
	return disk_written() >= MIB || atomic_load(&attribute.done);
}

/*
 * Either the reclaim continues after the device is gone, or it has ended early and reports
 * that. What must not happen is that the device waits for the whole reclaim.
 */
static void unbinding_does_not_wait_for_sysfs(void **state)
{
	struct lot lot = { .of = &app, .count = 48, .size = MIB, .seed = SEED };
	struct gpu_binding binding;
	pthread_t writer;
	bool was_done;
	int ret;

	(void)state;
	swap_on_slow_disk(64, 1000000, 8);
	queue_little();
	start_app(&app, 1, 1, NULL);
	alloc_lot(&lot);
	ok(find_attribute("mem_reclaim", attribute.path), "the attribute");
	ok(gpu_binding_of(guest.dev.fd, &binding), "the binding");
	atomic_store(&attribute.done, false);
	assert_int_equal(pthread_create(&writer, NULL, write_attribute, NULL), 0);
	wait_until(has_written, NULL, "the attribute writes nothing");
	assert_false(atomic_load(&attribute.done));
	ret = gpu_unbind(&binding);
	was_done = atomic_load(&attribute.done);
	pthread_join(writer, NULL);

	/* Restore everything before anything can fail. */
	gpu_app_kill(&app);
	gpu_device_close(&guest.dev);
	ok(gpu_bind(&binding), "bind");
	ok(gpu_device_open(&guest.dev), "the device");
	ok(ret, "unbind");
	print_message("the attribute: %s, %s unbind had returned\n", strerror(-attribute.ret),
		      was_done ? "before" : "after");
	if (was_done && !attribute.ret)
		fail_msg("the device stayed bound until the reclaim was done");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		HOSTILE_CASE(unmapped_during_claim),
		HOSTILE_CASE(claimed_is_last_if_mapped),
		HOSTILE_CASE(claimed_is_last_if_no_vm_maps_it),
		HOSTILE_CASE(claimed_is_last_if_some_is_mapped),
		HOSTILE_CASE(claimed_is_last_among_unmapped),
		HOSTILE_CASE(wrong_arguments_leave_zeros),
		HOSTILE_CASE(no_process_leaves_zeros),
		HOSTILE_CASE(no_swap_leaves_zeros),
		HOSTILE_CASE(no_permission_leaves_zeros),
		/* This case is last, because the device gets another number. */
		HOSTILE_CASE(unbinding_does_not_wait_for_sysfs),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("hostile-lists", tests, NULL, NULL);
}
