/* SPDX-License-Identifier: MIT */
/*
 * A process under test: a child with files of the device, VMs and buffers of
 * its own, which does GPU work when the test tells it to.
 *
 * The functions of this header run in the test. They return 0 (or what is said
 * at them) or -errno; a request that cannot be sent or answered because the
 * process is dead is -EPIPE.
 */
#ifndef GPU_APP_H
#define GPU_APP_H

#include "gpu/app_wire.h"

#define GPU_APP_FILES 4
#define GPU_APP_VMS 4

enum gpu_app_cred {
	GPU_APP_ROOT,		/* as the test */
	GPU_APP_NOBODY,		/* no privilege at all */
	GPU_APP_USERNS_ROOT,	/* every capability, in its own user namespace */
};

struct gpu_app_setup {
	enum gpu_app_cred cred;
	unsigned int files;	/* may be 0 */
	unsigned int vms;	/* in each file */
	int pidns;		/* /proc/PID/ns/pid to live in, or -1 */
	const char *cgroup;	/* a folder of cgroup2 to live in, or NULL */
	bool master;		/* the first file is of the primary node */
};

struct gpu_app {
	pid_t pid;		/* as the test sees it */
	pid_t own_pid;		/* as the process sees itself */
	pid_t thread;		/* a second thread, as the test sees it */
	int sock;
};

/* Start one; when this returns its files, VMs and groups exist. */
int gpu_app_start(struct gpu_app *app, const struct gpu_app_setup *setup);

/* SIGKILL, and wait until it is reaped. */
void gpu_app_kill(struct gpu_app *app);

/* SIGSTOP, and wait until it has stopped; SIGCONT. */
int gpu_app_stop(struct gpu_app *app);
int gpu_app_continue(struct gpu_app *app);

/*
 * One request and its answer: reply.ret is returned. @fd: a descriptor to send,
 * and one that came back (-1: none); may be NULL. @payload: req->payload bytes
 * to send; the answer replaces them; may be NULL.
 */
int64_t gpu_app_ask(struct gpu_app *app, const struct app_request *req,
		    struct app_reply *reply, void *payload, int *fd);

/* The two halves of it, for a test that does something in between. */
int gpu_app_send(struct gpu_app *app, const struct app_request *req,
		 const void *payload, int fd);
int64_t gpu_app_answer(struct gpu_app *app, struct app_reply *reply,
		       void *payload, size_t payload_size, int *fd);

/* The life of the process: answers requests until @sock closes. */
void gpu_app_serve(int sock, const struct gpu_app_setup *setup)
	__attribute__((noreturn));

#endif
