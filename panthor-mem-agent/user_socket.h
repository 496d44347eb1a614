/* SPDX-License-Identifier: MIT */
/*
 * Connections to Unix sockets on which programs of this user listen. Whoever runs as another user
 * must not decide which windows are hidden.
 */
#ifndef AGENT_USER_SOCKET_H
#define AGENT_USER_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Set @pid to the PID of the program that listens. Returns a file that does not block, which the
 * caller closes, or -errno: -EPERM if it is a program of another user.
 */
int user_socket_connect(const char *path, pid_t *pid);
/* The same for a connection that exists already. Returns 0 or -errno. */
int user_socket_peer(int fd, pid_t *pid);
/* Does @result of user_socket_connect() mean that no program listens there? */
bool user_socket_is_unused(int result);

#endif /* AGENT_USER_SOCKET_H */
