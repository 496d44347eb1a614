/* SPDX-License-Identifier: MIT */
/*
 * The simulated GPU end to end: the real driver runs jobs on it. Their results must be
 * right, even if they are swapped out, rotated, suspended, or run next to a job that
 * faults.
 */
#include "guest.h"
#include "sim_jobs.h"

int main(void)
{
	const struct CMUnitTest tests[] = {
		GUEST_CASE(store_is_visible),
		GUEST_CASE(loop_of_real_instructions),
		GUEST_CASE(pseudo_instructions),
		GUEST_CASE(random_data),
		GUEST_CASE(many_jobs_in_flight),
		GUEST_CASE(sync_wait_across_queues),
		GUEST_CASE(sync_wait_across_vms),
		GUEST_CASE(held_then_released),
		GUEST_CASE(bind_in_queue_order),
		GUEST_CASE(more_groups_than_slots),
		GUEST_CASE(more_vms_than_address_spaces),
		GUEST_CASE(sleep_and_wake),
		GUEST_CASE(content_through_swap),
		GUEST_CASE(content_through_swap_asleep),
		GUEST_CASE(translation_fault),
		GUEST_CASE(invalid_instruction),
		GUEST_CASE(endless_loop),
		GUEST_CASE(firmware_stops_answering),
	};

	return cmocka_run_group_tests_name("sim-jobs", tests, NULL, NULL);
}
