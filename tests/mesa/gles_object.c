// SPDX-License-Identifier: MIT
/*
 * Buffers and textures of the GLES client.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "gles.h"
#include "gpu/pattern.h"

/* Pixels are copied in pieces of at most this size. */
#define PIECE (UINT64_C(1) << 20)

static void create_buffer(const struct mesa_object *object, struct gles_object *own)
{
	glGenBuffers(1, &own->buffer);
	glBindBuffer(GL_SHADER_STORAGE_BUFFER, own->buffer);
	glBufferData(GL_SHADER_STORAGE_BUFFER, (GLsizeiptr)object->size, NULL, GL_STATIC_DRAW);
}

static int create_image(const struct mesa_object *object, struct gles_object *own, int dmabuf)
{
	const EGLint attributes[] = {
		EGL_WIDTH, (EGLint)mesa_width(object->size),
		EGL_HEIGHT, (EGLint)mesa_height(object->size),
		EGL_LINUX_DRM_FOURCC_EXT, GBM_FORMAT_ABGR8888,
		EGL_DMA_BUF_PLANE0_FD_EXT, dmabuf,
		EGL_DMA_BUF_PLANE0_OFFSET_EXT, 0,
		EGL_DMA_BUF_PLANE0_PITCH_EXT, (EGLint)mesa_width(object->size) * 4,
		EGL_NONE
	};

	own->image = gles.create_image(gles.display, EGL_NO_CONTEXT, EGL_LINUX_DMA_BUF_EXT, NULL,
				       attributes);
	if (gles_check(own->image != EGL_NO_IMAGE_KHR, "eglCreateImageKHR"))
		return -EIO;
	gles.image_target(GL_TEXTURE_2D, own->image);
	return 0;
}

static int create_shareable(const struct mesa_object *object, struct gles_object *own)
{
	int fd, ret;

	own->bo = gbm_bo_create(gles.gbm, mesa_width(object->size), mesa_height(object->size),
				GBM_FORMAT_ABGR8888, GBM_BO_USE_LINEAR | GBM_BO_USE_RENDERING);
	if (gles_check(own->bo, "gbm_bo_create"))
		return -EIO;
	if (gles_check(gbm_bo_get_stride(own->bo) == mesa_width(object->size) * 4,
		       "the distance of rows"))
		return -EIO;
	ret = gles_object_export(object, &fd);
	if (ret)
		return ret;
	ret = create_image(object, own, fd);
	close(fd);
	return ret;
}

static int create_texture(const struct mesa_object *object, struct gles_object *own, int dmabuf)
{
	glGenTextures(1, &own->texture);
	glBindTexture(GL_TEXTURE_2D, own->texture);
	if (dmabuf >= 0)
		return create_image(object, own, dmabuf);
	if (object->shareable)
		return create_shareable(object, own);
	glTexStorage2D(GL_TEXTURE_2D, 1, GL_RGBA8, (GLsizei)mesa_width(object->size),
		       (GLsizei)mesa_height(object->size));
	return 0;
}

int gles_object_create(struct mesa_object *object, int dmabuf)
{
	struct gles_object *own = calloc(1, sizeof(*own));
	int ret = own ? 0 : -ENOMEM;

	object->own = own;
	object->shareable = object->shareable && object->image;
	if (!ret && object->image)
		ret = create_texture(object, own, dmabuf);
	else if (!ret)
		create_buffer(object, own);
	if (!ret)
		ret = gles_ok("creating an object");
	if (ret && own)
		gles_object_destroy(object);
	return ret;
}

void gles_object_destroy(struct mesa_object *object)
{
	struct gles_object *own = object->own;

	glDeleteBuffers(1, &own->buffer);
	glDeleteTextures(1, &own->texture);
	if (own->image)
		gles.destroy_image(gles.display, own->image);
	if (own->bo)
		gbm_bo_destroy(own->bo);
	free(own);
	object->own = NULL;
}

