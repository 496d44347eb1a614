// SPDX-License-Identifier: MIT
/*
 * What processes do to each other and to their objects while these are evicted.
 */
#include <string.h>

#include "cases.h"
#include "gpu/pattern.h"
#include "world.h"

/* Mesa keeps some small buffers of its own in reserve; no object is so small in sum. */
#define SMALL MIB
#define KILLS 6

/* The last set of add_mixed() can be exported. */
static const struct objects *shareable(void)
{
	return &one.sets[one.set_count - 1];
}

/* Import the first of these images into the second process. */
static unsigned int import_image(void)
{
	struct app_reply reply;
	int dmabuf = -1;

	ok(gpu_app_ask(&one.app, &(struct app_request) {
		.op = APP_EXPORT, .bo = shareable()->first,
	}, &reply, NULL, &dmabuf), "exporting an image");
	ok(gpu_app_ask(&two.app, &(struct app_request) {
		.op = APP_IMPORT, .size = shareable()->size, .image = true,
	}, &reply, NULL, &dmabuf), "importing it");
	return (unsigned int)reply.ret;
}

static uint64_t sum_in_two(unsigned int image)
{
	struct app_reply reply = { 0 };

	ok(gpu_app_ask(&two.app, &(struct app_request) {
		.op = APP_SUM, .bo = image,
	}, &reply, NULL, NULL), "reading the imported image");
	return reply.value;
}

/* An image that another process uses stays, until that process ends. */
void shared_image(void **state)
{
	struct panthor_mem_reclaim_result out;
	unsigned int image;

	begin(state);
	start(&two, *state);
	image = import_image();
	frame(&two);

	out = reclaim(&one);
	assert_true(out.status & DRM_PANTHOR_MEM_STATUS_SHARED);
	assert_true(out.skipped_bytes >= shareable()->size);
	assert_true(out.evicted_bytes >= one.bytes - shareable()->size);
	assert_int_equal(sum_in_two(image), pattern_expected(shareable()->seed, MIB));
	frame(&two);

	/* What one writes, the other reads. */
	one.sets[one.set_count - 1].seed ^= 1;
	ask(&two, &(struct app_request) {
		.op = APP_FILL, .bo = image, .seed = shareable()->seed,
	});
	for (unsigned int i = 1; i < shareable()->count; i++)
		ask(&one, &(struct app_request) {
			.op = APP_FILL, .bo = shareable()->first + i,
			.seed = shareable()->seed + i * (UINT64_C(1) << 32),
		});
	claim(&one, 0);
	check(&one);

	gpu_app_kill(&two.app);
	out = reclaim(&one);
	assert_false(out.status & DRM_PANTHOR_MEM_STATUS_SHARED);
	assert_true(out.evicted_bytes >= one.bytes);
	check(&one);
}

void import_of_an_evicted_image(void **state)
{
	unsigned int image;

	begin(state);
	start(&two, *state);
	reclaim(&one);
	image = import_image();
	frame(&two);
	assert_int_equal(sum_in_two(image), pattern_expected(shareable()->seed, MIB));
	reclaim(&two);
	claim(&one, 0);
	check(&one);
	frame(&two);
	assert_int_equal(sum_in_two(image), pattern_expected(shareable()->seed, MIB));
}

/* Every second object is freed. The others can still be brought back. */
void free_while_reclaimed(void **state)
{
	begin(state);
	reclaim(&one);
	for (unsigned int i = 0; i < one.set_count; i++) {
		struct objects *set = &one.sets[i];

		for (unsigned int k = 0; k < set->count; k += 2)
			ask(&one, &(struct app_request) {
				.op = APP_FREE, .bo = set->first + k,
			});
		set->halved = true;
	}
	check(&one);
	assert_int_equal(claim(&one, 0).remaining_bytes, 0);
	frame(&one);
	check(&one);
}

void kill_while_reclaimed(void **state)
{
	uint64_t before = in_swap();

	begin(state);
	reclaim(&one);
	assert_true(in_swap() >= before + one.bytes);
	gpu_app_kill(&one.app);
	wait_for_swap(before + SMALL);
}

/* At whatever moment a process is killed, nothing of it stays. */
void kill_while_frames_are_drawn(void **state)
{
	uint64_t before = in_swap();

	for (unsigned int i = 0; i < KILLS; i++) {
		memset(&one, 0, sizeof(one));
		begin(state);
		ask(&one, &(struct app_request) { .op = APP_FRAMES_START });
		reclaim(&one);
		if (i % 2)
			claim(&one, MIB);
		gpu_app_kill(&one.app);
		wait_for_swap(before + SMALL);
	}
}

/*
 * How much of @bytes a process may bring back without a job. Vulkan brings nothing back. In GLES,
 * the CPU writes to buffers of the driver, one page for each call, and the kernel reads the pages
 * next to it, too.
 */
static uint64_t allowed(void **state, uint64_t bytes)
{
	const struct gpu_app_client *client = *state;

	return client->start == mesa_vk_client.start ? 0 : bytes / 8;
}

/* vkQueueWaitIdle() and vkDeviceWaitIdle() submit jobs that have no command stream. */
void wait_while_reclaimed(void **state)
{
	uint64_t left, in;

	begin(state);
	reclaim(&one);
	left = evicted(&one);
	in = pages_in();
	ask(&one, &(struct app_request) { .op = APP_IDLE });
	print_message("waiting read %llu pages of %llu from swap\n",
		      (unsigned long long)(pages_in() - in), (unsigned long long)left / 4096);
	assert_true(left - evicted(&one) <= allowed(state, left));
	assert_true((pages_in() - in) * 4096 <= allowed(state, left));
}

/* The same when the process destroys everything and exits. */
void end_while_reclaimed(void **state)
{
	uint64_t before = in_swap(), in, all;

	begin(state);
	all = reclaim(&one).evicted_bytes;
	in = pages_in();
	ask(&one, &(struct app_request) { .op = APP_END });
	gpu_app_kill(&one.app);
	print_message("ending read %llu pages of %llu from swap\n",
		      (unsigned long long)(pages_in() - in), (unsigned long long)all / 4096);
	assert_true((pages_in() - in) * 4096 <= allowed(state, all));
	wait_for_swap(before + SMALL);
}
