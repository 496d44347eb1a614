/* SPDX-License-Identifier: MIT */
/*
 * The test's side of a process under test: start, stop, kill, send requests.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gpu/app.h"

/*
 * If a process asked for another pid namespace, its children are created in it; the
 * process itself stays in its namespace.
 */
static pid_t fork_in(int pidns)
{
	int home;
	pid_t pid;

	if (pidns < 0)
		return fork();
	home = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	if (home < 0)
		return -1;
	if (setns(pidns, CLONE_NEWPID)) {
		close(home);
		return -1;
	}
	pid = fork();
	if (pid && setns(home, CLONE_NEWPID)) {
		/* All later children would be created in the wrong namespace. */
		perror("setns back to the own pid namespace");
		abort();
	}
	close(home);
	return pid;
}

/* The id of the second thread, in this process's own namespace. */
static pid_t second_thread(pid_t pid)
{
	struct dirent *entry;
	char path[64];
	pid_t tid = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (!dir)
		return 0;
	while ((entry = readdir(dir))) {
		pid_t number = atoi(entry->d_name);

		if (number && number != pid)
			tid = number;
	}
	closedir(dir);
	return tid;
}

int gpu_app_start(struct gpu_app *app, const struct gpu_app_setup *setup)
{
	struct app_reply hello = { 0 };
	int ends[2];

	memset(app, 0, sizeof(*app));
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	fflush(NULL);
	app->pid = fork_in(setup->pidns);
	if (app->pid < 0) {
		int err = -errno;

		close(ends[0]);
		close(ends[1]);
		return err;
	}
	if (!app->pid)
		gpu_app_serve(ends[1], setup);
	close(ends[1]);
	app->sock = ends[0];

	if (gpu_app_answer(app, &hello, NULL, 0, NULL) < 0) {
		gpu_app_kill(app);
		return hello.ret < 0 ? (int)hello.ret : -EPIPE;
	}
	app->own_pid = hello.pid;
	app->thread = second_thread(app->pid);
	return 0;
}

void gpu_app_kill(struct gpu_app *app)
{
	if (app->pid <= 0 || app->sock < 0)
		return;
	kill(app->pid, SIGKILL);
	while (waitpid(app->pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(app->sock);
	app->sock = -1;
}

int gpu_app_stop(struct gpu_app *app)
{
	int status;

	if (kill(app->pid, SIGSTOP))
		return -errno;
	while (waitpid(app->pid, &status, WUNTRACED) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFSTOPPED(status) ? 0 : -ESRCH;
}

int gpu_app_continue(struct gpu_app *app)
{
	return kill(app->pid, SIGCONT) ? -errno : 0;
}

int gpu_app_send(struct gpu_app *app, const struct app_request *req,
		 const void *payload, int fd)
{
	if (req->payload > APP_PAYLOAD_MAX)
		return -E2BIG;
	return app_send(app->sock, req, sizeof(*req), payload, req->payload, fd);
}

int64_t gpu_app_answer(struct gpu_app *app, struct app_reply *reply,
		       void *payload, size_t payload_size, int *fd)
{
	int came;
	ssize_t got = app_receive(app->sock, reply, sizeof(*reply), payload,
				  payload_size, &came);

	if (got < 0)
		return got;
	if (fd)
		*fd = came;
	else if (came >= 0)
		close(came);
	return reply->ret;
}

int64_t gpu_app_ask(struct gpu_app *app, const struct app_request *req,
		    struct app_reply *reply, void *payload, int *fd)
{
	struct app_reply unused;
	int ret = gpu_app_send(app, req, payload, fd ? *fd : -1);

	if (ret)
		return ret;
	return gpu_app_answer(app, reply ? reply : &unused, payload,
			      req->payload, fd);
}
