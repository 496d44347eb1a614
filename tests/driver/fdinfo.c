/* SPDX-License-Identifier: MIT */
/*
 * fdinfo is correct after a reclaim and a claim: evicted memory is no longer resident, and
 * claimed memory is again. This covers buffers with handles and the tiler heap, which has
 * none.
 */
#include <inttypes.h>

#include "gpu/app.h"
#include "gpu/fdinfo.h"
#include "gpu/heap.h"
#include "gpu/mem.h"
#include "guest.h"

#define BOS 6
#define SEED UINT64_C(0xfd1f000000000000)
#define CHUNKS 4
#define CHUNKS_BYTES ((uint64_t)CHUNKS * GPU_HEAP_CHUNK_BYTES)

static struct gpu_app app = { .sock = -1 };

static struct gpu_fdinfo look(const char *when)
{
	struct gpu_fdinfo info;

	ok(gpu_fdinfo_read(app.pid, &info), "fdinfo");
	print_message("%-16s total %" PRIu64 " KiB, resident %" PRIu64
		      " KiB, internal %" PRIu64 " KiB\n", when, info.total / 1024,
		      info.resident / 1024, info.internal / 1024);
	return info;
}

static void follows_what_is_evicted(void **state)
{
	struct gpu_fdinfo before, gone, back;
	struct drm_panthor_mem_reclaim reclaimed;
	struct drm_panthor_mem_claim claimed;

	(void)state;
	ok(gpu_app_ask(&app, &(struct app_request) {
		.op = APP_ALLOC, .count = BOS, .size = MIB, .seed = SEED,
		.exclusive = true }, NULL, NULL, NULL), "allocating");
	ok(gpu_app_ask(&app, &(struct app_request) {
		.op = APP_HEAP, .count = CHUNKS, .seed = SEED }, NULL, NULL, NULL), "a tiler heap");

	before = look("before:");
	assert_true(before.internal >= CHUNKS_BYTES);

	ok(gpu_mem_reclaim_all(guest.dev.fd, (uint32_t)app.pid, 0, &reclaimed), "MEM_RECLAIM");
	gone = look("reclaimed:");
	assert_int_equal(gone.total, before.total);
	assert_int_equal(before.internal - gone.internal, CHUNKS_BYTES);
	assert_int_equal(before.resident - gone.resident + CHUNKS_BYTES, reclaimed.evicted_bytes);

	ok(gpu_mem_claim_all(guest.dev.fd, (uint32_t)app.pid, &claimed), "MEM_CLAIM");
	back = look("claimed:");
	assert_int_equal(claimed.claimed_bytes, reclaimed.evicted_bytes);
	assert_int_equal(back.resident, before.resident);
	assert_int_equal(back.internal, before.internal);

	ok(gpu_app_ask(&app, &(struct app_request) { .op = APP_HEAP_CHECK }, NULL, NULL, NULL),
	   "what is in the heap");
}

static int begin(void **state)
{
	struct gpu_app_setup setup = {
		.cred = GPU_APP_ROOT, .files = 1, .vms = 1, .pidns = -1,
	};
	int ret = guest_open(state);

	return ret ? ret : gpu_app_start(&app, &setup);
}

static int end(void **state)
{
	gpu_app_kill(&app);
	return guest_close(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(follows_what_is_evicted, begin, end),
	};

	return cmocka_run_group_tests_name("fdinfo", tests, NULL, NULL);
}
