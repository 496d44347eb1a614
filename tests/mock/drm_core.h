/* SPDX-License-Identifier: MIT */
/*
 * The test executable's own ioctl(). The real libdrm, above which the library
 * under test runs, calls it in place of the C library's, because the dynamic
 * linker looks in the executable first. For fds that were made here it does what
 * drm_ioctl() of the kernel does, with the model behind it; every other fd goes
 * to the real system call.
 */
#ifndef DRM_CORE_H
#define DRM_CORE_H

#include <stdbool.h>

#include "model.h"

struct drm_core {
	struct model *model;
	/* What VERSION says. */
	const char *driver;
	int major;
	int minor;
	/* A driver without the two ioctls; or with others of the same numbers. */
	bool has_mem;
	bool unplugged;
	/* A driver whose ioctls know no target but a TGID. */
	bool no_targets;
	/* What the kernel's struct of those others takes, and what they do. */
	size_t foreign_size;
	int (*foreign)(struct drm_core *core, void *data);
	/* A kernel before 6.13, where a pidfd does not tell its number. */
	bool old_pidfd;
	/* What a pidfd says instead of its number: an errno code, or 0. */
	int pidfd_error;
	/* A file of another file system that answers as if it were a pidfd, or 0. */
	int liar;
	pid_t liar_tgid;
	/* How many ioctls reached the core, and how many of the two among them. */
	unsigned int ioctls;
	unsigned int mem_ioctls;
};

/* One at a time: the fds of an older one are no devices any more. */
void drm_core_start(struct drm_core *core, struct model *m);
void drm_core_stop(void);

/* A new fd for @file. Close it with close(); dup() works as ever. */
int drm_core_open(struct model_file *file);

/* For an event in the middle of an ioctl: lets other threads into the model. */
void drm_core_sleep(int64_t ns);

#endif /* DRM_CORE_H */
