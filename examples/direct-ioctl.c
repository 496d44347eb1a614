/* SPDX-License-Identifier: MIT */
/*
 * Both ioctls without libdrm_panthor, for programs that have their own wrapper:
 * direct-ioctl /dev/dri/renderD128 TGID
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xf86drm.h>

#include "panthor_mem.h"

#ifndef DRM_PANTHOR_HAS_MEM_RECLAIM
#error "this panthor_mem.h does not describe the ioctls"
#endif

int main(int argc, char **argv)
{
	struct drm_panthor_mem_reclaim reclaim;
	struct drm_panthor_mem_claim claim;
	int fd, tgid;

	/* TGID 0 means this process, and atoi() returns 0 for text that is no number. */
	tgid = argc == 3 ? atoi(argv[2]) : 0;
	if (tgid <= 0) {
		fprintf(stderr, "usage: %s DEVICE TGID\n", argv[0]);
		return 2;
	}

	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		perror(argv[1]);
		return 1;
	}

	/* Unused members must be 0, including the padding. */
	memset(&reclaim, 0, sizeof(reclaim));
	memset(&claim, 0, sizeof(claim));
	reclaim.tgid = claim.tgid = (unsigned int)tgid;

	if (drmIoctl(fd, DRM_IOCTL_PANTHOR_MEM_RECLAIM, &reclaim)) {
		/* A kernel without the ioctl returns EINVAL, too. */
		fprintf(stderr, "reclaim: %s\n", strerror(errno));
		return 1;
	}
	printf("evicted %llu, freed %llu, skipped %llu bytes, status %#x\n",
	       (unsigned long long)reclaim.evicted_bytes, (unsigned long long)reclaim.freed_bytes,
	       (unsigned long long)reclaim.skipped_bytes, reclaim.status);

	if (drmIoctl(fd, DRM_IOCTL_PANTHOR_MEM_CLAIM, &claim)) {
		fprintf(stderr, "claim: %s\n", strerror(errno));
		return 1;
	}
	printf("claimed %llu bytes, status %#x\n", (unsigned long long)claim.claimed_bytes,
	       claim.status);
	return 0;
}
