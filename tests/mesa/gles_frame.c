// SPDX-License-Identifier: MIT
/*
 * The frame of the GLES client: it clears a picture, each time to another colour. Compute shaders
 * read the buffers of the client. Triangles with its textures are drawn outside of the picture.
 */
#include <errno.h>
#include <stdio.h>

#include "gles.h"

#define TARGET_SIZE 512

static const char compute_source[] =
	"#version 310 es\n"
	"layout(local_size_x = 64) in;\n"
	"layout(std430, binding = 0) readonly buffer Data { uint data[]; };\n"
	"layout(std430, binding = 1) buffer Result { uint result; };\n"
	"void main() { atomicXor(result, data[gl_GlobalInvocationID.x]); }\n";

static const char vertex_source[] =
	"#version 310 es\n"
	"void main() {\n"
	"	gl_Position = vec4(gl_VertexID == 1 ? 5.0 : 4.0,\n"
	"			   gl_VertexID == 2 ? 5.0 : 4.0, 0.0, 1.0);\n"
	"}\n";

static const char fragment_source[] =
	"#version 310 es\n"
	"precision mediump float;\n"
	"uniform sampler2D image;\n"
	"out vec4 colour;\n"
	"void main() { colour = texelFetch(image, ivec2(gl_FragCoord.xy), 0); }\n";

static GLuint compute, draw, target, framebuffer, result, vertices;
static uint8_t colour[4] = { 0, 0, 0xa5, 0xff };

static int attach(GLuint program, GLenum kind, const char *source)
{
	GLuint shader = glCreateShader(kind);
	char log[512] = "";
	GLint good;

	glShaderSource(shader, 1, &source, NULL);
	glCompileShader(shader);
	glGetShaderiv(shader, GL_COMPILE_STATUS, &good);
	if (!good) {
		glGetShaderInfoLog(shader, sizeof(log), NULL, log);
		fprintf(stderr, "GLES: a shader does not compile: %s\n", log);
		return -EIO;
	}
	glAttachShader(program, shader);
	glDeleteShader(shader);
	return 0;
}

static int link_program(GLuint program)
{
	char log[512] = "";
	GLint good;

	glLinkProgram(program);
	glGetProgramiv(program, GL_LINK_STATUS, &good);
	if (good)
		return 0;
	glGetProgramInfoLog(program, sizeof(log), NULL, log);
	fprintf(stderr, "GLES: a program does not link: %s\n", log);
	return -EIO;
}

int gles_frame_start(void)
{
	int ret;

	compute = glCreateProgram();
	ret = attach(compute, GL_COMPUTE_SHADER, compute_source);
	if (!ret)
		ret = link_program(compute);
	draw = glCreateProgram();
	if (!ret)
		ret = attach(draw, GL_VERTEX_SHADER, vertex_source);
	if (!ret)
		ret = attach(draw, GL_FRAGMENT_SHADER, fragment_source);
	if (!ret)
		ret = link_program(draw);
	if (ret)
		return ret;
	glGenVertexArrays(1, &vertices);
	glGenBuffers(1, &result);
	glBindBuffer(GL_SHADER_STORAGE_BUFFER, result);
	glBufferData(GL_SHADER_STORAGE_BUFFER, 4096, NULL, GL_DYNAMIC_DRAW);
	glGenTextures(1, &target);
	glBindTexture(GL_TEXTURE_2D, target);
	glTexStorage2D(GL_TEXTURE_2D, 1, GL_RGBA8, TARGET_SIZE, TARGET_SIZE);
	glGenFramebuffers(1, &framebuffer);
	glBindFramebuffer(GL_FRAMEBUFFER, framebuffer);
	glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, target, 0);
	glBindFramebuffer(GL_FRAMEBUFFER, 0);
	return gles_ok("preparing frames");
}

void gles_frame_end(void)
{
	glDeleteFramebuffers(1, &framebuffer);
	glDeleteTextures(1, &target);
	glDeleteBuffers(1, &result);
	glDeleteVertexArrays(1, &vertices);
	glDeleteProgram(compute);
	glDeleteProgram(draw);
}

static void read_buffer(const struct mesa_object *object)
{
	const struct gles_object *own = object->own;
	GLuint groups = (GLuint)(object->size / 4 / 64);

	glUseProgram(compute);
	glBindBufferBase(GL_SHADER_STORAGE_BUFFER, 0, own->buffer);
	glBindBufferBase(GL_SHADER_STORAGE_BUFFER, 1, result);
	/* GLES only promises 65535 groups in each direction. */
	glDispatchCompute(groups < 65535 ? groups : 65535, 1, 1);
}

static void draw_texture(const struct mesa_object *object, unsigned int triangles)
{
	const struct gles_object *own = object->own;

	glUseProgram(draw);
	glBindTexture(GL_TEXTURE_2D, own->texture);
	glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
	glDrawArrays(GL_TRIANGLES, 0, (GLsizei)(3 * triangles));
}

static int check_colour(void)
{
	static uint8_t pixels[TARGET_SIZE * TARGET_SIZE][4];

	glReadPixels(0, 0, TARGET_SIZE, TARGET_SIZE, GL_RGBA, GL_UNSIGNED_BYTE, pixels);
	return mesa_check_colour("GLES", pixels, TARGET_SIZE * TARGET_SIZE, colour);
}

static void use(const struct mesa_object *object, unsigned int triangles)
{
	if (object->live && object->image)
		draw_texture(object, triangles);
	else if (object->live)
		read_buffer(object);
}

int gles_frame(const struct mesa_object *objects, unsigned int count,
	       const struct mesa_frame *what)
{
	unsigned int triangles = what->triangles;
	int ret;

	mesa_next_colour(colour);
	glBindFramebuffer(GL_FRAMEBUFFER, framebuffer);
	glBindVertexArray(vertices);
	glViewport(0, 0, TARGET_SIZE, TARGET_SIZE);
	glClearColor((float)colour[0] / 255, (float)colour[1] / 255, (float)colour[2] / 255, 1);
	glClear(GL_COLOR_BUFFER_BIT);
	for (unsigned int i = 0; i < what->passes * count; i++) {
		use(&objects[i % count], triangles);
		/* The heap has grown with the first picture. */
		if (objects[i % count].live && objects[i % count].image)
			triangles = 1;
	}
	glFinish();
	ret = check_colour();
	glBindFramebuffer(GL_FRAMEBUFFER, 0);
	return ret ? ret : gles_ok("a frame");
}
