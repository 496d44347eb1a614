/* SPDX-License-Identifier: MIT */
/*
 * The process of a pidfd: its number, for a kernel whose ioctls accept only that, and
 * whether it has exited.
 *
 * A number belongs to a process until the process is reaped, and can belong to another
 * process after that. A process that has not exited when the call is over therefore had
 * its number all the time, and the kernel, which looked up the number during the call,
 * found this process and no other.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "panthor_priv.h"

/* The first version of struct pidfd_info, which <linux/pidfd.h> has since Linux 6.13. */
struct pidfd_info_v0 {
	uint64_t mask;
	uint64_t cgroupid;
	uint32_t pid;
	uint32_t other[11];
};

_Static_assert(sizeof(struct pidfd_info_v0) == 64, "size of pidfd_info");

#define PIDFD_GET_INFO_V0 _IOWR(0xFF, 11, struct pidfd_info_v0)

/* P_PIDFD of waitid(), since Linux 5.4; not every C library has the name. */
#define ID_PIDFD 3

/*
 * How far a file is read. The fdinfo of a pidfd is shorter on every kernel, and so is the
 * status of a process up to NSpid, even with the largest possible number of groups.
 */
#define FILE_MOST (1 << 20)

/* How much of a value is kept: at least two numbers. */
#define VALUE_SIZE 32

struct reader {
	const char *key;
	size_t key_length;
	size_t column; /* in the current line */
	bool matches;  /* so far, the line begins as the key does */
	size_t length;
	char *value;
};

/* True at the end of the line that begins with the key. */
static bool take(struct reader *r, char c)
{
	if (c == '\n') {
		if (r->matches && r->column >= r->key_length)
			return true;
		r->column = 0;
		r->matches = true;
		return false;
	}
	if (r->column < r->key_length)
		r->matches = r->matches && c == r->key[r->column];
	else if (r->matches && r->length < VALUE_SIZE - 1)
		r->value[r->length++] = c;
	r->column++;
	return false;
}

/*
 * Copy what follows @key at the beginning of a line, cut to VALUE_SIZE. Returns 0, -ENODATA
 * if the whole file has no such line, -EFBIG if the first FILE_MOST bytes have none, or -errno.
 */
static int read_value(const char *path, const char *key, char value[VALUE_SIZE])
{
	struct reader r = {
		.key = key, .key_length = strlen(key), .matches = true, .value = value,
	};
	int ret = -EFBIG, fd;
	size_t have = 0;
	char text[4096];

	memset(value, 0, VALUE_SIZE);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (ret == -EFBIG && have < FILE_MOST) {
		ssize_t i, n = read(fd, text, sizeof(text));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			ret = n ? -errno : -ENODATA;
		for (i = 0; i < n && ret; i++)
			ret = take(&r, text[i]) ? 0 : ret;
		have += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	return ret;
}

/*
 * procfs shows the numbers of the pid namespace that it was mounted for. That is the
 * caller's own if NSpid has exactly one number. A kernel without pid namespaces has no
 * such line.
 */
static int check_procfs(void)
{
	char numbers[VALUE_SIZE], *end;
	int ret;

	ret = read_value("/proc/thread-self/status", "NSpid:", numbers);
	if (ret == -ENODATA)
		return 0;
	if (ret)
		return ret == -ENOENT || ret == -EFBIG ? -ENOSYS : ret;
	strtol(numbers, &end, 10);
	return *end ? -ENOSYS : 0;
}

/* Before Linux 6.13. */
static int tgid_from_procfs(int pidfd, uint32_t *tgid)
{
	char path[64], value[VALUE_SIZE];
	long nr;
	int ret;

	ret = check_procfs();
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "/proc/thread-self/fdinfo/%d", pidfd);
	ret = read_value(path, "Pid:", value);
	if (ret == -ENOENT || ret == -ENODATA || ret == -EFBIG)
		return -EBADF;
	if (ret)
		return ret;

	/* -1: the process was reaped. 0: it is in a namespace that is not visible from here. */
	nr = strtol(value, NULL, 10);
	if (nr <= 0 || nr > INT_MAX)
		return -ESRCH;
	*tgid = (uint32_t)nr;
	return 0;
}

/*
 * waitid() accepts a pidfd, even of a process that is not a child, and no other file. The
 * ioctl below and poll() do not prove it, because a file of FUSE can answer them as it likes.
 * Nothing is reaped.
 */
static bool is_pidfd(int fd)
{
	siginfo_t info;

	return fd >= 0 && (!waitid((idtype_t)ID_PIDFD, (id_t)fd, &info,
				   WEXITED | WNOHANG | WNOWAIT) || errno == ECHILD);
}

int panthor_pidfd_tgid(int pidfd, uint32_t *tgid)
{
	struct pidfd_info_v0 info = { 0 };
	int saved = errno;
	int ret = 0;

	if (!is_pidfd(pidfd))
		ret = -EBADF;
	else if (!ioctl(pidfd, (panthor_request)PIDFD_GET_INFO_V0, &info))
		*tgid = info.pid;
	else if (errno == ESRCH || errno == EREMOTE)
		ret = -ESRCH;
	else if (errno == EBADF)
		ret = -EBADF;
	else
		ret = tgid_from_procfs(pidfd, tgid);

	errno = saved;
	return ret;
}

/* 0 if the process has not exited; -ESRCH if it has; or another -errno. */
static int running(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int saved = errno;
	int ret;

	/* A signal can interrupt even a poll() that does not wait. */
	do {
		ret = poll(&p, 1, 0);
	} while (ret < 0 && errno == EINTR);
	if (ret < 0)
		ret = -errno;
	else if (ret)
		ret = p.revents & POLLNVAL ? -EBADF : -ESRCH;

	errno = saved;
	return ret;
}

int panthor_pidfd_result(int pidfd, int ret)
{
	int exited;

	if (!panthor_outputs_valid(ret))
		return ret;
	exited = running(pidfd);
	return exited ? exited : ret;
}
