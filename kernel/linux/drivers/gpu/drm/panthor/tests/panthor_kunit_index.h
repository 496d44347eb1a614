/* SPDX-License-Identifier: GPL-2.0 or MIT */
/* Adds files of a test to the index, so that drm_file_next() finds them. */

#ifndef __PANTHOR_KUNIT_INDEX_H__
#define __PANTHOR_KUNIT_INDEX_H__

#include <drm/drm_file.h>

static inline void panthor_kunit_index_add(struct drm_file *file)
{
	drm_file_index_add(file);
}

/* To be called after the owner has changed. */
static inline void panthor_kunit_index_owner(struct drm_file *file)
{
	drm_file_index_owner(file);
}

#endif /* __PANTHOR_KUNIT_INDEX_H__ */
