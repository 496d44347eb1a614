/* SPDX-License-Identifier: MIT */
/*
 * Internals of a process under test: its objects and its commands.
 */
#ifndef APP_STATE_H
#define APP_STATE_H

#include <pthread.h>

#include "gpu/app.h"
#include "gpu/ctx.h"
#include "gpu/heap.h"

struct app_bo {
	struct gpu_bo bo;	/* .va 0: not bound */
	unsigned int file;
	unsigned int vm;	/* the VM that it is bound in */
	uint64_t sum;		/* checksum of what app_data_fill() wrote */
};

struct app_slot {
	struct gpu_ctx ctx;
	uint32_t busy;		/* sync object of the last delaying job, or 0 */
	struct gpu_heap heap;	/* .chunks 0: none */
	struct gpu_bo sparse;	/* .va 0: no such range */
};

struct app_state {
	unsigned int files;
	unsigned int vms;
	struct gpu_device dev[GPU_APP_FILES];
	struct app_slot slot[GPU_APP_FILES][GPU_APP_VMS];

	struct app_bo *bo;
	unsigned int bo_count;
	unsigned int bo_room;

	pthread_mutex_t lock;	/* protects the contexts */
	pthread_t frames_thread;
	bool frames_on;
	int64_t frames_pause_ns;
	long frames_done;
	int frames_error;
};

/* All commands except APP_CALL. @fd: received descriptor; @send_fd: descriptor to send. */
int64_t app_command(struct app_state *state, const struct app_request *req,
		    int fd, uint64_t *value, int *send_fd);

/* Block all signals in the calling thread. */
void app_block_signals(void);

/* app_frames.c */
int app_frame(struct app_state *state, unsigned int file, unsigned int vm);
int app_busy(struct app_state *state, unsigned int file, unsigned int vm,
	     int64_t ns);
int app_idle(struct app_state *state, unsigned int file, unsigned int vm);
int app_frames_start(struct app_state *state, int64_t pause_ns);
long app_frames_stop(struct app_state *state);

/* app_gpu.c */
int app_heap(struct app_state *state, const struct app_request *req);
int app_heap_check(struct app_state *state, const struct app_request *req);
int app_sparse(struct app_state *state, const struct app_request *req);
int app_sparse_use(struct app_state *state, const struct app_request *req);
int app_new_group(struct app_state *state, const struct app_request *req);

/* app_data.c */
int app_data_fill(struct app_state *state, const struct app_request *req);
int app_data_check(struct app_state *state, const struct app_request *req);

/* app_bo.c */
int app_bo_alloc(struct app_state *state, const struct app_request *req);
int app_bo_import(struct app_state *state, const struct app_request *req,
		  int dmabuf);
int app_bo_export(struct app_state *state, unsigned int bo, int *dmabuf);
int app_bo_free(struct app_state *state, unsigned int bo);
int app_bo_fill(struct app_state *state, unsigned int bo, bool by_gpu,
		uint64_t seed);
int app_bo_sum(struct app_state *state, unsigned int bo, bool by_gpu,
	       uint64_t *sum);
/* -EBADMSG: a page that can be read does not have its content. */
int app_bo_lost(struct app_state *state, unsigned int bo, uint64_t seed, uint64_t *pages);
/* Remove the mappings, which keep a file of the device open. */
void app_bo_forget_file(struct app_state *state, unsigned int file);

#endif
