/* SPDX-License-Identifier: MIT */
/*
 * Functions that the programs panthor_*.c share.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "igt.h"

struct gpu_device igt_dev = { .fd = -1 };

void igt_require_device(void)
{
	int ret = gpu_device_open(&igt_dev);

	if (ret) {
		printf("SKIP: no panthor device: %s\n", strerror(-ret));
		exit(IGT_SKIP);
	}
	gpu_device_close(&igt_dev);
}

int igt_open(void **state)
{
	(void)state;
	return gpu_device_open(&igt_dev);
}

int igt_close(void **state)
{
	(void)state;
	gpu_device_close(&igt_dev);
	return 0;
}

void igt_ok(int ret)
{
	if (ret < 0)
		fail_msg("failed: %s", strerror(-ret));
}

void igt_fails(int ret, int expected_errno)
{
	if (ret >= 0)
		fail_msg("succeeded, but should fail: %s",
			 strerror(expected_errno));
	if (ret != -expected_errno)
		fail_msg("failed: %s; should fail: %s", strerror(-ret),
			 strerror(expected_errno));
}
