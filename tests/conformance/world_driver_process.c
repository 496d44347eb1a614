/* SPDX-License-Identifier: MIT */
/*
 * Functions of world.h on the real driver that use only other functions of world.h.
 *
 * The code of world_call() runs in the app, so what it forks is a child of the app.
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

#include "gpu/sysmem.h"
#include "world.h"

static int fork_fn(int fd, void *arg)
{
	pid_t *child = arg;

	(void)fd;
	*child = fork();
	if (*child < 0)
		return -errno;
	if (!*child) {
		/* End it even if the case ends early, and the app with it. */
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

/* VERSION changes nothing, but makes its caller the owner, like any other ioctl. */
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
 * Run the driver's shrinker by its debugfs file, which evicts as much as is asked. Memory
 * pressure on the whole machine would continue until that much was *freed*, and evict the BOs
 * of all processes by then.
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
