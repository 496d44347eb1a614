/* SPDX-License-Identifier: MIT */
/*
 * Make the same call in several ways, each many times in a function of its own, so that
 * check-cost.sh can count their instructions. Every call costs the same in the mock: the
 * process has nothing resident, so there is nothing to do.
 */
#include <sys/ioctl.h>

#include <xf86drm.h>

#include "fixture.h"
#include "process.h"

#define CALLS 1000

/* Volatile, so that the compiler keeps every call. */
static volatile int sink;

struct by {
	int fd;
	int pidfd;
	pid_t tgid;
};

void cost_ioctl(const struct by *by);
void cost_drmioctl(const struct by *by);
void cost_simple(const struct by *by);
void cost_with(const struct by *by);
void cost_pidfd(const struct by *by);

/* The least that a program without the library has to do. */
__attribute__((noinline)) void cost_ioctl(const struct by *by)
{
	int i;

	for (i = 0; i < CALLS; i++) {
		struct drm_panthor_mem_reclaim arg = { .tgid = (uint32_t)by->tgid };

		sink = ioctl(by->fd, DRM_IOCTL_PANTHOR_MEM_RECLAIM, &arg);
	}
}

__attribute__((noinline)) void cost_drmioctl(const struct by *by)
{
	int i;

	for (i = 0; i < CALLS; i++) {
		struct drm_panthor_mem_reclaim arg = { .tgid = (uint32_t)by->tgid };

		sink = drmIoctl(by->fd, DRM_IOCTL_PANTHOR_MEM_RECLAIM, &arg);
	}
}

__attribute__((noinline)) void cost_simple(const struct by *by)
{
	uint64_t freed;
	int i;

	for (i = 0; i < CALLS; i++)
		sink = panthor_mem_reclaim(by->fd, by->tgid, &freed);
}

__attribute__((noinline)) void cost_with(const struct by *by)
{
	int i;

	for (i = 0; i < CALLS; i++) {
		struct panthor_mem_reclaim_options opts = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
		struct panthor_mem_reclaim_result res = PANTHOR_MEM_RECLAIM_RESULT_INIT;

		sink = panthor_mem_reclaim_with(by->fd, by->tgid, &opts, &res);
	}
}

__attribute__((noinline)) void cost_pidfd(const struct by *by)
{
	uint64_t freed;
	int i;

	for (i = 0; i < CALLS; i++)
		sink = panthor_mem_reclaim_pidfd(by->fd, by->pidfd, &freed);
}

int main(void)
{
	struct process process;
	struct fixture *f;
	struct by by;

	if (process_start(&process) || fixture_setup((void **)&f))
		return 1;
	by.fd = f->fd;
	by.tgid = process.pid;
	by.pidfd = process.pidfd;
	f->app->tgid.nr[MODEL_NS_INIT] = process.pid;

	/* From now on there is nothing to do. */
	if (panthor_mem_reclaim(by.fd, by.tgid, NULL))
		return 1;
	cost_ioctl(&by);
	cost_drmioctl(&by);
	cost_simple(&by);
	cost_with(&by);
	cost_pidfd(&by);

	process_reap(&process);
	fixture_teardown((void **)&f);
	return sink != 0;
}
