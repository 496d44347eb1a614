// SPDX-License-Identifier: MIT
/*
 * Another root directory for the command: a directory of the host, with the guest's own file
 * systems and with what run-guest shows of the host.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init.h"

#define ROOT "/run/root"
/* Where the host's directory is mounted if its path cannot be searched from the guest. */
#define SOURCE "/run/root-of-host"

static int open_source(const struct shown *shown)
{
	if (!*shown->root_pair[1])
		return shown->root;
	mkdir(SOURCE, 0755);
	mount_host(shown->root_pair[1], SOURCE, MS_RDONLY);
	return open(SOURCE, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* A symbolic link could lead out of the new root, so there must be a directory. */
static void make_folder(const char *path)
{
	struct stat st;

	mkdir(path, 0755);
	if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		fail("%s is not a directory in the other root", path + strlen(ROOT));
}

/* Shows a directory of the guest, with everything mounted below it. */
static void bind(const char *path)
{
	char target[64];

	snprintf(target, sizeof(target), "%s%s", ROOT, path);
	make_folder(target);
	if (mount(path, target, NULL, MS_BIND | MS_REC, NULL) < 0)
		fail("cannot mount %s at %s: %s", path, target, strerror(errno));
}

void change_root(const struct shown *shown)
{
	int source, *fds;

	if (!shown->root_pair)
		return;
	source = open_source(shown);
	fds = calloc(shown->count + 1, sizeof(*fds));
	if (source < 0 || !fds)
		fail("cannot open %s: %s", shown->root_pair[0], strerror(errno));
	for (size_t i = 0; i < shown->count; i++)
		fds[i] = open(shown->pairs[2 * i], O_PATH | O_CLOEXEC);

	mkdir(ROOT, 0755);
	open_up(ROOT, source);
	bind("/dev");
	bind("/proc");
	bind("/sys");
	bind("/tmp");
	make_folder(ROOT "/run");
	mount_at("tmpfs", ROOT "/run", "mode=0755");
	bind(SCRATCH);
	if (chroot(ROOT) < 0 || chdir("/") < 0)
		fail("cannot change to %s: %s", ROOT, strerror(errno));

	/* The new root's own files come first. */
	for (size_t i = 0; i < shown->count; i++) {
		if (access(shown->pairs[2 * i], F_OK) < 0)
			show(shown->pairs[2 * i], "", fds[i]);
	}
	free(fds);
}
