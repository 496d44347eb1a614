/* SPDX-License-Identifier: GPL-2.0 or MIT */
/* Other threads do not call the stubs of a test, so the caller has to do all the work. */

#ifndef __PANTHOR_KUNIT_HELPERS_H__
#define __PANTHOR_KUNIT_HELPERS_H__

#include <kunit/static_stub.h>
#include <kunit/test.h>

#include "../panthor_mem_pieces.h"

static inline u32 panthor_kunit_no_helper(u64 bytes)
{
	return 0;
}

static inline void panthor_kunit_work_alone(struct kunit *test)
{
	kunit_activate_static_stub(test, panthor_mem_helper_count, panthor_kunit_no_helper);
}

#endif /* __PANTHOR_KUNIT_HELPERS_H__ */
