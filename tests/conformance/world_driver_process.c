/* SPDX-License-Identifier: MIT */
/*
 * What the world in the guest can do without knowledge of its insides.
 *
 * Children of apps: the code of world_call() runs in the app, and what it forks is
 * the app's child.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <drm.h>

#include "machine/sysmem.h"
#include "world.h"

static int fork_fn(int fd, void *arg)
{
	pid_t *child = arg;

	(void)fd;
	*child = fork();
	if (*child < 0)
		return -errno;
	if (!*child) {
		/* Also when the case ends early, and with it the app. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return 0;
}

static int join_fn(int fd, void *arg)
{
	const pid_t *child = arg;

	(void)fd;
	if (kill(*child, SIGKILL))
		return -errno;
	return waitpid(*child, NULL, 0) == *child ? 0 : -ECHILD;
}

pid_t world_fork(struct world *w, struct world_app *app)
{
	pid_t child = 0;
	int ret = world_call(w, app, fork_fn, &child, sizeof(child), NULL);

	if (ret)
		fail_msg("a fork in an app: %s", strerror(-ret));
	return child;
}

void world_join(struct world *w, struct world_app *app, pid_t child)
{
	int ret = world_call(w, app, join_fn, &child, sizeof(child), NULL);

	if (ret)
		fail_msg("ending the child of an app: %s", strerror(-ret));
}

/* VERSION changes nothing, and counts as any other ioctl. */
static int child_uses_fn(int fd, void *arg)
{
	struct drm_version version = { 0 };
	int status = 0;
	pid_t child;

	(void)arg;
	child = fork();
	if (child < 0)
		return -errno;
	if (!child)
		_exit(ioctl(fd, DRM_IOCTL_VERSION, &version) ? 1 : 0);
	if (waitpid(child, &status, 0) != child)
		return -ECHILD;
	return status ? -EIO : 0;
}

void world_child_uses_file(struct world *w, struct world_app *app)
{
	int ret = world_call(w, app, child_uses_fn, NULL, 0, NULL);

	if (ret)
		fail_msg("an ioctl by the child of an app: %s", strerror(-ret));
}

/*
 * The driver's shrinker by its debugfs file, which does what the system's memory
 * management would ask it to, and no more than that. A reclaim of the whole machine
 * goes on until it has *freed* so much, and evicts everybody meanwhile.
 */
void world_press(struct world *w, uint64_t bytes)
{
	char path[64], text[32];
	struct stat st;
	int ret;

	if (fstat(world_fd(w), &st))
		fail_msg("the device: %s", strerror(errno));
	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%u/shrink", minor(st.st_rdev));
	snprintf(text, sizeof(text), "%llu", bytes / WORLD_PAGE);
	ret = sysmem_write_file(path, text);
	if (ret)
		fail_msg("memory pressure: %s", strerror(-ret));
}
