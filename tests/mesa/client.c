// SPDX-License-Identifier: MIT
/*
 * The process under test: its table of objects, its requests, and its thread of frames. One
 * lock serialises the use of the API.
 */
#include <errno.h>
#include <glob.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "gpu/app_state.h"
#include "gpu/data.h"

/* With this distance of seeds, objects n and n + 1 of a request share no word. */
#define SEED_STEP (UINT64_C(1) << 32)
/* After a frame, its thread pauses for at least this many times the duration of the frame. */
#define FRAME_REST 3

static const struct mesa_api *api;
static struct mesa_object objects[MESA_OBJECTS];
static unsigned int object_count;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_t frames_thread;
static bool frames_on;
static int64_t frames_pause_ns;
static struct mesa_frame frames_what;
static long frames_done;
static int frames_error;

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

int mesa_open_to_all(void)
{
	glob_t nodes;
	int ret = glob("/dev/dri/*D*", 0, NULL, &nodes) ? -ENODEV : 0;

	for (size_t i = 0; !ret && i < nodes.gl_pathc; i++)
		ret = chmod(nodes.gl_pathv[i], 0666) ? -errno : 0;
	globfree(&nodes);
	return ret;
}

void mesa_next_colour(uint8_t colour[4])
{
	colour[0]++;
	colour[1] += !colour[0];
}

int mesa_check_colour(const char *name, const void *pixels, size_t count, const uint8_t colour[4])
{
	const uint8_t *pixel = pixels;
	size_t wrong = 0;

	for (size_t i = 0; i < count; i++)
		wrong += memcmp(&pixel[4 * i], colour, 4) != 0;
	if (wrong)
		fprintf(stderr, "%s: the GPU left %zu pixels wrong\n", name, wrong);
	return wrong ? -EILSEQ : 0;
}

static struct mesa_object *find(unsigned int number)
{
	return number < object_count && objects[number].live ? &objects[number] : NULL;
}

/* Append an object to the table. */
static int add(const struct mesa_object *wanted, int dmabuf)
{
	struct mesa_object *object = &objects[object_count];
	int ret;

	if (object_count == MESA_OBJECTS || !wanted->size || wanted->size % 4096)
		return -EINVAL;
	*object = *wanted;
	ret = api->create(object, dmabuf);
	if (ret)
		return ret;
	object->live = true;
	return (int)object_count++;
}

static int64_t alloc(const struct app_request *req)
{
	const struct mesa_object wanted = {
		.size = req->size, .image = req->image, .shareable = !req->exclusive,
	};
	int64_t first = object_count;

	for (unsigned int i = 0; i < req->count; i++) {
		int ret = add(&wanted, -1);

		if (ret >= 0)
			ret = api->write(&objects[ret], req->seed + i * SEED_STEP);
		if (ret < 0)
			return ret;
	}
	return first;
}

static int64_t import(const struct app_request *req, int dmabuf)
{
	const struct mesa_object wanted = {
		.size = req->size, .image = req->image, .shareable = true,
	};

	return dmabuf < 0 ? -EBADF : add(&wanted, dmabuf);
}

static int64_t export(unsigned int number, int *dmabuf)
{
	const struct mesa_object *object = find(number);

	if (!object || !object->shareable)
		return -ENOENT;
	return api->export(object, dmabuf);
}

static int64_t release(unsigned int number)
{
	struct mesa_object *object = find(number);

	if (!object)
		return -ENOENT;
	object->live = false;
	api->destroy(object);
	return 0;
}

/*
 * Read an object by the GPU. Mesa's copies need shaders, which the simulated GPU does not run,
 * so a VM of this library's own reads the memory, on another file of the same process.
 */
static int sum_by_gpu(const struct mesa_object *object, uint64_t *sum)
{
	struct gpu_device dev = { .fd = -1 };
	static struct gpu_ctx ctx;
	struct gpu_bo bo = { 0 };
	int dmabuf = -1;
	int ret = api->export(object, &dmabuf);

	if (!ret)
		ret = gpu_device_open(&dev);
	if (!ret)
		ret = gpu_ctx_init(&ctx, &dev, 1);
	if (ret)
		goto out;
	ret = gpu_bo_import(dev.fd, dmabuf, &bo);
	if (!ret)
		ret = gpu_ctx_bind(&ctx, &bo);
	if (!ret) {
		/* A BO can be larger than the object in it. */
		bo.size = object->size;
		ret = gpu_checksum(&ctx, &bo, sum);
	}
	if (bo.handle)
		gpu_bo_destroy(dev.fd, &bo);
	gpu_ctx_fini(&ctx);
out:
	gpu_device_close(&dev);
	if (dmabuf >= 0)
		close(dmabuf);
	return ret;
}

