/* SPDX-License-Identifier: MIT */
/* What the files of the library share. Not installed. */
#ifndef PANTHOR_PRIV_H
#define PANTHOR_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "panthor_drmif.h"

#define panthor_public __attribute__((visibility("default")))
#define panthor_inline inline __attribute__((always_inline))

/* The members of both ioctl structs that name the target. */
struct panthor_target {
	uint32_t flag; /* of enum drm_panthor_mem_target_flags, or 0 */
	uint32_t tgid;
	uint64_t id;
};

/*
 * The type of the request number of ioctl(): unsigned long in glibc, and int in musl, where
 * a number with the highest bit set needs the cast.
 */
#if defined(__GLIBC__)
typedef unsigned long panthor_request;
#else
typedef int panthor_request;
#endif

/* Flags that the library sets; options must not contain them. */
#define PANTHOR_TARGET_FLAGS \
	(DRM_PANTHOR_MEM_TARGET_PIDFD | DRM_PANTHOR_MEM_TARGET_CLIENT | \
	 DRM_PANTHOR_MEM_TARGET_CGROUP)

/* The bits of an option's flags that the kernel never sees. */
#define PANTHOR_LIBRARY_FLAGS PANTHOR_MEM_INTERRUPTIBLE

static panthor_inline struct panthor_target panthor_by_tgid(pid_t tgid)
{
	return (struct panthor_target){ 0, (uint32_t)tgid, 0 };
}

/* A negative descriptor becomes a number that is too large for the kernel to accept. */
static panthor_inline struct panthor_target panthor_by_pidfd(int pidfd)
{
	return (struct panthor_target){ DRM_PANTHOR_MEM_TARGET_PIDFD, 0, (uint32_t)pidfd };
}

static panthor_inline struct panthor_target panthor_by_client(uint64_t client_id)
{
	return (struct panthor_target){ DRM_PANTHOR_MEM_TARGET_CLIENT, 0, client_id };
}

static panthor_inline struct panthor_target panthor_by_cgroup(int cgroup_fd)
{
	return (struct panthor_target){ DRM_PANTHOR_MEM_TARGET_CGROUP, 0, (uint32_t)cgroup_fd };
}

/* sizeof() of a struct up to and including @member, the last one of its first version. */
#define panthor_size_to(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))

/* 0, or -EINVAL if no version of a struct has this size; the first one has @least bytes. */
int panthor_size_check(uint32_t size, size_t least) __attribute__((cold));

/*
 * Copy a growable struct from and to a caller whose version of it has another size than
 * the library's, @ours_size. @theirs starts with its uint32_t size; @least is the size of
 * the first version. panthor_options_in() returns 0 or -errno. panthor_result_out() copies
 * all but the size, which was checked before, and zeroes what only the caller's version has.
 */
int panthor_options_in(void *ours, size_t ours_size, const void *theirs, size_t least)
	__attribute__((cold));
void panthor_result_out(void *theirs, const void *ours, size_t ours_size)
	__attribute__((cold));

/*
 * As drmIoctl(), but return 0 or -errno and leave errno unchanged. panthor_ioctl_once()
 * makes one system call only and can therefore return -EINTR.
 */
int panthor_ioctl(int fd, unsigned long request, void *arg);
int panthor_ioctl_once(int fd, unsigned long request, void *arg);

/* Is @ret an error that can come after part of the work? */
bool panthor_part_done(int ret) __attribute__((cold));

/* Do the outputs of a call that returned @ret say what was done? */
static inline bool panthor_outputs_valid(int ret)
{
	return !ret || panthor_part_done(ret);
}

/* Get the number of a pidfd's process in the caller's pid namespace. Returns 0 or -errno. */
int panthor_pidfd_tgid(int pidfd, uint32_t *tgid);

/*
 * The result of a call by pidfd whose ioctl returned @ret: if that has valid outputs but the
 * process has exited by now, -ESRCH.
 */
int panthor_pidfd_result(int pidfd, int ret);

#endif /* PANTHOR_PRIV_H */
