/* SPDX-License-Identifier: MIT */
/*
 * A swap disk that can hold back what is read from it: a network block device whose server is a
 * process of the test. Needs root.
 */
#ifndef HELD_DISK_H
#define HELD_DISK_H

#include <stdbool.h>
#include <sys/types.h>

struct held_disk_shared;

struct held_disk {
	char device[64];	/* "": there is none */
	int fd;
	pid_t server, kernel;	/* the process that answers, and the one that waits in the kernel */
	struct held_disk_shared *shared;
};

/* Create a disk with a swap header. The caller calls swapon. */
int held_disk_create(struct held_disk *disk, unsigned int mib);

/* Hold back all reads from now on, or answer them. */
void held_disk_hold(struct held_disk *disk, bool hold);

/* The number of requests that are held back. */
unsigned int held_disk_waiting(const struct held_disk *disk);

/* Must not be called while the disk is used as swap. */
void held_disk_destroy(struct held_disk *disk);

#endif
