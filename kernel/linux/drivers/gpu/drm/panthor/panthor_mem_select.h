/* SPDX-License-Identifier: GPL-2.0 or MIT */
/* How a caller names the target of a reclaim or claim. */

#ifndef __PANTHOR_MEM_SELECT_H__
#define __PANTHOR_MEM_SELECT_H__

#include <linux/types.h>

#include <drm/panthor_drm.h>

struct cgroup;
struct drm_device;
struct drm_file;
struct mem_cgroup;
struct pid;

#define PANTHOR_MEM_TARGET_FLAGS	(DRM_PANTHOR_MEM_TARGET_PIDFD | \
					 DRM_PANTHOR_MEM_TARGET_CLIENT | \
					 DRM_PANTHOR_MEM_TARGET_CGROUP)

/**
 * struct panthor_mem_selector - Name of a target: one of the members is set
 */
struct panthor_mem_selector {
	/** @owner: All files that this process owns. We hold a reference. */
	struct pid *owner;

	/** @client_id: The file with this &drm_file.client_id. */
	u64 client_id;

	/** @cgroup: All files of processes in it and below. We hold a reference. */
	struct cgroup *cgroup;
};

int panthor_mem_select(struct panthor_mem_selector *selector, u32 flags, u32 tgid, u64 target);
void panthor_mem_unselect(struct panthor_mem_selector *selector);
bool panthor_mem_same_selector(const struct panthor_mem_selector *a,
			       const struct panthor_mem_selector *b);
bool panthor_mem_selects(const struct panthor_mem_selector *selector,
			 const struct drm_file *file);
struct drm_file *panthor_mem_next_file(const struct panthor_mem_selector *selector,
				       struct drm_device *ddev, u64 *after);
struct mem_cgroup *panthor_mem_selector_memcg(const struct panthor_mem_selector *selector);
int panthor_mem_selector_tgid(const struct panthor_mem_selector *selector);
u64 panthor_mem_selector_cgroup_id(const struct panthor_mem_selector *selector);

#endif /* __PANTHOR_MEM_SELECT_H__ */
