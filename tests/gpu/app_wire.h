/* SPDX-License-Identifier: MIT */
/*
 * Messages on the socket between a test and the process under test (app.h). Both are
 * forks of one program, so pointers to functions can be sent.
 */
#ifndef APP_WIRE_H
#define APP_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define APP_PAYLOAD_MAX 32768

typedef int (*app_fn)(int fd, void *arg);

enum app_op {
	APP_ALLOC,		/* file vm count size seed exclusive unbound image -> bo */
	APP_EXPORT,		/* bo -> dma-buf */
	APP_IMPORT,		/* dma-buf, file vm bind -> bo */
	APP_FREE,		/* bo */
	APP_FILL,		/* bo by_gpu seed */
	APP_SUM,		/* bo by_gpu -> value; -EIO: a page was lost */
	APP_LOST,		/* bo seed -> number of pages lost; the others have the pattern */
	/* file vm; a client of Mesa: count of triangles -> errno of the frame, duration in value */
	APP_FRAME,
	APP_BUSY,		/* file vm ns; returns when the GPU has started the job */
	APP_IDLE,		/* file vm */
	APP_FRAMES_START,	/* ns: minimum pause between two frames; count as APP_FRAME */
	APP_FRAMES_STOP,	/* -> number of good frames, or -errno */
	APP_CALL,		/* fn and payload -> value of fn, and payload */
	APP_GIVE_FILE,		/* file -> its descriptor, which is closed here */
	APP_TAKE_FILE,		/* descriptor */
	APP_DUP_FILE,		/* file -> duplicate of its descriptor */
	APP_HEAP,		/* file vm count seed */
	APP_HEAP_CHECK,		/* file vm */
	APP_SPARSE,		/* file vm size */
	APP_SPARSE_USE,		/* file vm seed */
	APP_NEW_GROUP,		/* file vm */
	APP_DATA,		/* file vm data seed: all bound buffers */
	APP_DATA_CHECK,		/* file vm -> number of buffers changed since APP_DATA */
	APP_END,		/* end as a program does: wait for the GPU, destroy everything */
};

enum app_data {
	APP_DATA_MIXED,		/* compresses by about a half */
	APP_DATA_ZERO,
	APP_DATA_RANDOM,	/* does not compress */
};

struct app_request {
	enum app_op op;
	enum app_data data;
	unsigned int file;
	unsigned int vm;
	unsigned int bo;
	unsigned int count;
	bool exclusive;
	bool unbound;
	bool by_gpu;
	bool bind;
	bool image;		/* of a client of Mesa: an image instead of a buffer */
	uint64_t size;
	uint64_t seed;
	int64_t ns;
	app_fn fn;
	size_t payload;
};

struct app_reply {
	int64_t ret;
	uint64_t value;
	pid_t pid;		/* PID in its own namespace (first reply only) */
	size_t payload;
};

/*
 * Send or receive one message: a fixed part, up to APP_PAYLOAD_MAX further bytes, and a
 * descriptor (-1: none). Receiving returns the number of payload bytes or -errno; -EPIPE
 * means that the other end was closed.
 */
int app_send(int sock, const void *fixed, size_t fixed_size,
	     const void *payload, size_t payload_size, int fd);
ssize_t app_receive(int sock, void *fixed, size_t fixed_size, void *payload,
		    size_t payload_size, int *fd);

#endif
