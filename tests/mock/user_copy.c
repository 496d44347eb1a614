/* SPDX-License-Identifier: MIT */
/*
 * The kernel checks the addresses, by means of a pipe. The system calls are made directly,
 * because a sanitizer's read() would report a bad address instead of returning EFAULT.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "user_copy.h"

static int through_pipe(void *to, const void *from, size_t size)
{
	int fds[2];
	int ret = 0;

	if (!size)
		return 0;
	if (pipe2(fds, O_CLOEXEC))
		abort();
	if (syscall(SYS_write, fds[1], from, size) != (long)size ||
	    syscall(SYS_read, fds[0], to, size) != (long)size)
		ret = -EFAULT;
	close(fds[0]);
	close(fds[1]);
	return ret;
}

int user_copy_from(void *to, const void *user, size_t size)
{
	return through_pipe(to, user, size);
}

int user_copy_to(void *user, const void *from, size_t size)
{
	return through_pipe(user, from, size);
}
