// SPDX-License-Identifier: MIT
/*
 * Programs on Mesa's drivers for panthor, reclaimed and claimed.
 *
 * usage: mesa [CASE], with a pattern as cmocka takes it
 */
#include "cases.h"
#include "world.h"

/* cmocka passes a pointer to data, so not to the const structs of client.h. */
static struct gpu_app_client vulkan, gles;

#define CASE(name, api, client) \
	{ #api "." #name, name, world_begin, world_end, &(client) }

#define CASES(api, client) \
	CASE(everything_leaves_and_returns, api, client), \
	CASE(contents_without_a_claim, api, client), \
	CASE(next_frame_brings_it_back, api, client), \
	CASE(while_frames_are_drawn, api, client), \
	CASE(in_the_middle_of_a_frame, api, client), \
	CASE(claim_in_parts, api, client), \
	CASE(heap_that_has_grown, api, client), \
	CASE(heap_grows_after_a_reclaim, api, client), \
	CASE(heap_grows_while_reclaimed, api, client), \
	CASE(shared_image, api, client), \
	CASE(import_of_an_evicted_image, api, client), \
	CASE(free_while_reclaimed, api, client), \
	CASE(kill_while_reclaimed, api, client), \
	CASE(kill_while_frames_are_drawn, api, client), \
	CASE(wait_while_reclaimed, api, client), \
	CASE(end_while_reclaimed, api, client)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { CASES(vulkan, vulkan), CASES(gles, gles) };

	vulkan = mesa_vk_client;
	gles = mesa_gles_client;
	if (argc == 2)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("mesa", tests, NULL, NULL);
}
