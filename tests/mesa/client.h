/* SPDX-License-Identifier: MIT */
/*
 * A process under test that uses the GPU by way of Mesa, in Vulkan or in GLES. It answers the
 * requests of gpu/app_wire.h; its objects are buffers and images.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gpu/app.h"

#define MESA_OBJECTS 512

struct mesa_object {
	uint64_t size;		/* bytes of the contents, a multiple of 4096 */
	bool live;
	bool image;
	bool shareable;		/* can be exported as a dma-buf */
	void *own;		/* what the API has for it */
};

/* What a frame does. */
struct mesa_frame {
	unsigned int triangles;	/* drawn; they take memory of the tiler heap */
	unsigned int passes;	/* how often each object is read */
};

/* What differs between the APIs. Functions return 0 or a negative errno. */
struct mesa_api {
	int (*start)(void);
	/* @dmabuf: a descriptor to import, which is not closed, or -1. */
	int (*create)(struct mesa_object *object, int dmabuf);
	void (*destroy)(struct mesa_object *object);
	int (*export)(const struct mesa_object *object, int *dmabuf);
	/* By the CPU: write a pattern (gpu/pattern.h), or read everything. */
	int (*write)(const struct mesa_object *object, uint64_t seed);
	int (*sum)(const struct mesa_object *object, uint64_t *sum);
	/* GPU work that uses all live objects and changes none. Returns when it is done. */
	int (*frame)(const struct mesa_object *objects, unsigned int count,
		     const struct mesa_frame *what);
	/* Wait until the GPU has nothing to do. */
	int (*idle)(void);
	void (*end)(void);
};

extern const struct mesa_api mesa_vk;
extern const struct mesa_api mesa_gles;

/* For struct gpu_app_setup. */
extern const struct gpu_app_client mesa_vk_client;
extern const struct gpu_app_client mesa_gles_client;

/* The width of an image of that many bytes, with four bytes a pixel. */
static inline uint32_t mesa_width(uint64_t size)
{
	return size < 1 << 20 ? 32 : 1024;
}

static inline uint32_t mesa_height(uint64_t size)
{
	return (uint32_t)(size / 4 / mesa_width(size));
}

/* What a frame clears a picture to, in bytes: red, green, blue, alpha. */
void mesa_next_colour(uint8_t colour[4]);
/* Does every pixel have the colour? Returns 0 or -EILSEQ, with a message. */
int mesa_check_colour(const char *name, const void *pixels, size_t count, const uint8_t colour[4]);

/* Let processes without privileges open the GPU. There is no udev in the guest. */
int mesa_open_to_all(void);

#endif
