/* SPDX-License-Identifier: MIT */
/*
 * The cases of sim-jobs, by file.
 */
#ifndef SIM_JOBS_H
#define SIM_JOBS_H

/* jobs_basic.c: single jobs */
void store_is_visible(void **state);
void loop_of_real_instructions(void **state);
void pseudo_instructions(void **state);
void random_data(void **state);
void many_jobs_in_flight(void **state);

/* jobs_sync.c: queues that wait for each other */
void sync_wait_across_queues(void **state);
void sync_wait_across_vms(void **state);
void held_then_released(void **state);
void bind_in_queue_order(void **state);

/* jobs_sched.c: more groups and VMs than the hardware has slots for */
void more_groups_than_slots(void **state);
void more_vms_than_address_spaces(void **state);
void sleep_and_wake(void **state);

/* jobs_fault.c: jobs that fail, and the jobs after them */
void translation_fault(void **state);
void invalid_instruction(void **state);
void endless_loop(void **state);
void firmware_stops_answering(void **state);

/* jobs_swap.c: buffers that memory pressure evicted */
void content_through_swap(void **state);
void content_through_swap_asleep(void **state);

#endif
