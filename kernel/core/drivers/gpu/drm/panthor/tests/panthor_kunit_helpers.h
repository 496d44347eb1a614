/* SPDX-License-Identifier: GPL-2.0 or MIT */
/* Stubs are not called by other threads: the caller has to do all work itself. */

#ifndef __PANTHOR_KUNIT_HELPERS_H__
#define __PANTHOR_KUNIT_HELPERS_H__

#include <kunit/test.h>

static inline void panthor_kunit_work_alone(struct kunit *test)
{
}

#endif /* __PANTHOR_KUNIT_HELPERS_H__ */
