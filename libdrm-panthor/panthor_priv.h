/* SPDX-License-Identifier: MIT */
/* What the files of the library share. Not installed. */
#ifndef PANTHOR_PRIV_H
#define PANTHOR_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define panthor_public __attribute__((visibility("default")))

/* sizeof() of a struct up to and with @member: what its first version had. */
#define panthor_size_to(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))

/*
 * The two directions of a growable struct. @theirs starts with its uint32_t
 * size, @ours is this library's version of it, @ours_size bytes; @least is the
 * size of the first version. Both return 0 or -errno.
 */
int panthor_options_in(void *ours, size_t ours_size, const void *theirs, size_t least);
int panthor_result_check(const void *theirs, size_t least);

/* Copies all but the size, and zeroes what only the caller's version has. */
void panthor_result_out(void *theirs, const void *ours, size_t ours_size);

/* drmIoctl(), but 0 or -errno, and errno is left as it was. */
int panthor_ioctl(int fd, unsigned long request, void *arg);

/* Does the kernel define the outputs of a call that returned @ret? */
bool panthor_outputs_valid(int ret);

#endif /* PANTHOR_PRIV_H */
