/* SPDX-License-Identifier: MIT */
/*
 * The panthor memory of a process, as reported in /proc/PID/fdinfo.
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
 * Sums over the open files of @pid. A file that is open under several descriptors is
 * counted once, by its drm-client-id.
 * -ESRCH: no such process.
 */
int gpu_fdinfo_read(pid_t pid, struct gpu_fdinfo *info);

/* Read the drm-client-id of one descriptor of @pid. -ENODEV: it is no file of panthor. */
int gpu_fdinfo_client(pid_t pid, int fd, uint64_t *id);

#endif
