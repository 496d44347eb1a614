/* SPDX-License-Identifier: MIT */
/*
 * Messages between a test and the process under test.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "gpu/app_wire.h"

union control {
	char room[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

int app_send(int sock, const void *fixed, size_t fixed_size,
	     const void *payload, size_t payload_size, int fd)
{
	struct iovec part[2] = {
		{ (void *)(uintptr_t)fixed, fixed_size },
		{ (void *)(uintptr_t)payload, payload_size },
	};
	struct msghdr msg = { .msg_iov = part, .msg_iovlen = 2 };
	union control control;
	ssize_t sent;

	if (fd >= 0) {
		struct cmsghdr *cmsg;

		memset(&control, 0, sizeof(control));
		msg.msg_control = control.room;
		msg.msg_controllen = sizeof(control.room);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	}
	do {
		sent = sendmsg(sock, &msg, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

ssize_t app_receive(int sock, void *fixed, size_t fixed_size, void *payload,
		    size_t payload_size, int *fd)
{
	struct iovec part[2] = {
		{ fixed, fixed_size },
		{ payload, payload_size },
	};
	union control control;
	struct msghdr msg = {
		.msg_iov = part,
		.msg_iovlen = 2,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room),
	};
	struct cmsghdr *cmsg;
	ssize_t got;

	*fd = -1;
	do {
		got = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	if (got == 0)
		return -EPIPE;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (cmsg && cmsg->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(cmsg), sizeof(*fd));
	if ((size_t)got < fixed_size)
		return -EPROTO;
	return got - (ssize_t)fixed_size;
}
