// SPDX-License-Identifier: MIT
/*
 * The guest's file systems: the host's files, which are read-only, and mounts of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init.h"

static void mount_at(const char *type, const char *target, const char *options)
{
	mkdir(target, 0755);
	if (mount(type, target, type, 0, options) < 0)
		fail("cannot mount %s on %s: %s", type, target, strerror(errno));
}

/* Mounts a part of the host's file system at @target. */
static void mount_host(const char *source, const char *target, unsigned long flags)
{
	if (mount("none", target, "hostfs", flags, source) < 0)
		fail("cannot mount %s of the host on %s: %s", source, target, strerror(errno));
}

/* The paths that must stay visible, and descriptors opened before anything was mounted. */
struct shown {
	char **pairs;
	int *fds;
	size_t count;
	int cwd;
};

static void find_shown(struct shown *s)
{
	size_t length;
	char *text;

	/* Only temporary: the permanent mounts would hide some of these paths. */
	mount_host(setting("PM_SCRATCH"), "/sys", MS_RDONLY);
	text = slurp("/sys/show", &length);
	s->pairs = split(text, length);
	for (s->count = 0; s->pairs[2 * s->count]; s->count++)
		;
	s->fds = calloc(s->count + 1, sizeof(*s->fds));
	if (!s->fds)
		fail("out of memory");
	for (size_t i = 0; i < s->count; i++)
		s->fds[i] = open(s->pairs[2 * i], O_PATH | O_CLOEXEC);
	text = slurp("/sys/cwd", &length);
	s->cwd = open(text, O_PATH | O_DIRECTORY | O_CLOEXEC);
	free(text);
	umount("/sys");
}

static int make(const char *path, bool folder)
{
	return folder ? mkdir(path, 0755) : mknod(path, S_IFREG | 0644, 0);
}

/*
 * Creates a mount point. If a directory of the host cannot be searched from the guest, a
 * tmpfs is mounted in its place.
 */
static void make_place(const char *path, bool folder)
{
	for (const char *end = path; *end; ) {
		char *part, *up;
		struct stat st;
		bool whole;

		end = strchrnul(end + 1, '/');
		whole = folder || *end;
		part = strndup(path, (size_t)(end - path));
		up = strndup(path, (size_t)((const char *)memrchr(path, '/', (size_t)(end - path)) -
					    path));
		if (!part || !up)
			fail("out of memory");
		if (stat(part, &st) < 0 && make(part, whole) < 0 &&
		    (!*up || mount("tmpfs", up, "tmpfs", 0, "mode=0755") < 0 ||
		     make(part, whole) < 0))
			fail("cannot make %s: %s", part, strerror(errno));
		free(part);
		free(up);
	}
}

static void show(const char *path, const char *source, int fd)
{
	struct stat was, is;
	char text[64];

	if (*source) {
		if (!access(path, X_OK))
			return;
		make_place(path, true);
		mount_host(source, path, MS_RDONLY);
		return;
	}
	if (fd < 0 || fstat(fd, &was) < 0)
		return;
	if (!stat(path, &is) && is.st_dev == was.st_dev && is.st_ino == was.st_ino)
		return;
	make_place(path, S_ISDIR(was.st_mode));
	snprintf(text, sizeof(text), "/proc/self/fd/%d", fd);
	if (mount(text, path, NULL, MS_BIND, NULL) < 0)
		fail("cannot show %s: %s", path, strerror(errno));
	close(fd);
}

int mount_all(void)
{
	struct shown shown;

	mount_at("proc", "/proc", NULL);
	find_shown(&shown);
	mount_at("sysfs", "/sys", NULL);
	if (mount("devtmpfs", "/dev", "devtmpfs", 0, NULL) < 0 && errno != EBUSY)
		fail("cannot mount /dev: %s", strerror(errno));
	mkdir("/dev/pts", 0755);
	mount_at("devpts", "/dev/pts", "ptmxmode=0666");
	mkdir("/dev/shm", 01777);
	mount_at("tmpfs", "/dev/shm", "mode=1777");
	mount_at("tmpfs", "/tmp", "mode=1777");
	mount_at("tmpfs", "/run", "mode=0755");
	mount_at("debugfs", "/sys/kernel/debug", NULL);
	mount_at("tracefs", "/sys/kernel/tracing", NULL);
	mount_at("cgroup2", "/sys/fs/cgroup", NULL);
	write_file("/sys/fs/cgroup/cgroup.subtree_control", "+memory +pids");

	mkdir(SCRATCH, 0755);
	mount_host(setting("PM_SCRATCH"), SCRATCH, 0);
	for (size_t i = 0; i < shown.count; i++)
		show(shown.pairs[2 * i], shown.pairs[2 * i + 1], shown.fds[i]);
	symlink("/proc/self/fd", "/dev/fd");
	symlink("/proc/self/fd/0", "/dev/stdin");
	symlink("/proc/self/fd/1", "/dev/stdout");
	symlink("/proc/self/fd/2", "/dev/stderr");
	return shown.cwd;
}

