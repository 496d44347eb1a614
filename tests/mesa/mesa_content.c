// SPDX-License-Identifier: MIT
/*
 * Contents survive, whoever brings them back.
 */
#include "cases.h"
#include "world.h"

/* A frame that reads everything so often takes longer than a reclaim. */
#define PASSES 3
/* Reclaims that have to meet such a frame, and reclaims that are tried. */
#define BUSY_RECLAIMS 20
#define MOST_RECLAIMS 500

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

/* The GPU reads everything for so long that reclaims begin and end within one frame. */
void in_the_middle_of_a_frame(void **state)
{
	unsigned int busy = 0, i;

	begin(state);
	ask(&one, &(struct app_request) { .op = APP_FRAMES_START, .size = PASSES });
	for (i = 0; busy < BUSY_RECLAIMS && i < MOST_RECLAIMS; i++) {
		const struct panthor_mem_reclaim_result out = reclaim_at_once(&one);

		busy += !!(out.status & DRM_PANTHOR_MEM_STATUS_BUSY);
		if (out.evicted_bytes)
			claim(&one, 0);
	}
	print_message("%u of %u reclaims met a frame\n", busy, i);
	/* A frame fails if the GPU has not found a page. */
	assert_true(ask(&one, &(struct app_request) { .op = APP_FRAMES_STOP }) > 0);
	assert_int_equal(busy, BUSY_RECLAIMS);
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
