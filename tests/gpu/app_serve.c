/* SPDX-License-Identifier: MIT */
/*
 * The process under test: the loop that answers requests.
 *
 * The first thread answers requests. The second does nothing (tests need a thread id). A
 * third runs frames on request. The lock serialises the use of contexts by the first and
 * the third.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "gpu/app.h"
#include "gpu/app_state.h"
#include "gpu/sysmem.h"

#define NOBODY 65534

static void become_nobody(void)
{
	if (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY)) {
		perror("app: dropping privileges");
		_exit(1);
	}
}

static void become_userns_root(void)
{
	if (unshare(CLONE_NEWUSER)) {
		perror("app: new user namespace");
		_exit(1);
	}
	sysmem_write_file("/proc/self/setgroups", "deny");
	if (sysmem_write_file("/proc/self/uid_map", "0 0 1") ||
	    sysmem_write_file("/proc/self/gid_map", "0 0 1")) {
		fprintf(stderr, "app: cannot become root of a user namespace\n");
		_exit(1);
	}
}

static void on_signal(int sig)
{
	(void)sig;
}

/*
 * SIGUSR1 interrupts the first thread without any other effect. There is no restart, so
 * an interrupted system call returns EINTR.
 */
static void set_up_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGUSR1, &action, NULL);
}

void app_block_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
}

static void *idle_thread(void *arg)
{
	app_block_signals();
	for (;;)
		pause();
	return arg;
}

static int enter_cgroup(const char *folder)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/cgroup.procs", folder);
	return sysmem_write_file(path, "0");
}

/* Open the node while still root: tests do not depend on its permissions. */
static int open_files(struct app_state *state, const struct gpu_app_setup *setup)
{
	int ret = 0;

	for (state->files = 0; !ret && state->files < setup->files; state->files++) {
		struct gpu_device *dev = &state->dev[state->files];

		ret = setup->master && !state->files ? gpu_device_open_primary(dev) :
						       gpu_device_open(dev);
	}
	return ret;
}

static int create_contexts(struct app_state *state, unsigned int vms)
{
	int ret = 0;

	state->vms = vms;
	for (unsigned int i = 0; !ret && i < state->files * vms; i++)
		ret = gpu_ctx_init(&state->slot[i / vms][i % vms].ctx,
				   &state->dev[i / vms], 1);
	return ret;
}

static int set_up(struct app_state *state, const struct gpu_app_setup *setup)
{
	pthread_t thread;
	int ret = 0;

	pthread_mutex_init(&state->lock, NULL);
	if (setup->cgroup)
		ret = enter_cgroup(setup->cgroup);
	if (!ret)
		ret = open_files(state, setup);
	if (ret)
		return ret;
	if (setup->cred == GPU_APP_NOBODY)
		become_nobody();
	else if (setup->cred == GPU_APP_USERNS_ROOT)
		become_userns_root();
	/* A change of the user resets both. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_DUMPABLE, 1);
	set_up_signals();
	if (setup->client)
		ret = setup->client->start();
	else
		ret = create_contexts(state, setup->vms);
	if (!ret)
		ret = -pthread_create(&thread, NULL, idle_thread, NULL);
	return ret;
}

static int64_t command(struct app_state *state, const struct gpu_app_client *client,
		       const struct app_request *req, int fd, uint64_t *value, int *send_fd)
{
	if (client)
		return client->command(req, fd, value, send_fd);
	return app_command(state, req, fd, value, send_fd);
}

static void serve_one(struct app_state *state, const struct gpu_app_setup *setup, int sock,
		      const struct app_request *req, void *payload, int fd)
{
	struct app_reply reply = { .payload = req->payload };
	int send_fd = -1;

	if (req->op == APP_CALL) {
		reply.ret = req->fn(state->files ? state->dev[0].fd : -1,
				    payload);
	} else {
		reply.ret = command(state, setup->client, req, fd, &reply.value, &send_fd);
		reply.payload = 0;
	}
	if (app_send(sock, &reply, sizeof(reply), payload, reply.payload,
		     send_fd))
		_exit(0);
	if (send_fd >= 0)
		close(send_fd);
}

void gpu_app_serve(int sock, const struct gpu_app_setup *setup)
{
	/* Too large for the stack; there is one per process. */
	static struct app_state state;
	static uint64_t payload[APP_PAYLOAD_MAX / sizeof(uint64_t)];
	struct app_reply hello = { 0 };

	/* Close the test's files. */
	if (sock > 3)
		close_range(3, (unsigned int)sock - 1, 0);
	close_range((unsigned int)sock + 1, ~0u, 0);

	hello.pid = getpid();
	hello.ret = set_up(&state, setup);
	if (app_send(sock, &hello, sizeof(hello), NULL, 0, -1) || hello.ret)
		_exit(1);
	for (;;) {
		struct app_request req;
		int fd;

		if (app_receive(sock, &req, sizeof(req), payload,
				sizeof(payload), &fd) < 0)
			_exit(0);
		serve_one(&state, setup, sock, &req, payload, fd);
	}
}