static int64_t sum(const struct app_request *req, uint64_t *value)
{
	const struct mesa_object *object = find(req->bo);

	if (!object)
		return -ENOENT;
	if (!req->by_gpu)
		return api->sum(object, value);
	return object->shareable ? sum_by_gpu(object, value) : -EOPNOTSUPP;
}

static int64_t fill(const struct app_request *req)
{
	const struct mesa_object *object = find(req->bo);

	return object ? api->write(object, req->seed) : -ENOENT;
}

static struct mesa_frame frame_of(const struct app_request *req)
{
	return (struct mesa_frame) {
		.triangles = req->count ? req->count : 1,
		.passes = req->size ? (unsigned int)req->size : 1,
	};
}

static int frame(const struct mesa_frame *what, uint64_t *ns)
{
	int64_t start = now_ns();
	int ret = api->frame(objects, object_count, what);

	*ns = (uint64_t)(now_ns() - start);
	return ret;
}

static void *frames(void *arg)
{
	bool on = true;

	app_block_signals();
	while (on) {
		struct timespec rest;
		int64_t pause;
		uint64_t ns;
		int ret;

		pthread_mutex_lock(&lock);
		ret = frame(&frames_what, &ns);
		if (ret)
			frames_error = ret;
		else
			frames_done++;
		on = frames_on && !ret;
		pause = (int64_t)ns * FRAME_REST;
		if (pause < frames_pause_ns)
			pause = frames_pause_ns;
		pthread_mutex_unlock(&lock);
		rest = (struct timespec) { pause / 1000000000, pause % 1000000000 };
		if (on)
			nanosleep(&rest, NULL);
	}
	return arg;
}

static int frames_start(const struct app_request *req)
{
	if (frames_on)
		return -EBUSY;
	frames_on = true;
	frames_pause_ns = req->ns;
	frames_what = frame_of(req);
	frames_done = 0;
	frames_error = 0;
	return -pthread_create(&frames_thread, NULL, frames, NULL);
}

/* The caller holds the lock; it is released while waiting for the thread. */
static long frames_stop(void)
{
	if (!frames_on)
		return -EINVAL;
	frames_on = false;
	pthread_mutex_unlock(&lock);
	pthread_join(frames_thread, NULL);
	pthread_mutex_lock(&lock);
	return frames_error ? frames_error : frames_done;
}

static int end(void)
{
	int ret = api->idle();

	for (unsigned int i = 0; i < object_count; i++) {
		if (objects[i].live)
			release(i);
	}
	api->end();
	return ret;
}

static int64_t run(const struct app_request *req, int fd, uint64_t *value, int *send_fd)
{
	const struct mesa_frame what = frame_of(req);

	switch (req->op) {
	case APP_ALLOC:
		return alloc(req);
	case APP_EXPORT:
		return export(req->bo, send_fd);
	case APP_IMPORT:
		return import(req, fd);
	case APP_FREE:
		return release(req->bo);
	case APP_FILL:
		return fill(req);
	case APP_SUM:
		return sum(req, value);
	case APP_FRAME:
		return frame(&what, value);
	case APP_IDLE:
		return api->idle();
	case APP_FRAMES_START:
		return frames_start(req);
	case APP_FRAMES_STOP:
		return frames_stop();
	case APP_END:
		return end();
	default:
		return -ENOSYS;
	}
}

static int64_t command(const struct app_request *req, int fd, uint64_t *value, int *send_fd)
{
	int64_t ret;

	pthread_mutex_lock(&lock);
	ret = run(req, fd, value, send_fd);
	pthread_mutex_unlock(&lock);
	if (fd >= 0)
		close(fd);
	return ret;
}

static int start_vk(void)
{
	api = &mesa_vk;
	return api->start();
}

static int start_gles(void)
{
	api = &mesa_gles;
	return api->start();
}

const struct gpu_app_client mesa_vk_client = { start_vk, command };
const struct gpu_app_client mesa_gles_client = { start_gles, command };
