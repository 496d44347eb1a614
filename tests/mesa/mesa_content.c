// SPDX-License-Identifier: MIT
/*
 * Contents survive, whoever brings them back.
 */
#include "cases.h"
#include "world.h"

void everything_leaves_and_returns(void **state)
{
	struct panthor_mem_reclaim_result out;
	struct panthor_mem_claim_result in;
	uint64_t before;

	begin(state);
	before = resident(&one);
	out = reclaim(&one);
	print_message("%llu KiB evicted, %llu KiB stay resident\n",
		      (unsigned long long)out.evicted_bytes >> 10,
		      (unsigned long long)resident(&one) >> 10);
	check_reclaim(&out);

	in = claim(&one, 0);
	assert_int_equal(in.claimed_bytes, out.evicted_bytes);
	assert_int_equal(in.remaining_bytes, 0);
	assert_int_equal(in.status, 0);
	assert_int_equal(resident(&one), before);
	frame(&one);
	check(&one);
}

/* The first to read is the CPU, and for what is exported the GPU. */
void contents_without_a_claim(void **state)
{
	struct panthor_mem_reclaim_result out;

	begin(state);
	out = reclaim(&one);
	check_reclaim(&out);
	check(&one);
	frame(&one);
	check(&one);
}

void next_frame_brings_it_back(void **state)
{
	struct panthor_mem_reclaim_result out;

	begin(state);
	out = reclaim(&one);
	check_reclaim(&out);
	frame(&one);
	assert_int_equal(evicted(&one), 0);
	check(&one);
}

void while_frames_are_drawn(void **state)
{
	begin(state);
	reclaim_while_drawing(20, 1);
	check(&one);
}

void claim_in_parts(void **state)
{
	/* The largest BO: a claim exceeds its cap by less than that. */
	const uint64_t cap = MIB, largest = 8 * MIB;
	struct panthor_mem_reclaim_result out;
	struct panthor_mem_claim_result in;
	uint64_t sum = 0;

	begin(state);
	out = reclaim(&one);
	check_reclaim(&out);
	do {
		in = claim(&one, cap);
		assert_true(in.claimed_bytes > 0);
		assert_true(in.claimed_bytes < cap + largest);
		sum += in.claimed_bytes;
		assert_int_equal(in.remaining_bytes, out.evicted_bytes - sum);
	} while (in.remaining_bytes);
	assert_int_equal(sum, out.evicted_bytes);
	check(&one);
	frame(&one);
}
