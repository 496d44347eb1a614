// SPDX-License-Identifier: MIT
/*
 * The GLES client: EGL without a window, on the render node.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "gles.h"
#include "gpu/device.h"

struct gles gles = { .fd = -1 };

int gles_check(bool good, const char *what)
{
	if (good)
		return 0;
	fprintf(stderr, "GLES: %s: EGL error %#x\n", what, (unsigned int)eglGetError());
	return -EIO;
}

int gles_ok(const char *what)
{
	GLenum error = glGetError();

	if (error == GL_NO_ERROR)
		return 0;
	fprintf(stderr, "GLES: %s: error %#x\n", what, error);
	return error == GL_OUT_OF_MEMORY ? -ENOMEM : -EIO;
}

static int open_display(void)
{
	gles.fd = gpu_node_open("panthor");
	if (gles.fd < 0)
		return gles.fd;
	gles.gbm = gbm_create_device(gles.fd);
	if (gles_check(gles.gbm, "gbm_create_device"))
		return -EIO;
	gles.display = eglGetPlatformDisplay(EGL_PLATFORM_GBM_KHR, gles.gbm, NULL);
	if (gles_check(gles.display != EGL_NO_DISPLAY, "eglGetPlatformDisplay"))
		return -EIO;
	return gles_check(eglInitialize(gles.display, NULL, NULL), "eglInitialize");
}

static int create_context(void)
{
	static const EGLint attributes[] = {
		EGL_CONTEXT_MAJOR_VERSION, 3,
		EGL_CONTEXT_MINOR_VERSION, 1,
		EGL_NONE
	};

	if (gles_check(eglBindAPI(EGL_OPENGL_ES_API), "eglBindAPI"))
		return -EIO;
	gles.context = eglCreateContext(gles.display, EGL_NO_CONFIG_KHR, EGL_NO_CONTEXT,
					attributes);
	return gles_check(gles.context != EGL_NO_CONTEXT, "eglCreateContext");
}

static int find_functions(void)
{
	gles.create_image = (PFNEGLCREATEIMAGEKHRPROC)eglGetProcAddress("eglCreateImageKHR");
	gles.destroy_image = (PFNEGLDESTROYIMAGEKHRPROC)eglGetProcAddress("eglDestroyImageKHR");
	gles.image_target = (PFNGLEGLIMAGETARGETTEXTURE2DOESPROC)
			    eglGetProcAddress("glEGLImageTargetTexture2DOES");
	return gles_check(gles.create_image && gles.destroy_image && gles.image_target,
			  "functions for images");
}

/* Requests and frames come from different threads, so no thread keeps the context. */
static int take(void)
{
	return gles_check(eglMakeCurrent(gles.display, EGL_NO_SURFACE, EGL_NO_SURFACE,
					 gles.context), "eglMakeCurrent");
}

static void give(void)
{
	eglMakeCurrent(gles.display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
}

static int start(void)
{
	int ret;

	/* The GPU would have to convert compressed textures by a shader. */
	setenv("PAN_MESA_DEBUG", "noafbc", 0);
	ret = open_display();
	if (!ret)
		ret = create_context();
	if (!ret)
		ret = find_functions();
	if (!ret)
		ret = take();
	if (!ret)
		ret = gles_frame_start();
	give();
	return ret;
}

static void end(void)
{
	if (!take())
		gles_frame_end();
	give();
	eglDestroyContext(gles.display, gles.context);
	eglTerminate(gles.display);
	gbm_device_destroy(gles.gbm);
	close(gles.fd);
	gles.fd = -1;
}

static int create(struct mesa_object *object, int dmabuf)
{
	int ret = take();

	if (!ret)
		ret = gles_object_create(object, dmabuf);
	give();
	return ret;
}

static void destroy(struct mesa_object *object)
{
	if (!take())
		gles_object_destroy(object);
	give();
}

static int write_object(const struct mesa_object *object, uint64_t seed)
{
	int ret = take();

	if (!ret)
		ret = gles_object_write(object, seed);
	give();
	return ret;
}

static int sum_object(const struct mesa_object *object, uint64_t *sum)
{
	int ret = take();

	if (!ret)
		ret = gles_object_sum(object, sum);
	give();
	return ret;
}

static int frame(const struct mesa_object *objects, unsigned int count,
		 const struct mesa_frame *what)
{
	int ret = take();

	if (!ret)
		ret = gles_frame(objects, count, what);
	give();
	return ret;
}

static int idle(void)
{
	int ret = take();

	if (!ret) {
		glFinish();
		ret = gles_ok("glFinish");
	}
	give();
	return ret;
}

const struct mesa_api mesa_gles = {
	.start = start,
	.create = create,
	.destroy = destroy,
	.export = gles_object_export,
	.write = write_object,
	.sum = sum_object,
	.frame = frame,
	.idle = idle,
	.end = end,
};
