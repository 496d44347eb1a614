// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Reclaim: tear down the GPU mappings of BOs, before they are evicted.
 */

#include <linux/sched.h>

#include "panthor_mem.h"
#include "panthor_mem_reclaim.h"

/**
 * panthor_mem_unmap_batch() - Get ready to evict the next BO of a slice
 * @op: Reclaim. The lock that it holds is dropped.
 * @first: Index of the BO.
 *
 * Evicting a BO tears its mappings down. Between two BOs, others can take the lock and
 * end the call.
 *
 * Return: The index of the BO after it.
 */
u32 panthor_mem_unmap_batch(struct panthor_mem_reclaim_op *op, u32 first)
{
	panthor_mem_reclaim_unlock(op);
	cond_resched();
	panthor_mem_reclaim_should_stop(op);

	return first + 1;
}
