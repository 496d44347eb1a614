// SPDX-License-Identifier: MIT
/*
 * Buffers and images of the Vulkan client, each in memory of its own.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "vk.h"

#define DMABUF VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT

static int create_buffer(const struct mesa_object *object, struct vk_object *own)
{
	const VkExternalMemoryBufferCreateInfo external = {
		.sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO,
		.handleTypes = DMABUF,
	};
	const VkBufferCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
		.pNext = object->shareable ? &external : NULL,
		.size = object->size,
		.usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
			 VK_BUFFER_USAGE_TRANSFER_DST_BIT,
	};

	return vk_ok(vkCreateBuffer(vk.device, &info, NULL, &own->buffer), "vkCreateBuffer");
}

/*
 * Contents are compared by the bytes of the memory, so no compressed layout may be used: usage
 * as a storage image excludes it.
 */
static int create_image(const struct mesa_object *object, struct vk_object *own)
{
	const VkExternalMemoryImageCreateInfo external = {
		.sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO,
		.handleTypes = DMABUF,
	};
	const VkImageCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
		.pNext = object->shareable ? &external : NULL,
		.imageType = VK_IMAGE_TYPE_2D,
		.format = VK_FORMAT_R8G8B8A8_UNORM,
		.extent = { mesa_width(object->size), mesa_height(object->size), 1 },
		.mipLevels = 1,
		.arrayLayers = 1,
		.samples = VK_SAMPLE_COUNT_1_BIT,
		.tiling = object->shareable ? VK_IMAGE_TILING_LINEAR : VK_IMAGE_TILING_OPTIMAL,
		.usage = VK_IMAGE_USAGE_SAMPLED_BIT | VK_IMAGE_USAGE_STORAGE_BIT |
			 VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT,
		.initialLayout = VK_IMAGE_LAYOUT_UNDEFINED,
	};

	return vk_ok(vkCreateImage(vk.device, &info, NULL, &own->image), "vkCreateImage");
}

/* A type of memory that the CPU can map without flushing it. */
static uint32_t host_visible(uint32_t types)
{
	const VkMemoryPropertyFlags wanted = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
					     VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
	VkPhysicalDeviceMemoryProperties memory;

	vkGetPhysicalDeviceMemoryProperties(vk.physical, &memory);
	for (uint32_t i = 0; i < memory.memoryTypeCount; i++) {
		if (types & (1u << i) && (memory.memoryTypes[i].propertyFlags & wanted) == wanted)
			return i;
	}
	return 0;
}

static int allocate(const struct mesa_object *object, struct vk_object *own, int dmabuf)
{
	const VkMemoryDedicatedAllocateInfo dedicated = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_DEDICATED_ALLOCATE_INFO,
		.buffer = own->buffer,
		.image = own->image,
	};
	const VkExportMemoryAllocateInfo exported = {
		.sType = VK_STRUCTURE_TYPE_EXPORT_MEMORY_ALLOCATE_INFO,
		.pNext = &dedicated,
		.handleTypes = DMABUF,
	};
	const VkImportMemoryFdInfoKHR imported = {
		.sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR,
		.pNext = &dedicated,
		.handleType = DMABUF,
		.fd = dmabuf < 0 ? -1 : dup(dmabuf),
	};
	VkMemoryAllocateInfo info = { .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO };
	VkMemoryRequirements needs;
	int ret;

	if (own->buffer)
		vkGetBufferMemoryRequirements(vk.device, own->buffer, &needs);
	else
		vkGetImageMemoryRequirements(vk.device, own->image, &needs);
	info.allocationSize = needs.size;
	info.memoryTypeIndex = host_visible(needs.memoryTypeBits);
	if (dmabuf >= 0)
		info.pNext = &imported;
	else if (object->shareable)
		info.pNext = &exported;
	ret = vk_ok(vkAllocateMemory(vk.device, &info, NULL, &own->memory), "vkAllocateMemory");
	if (ret) {
		if (imported.fd >= 0)
			close(imported.fd);
		return ret;
	}
	if (own->buffer)
		return vk_ok(vkBindBufferMemory(vk.device, own->buffer, own->memory, 0),
			     "vkBindBufferMemory");
	return vk_ok(vkBindImageMemory(vk.device, own->image, own->memory, 0),
		     "vkBindImageMemory");
}

static int create_view(struct vk_object *own)
{
	const VkImageViewCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO,
		.image = own->image,
		.viewType = VK_IMAGE_VIEW_TYPE_2D,
		.format = VK_FORMAT_R8G8B8A8_UNORM,
		.subresourceRange = { VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1 },
	};

	return vk_ok(vkCreateImageView(vk.device, &info, NULL, &own->view), "vkCreateImageView");
}

/* An image that is imported is in this layout already. */
static int to_general(struct vk_object *own)
{
	const VkImageMemoryBarrier barrier = {
		.sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER,
		.dstAccessMask = VK_ACCESS_SHADER_READ_BIT,
		.oldLayout = VK_IMAGE_LAYOUT_UNDEFINED,
		.newLayout = VK_IMAGE_LAYOUT_GENERAL,
		.srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
		.dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED,
		.image = own->image,
		.subresourceRange = { VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1 },
	};
	VkCommandBuffer commands;
	int ret = vk_begin(&commands);

	if (ret)
		return ret;
	vkCmdPipelineBarrier(commands, VK_PIPELINE_STAGE_TOP_OF_PIPE_BIT,
			     VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, 0, 0, NULL, 0, NULL, 1,
			     &barrier);
	return vk_run(commands);
}

int vk_object_create(struct mesa_object *object, int dmabuf)
{
	struct vk_object *own = calloc(1, sizeof(*own));
	int ret = own ? 0 : -ENOMEM;

	object->own = own;
	if (!ret)
		ret = object->image ? create_image(object, own) : create_buffer(object, own);
	if (!ret)
		ret = allocate(object, own, dmabuf);
	if (!ret && object->image)
		ret = create_view(own);
	if (!ret && object->image && dmabuf < 0)
		ret = to_general(own);
	if (!ret)
		ret = vk_compute_bind(object);
	if (ret && own)
		vk_object_destroy(object);
	return ret;
}

void vk_object_destroy(struct mesa_object *object)
{
	struct vk_object *own = object->own;

	vkDestroyDescriptorPool(vk.device, own->pool, NULL);
	vkDestroyImageView(vk.device, own->view, NULL);
	vkDestroyImage(vk.device, own->image, NULL);
	vkDestroyBuffer(vk.device, own->buffer, NULL);
	vkFreeMemory(vk.device, own->memory, NULL);
	free(own);
	object->own = NULL;
}

int vk_object_export(const struct mesa_object *object, int *dmabuf)
{
	const struct vk_object *own = object->own;
	const VkMemoryGetFdInfoKHR info = {
		.sType = VK_STRUCTURE_TYPE_MEMORY_GET_FD_INFO_KHR,
		.memory = own->memory,
		.handleType = DMABUF,
	};

	return vk_ok(vk.get_fd(vk.device, &info, dmabuf), "vkGetMemoryFdKHR");
}

int vk_map(const struct mesa_object *object, void **data)
{
	const struct vk_object *own = object->own;

	return vk_ok(vkMapMemory(vk.device, own->memory, 0, VK_WHOLE_SIZE, 0, data),
		     "vkMapMemory");
}

void vk_unmap(const struct mesa_object *object)
{
	const struct vk_object *own = object->own;

	vkUnmapMemory(vk.device, own->memory);
}
