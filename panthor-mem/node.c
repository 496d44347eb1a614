/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "memory.h"
#include "node.h"

#define DRM_MAJOR 226
#define ACCEL_MAJOR 261

/* "card", "renderD" or "accel", and a number. */
static bool is_node_name(const char *name)
{
	static const char *const kinds[] = { "card", "renderD", "accel" };
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t n = strlen(kinds[i]);

		if (!strncmp(name, kinds[i], n) && name[n] && strlen(name) < NODE_NAME &&
		    strspn(name + n, "0123456789") == strlen(name + n))
			return true;
	}
	return false;
}

/* All nodes of a device are in one directory. */
static void find_render_node(const struct roots *roots, char node[NODE_NAME])
{
	char *path = memory_text("%s/class/drm/%s/device/drm", roots->sys, node);
	DIR *dir = opendir(path);
	struct dirent *entry;

	free(path);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (!strncmp(entry->d_name, "renderD", 7) && is_node_name(entry->d_name))
			snprintf(node, NODE_NAME, "%.*s", NODE_NAME - 1, entry->d_name);
	}
	closedir(dir);
}

bool node_of_name(const struct roots *roots, const char *name, char node[NODE_NAME])
{
	const char *slash = strrchr(name, '/');

	if (slash)
		name = slash + 1;
	if (!is_node_name(name))
		return false;
	snprintf(node, NODE_NAME, "%s", name);
	if (strncmp(node, "renderD", 7))
		find_render_node(roots, node);
	return true;
}

/* The name that udev uses. The path is no guide: it can differ in a container. */
static bool name_of_number(dev_t number, char node[NODE_NAME])
{
	unsigned int n = minor(number);

	if (major(number) == ACCEL_MAJOR)
		snprintf(node, NODE_NAME, "accel%u", n);
	else if (major(number) == DRM_MAJOR)
		snprintf(node, NODE_NAME, n >= NODE_FIRST_RENDER && n <= NODE_LAST_RENDER ?
			 "renderD%u" : "card%u", n);
	else
		return false;
	return true;
}

bool node_link(int dir, const char *fd, char link[NODE_LINK])
{
	ssize_t n = readlinkat(dir, fd, link, NODE_LINK - 1);

	if (n < 0)
		return false;
	link[n] = '\0';
	/* Other kinds of files have no path: "socket:[1]". */
	return link[0] == '/';
}

#ifndef STATX_TYPE
/* For a C library that does not have the call. */
#include <linux/stat.h>
#include <sys/syscall.h>

static int statx(int dir, const char *path, int flags, unsigned int mask, struct statx *st)
{
	return (int)syscall(SYS_statx, dir, path, flags, mask, st);
}
#endif

/*
 * The device number is in the inode. AT_STATX_DONT_SYNC avoids a request to the file system, which
 * may be a FUSE server that never answers.
 */
bool node_of_file(const struct roots *roots, int dir, const char *fd, const char *link,
		  char node[NODE_NAME])
{
	char name[NODE_NAME];
	struct statx st;

	if (!statx(dir, fd, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE, &st)) {
		if (!S_ISCHR(st.stx_mode) ||
		    !name_of_number(makedev(st.stx_rdev_major, st.stx_rdev_minor), name))
			return false;
		return node_of_name(roots, name, node);
	}
	/* A dangling link, as in a copy of /proc. */
	return !strncmp(link, "/dev/", 5) && node_of_name(roots, link, node);
}

void node_driver(const struct roots *roots, const char *node, char driver[NODE_NAME])
{
	char *path = memory_text("%s/class/drm/%s/device/driver", roots->sys, node);
	char link[PATH_MAX];
	ssize_t n = readlink(path, link, sizeof(link) - 1);
	char *slash;

	free(path);
	driver[0] = '\0';
	if (n < 0)
		return;
	link[n] = '\0';
	slash = strrchr(link, '/');
	snprintf(driver, NODE_NAME, "%.*s", NODE_NAME - 1, slash ? slash + 1 : link);
}
