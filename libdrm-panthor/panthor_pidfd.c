/* SPDX-License-Identifier: MIT */
/*
 * The process of a pidfd: its number, for a kernel whose ioctls take nothing else,
 * and whether it has exited.
 *
 * A number belongs to a process until the process was reaped, and can belong to
 * another one after that. So a process that has not even exited when the call is
 * over had its number all the time, and the kernel, which looked the number up
 * during the call, found it and no other.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "panthor_priv.h"

/* <linux/pidfd.h> has it since Linux 6.13; this is its first version. */
struct pidfd_info_v0 {
	uint64_t mask;
	uint64_t cgroupid;
	uint32_t pid;
	uint32_t other[11];
};

_Static_assert(sizeof(struct pidfd_info_v0) == 64, "size of pidfd_info");

#define PIDFD_GET_INFO_V0 _IOWR(0xFF, 11, struct pidfd_info_v0)

/* Longer than what any kernel says of a pidfd, or of a process up to its NSpid. */
#define TEXT_MAX 4096

static int read_file(const char *path, char *text)
{
	size_t have = 0;
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	do {
		n = read(fd, text + have, TEXT_MAX - 1 - have);
		if (n > 0)
			have += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	n = n < 0 ? -errno : 0;
	close(fd);
	text[have] = '\0';
	return (int)n;
}

/* What follows @key at the beginning of a line, or NULL. */
static const char *value_of(const char *text, const char *key)
{
	const size_t n = strlen(key);

	while (strncmp(text, key, n)) {
		text = strchr(text, '\n');
		if (!text)
			return NULL;
		text++;
	}
	return text + n;
}

/*
 * procfs counts as the pid namespace does that it was mounted for. That is the
 * caller's own if the caller has exactly one number there.
 */
static int check_procfs(char *text)
{
	const char *numbers;
	char *end;
	int ret;

	ret = read_file("/proc/thread-self/status", text);
	if (ret)
		return ret == -ENOENT ? -ENOSYS : ret;
	numbers = value_of(text, "NSpid:");
	if (!numbers)
		return 0;
	strtol(numbers, &end, 10);
	return *end == '\n' ? 0 : -ENOSYS;
}

/* Before Linux 6.13. */
static int tgid_from_procfs(int pidfd, uint32_t *tgid)
{
	char path[64], text[TEXT_MAX];
	const char *value;
	long nr;
	int ret;

	ret = check_procfs(text);
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "/proc/thread-self/fdinfo/%d", pidfd);
	ret = read_file(path, text);
	if (ret)
		return ret == -ENOENT ? -EBADF : ret;

	value = value_of(text, "Pid:");
	if (!value)
		return -EBADF;
	/* -1 was reaped, 0 is in a namespace that cannot be seen from here. */
	nr = strtol(value, NULL, 10);
	if (nr <= 0 || nr > INT_MAX)
		return -ESRCH;
	*tgid = (uint32_t)nr;
	return 0;
}

int panthor_pidfd_tgid(int pidfd, uint32_t *tgid)
{
	struct pidfd_info_v0 info = { 0 };
	int saved = errno;
	int ret = 0;

	if (!ioctl(pidfd, PIDFD_GET_INFO_V0, &info))
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

	/* Even without a timeout a signal can end it. */
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
