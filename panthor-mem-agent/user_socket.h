/* SPDX-License-Identifier: MIT */
/*
 * Connections to Unix sockets on which programs of this user listen. Whoever runs as another user
 * must not decide which windows are hidden.
 */
#ifndef AGENT_USER_SOCKET_H
#define AGENT_USER_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>

/* Returns a file that does not block, or -errno: -EPERM if another user listens. */
int user_socket_connect(const char *path, pid_t *pid);
/* The program at the other end. Returns 0 or -errno: -EPERM if it is another user's. */
int user_socket_peer(int fd, pid_t *pid);
/* Does @result of user_socket_connect() mean that no program listens there? */
bool user_socket_is_dead(int result);

#endif /* AGENT_USER_SOCKET_H */
