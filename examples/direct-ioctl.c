/* SPDX-License-Identifier: MIT */
/*
 * Both ioctls without libdrm_panthor, for programs that bring their own wrapper:
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

	/* 0 would be this process, and so would a word be to atoi(). */
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

	/* Everything that is not asked for must be 0, the pad too. */
	memset(&reclaim, 0, sizeof(reclaim));
	memset(&claim, 0, sizeof(claim));
	reclaim.tgid = claim.tgid = (unsigned int)tgid;

	if (drmIoctl(fd, DRM_IOCTL_PANTHOR_MEM_RECLAIM, &reclaim)) {
		/* EINVAL is also what a kernel without the ioctl says. */
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
