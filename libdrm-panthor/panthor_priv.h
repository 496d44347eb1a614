/* SPDX-License-Identifier: MIT */
/* What the files of the library share. Not installed. */
#ifndef PANTHOR_PRIV_H
#define PANTHOR_PRIV_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define panthor_public __attribute__((visibility("default")))
#define panthor_inline inline __attribute__((always_inline))

/* sizeof() of a struct up to and with @member: what its first version had. */
#define panthor_size_to(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))

/*
 * The two directions of a growable struct whose size is not @ours_size, which is
 * this library's. @theirs starts with its uint32_t size; @least is the size of
 * the first version. In returns 0 or -errno. Out copies all but the size, and
 * zeroes what only the caller's version has.
 */
int panthor_options_in(void *ours, size_t ours_size, const void *theirs, size_t least)
	__attribute__((cold));
void panthor_result_out(void *theirs, const void *ours, size_t ours_size)
	__attribute__((cold));

/* drmIoctl(), but 0 or -errno, and errno is left as it was. */
int panthor_ioctl(int fd, unsigned long request, void *arg);

/* Does the kernel define the outputs of a call that returned @ret? */
static inline bool panthor_outputs_valid(int ret)
{
	return ret == 0 || ret == -ENOMEM || ret == -EIO || ret == -ETIMEDOUT;
}

/* The number of a pidfd's process, in the caller's pid namespace: 0 or -errno. */
int panthor_pidfd_tgid(int pidfd, pid_t *tgid);

/* 0 if the process has not exited; -ESRCH if it has; or another -errno. */
int panthor_pidfd_running(int pidfd);

#endif /* PANTHOR_PRIV_H */
