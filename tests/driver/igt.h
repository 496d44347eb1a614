/* SPDX-License-Identifier: MIT */
/*
 * Declarations that the programs panthor_*.c share.
 *
 * They test panthor's own interface, not the two ioctls, on any device that panthor drives.
 * They use nothing that only the simulated GPU has, and no job faults. The names are those
 * of the panthor tests of the IGT project, so that results can be compared, but the code
 * is our own.
 */
#ifndef IGT_H
#define IGT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gpu/device.h"

#define IGT_SKIP 77	/* exit status: there is nothing to test */

/* The device, opened again for each subtest. */
extern struct gpu_device igt_dev;

/* Setup and teardown of a subtest. */
int igt_open(void **state);
int igt_close(void **state);

/* Exit with IGT_SKIP if there is no panthor device. */
void igt_require_device(void);

/* Make an ioctl that must succeed, or must fail with exactly this errno. */
void igt_ok(int ret);
void igt_fails(int ret, int expected_errno);

#define IGT_SUBTEST(name) \
	cmocka_unit_test_setup_teardown(name, igt_open, igt_close)

#endif
