// SPDX-License-Identifier: MIT
/*
 * Shaders of the Vulkan client that read objects: what an application's frame does with its
 * buffers and textures.
 */
#include <errno.h>
#include <stddef.h>

#include "vk.h"

/* Made from the source of the shaders; these files include nothing. */
#include "buffer.comp.h"
#include "image.comp.h"

/* What differs between buffers and images. */
struct kind {
	VkDescriptorType type;
	VkDescriptorSetLayout set;
	VkPipelineLayout layout;
	VkPipeline pipeline;
};

static struct kind kinds[2] = {
	{ .type = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER },
	{ .type = VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER },
};

static VkSampler sampler;
static struct mesa_object result = { .size = 4096 };
static bool started;

static int create_layouts(struct kind *kind)
{
	const VkDescriptorSetLayoutBinding bindings[2] = {
		{
			.binding = 0,
			.descriptorType = kind->type,
			.descriptorCount = 1,
			.stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
		},
		{
			.binding = 1,
			.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
			.descriptorCount = 1,
			.stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
		},
	};
	const VkDescriptorSetLayoutCreateInfo set = {
		.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
		.bindingCount = 2,
		.pBindings = bindings,
	};
	const VkPipelineLayoutCreateInfo pipeline = {
		.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
		.setLayoutCount = 1,
		.pSetLayouts = &kind->set,
	};

	if (vk_ok(vkCreateDescriptorSetLayout(vk.device, &set, NULL, &kind->set),
		  "vkCreateDescriptorSetLayout"))
		return -EIO;
	return vk_ok(vkCreatePipelineLayout(vk.device, &pipeline, NULL, &kind->layout),
		     "vkCreatePipelineLayout");
}

static int create_pipeline(struct kind *kind, const uint32_t *code, size_t size)
{
	const VkShaderModuleCreateInfo module = {
		.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
		.codeSize = size,
		.pCode = code,
	};
	VkComputePipelineCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
		.stage = {
			.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
			.stage = VK_SHADER_STAGE_COMPUTE_BIT,
			.pName = "main",
		},
		.layout = kind->layout,
	};
	int ret = vk_ok(vkCreateShaderModule(vk.device, &module, NULL, &info.stage.module),
			"vkCreateShaderModule");

	if (ret)
		return ret;
	ret = vk_ok(vkCreateComputePipelines(vk.device, VK_NULL_HANDLE, 1, &info, NULL,
					     &kind->pipeline), "vkCreateComputePipelines");
	vkDestroyShaderModule(vk.device, info.stage.module, NULL);
	return ret;
}

int vk_compute_start(void)
{
	const VkSamplerCreateInfo info = { .sType = VK_STRUCTURE_TYPE_SAMPLER_CREATE_INFO };
	int ret = create_layouts(&kinds[0]);

	if (!ret)
		ret = create_layouts(&kinds[1]);
	if (!ret)
		ret = create_pipeline(&kinds[0], buffer_comp, sizeof(buffer_comp));
	if (!ret)
		ret = create_pipeline(&kinds[1], image_comp, sizeof(image_comp));
	if (!ret)
		ret = vk_ok(vkCreateSampler(vk.device, &info, NULL, &sampler), "vkCreateSampler");
	if (!ret)
		ret = vk_object_create(&result, -1);
	started = !ret;
	return ret;
}

void vk_compute_end(void)
{
	vk_object_destroy(&result);
	vkDestroySampler(vk.device, sampler, NULL);
	for (unsigned int i = 0; i < 2; i++) {
		vkDestroyPipeline(vk.device, kinds[i].pipeline, NULL);
		vkDestroyPipelineLayout(vk.device, kinds[i].layout, NULL);
		vkDestroyDescriptorSetLayout(vk.device, kinds[i].set, NULL);
	}
	started = false;
}

static int allocate_set(const struct kind *kind, struct vk_object *own)
{
	const VkDescriptorPoolSize sizes[2] = {
		{ VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 2 },
		{ VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER, 1 },
	};
	const VkDescriptorPoolCreateInfo pool = {
		.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
		.maxSets = 1,
		.poolSizeCount = 2,
		.pPoolSizes = sizes,
	};
	VkDescriptorSetAllocateInfo info = {
		.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
		.descriptorSetCount = 1,
		.pSetLayouts = &kind->set,
	};

	if (vk_ok(vkCreateDescriptorPool(vk.device, &pool, NULL, &own->pool),
		  "vkCreateDescriptorPool"))
		return -EIO;
	info.descriptorPool = own->pool;
	return vk_ok(vkAllocateDescriptorSets(vk.device, &info, &own->set),
		     "vkAllocateDescriptorSets");
}

int vk_compute_bind(struct mesa_object *object)
{
	const struct vk_object *to = result.own;
	struct vk_object *own = object->own;
	const VkDescriptorBufferInfo buffer = { own->buffer, 0, object->size };
	const VkDescriptorBufferInfo output = { to->buffer, 0, result.size };
	const VkDescriptorImageInfo image = { sampler, own->view, VK_IMAGE_LAYOUT_GENERAL };
	VkWriteDescriptorSet writes[2] = {
		{
			.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
			.dstBinding = 0,
			.descriptorCount = 1,
			.descriptorType = kinds[object->image].type,
			.pImageInfo = &image,
			.pBufferInfo = &buffer,
		},
		{
			.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
			.dstBinding = 1,
			.descriptorCount = 1,
			.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
			.pBufferInfo = &output,
		},
	};

	/* The buffer for results is no input of a shader. */
	if (!started)
		return 0;
	if (allocate_set(&kinds[object->image], own))
		return -EIO;
	writes[0].dstSet = own->set;
	writes[1].dstSet = own->set;
	vkUpdateDescriptorSets(vk.device, 2, writes, 0, NULL);
	return 0;
}

/*
 * One invocation for each pixel of an image, or for each word of a buffer. Vulkan only promises
 * 65535 groups in each direction.
 */
void vk_compute(VkCommandBuffer commands, const struct mesa_object *object)
{
	const struct kind *kind = &kinds[object->image];
	const struct vk_object *own = object->own;
	uint32_t groups = (uint32_t)(object->size / 4 / 64);

	vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE,
			  kind->pipeline);
	vkCmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_COMPUTE, kind->layout, 0, 1,
				&own->set, 0, NULL);
	if (object->image)
		vkCmdDispatch(commands, mesa_width(object->size) / 8,
			      mesa_height(object->size) / 8, 1);
	else
		vkCmdDispatch(commands, groups < 65535 ? groups : 65535, 1, 1);
}
