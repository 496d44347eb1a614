/* SPDX-License-Identifier: GPL-2.0 or MIT */
/* Other threads do not call the stubs of a test, so the caller has to do all the work. */

#ifndef __PANTHOR_KUNIT_HELPERS_H__
#define __PANTHOR_KUNIT_HELPERS_H__

#include <kunit/test.h>

static inline void panthor_kunit_work_alone(struct kunit *test)
{
}

#endif /* __PANTHOR_KUNIT_HELPERS_H__ */
