/* SPDX-License-Identifier: MIT */
/*
 * The applications of run-demo --mesa are Vulkan programs. Their buffers cannot be exported, as is
 * usual, so nothing but Mesa's own work reads them by the GPU.
 */
#include "client.h"
#include "demo.h"

const bool demo_read_by_gpu = false;

int demo_client(const struct gpu_app_client **client)
{
	*client = &mesa_vk_client;
	return mesa_open_to_all();
}
