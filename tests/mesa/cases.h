/* SPDX-License-Identifier: MIT */
/*
 * The cases. Each runs with Vulkan and with GLES: *state is what gpu_app_setup.client is set to.
 */
#ifndef CASES_H
#define CASES_H

/* mesa_content.c */
void everything_leaves_and_returns(void **state);
void contents_without_a_claim(void **state);
void next_frame_brings_it_back(void **state);
void while_frames_are_drawn(void **state);
void in_the_middle_of_a_frame(void **state);
void claim_in_parts(void **state);

/* mesa_heap.c */
void heap_that_has_grown(void **state);
void heap_grows_after_a_reclaim(void **state);
void heap_grows_while_reclaimed(void **state);

/* mesa_life.c */
void shared_image(void **state);
void import_of_an_evicted_image(void **state);
void free_while_reclaimed(void **state);
void kill_while_reclaimed(void **state);
void kill_while_frames_are_drawn(void **state);
void wait_while_reclaimed(void **state);
void end_while_reclaimed(void **state);

#endif
