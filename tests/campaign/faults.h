/* SPDX-License-Identifier: MIT */
/*
 * Declarations that the files of faults share.
 */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "subject.h"

/* One action, during which an allocation fails. */
struct step {
	const char *name;

	/* Bring the subject into the state that the action needs. Nothing fails here. */
	int (*prepare)(uint32_t how);

	/* The action: 0 or -errno, as the kernel returns it. */
	int (*act)(void);

	/*
	 * Is the result of the action right, and is all as it was? @ret is what it returned,
	 * -ENOMEM or -EIO. May be NULL. Undoes the action.
	 */
	int (*judge)(int ret);

	/* The argument of prepare(). */
	uint32_t how;
};

extern const struct step mem_steps[];	/* reclaim and claim */
extern const struct step vm_steps[];	/* binds, submits, page faults */
extern const struct step life_steps[];	/* a file from open to close */

extern struct subject subject;

/* Print what is wrong, and return -EBADMSG. */
int wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* All is resident; all is evicted. */
int prepare_resident(void);
int prepare_evicted(void);

/* ioctl() once: a signal or EAGAIN does not repeat it. */
int raw_ioctl(int fd, unsigned long request, void *arg);

#endif
