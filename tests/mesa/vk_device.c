// SPDX-License-Identifier: MIT
/*
 * The Vulkan client's device, and command buffers on it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vk.h"

struct vk vk;

int vk_ok(VkResult result, const char *what)
{
	if (result == VK_SUCCESS)
		return 0;
	fprintf(stderr, "Vulkan: %s: result %d\n", what, (int)result);
	return result == VK_ERROR_OUT_OF_HOST_MEMORY || result == VK_ERROR_OUT_OF_DEVICE_MEMORY ?
	       -ENOMEM : -EIO;
}

static int create_instance(void)
{
	const VkApplicationInfo app = {
		.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
		.pApplicationName = "panthor-mem test",
		.apiVersion = VK_API_VERSION_1_1,
	};
	const VkInstanceCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
		.pApplicationInfo = &app,
	};

	return vk_ok(vkCreateInstance(&info, NULL, &vk.instance), "vkCreateInstance");
}

/* There is one driver in the system that tests/mesa/build-mesa makes. */
static int find_device(void)
{
	VkPhysicalDeviceProperties properties;
	uint32_t count = 1;
	VkResult result = vkEnumeratePhysicalDevices(vk.instance, &count, &vk.physical);

	if (result == VK_INCOMPLETE)
		result = VK_SUCCESS;
	if (vk_ok(result, "vkEnumeratePhysicalDevices"))
		return -EIO;
	if (!count) {
		fprintf(stderr, "Vulkan: there is no device\n");
		return -ENODEV;
	}
	vkGetPhysicalDeviceProperties(vk.physical, &properties);
	/* With mesa's debug output, this says which driver is tested. */
	if (properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU)
		fprintf(stderr, "Vulkan: %s is no GPU\n", properties.deviceName);
	return 0;
}

/* The family for graphics, which can compute too. */
static int find_family(void)
{
	VkQueueFamilyProperties families[16];
	uint32_t count = 16;

	vkGetPhysicalDeviceQueueFamilyProperties(vk.physical, &count, families);
	for (vk.family = 0; vk.family < count; vk.family++) {
		if (families[vk.family].queueFlags & VK_QUEUE_GRAPHICS_BIT)
			return 0;
	}
	fprintf(stderr, "Vulkan: no queue draws\n");
	return -ENODEV;
}

static int create_device(void)
{
	static const char *const extensions[] = {
		VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME,
		VK_EXT_EXTERNAL_MEMORY_DMA_BUF_EXTENSION_NAME,
	};
	const float priority = 1;
	const VkDeviceQueueCreateInfo queue = {
		.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
		.queueFamilyIndex = vk.family,
		.queueCount = 1,
		.pQueuePriorities = &priority,
	};
	const VkDeviceCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
		.queueCreateInfoCount = 1,
		.pQueueCreateInfos = &queue,
		.enabledExtensionCount = sizeof(extensions) / sizeof(extensions[0]),
		.ppEnabledExtensionNames = extensions,
	};

	if (vk_ok(vkCreateDevice(vk.physical, &info, NULL, &vk.device), "vkCreateDevice"))
		return -EIO;
	vkGetDeviceQueue(vk.device, vk.family, 0, &vk.queue);
	vk.get_fd = (PFN_vkGetMemoryFdKHR)vkGetDeviceProcAddr(vk.device, "vkGetMemoryFdKHR");
	return vk.get_fd ? 0 : -ENOSYS;
}

int vk_device_open(void)
{
	const VkFenceCreateInfo fence = { .sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO };
	VkCommandPoolCreateInfo pool = {
		.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
		.flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT,
	};
	int ret = create_instance();

	if (!ret)
		ret = find_device();
	if (!ret)
		ret = find_family();
	if (!ret)
		ret = create_device();
	pool.queueFamilyIndex = vk.family;
	if (!ret)
		ret = vk_ok(vkCreateCommandPool(vk.device, &pool, NULL, &vk.commands),
			    "vkCreateCommandPool");
	if (!ret)
		ret = vk_ok(vkCreateFence(vk.device, &fence, NULL, &vk.fence), "vkCreateFence");
	return ret;
}

void vk_device_close(void)
{
	vkDestroyFence(vk.device, vk.fence, NULL);
	vkDestroyCommandPool(vk.device, vk.commands, NULL);
	vkDestroyDevice(vk.device, NULL);
	vkDestroyInstance(vk.instance, NULL);
	memset(&vk, 0, sizeof(vk));
}

int vk_begin(VkCommandBuffer *commands)
{
	const VkCommandBufferAllocateInfo info = {
		.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
		.commandPool = vk.commands,
		.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
		.commandBufferCount = 1,
	};
	const VkCommandBufferBeginInfo begin = {
		.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
		.flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
	};

	if (vk_ok(vkAllocateCommandBuffers(vk.device, &info, commands),
		  "vkAllocateCommandBuffers"))
		return -EIO;
	return vk_ok(vkBeginCommandBuffer(*commands, &begin), "vkBeginCommandBuffer");
}

int vk_run(VkCommandBuffer commands)
{
	const VkSubmitInfo submit = {
		.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
		.commandBufferCount = 1,
		.pCommandBuffers = &commands,
	};
	int ret = vk_ok(vkEndCommandBuffer(commands), "vkEndCommandBuffer");

	if (!ret)
		ret = vk_ok(vkQueueSubmit(vk.queue, 1, &submit, vk.fence), "vkQueueSubmit");
	if (!ret)
		ret = vk_ok(vkWaitForFences(vk.device, 1, &vk.fence, VK_TRUE, VK_TIMEOUT_NS),
			    "vkWaitForFences");
	if (!ret)
		ret = vk_ok(vkResetFences(vk.device, 1, &vk.fence), "vkResetFences");
	vkFreeCommandBuffers(vk.device, vk.commands, 1, &commands);
	return ret;
}
