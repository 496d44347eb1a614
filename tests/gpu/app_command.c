/* SPDX-License-Identifier: MIT */
/*
 * Internals of a process under test: dispatches the requests.
 */
#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "gpu/app_state.h"

static int give_file(struct app_state *state, unsigned int file, int *fd)
{
	app_bo_forget_file(state, file);
	/* The caller sends the descriptor and then closes it: this is the last reference. */
	*fd = state->dev[file].fd;
	state->dev[file].fd = -1;
	return 0;
}

static int dup_file(struct app_state *state, unsigned int file, int *fd)
{
	*fd = fcntl(state->dev[file].fd, F_DUPFD_CLOEXEC, 0);
	return *fd < 0 ? -errno : 0;
}

static int take_file(int fd)
{
	drmVersionPtr version;

	if (fd < 0)
		return -EBADF;
	/* The process that issued the last ioctl is the owner. */
	version = drmGetVersion(fd);
	if (!version)
		return -EIO;
	drmFreeVersion(version);
	return 0;
}

/* A request that names a BO applies to the file of that BO; others name a file. */
static bool names_file(enum app_op op)
{
	switch (op) {
	case APP_ALLOC:
	case APP_IMPORT:
	case APP_FRAME:
	case APP_BUSY:
	case APP_IDLE:
	case APP_FRAMES_START:
	case APP_GIVE_FILE:
	case APP_DUP_FILE:
	case APP_HEAP:
	case APP_HEAP_CHECK:
	case APP_SPARSE:
	case APP_SPARSE_USE:
	case APP_NEW_GROUP:
	case APP_DATA:
	case APP_DATA_CHECK:
		return true;
	default:
		return false;
	}
}

static bool valid(const struct app_state *state, const struct app_request *req)
{
	return !names_file(req->op) ||
	       (req->file < state->files && req->vm < state->vms &&
		state->dev[req->file].fd >= 0);
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* Measured in the process itself, so without the time for the messages. */
static int timed_frame(struct app_state *state, const struct app_request *req,
		       uint64_t *value)
{
	int64_t start = now_ns();
	int ret = app_frame(state, req->file, req->vm);

	*value = (uint64_t)(now_ns() - start);
	return ret;
}

static int64_t run(struct app_state *state, const struct app_request *req,
		   int fd, uint64_t *value, int *send_fd)
{
	if (!valid(state, req))
		return -EINVAL;
	switch (req->op) {
	case APP_ALLOC:
		return app_bo_alloc(state, req);
	case APP_EXPORT:
		return app_bo_export(state, req->bo, send_fd);
	case APP_IMPORT:
		return app_bo_import(state, req, fd);
	case APP_FREE:
		return app_bo_free(state, req->bo);
	case APP_FILL:
		return app_bo_fill(state, req->bo, req->by_gpu, req->seed);
	case APP_SUM:
		return app_bo_sum(state, req->bo, req->by_gpu, value);
	case APP_LOST:
		return app_bo_lost(state, req->bo, req->seed, value);
	case APP_FRAME:
		return timed_frame(state, req, value);
	case APP_BUSY:
		return app_busy(state, req->file, req->vm, req->ns);
	case APP_IDLE:
		return app_idle(state, req->file, req->vm);
	case APP_FRAMES_START:
		return app_frames_start(state, req->ns);
	case APP_FRAMES_STOP:
		return app_frames_stop(state);
	case APP_GIVE_FILE:
		return give_file(state, req->file, send_fd);
	case APP_TAKE_FILE:
		return take_file(fd);
	case APP_DUP_FILE:
		return dup_file(state, req->file, send_fd);
	case APP_HEAP:
		return app_heap(state, req);
	case APP_HEAP_CHECK:
		return app_heap_check(state, req);
	case APP_SPARSE:
		return app_sparse(state, req);
	case APP_SPARSE_USE:
		return app_sparse_use(state, req);
	case APP_NEW_GROUP:
		return app_new_group(state, req);
	case APP_DATA:
		return app_data_fill(state, req);
	case APP_DATA_CHECK:
		return app_data_check(state, req);
	case APP_CALL:
	case APP_END:
		break;
	}
	return -ENOSYS;
}

int64_t app_command(struct app_state *state, const struct app_request *req,
		    int fd, uint64_t *value, int *send_fd)
{
	int64_t ret;

	pthread_mutex_lock(&state->lock);
	ret = run(state, req, fd, value, send_fd);
	pthread_mutex_unlock(&state->lock);
	/* A dma-buf is no longer needed; a file of the device stays open. */
	if (fd >= 0 && req->op != APP_TAKE_FILE)
		close(fd);
	return ret;
}
