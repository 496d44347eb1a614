/* SPDX-License-Identifier: MIT */
/*
 * A process under test: a child with device files, VMs and buffers of its own, which does
 * GPU work on request.
 *
 * The test calls the functions of this header. They return 0, or what their comment says,
 * or -errno; -EPIPE means that the process is dead, so that a request could not be sent or
 * answered.
 */
#ifndef APP_H
#define APP_H

#include "gpu/app_wire.h"

#define GPU_APP_FILES 4
#define GPU_APP_VMS 4

enum gpu_app_cred {
	GPU_APP_ROOT,		/* the same as the test */
	GPU_APP_NOBODY,		/* no privileges */
	GPU_APP_USERNS_ROOT,	/* all capabilities, in a user namespace of its own */
};

/*
 * Another driver in user space than this library: what the process does with requests.
 */
struct gpu_app_client {
	/* Called in the process, before the first request. */
	int (*start)(void);
	/* The same as app_command(); see app_wire.h for the requests. */
	int64_t (*command)(const struct app_request *req, int fd, uint64_t *value, int *send_fd);
};

struct gpu_app_setup {
	enum gpu_app_cred cred;
	unsigned int files;	/* may be 0 */
	unsigned int vms;	/* in each file */
	int pidns;		/* its pid namespace, as /proc/PID/ns/pid, or -1 */
	const char *cgroup;	/* its cgroup, as a directory of cgroup2, or NULL */
	bool master;		/* the first file is of the primary node */
	const struct gpu_app_client *client;	/* NULL: this library */
};

struct gpu_app {
	pid_t pid;		/* as the test sees it */
	pid_t own_pid;		/* as the process sees itself */
	pid_t thread;		/* a second thread, as the test sees it */
	int sock;
};

/* Start a process. On return its files, VMs and groups exist. */
int gpu_app_start(struct gpu_app *app, const struct gpu_app_setup *setup);

/* Send SIGKILL, and wait until the process is reaped. */
void gpu_app_kill(struct gpu_app *app);

/* Send SIGSTOP and wait until the process has stopped; send SIGCONT. */
int gpu_app_stop(struct gpu_app *app);
int gpu_app_continue(struct gpu_app *app);

/*
 * Send one request, wait for the answer, and return reply.ret. @fd is a descriptor to send,
 * replaced by the one received (-1: none); may be NULL. @payload is req->payload bytes to
 * send, replaced by those received; may be NULL.
 */
int64_t gpu_app_ask(struct gpu_app *app, const struct app_request *req,
		    struct app_reply *reply, void *payload, int *fd);

/* The two halves of gpu_app_ask(), for a test that does something in between. */
int gpu_app_send(struct gpu_app *app, const struct app_request *req,
		 const void *payload, int fd);
int64_t gpu_app_answer(struct gpu_app *app, struct app_reply *reply,
		       void *payload, size_t payload_size, int *fd);

/* The main loop of the process: answers requests until @sock is closed. */
void gpu_app_serve(int sock, const struct gpu_app_setup *setup)
	__attribute__((noreturn));

#endif
