// SPDX-License-Identifier: MIT
/*
 * The render pass of the Vulkan client: it clears an image, each time to another colour, and draws
 * triangles.
 */
#include <errno.h>

#include "vk.h"

/* Made from the source of the shaders; these files include nothing. */
#include "triangle.frag.h"
#include "triangle.vert.h"

static VkRenderPass pass;
static VkFramebuffer framebuffer;
static VkPipelineLayout layout;
static VkPipeline pipeline;
static struct mesa_object target = { .size = 1 << 20, .image = true };
static uint8_t colour[4] = { 0, 0, 0x5a, 0xff };

static int create_pass(void)
{
	const struct vk_object *own = target.own;
	const VkAttachmentDescription attachment = {
		.format = VK_FORMAT_R8G8B8A8_UNORM,
		.samples = VK_SAMPLE_COUNT_1_BIT,
		.loadOp = VK_ATTACHMENT_LOAD_OP_CLEAR,
		.storeOp = VK_ATTACHMENT_STORE_OP_STORE,
		.stencilLoadOp = VK_ATTACHMENT_LOAD_OP_DONT_CARE,
		.stencilStoreOp = VK_ATTACHMENT_STORE_OP_DONT_CARE,
		.initialLayout = VK_IMAGE_LAYOUT_UNDEFINED,
		.finalLayout = VK_IMAGE_LAYOUT_GENERAL,
	};
	const VkAttachmentReference reference = { 0, VK_IMAGE_LAYOUT_GENERAL };
	const VkSubpassDescription subpass = {
		.pipelineBindPoint = VK_PIPELINE_BIND_POINT_GRAPHICS,
		.colorAttachmentCount = 1,
		.pColorAttachments = &reference,
	};
	const VkRenderPassCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_RENDER_PASS_CREATE_INFO,
		.attachmentCount = 1,
		.pAttachments = &attachment,
		.subpassCount = 1,
		.pSubpasses = &subpass,
	};
	VkFramebufferCreateInfo buffer = {
		.sType = VK_STRUCTURE_TYPE_FRAMEBUFFER_CREATE_INFO,
		.attachmentCount = 1,
		.pAttachments = &own->view,
		.width = mesa_width(target.size),
		.height = mesa_height(target.size),
		.layers = 1,
	};

	if (vk_ok(vkCreateRenderPass(vk.device, &info, NULL, &pass), "vkCreateRenderPass"))
		return -EIO;
	buffer.renderPass = pass;
	return vk_ok(vkCreateFramebuffer(vk.device, &buffer, NULL, &framebuffer),
		     "vkCreateFramebuffer");
}

static int create_module(const uint32_t *code, size_t size, VkShaderModule *module)
{
	const VkShaderModuleCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
		.codeSize = size,
		.pCode = code,
	};

	return vk_ok(vkCreateShaderModule(vk.device, &info, NULL, module),
		     "vkCreateShaderModule");
}

