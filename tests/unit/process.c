/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

static void __attribute__((noreturn)) child(const struct sockaddr_un *to, socklen_t length)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* A failing test does not reap its child, which must not outlive it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (fd < 0 || connect(fd, (const struct sockaddr *)to, length))
		_exit(1);
	for (;;)
		pause();
}

/*
 * A socket can return a pidfd of its peer. This is used in a valgrind that does not
 * implement pidfd_open().
 */
int process_start(struct process *p)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t length = sizeof(address), size = sizeof(p->pidfd);
	int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int fd;

	/* The kernel chooses a name if there is none. */
	if (bind(listening, (struct sockaddr *)&address, sizeof(sa_family_t)) ||
	    listen(listening, 1) || getsockname(listening, (struct sockaddr *)&address, &length))
		return -1;
	p->pid = fork();
	if (p->pid == 0)
		child(&address, length);
	fd = accept(listening, NULL, NULL);
	p->pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	if (p->pidfd < 0 && getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &p->pidfd, &size))
		p->pidfd = -1;
	close(fd);
	close(listening);
	return p->pidfd < 0 ? -1 : 0;
}

void process_kill(struct process *p)
{
	siginfo_t info;

	kill(p->pid, SIGKILL);
	waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOWAIT);
}

void process_reap(struct process *p)
{
	process_kill(p);
	waitpid(p->pid, NULL, 0);
}
