/* SPDX-License-Identifier: MIT */
/*
 * Which processes are connected to the compositor or to an X server. Such a process can show
 * something even if the compositor lists no window of it, like the panel of a desktop.
 */
#ifndef AGENT_DISPLAYS_H
#define AGENT_DISPLAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "roots.h"

/* A Unix socket. */
struct displays_socket {
	uint32_t number, peer; /* inode numbers; no peer: 0 */
	bool server;	       /* it is an end of the compositor, or of an X server */
};

struct displays {
	/* The kernel's list, sorted by number. If it is not @known, every process is connected. */
	bool known;
	struct displays_socket *sockets;
	size_t count;
};

/* Ask the kernel for all Unix sockets. Returns 0 or -errno. */
int displays_read(struct displays *d, const struct roots *roots, pid_t compositor);
/* Is the process connected? If nobody knows, it is. */
bool displays_has(const struct displays *d, const struct roots *roots, pid_t pid);
void displays_free(struct displays *d);

#endif /* AGENT_DISPLAYS_H */
