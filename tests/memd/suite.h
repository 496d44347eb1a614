/* SPDX-License-Identifier: MIT */
/*
 * What the test programs have in common whose tests need nothing but a world: each test starts
 * it, and it is stopped after the test.
 */
#ifndef SUITE_H
#define SUITE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <panthor_mem.h>

#include "world.h"

#define INTERRUPTED DRM_PANTHOR_MEM_STATUS_INTERRUPTED

#define TEST(name) cmocka_unit_test_teardown(name, stop)

static struct world w;

static int stop(void **state)
{
	(void)state;
	world_stop(&w);
	return 0;
}

#endif /* SUITE_H */
