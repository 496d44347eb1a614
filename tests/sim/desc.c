/* SPDX-License-Identifier: MIT */
/*
 * Descriptors of Mali GPUs.
 */
#include <string.h>

#include "desc.h"

static void put64(uint32_t *words, unsigned int i, uint64_t value)
{
	words[i] = (uint32_t)value;
	words[i + 1] = (uint32_t)(value >> 32);
}

void desc_entry(uint32_t *words, uint64_t va, uint64_t bytes, int has_descriptors)
{
	put64(words, 0, va);
	if (has_descriptors)
		words[1] |= 1u << 24;
	put64(words, 2, bytes);
}

void desc_buffer(uint32_t *words, uint64_t va, uint32_t bytes)
{
	memset(words, 0, DESC_BYTES);
	words[0] = SIM_DESC_BUFFER | SIM_BUFFER_SIMPLE << 4;
	words[1] = bytes;
	put64(words, 2, va);
}

void desc_plane(uint32_t *words, uint64_t va, uint32_t bytes)
{
	memset(words, 0, DESC_BYTES);
	words[0] = SIM_DESC_PLANE | 1 << 4;
	words[1] = bytes;
	put64(words, 2, va);
}

void desc_texture(uint32_t *words, uint64_t planes_va, unsigned int levels, unsigned int layers)
{
	memset(words, 0, DESC_BYTES);
	words[0] = SIM_DESC_TEXTURE | 2 << 4;	/* two-dimensional */
	words[2] = (levels - 1) << 16;
	put64(words, 4, planes_va);
	words[6] = layers - 1;
}

void desc_shader(uint32_t *words, uint64_t binary_va)
{
	memset(words, 0, DESC_BYTES);
	words[0] = SIM_DESC_SHADER;
	put64(words, 2, binary_va);
}

void desc_storage(uint32_t *words, uint64_t tls_va)
{
	memset(words, 0, DESC_BYTES);
	words[1] = 31;		/* no memory for workgroups */
	/* With packed addresses, the base is in units of 256 bytes. */
	put64(words, 2, tls_va >> 8);
	words[3] |= 1u << 28;
}

void desc_draw(uint32_t *words, uint32_t mask, uint64_t shader_va)
{
	memset(words, 0, DESC_DRAW_BYTES);
	words[1] = mask << 16;
	put64(words, 16 + 10, shader_va);
}

static void put_target(uint32_t *words, const struct desc_target *target)
{
	words[1] = target->format << 3 | target->block << 8 | target->swizzle << 16;
	if (!target->no_write)
		words[1] |= 1;
	if (!target->no_clear)
		words[1] |= 1u << 31;
	put64(words, 8, target->va);
	words[10] = target->stride;
	for (int i = 0; i < 4; i++)
		words[12 + i] = target->color;
}

void desc_frame(uint32_t *words, const struct desc_frame *frame)
{
	memset(words, 0, DESC_FRAME_BYTES(frame->targets));
	if (frame->frame_shader_va)
		words[0] = 1;	/* always before the frame */
	put64(words, 6, frame->frame_shader_va);
	words[8] = (frame->width - 1) | (frame->height - 1) << 16;
	words[11] = (frame->targets - 1) << 19;
	put64(words, 14, frame->tiler_va);
	for (unsigned int i = 0; i < frame->targets; i++)
		put_target(words + 32 + 16 * i, &frame->target[i]);
}

void desc_tiler(uint32_t *words, uint64_t heap_va, uint64_t geometry_va,
		unsigned int geometry_pages)
{
	memset(words, 0, DESC_TILER_BYTES);
	put64(words, 6, heap_va);
	put64(words, 8, geometry_va | geometry_pages);
}

void desc_heap(uint32_t *words, uint64_t chunk_va, uint32_t chunk_bytes)
{
	memset(words, 0, DESC_BYTES);
	words[0] = SIM_DESC_BUFFER | SIM_BUFFER_TILER_HEAP << 4;
	words[1] = chunk_bytes;
	put64(words, 2, chunk_va);
	put64(words, 4, chunk_va + SIM_CHUNK_HEADER);
	put64(words, 6, chunk_va + chunk_bytes);
}
