/* SPDX-License-Identifier: GPL-2.0 or MIT */

#ifndef __PANTHOR_MEM_RECLAIM_H__
#define __PANTHOR_MEM_RECLAIM_H__

struct drm_device;
struct drm_file;
struct drm_panthor_mem_reclaim;
struct panthor_device;
struct panthor_mem_selector;

int panthor_mem_reclaim(struct panthor_device *ptdev,
			const struct panthor_mem_selector *selector,
			struct drm_panthor_mem_reclaim *args);
int panthor_ioctl_mem_reclaim(struct drm_device *ddev, void *data,
			      struct drm_file *file);

#endif /* __PANTHOR_MEM_RECLAIM_H__ */
