// SPDX-License-Identifier: MIT
/*
 * The Vulkan client.
 */
#include "gpu/pattern.h"
#include "vk.h"

static int start(void)
{
	int ret = vk_device_open();

	if (!ret)
		ret = vk_compute_start();
	if (!ret)
		ret = vk_draw_start();
	if (!ret)
		ret = vk_copy_start();
	return ret;
}

static void end(void)
{
	vk_copy_end();
	vk_draw_end();
	vk_compute_end();
	vk_device_close();
}

static int write_object(const struct mesa_object *object, uint64_t seed)
{
	void *data;
	int ret = vk_map(object, &data);

	if (ret)
		return ret;
	pattern_write(data, object->size, seed);
	vk_unmap(object);
	return 0;
}

static int sum_object(const struct mesa_object *object, uint64_t *sum)
{
	void *data;
	int ret = vk_map(object, &data);

	if (ret)
		return ret;
	*sum = pattern_checksum(data, object->size);
	vk_unmap(object);
	return 0;
}

static int frame(const struct mesa_object *objects, unsigned int count,
		 const struct mesa_frame *what)
{
	VkCommandBuffer commands;
	int ret = vk_begin(&commands);

	if (ret)
		return ret;
	for (unsigned int i = 0; i < what->passes * count; i++) {
		if (objects[i % count].live)
			vk_compute(commands, &objects[i % count]);
	}
	vk_draw(commands, what->triangles);
	vk_copy(commands);
	ret = vk_run(commands);
	if (!ret)
		ret = vk_copy_check();
	return ret ? ret : vk_draw_check();
}

/* What an application does before it exits, or when it is told to use less memory. */
static int idle(void)
{
	int ret = vk_ok(vkQueueWaitIdle(vk.queue), "vkQueueWaitIdle");

	return ret ? ret : vk_ok(vkDeviceWaitIdle(vk.device), "vkDeviceWaitIdle");
}

const struct mesa_api mesa_vk = {
	.start = start,
	.create = vk_object_create,
	.destroy = vk_object_destroy,
	.export = vk_object_export,
	.write = write_object,
	.sum = sum_object,
	.frame = frame,
	.idle = idle,
	.end = end,
};
