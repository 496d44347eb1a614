/* SPDX-License-Identifier: MIT */
/*
 * Resolve the descriptors that name a target. A pidfd can be one of the mock's, or a real one
 * of a process whose PID the model knows.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mock_fd.h"
#include "model.h"

/* The first version of PIDFD_GET_INFO and its struct, from Linux 6.13. */
struct pidfd_info_v0 {
	uint64_t mask;
	uint64_t cgroupid;
	uint32_t pid;
	uint32_t other[11];
};

#define PIDFD_GET_INFO_V0 _IOWR(0xFF, 11, struct pidfd_info_v0)

/* Read the PID in fdinfo, -1 if the process was reaped. Returns 0 or -errno. */
static int number_from_procfs(int fd, int *number)
{
	char line[128], path[64];
	int ret = -EBADF;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/thread-self/fdinfo/%d", fd);
	file = fopen(path, "re");
	if (!file)
		return -EBADF;
	while (ret && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "Pid: %d", number) == 1)
			ret = 0;
	}
	fclose(file);
	return ret;
}

/* A direct system call, because the mock's ioctl() may imitate an old kernel. */
static int number_of(int fd, int *number)
{
	struct pidfd_info_v0 info = { 0 };

	if (!syscall(SYS_ioctl, fd, PIDFD_GET_INFO_V0, &info)) {
		*number = (int)info.pid;
		return 0;
	}
	return errno == ESRCH ? -ESRCH : number_from_procfs(fd, number);
}

int model_pid_of_fd(struct model *m, uint64_t fd, const struct model_pid **pid)
{
	int saved = errno, number = 0, ret;

	if (fd > INT_MAX)
		return -EBADF;
	*pid = mock_fd_thing((int)fd, MOCK_FD_PID);
	if (*pid)
		return 0;

	ret = number_of((int)fd, &number);
	errno = saved;
	if (ret)
		return ret;
	*pid = model_find_pid(m, MODEL_NS_INIT, number);
	/* The calling process has a PID of its own in the model. */
	if (!*pid && number == getpid())
		*pid = &m->current->tgid;
	return *pid ? 0 : -ESRCH;
}

int model_cgroup_of_fd(uint64_t fd, const struct model_cgroup **cgroup)
{
	*cgroup = fd > INT_MAX ? NULL : mock_fd_thing((int)fd, MOCK_FD_CGROUP);
	return *cgroup ? 0 : -EBADF;
}
