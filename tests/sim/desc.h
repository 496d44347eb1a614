/* SPDX-License-Identifier: MIT */
/*
 * Descriptors of Mali GPUs: what a job names besides its command stream. The layouts are
 * public (Mesa, src/panfrost/genxml). Only fields that the simulated GPU looks at are set.
 */
#ifndef DESC_H
#define DESC_H

#include <stddef.h>
#include <stdint.h>

#include "mali_sim_isa.h"

#define DESC_ALIGN 64
#define DESC_BYTES 32		/* most descriptors */
#define DESC_ENTRY_BYTES 16	/* of a resource table */

/* Each writes one descriptor. */
void desc_entry(uint32_t *words, uint64_t va, uint64_t bytes, int has_descriptors);
void desc_buffer(uint32_t *words, uint64_t va, uint32_t bytes);
void desc_plane(uint32_t *words, uint64_t va, uint32_t bytes);
void desc_texture(uint32_t *words, uint64_t planes_va, unsigned int levels, unsigned int layers);
void desc_shader(uint32_t *words, uint64_t binary_va);
void desc_storage(uint32_t *words, uint64_t tls_va);

/* A frame shader that loads the old content of the targets in @mask. */
#define DESC_DRAW_BYTES 128
void desc_draw(uint32_t *words, uint32_t mask, uint64_t shader_va);

#define DESC_TARGET_RGBA 0x688u		/* swizzle: each channel from itself */
#define DESC_TARGET_BGRA 0x60au

struct desc_target {
	uint64_t va;
	uint32_t stride;
	uint32_t block;		/* SIM_BLOCK_* */
	uint32_t format;	/* SIM_COLOR_* */
	uint32_t swizzle;
	uint32_t color;
	int no_write;
	int no_clear;		/* clean pixels keep their content */
};

struct desc_frame {
	uint32_t width;
	uint32_t height;
	uint64_t tiler_va;		/* or 0 */
	uint64_t frame_shader_va;	/* runs before the frame; or 0 */
	unsigned int targets;		/* at least 1 */
	const struct desc_target *target;
};

/* The address is also the value for SIM_SR_FBD. */
#define DESC_FRAME_BYTES(targets) (128 + 64 * (size_t)(targets))
void desc_frame(uint32_t *words, const struct desc_frame *frame);

/* Tiler context, and the heap that it uses. */
#define DESC_TILER_BYTES 128
void desc_tiler(uint32_t *words, uint64_t heap_va, uint64_t geometry_va,
		unsigned int geometry_pages);
void desc_heap(uint32_t *words, uint64_t chunk_va, uint32_t chunk_bytes);

/* Words of a tiler context that the GPU changes, as 64-bit words. */
#define DESC_TILER_LIST 0
#define DESC_TILER_FIRST 5	/* completed chunks */
#define DESC_TILER_LAST 6
/* The same of a heap. */
#define DESC_HEAP_BASE 1
#define DESC_HEAP_BOTTOM 2
#define DESC_HEAP_TOP 3

#endif
