// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * What reclaim and claim share: arguments, permission, and which calls run.
 */

#include <linux/capability.h>
#include <linux/ktime.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "panthor_device.h"
#include "panthor_mem.h"

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

/**
 * panthor_mem_check_args() - Check what both ioctls check first
 * @flags: Flags of the caller.
 * @known: Flags that exist.
 * @tgid: TGID of the caller's choice.
 * @pad: Must be 0.
 *
 * Nothing is looked up before the permission is: who may not ask learns
 * nothing about other processes. RAM and swap belong to the whole machine,
 * hence the initial user namespace.
 *
 * Return: 0, -EINVAL, -EPERM without CAP_SYS_RESOURCE, or -EOPNOTSUPP if the
 * kernel has no swap.
 */
int panthor_mem_check_args(u32 flags, u32 known, u32 tgid, u32 pad)
{
	if (flags & ~known || pad || tgid > INT_MAX)
		return -EINVAL;

	if (!capable(CAP_SYS_RESOURCE))
		return -EPERM;

	if (!panthor_mem_supported())
		return -EOPNOTSUPP;

	return 0;
}

/**
 * panthor_mem_get_pid() - Look up a process
 * @tgid: TGID in the pid namespace of the caller, 0 for the caller itself.
 *
 * The process is identified by its struct pid from here on, which is the same
 * for the whole life of the process and is not used again for another one.
 *
 * Return: A reference, or NULL if there is no such process. A thread id may be
 * found here, but owns no file.
 */
struct pid *panthor_mem_get_pid(u32 tgid)
{
	return tgid ? find_get_pid(tgid) : get_pid(task_tgid(current));
}

/**
 * panthor_mem_begin() - Begin a call
 * @ptdev: Device.
 * @pid: The process.
 *
 * Return: The call, or ERR_PTR(-ESRCH) if the process has no file of the
 * device, or ERR_PTR(-ENOMEM). To be ended with panthor_mem_end().
 */
struct panthor_mem_op *panthor_mem_begin(struct panthor_device *ptdev, struct pid *pid)
{
	struct panthor_mem_op *op;
	int ret;

	op = kzalloc_obj(*op);
	if (!op)
		return ERR_PTR(-ENOMEM);

	op->started = ktime_get_ns();
	ret = panthor_mem_target_init(&op->target, ptdev, pid);
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

/**
 * panthor_mem_end() - End a call
 * @op: Call. It is freed.
 */
void panthor_mem_end(struct panthor_mem_op *op)
{
	struct panthor_device *ptdev = op->target.ptdev;

	spin_lock(&ptdev->mem.lock);
	list_del(&op->node);
	spin_unlock(&ptdev->mem.lock);

	panthor_mem_target_fini(&op->target);
	kfree(op->run);
	kfree(op);
}

/**
 * panthor_mem_allow_cancel() - Let claims of the same process end this reclaim
 * @op: Reclaim, until panthor_mem_end().
 */
void panthor_mem_allow_cancel(struct panthor_mem_op *op)
{
	struct panthor_device *ptdev = op->target.ptdev;

	spin_lock(&ptdev->mem.lock);
	list_add(&op->node, &ptdev->mem.reclaims);
	spin_unlock(&ptdev->mem.lock);
}

/**
 * panthor_mem_cancel_reclaims() - End the reclaims that a claim makes pointless
 * @claim: Claim that is about to start.
 *
 * They are told to stop, and are not waited for.
 */
void panthor_mem_cancel_reclaims(const struct panthor_mem_op *claim)
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
