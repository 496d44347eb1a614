/* SPDX-License-Identifier: MIT */
/* Access to memory of the caller of an ioctl: 0 or -EFAULT, but never a crash. */
#ifndef USER_COPY_H
#define USER_COPY_H

#include <stddef.h>

int user_copy_from(void *to, const void *user, size_t size);
int user_copy_to(void *user, const void *from, size_t size);

#endif /* USER_COPY_H */
