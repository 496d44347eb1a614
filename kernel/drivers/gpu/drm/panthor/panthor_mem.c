// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * The two ioctls: arguments, permission, and which reclaims are running.
 */

#include <linux/build_bug.h>
#include <linux/capability.h>
#include <linux/cleanup.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/swap.h>

#include <drm/drm_device.h>
#include <drm/panthor_mem.h>

#include "panthor_device.h"
#include "panthor_mem.h"

#define PANTHOR_MEM_RECLAIM_FLAGS	(DRM_PANTHOR_MEM_RECLAIM_DRY_RUN | \
					 DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT)
#define PANTHOR_MEM_CLAIM_FLAGS		DRM_PANTHOR_MEM_CLAIM_PREFETCH_ONLY

static_assert(sizeof(struct drm_panthor_mem_reclaim) == 56);
static_assert(offsetof(struct drm_panthor_mem_reclaim, freed_bytes) == 24);
static_assert(sizeof(struct drm_panthor_mem_claim) == 40);
static_assert(offsetof(struct drm_panthor_mem_claim, claimed_bytes) == 16);

/**
 * panthor_mem_init() - Initialize the device's part of reclaim and claim
 * @ptdev: Device.
 */
void panthor_mem_init(struct panthor_device *ptdev)
{
	spin_lock_init(&ptdev->mem.lock);
	INIT_LIST_HEAD(&ptdev->mem.reclaims);
	atomic_set(&ptdev->mem.visit, 0);
}

static int panthor_mem_check(u32 flags, u32 known, u32 tgid, u32 pad)
{
	if (flags & ~known || pad || tgid > INT_MAX)
		return -EINVAL;

	/* Before the process is looked up: who may not ask learns nothing.
	 * RAM and swap belong to the whole machine, hence the initial user
	 * namespace.
	 */
	if (!capable(CAP_SYS_RESOURCE))
		return -EPERM;

	if (!IS_ENABLED(CONFIG_SWAP))
		return -EOPNOTSUPP;

	return 0;
}

static struct panthor_mem_op *panthor_mem_begin(struct drm_device *ddev, u32 tgid)
{
	struct panthor_device *ptdev = container_of(ddev, struct panthor_device, base);
	struct panthor_mem_op *op;
	int ret;

	op = kzalloc_obj(*op);
	if (!op)
		return ERR_PTR(-ENOMEM);

	ret = panthor_mem_target_init(&op->target, ptdev, tgid);
	if (ret) {
		kfree(op);
		return ERR_PTR(ret);
	}

	INIT_LIST_HEAD(&op->node);
	/* 0 is the mark of a BO that was never visited. */
	do {
		op->visit = atomic_inc_return(&ptdev->mem.visit);
	} while (!op->visit);

	return op;
}

static void panthor_mem_end(struct panthor_mem_op *op)
{
	struct panthor_device *ptdev = op->target.ptdev;

	spin_lock(&ptdev->mem.lock);
	list_del(&op->node);
	spin_unlock(&ptdev->mem.lock);

	panthor_mem_target_fini(&op->target);
	kfree(op);
}

/* A claim is about to start: reclaims of the same process are out of date. */
static void panthor_mem_cancel_reclaims(struct panthor_mem_op *claim)
{
	struct panthor_device *ptdev = claim->target.ptdev;
	struct panthor_mem_op *op;

	spin_lock(&ptdev->mem.lock);
	list_for_each_entry(op, &ptdev->mem.reclaims, node) {
		if (op->target.pid == claim->target.pid)
			WRITE_ONCE(op->cancelled, true);
	}
	spin_unlock(&ptdev->mem.lock);
}

/**
 * panthor_ioctl_mem_reclaim() - DRM_IOCTL_PANTHOR_MEM_RECLAIM
 * @ddev: Device.
 * @data: &struct drm_panthor_mem_reclaim.
 * @file: File that the ioctl was issued on.
 *
 * Return: 0 on success, a negative errno as the uAPI header lists them.
 */
int panthor_ioctl_mem_reclaim(struct drm_device *ddev, void *data,
			      struct drm_file *file)
{
	struct drm_panthor_mem_reclaim *args = data;
	struct panthor_device *ptdev = container_of(ddev, struct panthor_device, base);
	struct panthor_mem_op *op;
	int ret;

	ret = panthor_mem_check(args->flags, PANTHOR_MEM_RECLAIM_FLAGS,
				args->tgid, args->pad);
	if (ret)
		return ret;

	op = panthor_mem_begin(ddev, args->tgid);
	if (IS_ERR(op))
		return PTR_ERR(op);

	args->freed_bytes = 0;
	args->evicted_bytes = 0;
	args->skipped_bytes = 0;
	args->status = 0;

	spin_lock(&ptdev->mem.lock);
	list_add(&op->node, &ptdev->mem.reclaims);
	spin_unlock(&ptdev->mem.lock);

	if (get_nr_swap_pages() > 0)
		ret = panthor_mem_reclaim(op, args);
	else
		ret = -ENOSPC;

	panthor_mem_end(op);
	return ret;
}

/**
 * panthor_ioctl_mem_claim() - DRM_IOCTL_PANTHOR_MEM_CLAIM
 * @ddev: Device.
 * @data: &struct drm_panthor_mem_claim.
 * @file: File that the ioctl was issued on.
 *
 * Return: 0 on success, a negative errno as the uAPI header lists them.
 */
int panthor_ioctl_mem_claim(struct drm_device *ddev, void *data,
			    struct drm_file *file)
{
	struct drm_panthor_mem_claim *args = data;
	struct panthor_mem_op *op;
	int ret;

	ret = panthor_mem_check(args->flags, PANTHOR_MEM_CLAIM_FLAGS,
				args->tgid, args->pad);
	if (ret)
		return ret;

	op = panthor_mem_begin(ddev, args->tgid);
	if (IS_ERR(op))
		return PTR_ERR(op);

	args->claimed_bytes = 0;
	args->remaining_bytes = 0;
	args->status = 0;

	panthor_mem_cancel_reclaims(op);
	ret = panthor_mem_claim(op, args);

	panthor_mem_end(op);
	return ret;
}