int gles_object_export(const struct mesa_object *object, int *dmabuf)
{
	const struct gles_object *own = object->own;

	if (!own->bo)
		return -EOPNOTSUPP;
	*dmabuf = gbm_bo_get_fd(own->bo);
	return gles_check(*dmabuf >= 0, "gbm_bo_get_fd");
}

static int map(const struct mesa_object *object, GLbitfield access, void **data)
{
	const struct gles_object *own = object->own;

	glBindBuffer(GL_SHADER_STORAGE_BUFFER, own->buffer);
	*data = glMapBufferRange(GL_SHADER_STORAGE_BUFFER, 0, (GLsizeiptr)object->size, access);
	return *data ? 0 : gles_ok("glMapBufferRange");
}

static GLsizei rows(const struct mesa_object *object, uint64_t offset)
{
	uint64_t bytes = object->size - offset;

	return (GLsizei)((bytes < PIECE ? bytes : PIECE) / 4 / mesa_width(object->size));
}

static void write_texture(const struct mesa_object *object, uint64_t seed, void *piece)
{
	const struct gles_object *own = object->own;
	uint32_t width = mesa_width(object->size);
	GLsizei count;

	glBindTexture(GL_TEXTURE_2D, own->texture);
	for (uint64_t offset = 0; offset < object->size; offset += (uint64_t)count * width * 4) {
		count = rows(object, offset);
		pattern_write(piece, (size_t)count * width * 4, seed + offset / 8);
		glTexSubImage2D(GL_TEXTURE_2D, 0, 0, (GLint)(offset / 4 / width), (GLsizei)width,
				count, GL_RGBA, GL_UNSIGNED_BYTE, piece);
	}
}

static uint64_t read_texture(const struct mesa_object *object, void *piece)
{
	const struct gles_object *own = object->own;
	uint32_t width = mesa_width(object->size);
	uint64_t sum = pattern_checksum(NULL, 0);
	GLuint framebuffer;
	GLsizei count;

	glGenFramebuffers(1, &framebuffer);
	glBindFramebuffer(GL_FRAMEBUFFER, framebuffer);
	glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, own->texture,
			       0);
	for (uint64_t offset = 0; offset < object->size; offset += (uint64_t)count * width * 4) {
		count = rows(object, offset);
		glReadPixels(0, (GLint)(offset / 4 / width), (GLsizei)width, count, GL_RGBA,
			     GL_UNSIGNED_BYTE, piece);
		sum = pattern_checksum_add(sum, piece, (size_t)count * width * 4);
	}
	glBindFramebuffer(GL_FRAMEBUFFER, 0);
	glDeleteFramebuffers(1, &framebuffer);
	return sum;
}

int gles_object_write(const struct mesa_object *object, uint64_t seed)
{
	void *data;
	int ret;

	if (object->image) {
		data = malloc(PIECE);
		if (!data)
			return -ENOMEM;
		write_texture(object, seed, data);
		free(data);
		return gles_ok("writing a texture");
	}
	ret = map(object, GL_MAP_WRITE_BIT, &data);
	if (ret || !data)
		return -EIO;
	pattern_write(data, object->size, seed);
	glUnmapBuffer(GL_SHADER_STORAGE_BUFFER);
	return gles_ok("writing a buffer");
}

int gles_object_sum(const struct mesa_object *object, uint64_t *sum)
{
	void *data;
	int ret;

	if (object->image) {
		data = malloc(PIECE);
		if (!data)
			return -ENOMEM;
		*sum = read_texture(object, data);
		free(data);
		return gles_ok("reading a texture");
	}
	ret = map(object, GL_MAP_READ_BIT, &data);
	if (ret || !data)
		return -EIO;
	*sum = pattern_checksum(data, object->size);
	glUnmapBuffer(GL_SHADER_STORAGE_BUFFER);
	return gles_ok("reading a buffer");
}
