// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * What reclaim and claim share: argument checks, permission, and bounded waits.
 *
 * The target of a call is not trusted. It can hold the locks of its VMs and BOs for
 * as long as it likes: a VM_BIND allocates with the reservation lock held, and
 * memory.high of the target's own cgroup makes it sleep there. So no wait for a lock
 * of the target is unbounded: the lock is tried, and tried again after a pause, until
 * the caller's deadline passes, a signal arrives, or something else ends the call.
 */

#include <linux/bitops.h>
#include <linux/capability.h>
#include <linux/delay.h>
#include <linux/dma-resv.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/sched/signal.h>

#include <drm/drm_drv.h>
#include <drm/panthor_drm.h>

#include <kunit/static_stub.h>

#include "panthor_device.h"
#include "panthor_mem.h"
#include "panthor_mem_select.h"
#include "panthor_mmu.h"

/* Start with short pauses, because most locks are held only briefly. */
#define PANTHOR_MEM_FIRST_PAUSE_US	16
#define PANTHOR_MEM_LAST_PAUSE_US	1024

/* VMs to check for new work at once. The next checks continue with the others. */
#define PANTHOR_MEM_WATCHED_VMS		64

/**
 * panthor_mem_check_args() - Check the common arguments and the permission
 * @flags: Flags of the caller.
 * @known: Flags of the ioctl, without those that select the target.
 * @tgid: TGID of the target.
 * @target: The target, if a flag selects it instead of @tgid.
 * @pad: Must be 0.
 *
 * Nothing is looked up before the permission is checked, so that a caller without
 * it learns nothing about other processes. RAM and swap belong to the whole
 * machine, so the capability is needed in the initial user namespace.
 *
 * Return: 0, -EINVAL, or -EPERM without CAP_SYS_RESOURCE.
 */
int panthor_mem_check_args(u32 flags, u32 known, u32 tgid, u64 target, u32 pad)
{
	u32 selectors = flags & PANTHOR_MEM_TARGET_FLAGS;

	if (flags & ~(known | PANTHOR_MEM_TARGET_FLAGS) || pad || tgid > INT_MAX)
		return -EINVAL;

	if (hweight32(selectors) > 1 || (selectors ? tgid != 0 : target != 0))
		return -EINVAL;

	return capable(CAP_SYS_RESOURCE) ? 0 : -EPERM;
}

/**
 * panthor_mem_vm_has_new_work() - Check whether jobs were submitted to a VM
 * @op: Call.
 * @vm: Index of the VM.
 *
 * The answer does not change while the reservation lock of the VM is held.
 *
 * Return: true if new work ends this call and there was a submit since it started.
 */
bool panthor_mem_vm_has_new_work(const struct panthor_mem_op *op, u32 vm)
{
	const struct panthor_mem_target *target = &op->target;

	return op->watches_work && panthor_vm_has_new_work(target->vms[vm], target->submits[vm]);
}

static bool panthor_mem_has_new_work(struct panthor_mem_op *op)
{
	u32 vm_count = op->target.vm_count, count, first;

	if (!op->watches_work || READ_ONCE(op->new_work))
		return op->new_work;

	count = min(vm_count, PANTHOR_MEM_WATCHED_VMS);
	if (!count)
		return false;

	first = atomic_fetch_add(count, &op->watched);
	for (u32 i = 0; i < count; i++) {
		if (panthor_mem_vm_has_new_work(op, (first + i) % vm_count)) {
			WRITE_ONCE(op->new_work, true);
			return true;
		}
	}

	return false;
}

/**
 * panthor_mem_ends_early() - Check whether a claim or new work ends a call
 * @op: Call.
 *
 * Any thread may call this.
 *
 * Return: true if a claim of the target has cancelled the call, or if new work ends
 * the call and the target has some.
 */
bool panthor_mem_ends_early(struct panthor_mem_op *op)
{
	return READ_ONCE(op->cancelled) || panthor_mem_has_new_work(op);
}

/**
 * panthor_mem_pause() - Pause before a contended lock is tried again
 * @op: Call.
 * @us: In: the previous pause in microseconds, 0 at first. Out: this pause.
 *
 * The shrinker and the scheduler hold the same locks briefly. A call may pause for
 * &panthor_mem_op.grace_us after its deadline, or without one, so that these are not
 * mistaken for a busy target. Any thread of the call may call this.
 *
 * Return: 0 to try again; -EBUSY after the deadline; -EINTR if a signal is
 * pending; -ECANCELED if the call ends early; -ENODEV if the device was
 * unplugged.
 */
int panthor_mem_pause(struct panthor_mem_op *op, u32 *us)
{
	KUNIT_STATIC_STUB_REDIRECT(panthor_mem_pause, op, us);

	*us = clamp(2 * *us, PANTHOR_MEM_FIRST_PAUSE_US, PANTHOR_MEM_LAST_PAUSE_US);

	if (signal_pending(current))
		return -EINTR;
	if (panthor_mem_ends_early(op))
		return -ECANCELED;
	/* Callers can be between drm_dev_enter() and drm_dev_exit(): an unplug waits for them. */
	if (drm_dev_is_unplugged(&op->target.ptdev->base))
		return -ENODEV;

	if ((s64)ktime_get_ns() >= op->deadline_ns) {
		if (atomic_read(&op->grace_us) < (int)*us)
			return -EBUSY;
		atomic_sub(*us, &op->grace_us);
	}

	usleep_range(*us, 2 * *us);
	return 0;
}

/**
 * panthor_mem_lock_resv() - Lock the reservation of a BO or VM of the target
 * @op: Call.
 * @resv: Reservation.
 *
 * Return: 0, or a negative errno of panthor_mem_pause(); 0 or -EINTR for the
 * caller's own VM.
 */
int panthor_mem_lock_resv(struct panthor_mem_op *op, struct dma_resv *resv)
{
	u32 us = 0;
	int ret;

	if (op->own_locks)
		return dma_resv_lock_interruptible(resv, NULL);

	while (!dma_resv_trylock(resv)) {
		ret = panthor_mem_pause(op, &us);
		if (ret)
			return ret;
	}

	return 0;
}
