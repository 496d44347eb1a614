/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "memory.h"

/* Far deeper than the cgroups of ordinary machines. */
#define DEPTH_MOST 64

/* Owns @fd. */
static int walk(int fd, unsigned int depth, struct number_list *list, bool *unseen)
{
	char *text = memory_file(fd, "cgroup.procs"), *at, *end;
	struct dirent *entry;
	int ret = 0;
	DIR *dir;

	/*
	 * A threaded cgroup has no list of its own: its processes are in the list of the
	 * domain above it.
	 */
	if (!text && errno != EOPNOTSUPP) {
		ret = errno == ENOENT ? -ENOTDIR : -errno;
		close(fd);
		return ret;
	}
	for (at = text; at && *at; at = end + (*end == '\n')) {
		long pid = strtol(at, &end, 10);

		if (end == at)
			break;
		/* 0: outside this pid namespace. */
		if (pid > 0 && pid <= INT_MAX)
			number_list_add(list, (pid_t)pid);
		else if (!pid)
			*unseen = true;
	}
	free(text);
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while (!ret && (entry = readdir(dir))) {
		struct stat st;
		int below;

		if (entry->d_name[0] == '.' ||
		    fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISDIR(st.st_mode))
			continue;
		below = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		/* Other errors mean that the cgroup was removed meanwhile, so it was empty. */
		if (below < 0 && (errno == EMFILE || errno == ENFILE))
			ret = -errno;
		else if (below >= 0 && depth < DEPTH_MOST)
			ret = walk(below, depth + 1, list, unseen);
		else if (below >= 0) {
			close(below);
			ret = -ELOOP;
		}
		if (ret == -ENOTDIR || ret == -ENODEV)
			ret = 0;
	}
	closedir(dir);
	return ret;
}

int cgroup_open(const struct roots *roots, const char *path)
{
	char *full = memory_text("%s/cgroup.procs", path);
	int fd;

	if (!access(full, F_OK)) {
		free(full);
		full = memory_text("%s", path);
	} else {
		free(full);
		full = memory_text("%s/fs/cgroup/%s", roots->sys, path);
	}
	fd = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	free(full);
	return fd;
}

int cgroup_processes(const struct roots *roots, const char *path, struct number_list *list,
		     bool *unseen)
{
	int fd = cgroup_open(roots, path);

	*unseen = false;
	return fd < 0 ? fd : walk(fd, 0, list, unseen);
}

char *cgroup_of(const struct roots *roots, pid_t pid)
{
	char *path = memory_text("%s/%d/cgroup", roots->proc, (int)pid);
	char *text = memory_file(AT_FDCWD, path), *at = text, *name = NULL;

	free(path);
	while (at && strncmp(at, "0::", 3)) {
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	if (at)
		name = memory_text("%.*s", (int)strcspn(at + 3, "\n"), at + 3);
	free(text);
	return name;
}
