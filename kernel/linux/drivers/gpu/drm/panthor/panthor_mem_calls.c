// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Which calls run on a device, and how a claim ends the reclaims of its target.
 *
 * When a claim returns, no reclaim that was called before it may evict anything
 * more. So a reclaim is listed before it looks for its target. A claim waits until
 * each listed reclaim that began earlier knows its target, cancels those that
 * work on the same VMs or files, and waits until these evict nothing any more. A
 * reclaim evicts between panthor_mem_evict_begin() and panthor_mem_evict_end(), for
 * one slice at most, and checks under the lock of each batch whether it is
 * cancelled. A claim does not wait for pages that are already being written.
 */

#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/memcontrol.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include <kunit/static_stub.h>

#include "panthor_device.h"
#include "panthor_mem.h"
#include "panthor_mem_select.h"

/* Total of the pauses of a call after its deadline, in microseconds. */
#define PANTHOR_MEM_GRACE_US	10000

/**
 * panthor_mem_init() - Initialize the device's part of reclaim and claim
 * @ptdev: Device.
 */
void panthor_mem_init(struct panthor_device *ptdev)
{
	mutex_init(&ptdev->mem.lock);
	INIT_LIST_HEAD(&ptdev->mem.reclaims);
	init_waitqueue_head(&ptdev->mem.changed);
	atomic_set(&ptdev->mem.visit, 0);
	atomic64_set(&ptdev->mem.ticket, 0);
}

static void panthor_mem_list(struct panthor_mem_op *op, bool evicts)
{
	struct panthor_device *ptdev = op->target.ptdev;

	guard(mutex)(&ptdev->mem.lock);

	op->ticket = atomic64_inc_return(&ptdev->mem.ticket);
	if (evicts)
		list_add(&op->node, &ptdev->mem.reclaims);
}

static void panthor_mem_set_collected(struct panthor_mem_op *op)
{
	struct panthor_device *ptdev = op->target.ptdev;

	scoped_guard(mutex, &ptdev->mem.lock)
		op->collected = true;
	wake_up_all(&ptdev->mem.changed);
}

/**
 * panthor_mem_op_alloc() - Allocate the state of a call
 * @ptdev: Device.
 *
 * The call has no target, is not listed, and its deadline is in the past.
 *
 * Return: The call, to be ended with panthor_mem_end(), or NULL.
 */
struct panthor_mem_op *panthor_mem_op_alloc(struct panthor_device *ptdev)
{
	struct panthor_mem_op *op;

	KUNIT_STATIC_STUB_REDIRECT(panthor_mem_op_alloc, ptdev);

	op = kzalloc_obj(*op);
	if (!op)
		return NULL;

	op->started = ktime_get_ns();
	atomic_set(&op->grace_us, PANTHOR_MEM_GRACE_US);
	op->target.ptdev = ptdev;
	INIT_LIST_HEAD(&op->node);
	panthor_mem_run_init(&op->run);

	return op;
}

/**
 * panthor_mem_begin() - Begin a call
 * @ptdev: Device.
 * @selector: What names the target. Outlives the call.
 * @evicts: Whether the call is a reclaim that evicts. Claims can cancel it then.
 *
 * Return: The call, to be ended with panthor_mem_end(); ERR_PTR(-ESRCH) if the target
 * has no file of the device; ERR_PTR(-ENOMEM); or ERR_PTR(-EINTR).
 */
struct panthor_mem_op *panthor_mem_begin(struct panthor_device *ptdev,
					 const struct panthor_mem_selector *selector,
					 bool evicts)
{
	struct panthor_mem_op *op;
	int ret;

	op = panthor_mem_op_alloc(ptdev);
	if (!op)
		return ERR_PTR(-ENOMEM);

	op->target.selector = selector;
	panthor_mem_list(op, evicts);

	ret = panthor_mem_target_init(&op->target, ptdev, selector);
	if (ret) {
		panthor_mem_end(op);
		return ERR_PTR(ret);
	}
	panthor_mem_set_collected(op);

	/* 0 marks a BO that was never visited. */
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

	scoped_guard(mutex, &ptdev->mem.lock)
		list_del(&op->node);
	wake_up_all(&ptdev->mem.changed);

	panthor_mem_target_fini(&op->target);
	mem_cgroup_put(op->memcg);
	kfree(op);
}

/**
 * panthor_mem_evict_begin() - Announce that a reclaim is about to evict
 * @op: Reclaim.
 *
 * Return: false if it must not, because it was cancelled.
 */
bool panthor_mem_evict_begin(struct panthor_mem_op *op)
{
	guard(mutex)(&op->target.ptdev->mem.lock);

	op->evicting = !op->cancelled;
	return op->evicting;
}

/**
 * panthor_mem_evict_end() - Announce that a reclaim has stopped evicting for now
 * @op: Reclaim.
 */
void panthor_mem_evict_end(struct panthor_mem_op *op)
{
	struct panthor_device *ptdev = op->target.ptdev;

	scoped_guard(mutex, &ptdev->mem.lock)
		op->evicting = false;
	wake_up_all(&ptdev->mem.changed);
}

/* Cancels a reclaim if the claim ends it. Returns true if the claim need not wait for it. */
static bool panthor_mem_cancel_one(struct panthor_mem_op *reclaim, struct panthor_mem_op *claim)
{
	bool same = panthor_mem_same_selector(reclaim->target.selector, claim->target.selector);

	if (reclaim->ticket > claim->ticket)
		return true;

	if (!same && !reclaim->collected)
		return false;

	if (same || panthor_mem_targets_overlap(&reclaim->target, &claim->target))
		WRITE_ONCE(reclaim->cancelled, true);

	return !(reclaim->cancelled && reclaim->evicting);
}

static bool panthor_mem_cancel_all(struct panthor_mem_op *claim)
{
	struct panthor_device *ptdev = claim->target.ptdev;
	struct panthor_mem_op *reclaim;
	bool done = true;

	guard(mutex)(&ptdev->mem.lock);

	list_for_each_entry(reclaim, &ptdev->mem.reclaims, node)
		done &= panthor_mem_cancel_one(reclaim, claim);

	return done;
}

/* Returns the time until the deadline in jiffies, or 0 if it has passed. */
static long panthor_mem_time_left(const struct panthor_mem_op *op)
{
	s64 now = ktime_get_ns();

	if (op->deadline_ns == S64_MAX)
		return MAX_SCHEDULE_TIMEOUT;
	if (op->deadline_ns <= now)
		return 0;

	return min_t(u64, nsecs_to_jiffies64(op->deadline_ns - now) + 1, MAX_SCHEDULE_TIMEOUT);
}

/**
 * panthor_mem_cancel_reclaims() - End the reclaims that a claim makes pointless
 * @claim: Claim that is about to start.
 *
 * Return: 0 when no reclaim that began before @claim evicts anything of its target
 * any more; -EBUSY if the deadline passes before that; -EINTR if a signal is pending.
 */
int panthor_mem_cancel_reclaims(struct panthor_mem_op *claim)
{
	struct panthor_device *ptdev = claim->target.ptdev;
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	int ret = 0;

	add_wait_queue(&ptdev->mem.changed, &wait);
	while (!panthor_mem_cancel_all(claim)) {
		long left = panthor_mem_time_left(claim);

		if (signal_pending(current))
			ret = -EINTR;
		else if (!left)
			ret = -EBUSY;
		if (ret)
			break;

		wait_woken(&wait, TASK_INTERRUPTIBLE, left);
	}
	remove_wait_queue(&ptdev->mem.changed, &wait);

	return ret;
}