static int create_pipeline(VkShaderModule vertex, VkShaderModule fragment)
{
	const VkPipelineShaderStageCreateInfo stages[2] = {
		{
			.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
			.stage = VK_SHADER_STAGE_VERTEX_BIT,
			.module = vertex,
			.pName = "main",
		},
		{
			.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
			.stage = VK_SHADER_STAGE_FRAGMENT_BIT,
			.module = fragment,
			.pName = "main",
		},
	};
	const VkPipelineVertexInputStateCreateInfo input = {
		.sType = VK_STRUCTURE_TYPE_PIPELINE_VERTEX_INPUT_STATE_CREATE_INFO,
	};
	const VkPipelineInputAssemblyStateCreateInfo assembly = {
		.sType = VK_STRUCTURE_TYPE_PIPELINE_INPUT_ASSEMBLY_STATE_CREATE_INFO,
		.topology = VK_PRIMITIVE_TOPOLOGY_TRIANGLE_LIST,
	};
	const VkExtent2D extent = { mesa_width(target.size), mesa_height(target.size) };
	const VkViewport viewport = {
		.width = (float)extent.width, .height = (float)extent.height, .maxDepth = 1,
	};
	const VkRect2D scissor = { .extent = extent };
	const VkPipelineViewportStateCreateInfo view = {
		.sType = VK_STRUCTURE_TYPE_PIPELINE_VIEWPORT_STATE_CREATE_INFO,
		.viewportCount = 1,
		.pViewports = &viewport,
		.scissorCount = 1,
		.pScissors = &scissor,
	};
	const VkPipelineRasterizationStateCreateInfo raster = {
		.sType = VK_STRUCTURE_TYPE_PIPELINE_RASTERIZATION_STATE_CREATE_INFO,
		.cullMode = VK_CULL_MODE_NONE,
		.lineWidth = 1,
	};
	const VkPipelineMultisampleStateCreateInfo samples = {
		.sType = VK_STRUCTURE_TYPE_PIPELINE_MULTISAMPLE_STATE_CREATE_INFO,
		.rasterizationSamples = VK_SAMPLE_COUNT_1_BIT,
	};
	const VkPipelineColorBlendAttachmentState attachment = { .colorWriteMask = 0xf };
	const VkPipelineColorBlendStateCreateInfo blend = {
		.sType = VK_STRUCTURE_TYPE_PIPELINE_COLOR_BLEND_STATE_CREATE_INFO,
		.attachmentCount = 1,
		.pAttachments = &attachment,
	};
	const VkGraphicsPipelineCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_GRAPHICS_PIPELINE_CREATE_INFO,
		.stageCount = 2,
		.pStages = stages,
		.pVertexInputState = &input,
		.pInputAssemblyState = &assembly,
		.pViewportState = &view,
		.pRasterizationState = &raster,
		.pMultisampleState = &samples,
		.pColorBlendState = &blend,
		.layout = layout,
		.renderPass = pass,
	};

	return vk_ok(vkCreateGraphicsPipelines(vk.device, VK_NULL_HANDLE, 1, &info, NULL,
					       &pipeline), "vkCreateGraphicsPipelines");
}

int vk_draw_start(void)
{
	const VkPipelineLayoutCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
	};
	VkShaderModule vertex = VK_NULL_HANDLE, fragment = VK_NULL_HANDLE;
	int ret = vk_object_create(&target, -1);

	if (!ret)
		ret = create_pass();
	if (!ret)
		ret = vk_ok(vkCreatePipelineLayout(vk.device, &info, NULL, &layout),
			    "vkCreatePipelineLayout");
	if (!ret)
		ret = create_module(triangle_vert, sizeof(triangle_vert), &vertex);
	if (!ret)
		ret = create_module(triangle_frag, sizeof(triangle_frag), &fragment);
	if (!ret)
		ret = create_pipeline(vertex, fragment);
	vkDestroyShaderModule(vk.device, vertex, NULL);
	vkDestroyShaderModule(vk.device, fragment, NULL);
	return ret;
}

void vk_draw_end(void)
{
	vkDestroyPipeline(vk.device, pipeline, NULL);
	vkDestroyPipelineLayout(vk.device, layout, NULL);
	vkDestroyFramebuffer(vk.device, framebuffer, NULL);
	vkDestroyRenderPass(vk.device, pass, NULL);
	vk_object_destroy(&target);
}

void vk_draw(VkCommandBuffer commands, unsigned int triangles)
{
	VkClearValue clear;
	const VkRenderPassBeginInfo info = {
		.sType = VK_STRUCTURE_TYPE_RENDER_PASS_BEGIN_INFO,
		.renderPass = pass,
		.framebuffer = framebuffer,
		.renderArea.extent = { mesa_width(target.size), mesa_height(target.size) },
		.clearValueCount = 1,
		.pClearValues = &clear,
	};

	mesa_next_colour(colour);
	for (unsigned int i = 0; i < 4; i++)
		clear.color.float32[i] = (float)colour[i] / 255;
	vkCmdBeginRenderPass(commands, &info, VK_SUBPASS_CONTENTS_INLINE);
	vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_GRAPHICS, pipeline);
	vkCmdDraw(commands, 3 * triangles, 1, 0, 0);
	vkCmdEndRenderPass(commands);
}

int vk_draw_check(void)
{
	void *pixels;
	int ret = vk_map(&target, &pixels);

	if (ret)
		return ret;
	ret = mesa_check_colour("Vulkan", pixels, target.size / 4, colour);
	vk_unmap(&target);
	return ret;
}
