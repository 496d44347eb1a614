// SPDX-License-Identifier: MIT
/*
 * The tiler heap of a process, which the kernel enlarges while the GPU draws.
 */
#include "cases.h"
#include "world.h"

/* Mesa's heaps begin with 10 MiB, in chunks of 2 MiB. So many triangles take 18 MiB at least. */
#define TRIANGLES 400000
#define GROWS_BY (UINT64_C(8) << 20)

static void large_frame(void)
{
	ask(&one, &(struct app_request) { .op = APP_FRAME, .count = TRIANGLES });
}

/* The chunks that were added leave and return with the rest. */
void heap_that_has_grown(void **state)
{
	struct panthor_mem_reclaim_result out;
	struct panthor_mem_claim_result in;
	uint64_t small, large;

	begin(state);
	small = heap_bytes(&one);
	large_frame();
	large = heap_bytes(&one);
	print_message("heap: %llu KiB, and %llu KiB after a large frame\n",
		      (unsigned long long)small >> 10, (unsigned long long)large >> 10);
	assert_true(large >= small + GROWS_BY);
	out = reclaim(&one);
	check_reclaim(&out);
	assert_true(out.evicted_bytes >= one.bytes + GROWS_BY);

	in = claim(&one, 0);
	assert_int_equal(in.claimed_bytes, out.evicted_bytes);
	assert_int_equal(evicted(&one), 0);
	large_frame();
	/* The GPU has used the chunks that came back, and has needed no others. */
	assert_int_equal(heap_bytes(&one), large);
	check(&one);
}

/* The job that brings everything back needs more than there was. */
void heap_grows_after_a_reclaim(void **state)
{
	struct panthor_mem_reclaim_result out;
	uint64_t small;

	begin(state);
	small = heap_bytes(&one);
	out = reclaim(&one);
	check_reclaim(&out);
	large_frame();
	assert_int_equal(evicted(&one), 0);
	assert_true(heap_bytes(&one) >= small + GROWS_BY);
	check(&one);
}

void heap_grows_while_reclaimed(void **state)
{
	uint64_t small;

	begin(state);
	small = heap_bytes(&one);
	reclaim_while_drawing(10, TRIANGLES);
	check(&one);
	frame(&one);
	assert_int_equal(evicted(&one), 0);
	assert_true(heap_bytes(&one) >= small + GROWS_BY);
	check(&one);
}
