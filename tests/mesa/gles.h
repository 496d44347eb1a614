/* SPDX-License-Identifier: MIT */
/*
 * Internals of the GLES client. Functions return 0 or -EIO, after a message, unless their
 * comment says otherwise.
 */
#ifndef GLES_H
#define GLES_H

#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <GLES3/gl31.h>
#include <GLES2/gl2ext.h>
#include <gbm.h>

#include "client.h"

struct gles {
	int fd;
	struct gbm_device *gbm;
	EGLDisplay display;
	EGLContext context;
	PFNEGLCREATEIMAGEKHRPROC create_image;
	PFNEGLDESTROYIMAGEKHRPROC destroy_image;
	PFNGLEGLIMAGETARGETTEXTURE2DOESPROC image_target;
};

extern struct gles gles;

struct gles_object {
	GLuint buffer;		/* one of these two */
	GLuint texture;
	struct gbm_bo *bo;	/* memory of a texture that can be exported */
	EGLImageKHR image;
};

/* Print what failed if @good is false; or if GL has an error. */
int gles_check(bool good, const char *what);
int gles_ok(const char *what);

/* gles_object.c; @object->own is a struct gles_object. */
int gles_object_create(struct mesa_object *object, int dmabuf);
void gles_object_destroy(struct mesa_object *object);
/* -EOPNOTSUPP for a buffer: only images can be exported. */
int gles_object_export(const struct mesa_object *object, int *dmabuf);
int gles_object_write(const struct mesa_object *object, uint64_t seed);
int gles_object_sum(const struct mesa_object *object, uint64_t *sum);

/* gles_frame.c */
int gles_frame_start(void);
void gles_frame_end(void);
int gles_frame(const struct mesa_object *objects, unsigned int count,
	       const struct mesa_frame *what);

#endif
