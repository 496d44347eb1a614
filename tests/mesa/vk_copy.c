// SPDX-License-Identifier: MIT
/*
 * Data that the GPU copies from a buffer of the driver to one of the Vulkan client without a
 * shader: whether queries are available. The command stream of Mesa loads and stores it, so the
 * simulated GPU does this as a real one would.
 *
 * Which queries are available has no regular pattern, so a page of the driver's buffer that is
 * lost or exchanged with another changes the copy.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vk.h"

#define QUERIES 2048u
#define STRIDE 512u		/* bytes between two copies: some in each page of the buffer */
#define SLOTS (STRIDE / 8)	/* copies of different frames side by side */

static VkQueryPool queries;
static struct mesa_object copies = { .size = QUERIES * STRIDE + 4096 };
static unsigned int slot;

static bool available(uint32_t query)
{
	return (query * 2654435761u) >> 31;
}

int vk_copy_start(void)
{
	const VkQueryPoolCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
		.queryType = VK_QUERY_TYPE_OCCLUSION,
		.queryCount = QUERIES,
	};
	VkCommandBuffer commands;
	void *data;
	int ret = vk_ok(vkCreateQueryPool(vk.device, &info, NULL, &queries), "vkCreateQueryPool");

	if (!ret)
		ret = vk_object_create(&copies, -1);
	if (!ret)
		ret = vk_map(&copies, &data);
	if (ret)
		return ret;
	memset(data, 0xff, copies.size);
	vk_unmap(&copies);
	ret = vk_begin(&commands);
	if (ret)
		return ret;
	vkCmdResetQueryPool(commands, queries, 0, QUERIES);
	for (uint32_t i = 0; i < QUERIES; i++) {
		if (available(i)) {
			vkCmdBeginQuery(commands, queries, i, 0);
			vkCmdEndQuery(commands, queries, i);
		}
	}
	return vk_run(commands);
}

void vk_copy_end(void)
{
	vk_object_destroy(&copies);
	vkDestroyQueryPool(vk.device, queries, NULL);
}

/* Each frame writes to other words, which the CPU has not touched since the last check. */
void vk_copy(VkCommandBuffer commands)
{
	const struct vk_object *own = copies.own;

	slot = (slot + 1) % SLOTS;
	vkCmdCopyQueryPoolResults(commands, queries, 0, QUERIES, own->buffer, slot * 8, STRIDE,
				  VK_QUERY_RESULT_WITH_AVAILABILITY_BIT);
}

int vk_copy_check(void)
{
	unsigned int bad = 0;
	void *data;
	int ret = vk_map(&copies, &data);

	if (ret)
		return ret;
	for (uint32_t i = 0; i < QUERIES; i++) {
		uint32_t *copy = (uint32_t *)((char *)data + i * STRIDE + slot * 8);

		/* The first word is defined only if the query is available. */
		bad += copy[1] != available(i) || (available(i) && copy[0]);
		memset(copy, 0xff, 8);
	}
	vk_unmap(&copies);
	if (bad)
		fprintf(stderr, "Vulkan: the GPU copied %u of %u queries wrong\n", bad, QUERIES);
	return bad ? -EILSEQ : 0;
}
