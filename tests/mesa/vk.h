/* SPDX-License-Identifier: MIT */
/*
 * Internals of the Vulkan client. Functions return 0 or -EIO, after a message, unless their
 * comment says otherwise.
 */
#ifndef VK_H
#define VK_H

#include <vulkan/vulkan.h>

#include "client.h"

/* The longest wait for the GPU: a slow guest with all debug options has to be in time. */
#define VK_TIMEOUT_NS UINT64_C(240000000000)

struct vk {
	VkInstance instance;
	VkPhysicalDevice physical;
	VkDevice device;
	VkQueue queue;
	uint32_t family;
	VkCommandPool commands;
	VkFence fence;
	PFN_vkGetMemoryFdKHR get_fd;
};

extern struct vk vk;

struct vk_object {
	VkBuffer buffer;	/* one of these two */
	VkImage image;
	VkImageView view;
	VkDeviceMemory memory;
	VkDescriptorPool pool;
	VkDescriptorSet set;
};

/* Print what failed if the result is not VK_SUCCESS. */
int vk_ok(VkResult result, const char *what);

/* vk_device.c */
int vk_device_open(void);
void vk_device_close(void);
/* Begin a command buffer; submit it and wait until it is done. */
int vk_begin(VkCommandBuffer *commands);
int vk_run(VkCommandBuffer commands);

/* vk_object.c; @object->own is a struct vk_object. */
int vk_object_create(struct mesa_object *object, int dmabuf);
void vk_object_destroy(struct mesa_object *object);
int vk_object_export(const struct mesa_object *object, int *dmabuf);
int vk_map(const struct mesa_object *object, void **data);
void vk_unmap(const struct mesa_object *object);

/* vk_compute.c: shaders that read objects. */
int vk_compute_start(void);
void vk_compute_end(void);
/* Give an object the descriptors for vk_compute(). */
int vk_compute_bind(struct mesa_object *object);
void vk_compute(VkCommandBuffer commands, const struct mesa_object *object);

/* vk_draw.c: a render pass that clears an image and draws into it. */
int vk_draw_start(void);
void vk_draw_end(void);
void vk_draw(VkCommandBuffer commands, unsigned int triangles);
/* After the commands: does every pixel have the colour? */
int vk_draw_check(void);

/* vk_copy.c: data that the GPU copies without a shader. */
int vk_copy_start(void);
void vk_copy_end(void);
void vk_copy(VkCommandBuffer commands);
/* After the commands: was everything copied? */
int vk_copy_check(void);

#endif
