/* SPDX-License-Identifier: MIT */
/*
 * An ioctl() in the test executable. The library under test calls the real libdrm, and
 * libdrm calls this function instead of the C library's, because the dynamic linker searches
 * the executable first. For descriptors created here it acts as drm_ioctl() of the kernel,
 * on the model. For all other descriptors it makes the real system call.
 */
#ifndef DRM_CORE_H
#define DRM_CORE_H

#include <stdbool.h>

#include "model.h"

struct drm_core {
	struct model *model;
	/* The results of VERSION. */
	const char *driver;
	int major;
	int minor;
	/* A driver without the two ioctls, or with other ioctls of the same numbers. */
	bool has_mem;
	bool unplugged;
	/*
	 * From which of the two ioctls on the results cannot be written, because the memory cgroup
	 * of the caller is full; 0: all can.
	 */
	unsigned int first_lost;
	/* Which DRM_IOCTL_VERSION from now on finds the device gone; 0: none. */
	unsigned int last_version;
	/* A driver whose ioctls accept only a TGID as a target. */
	bool no_targets;
	/* The struct of those other ioctls, and what they do. */
	size_t foreign_size;
	int (*foreign)(struct drm_core *core, void *data);
	/* A kernel before 6.13, on which a pidfd does not report its PID. */
	bool old_pidfd;
	/* An errno that PIDFD_GET_INFO returns instead of the PID, or 0. */
	int pidfd_error;
	/* A file of another file system that answers like a pidfd, or 0. */
	int liar;
	pid_t liar_tgid;
	/* The number of ioctls that reached the core, and of the two among them. */
	unsigned int ioctls;
	unsigned int mem_ioctls;
};

/* There is one device at a time: descriptors of an older one are no longer devices. */
void drm_core_start(struct drm_core *core, struct model *m);
void drm_core_stop(void);

/* Creates a descriptor for @file. close() and dup() work on it. */
int drm_core_open(struct model_file *file);

/*
 * Called in an event during an ioctl, to let other threads enter the model. Returns false if a
 * signal has ended the sleep.
 */
bool drm_core_sleep(int64_t ns);

#endif /* DRM_CORE_H */
