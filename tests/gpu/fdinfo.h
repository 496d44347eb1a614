/* SPDX-License-Identifier: MIT */
/*
 * What a process's panthor files hold, as /proc/PID/fdinfo tells it.
 */
#ifndef GPU_FDINFO_H
#define GPU_FDINFO_H

#include <stdint.h>
#include <sys/types.h>

struct gpu_fdinfo {
	unsigned int clients;	/* distinct open panthor files */
	uint64_t total;		/* bytes of all BOs, resident or not */
	uint64_t shared;
	uint64_t resident;	/* bytes of BOs whose pages the driver holds */
	uint64_t internal;	/* ring buffers, tiler heaps and the like */
};

/*
 * Summed over the open files of @pid. A file that is open under several
 * descriptors is counted once: the kernel gives each a drm-client-id.
 * -ESRCH: no such process.
 */
int gpu_fdinfo_read(pid_t pid, struct gpu_fdinfo *info);

/* The drm-client-id of one descriptor of @pid. -ENODEV: it is none of panthor's. */
int gpu_fdinfo_client(pid_t pid, int fd, uint64_t *id);

#endif
