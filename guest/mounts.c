// SPDX-License-Identifier: MIT
/*
 * The guest's file systems: the host's files, which are read-only, and mounts of its own.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init.h"

void mount_at(const char *type, const char *target, const char *options)
{
	mkdir(target, 0755);
	if (mount(type, target, type, 0, options) < 0)
		fail("cannot mount %s on %s: %s", type, target, strerror(errno));
}

void mount_host(const char *source, const char *target, unsigned long flags)
{
	if (mount("none", target, "hostfs", flags, source) < 0)
		fail("cannot mount %s of the host on %s: %s", source, target, strerror(errno));
}

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
	s->root = -1;
	text = slurp("/sys/root", &length);
	if (length) {
		s->root_pair = split(text, length);
		s->root = open(s->root_pair[0], O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	umount("/sys");
}

static int make(const char *path, bool folder)
{
	return folder ? mkdir(path, 0755) : mknod(path, S_IFREG | 0644, 0);
}

/* Makes the entries of a directory visible in an empty one. */
static void copy_entries(const char *from, const char *to)
{
	DIR *dir = opendir(from);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char source[PATH_MAX], target[PATH_MAX], goal[PATH_MAX];
		struct stat st;
		ssize_t length;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		snprintf(source, sizeof(source), "%s/%s", from, entry->d_name);
		snprintf(target, sizeof(target), "%s/%s", to, entry->d_name);
		if (lstat(source, &st) < 0)
			continue;
		if (S_ISLNK(st.st_mode)) {
			length = readlink(source, goal, sizeof(goal) - 1);
			goal[length < 0 ? 0 : length] = '\0';
			symlink(goal, target);
		} else if (make(target, S_ISDIR(st.st_mode)) < 0 ||
			   (mount(source, target, NULL, MS_BIND, NULL) < 0 && errno != ENOENT)) {
			fail("cannot show %s at %s: %s", source, target, strerror(errno));
		}
	}
	if (dir)
		closedir(dir);
}

/*
 * Mounts a tmpfs at a directory in which the guest can create nothing. It has the entries of
 * the directory, or none if the guest may not read it.
 */
void open_up(const char *path, int directory)
{
	char source[64];

	snprintf(source, sizeof(source), "/proc/self/fd/%d", directory);
	if (mount("tmpfs", path, "tmpfs", 0, "mode=0755") < 0)
		fail("cannot mount tmpfs on %s: %s", path, strerror(errno));
	copy_entries(source, path);
}

static int open_up_at(const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	open_up(path, fd);
	close(fd);
	return 0;
}

/*
 * Creates a mount point. If a directory on the way to it cannot be written, it is opened up.
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
		    (!*up || open_up_at(up) < 0 || make(part, whole) < 0))
			fail("cannot make %s: %s", part, strerror(errno));
		free(part);
		free(up);
	}
}

void show(const char *path, const char *source, int fd)
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

void mount_all(struct shown *shown)
{
	mount_at("proc", "/proc", NULL);
	find_shown(shown);
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
	for (size_t i = 0; i < shown->count; i++)
		show(shown->pairs[2 * i], shown->pairs[2 * i + 1], shown->fds[i]);
	symlink("/proc/self/fd", "/dev/fd");
	symlink("/proc/self/fd/0", "/dev/stdin");
	symlink("/proc/self/fd/1", "/dev/stdout");
	symlink("/proc/self/fd/2", "/dev/stderr");
}

