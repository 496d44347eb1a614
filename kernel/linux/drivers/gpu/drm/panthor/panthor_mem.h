/* SPDX-License-Identifier: GPL-2.0 or MIT */
/*
 * Explicit reclaim and claim of the GPU memory of a process.
 *
 * panthor_mem.c          arguments, permission, waiting for locks
 * panthor_mem_calls.c    which calls run, and how a claim ends reclaims
 * panthor_mem_select.c   what names a target: a process, a client, a cgroup
 * panthor_mem_target.c   the target: its VMs, its files, its BOs
 * panthor_mem_reclaim.c  MEM_RECLAIM: evict and page out
 * panthor_mem_claim.c    MEM_CLAIM: prefetch and validate
 * panthor_mem_swapin.c   the same for a job that finds its VM evicted
 * panthor_mem_map.c      GPU mappings, for a claim
 * panthor_mem_unmap.c    GPU mappings, for a reclaim
 * panthor_mem_pieces.c   work on the pages of BOs, on several CPUs
 * panthor_mem_sysfs.c    reclaim and claim from a shell
 */

#ifndef __PANTHOR_MEM_H__
#define __PANTHOR_MEM_H__

#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/kconfig.h>
#include <linux/list.h>
#include <linux/sizes.h>
#include <linux/types.h>

#include "panthor_mem_pieces.h"

struct dma_resv;
struct drm_gpuvm;
struct mem_cgroup;
struct panthor_device;
struct panthor_gem_object;
struct panthor_mem_selector;
struct panthor_vm;

/*
 * A reclaim evicts about this much, and pages it out before it evicts more. A slice
 * also has no more than PANTHOR_MEM_SLICE_BOS BOs.
 */
#define PANTHOR_MEM_SLICE_BYTES		SZ_64M

/**
 * struct panthor_mem_target - The files and VMs that a call works on
 *
 * A snapshot taken when the call starts. VMs can outlive their file. Files are
 * looked up again by id when they are needed.
 */
struct panthor_mem_target {
	/** @ptdev: Device. */
	struct panthor_device *ptdev;

	/** @selector: What names the target. Outlives the call. */
	const struct panthor_mem_selector *selector;

	/** @vms: VMs, sorted by address. We hold references. */
	struct panthor_vm **vms;

	/** @submits: panthor_vm_submits() of each of @vms when the call started. */
	u32 *submits;

	/** @vm_count: Number of entries of @vms. */
	u32 vm_count;

	/** @vm_max: Number of entries that fit into @vms. */
	u32 vm_max;

	/** @file_ids: &drm_file.client_id of each file, in ascending order. */
	u64 *file_ids;

	/** @file_count: Number of entries of @file_ids. */
	u32 file_count;

	/** @file_max: Number of entries that fit into @file_ids. */
	u32 file_max;
};

/**
 * struct panthor_mem_op - A running call
 */
struct panthor_mem_op {
	/** @target: What it works on. */
	struct panthor_mem_target target;

	/** @node: Entry of the device's list of running reclaims. */
	struct list_head node;

	/** @ticket: Position of this call in the order in which calls began. */
	u64 ticket;

	/** @collected: @target is complete. Protected by the device's mem.lock. */
	bool collected;

	/** @evicting: BOs are being evicted. Protected by the device's mem.lock. */
	bool evicting;

	/** @cancelled: Set by a claim of an overlapping target, to end this call. */
	bool cancelled;

	/** @watches_work: New work of the target ends this call. */
	bool watches_work;

	/** @new_work: Set when new work was seen. */
	bool new_work;

	/** @watched: Next VM to check for new work, modulo &panthor_mem_target.vm_count. */
	atomic_t watched;

	/** @started: When the call started, in nanoseconds. */
	u64 started;

	/** @deadline_ns: CLOCK_MONOTONIC time that bounds the waits for locks. */
	s64 deadline_ns;

	/** @own_locks: The locks belong to the caller's own VM. No deadline bounds the waits. */
	bool own_locks;

	/** @grace_us: Microseconds that the call may still pause after @deadline_ns. */
	atomic_t grace_us;

	/**
	 * @memcg: The cgroup that is charged for pages read from swap if the one that was
	 * charged for them before is gone; or NULL: that of the thread that reads them.
	 */
	struct mem_cgroup *memcg;

	/** @visit: Number of this call, which marks the BOs that it has visited. */
	int visit;

	/** @stop: Set when the call must not begin anything more. */
	bool stop;

	/** @error: Errno of a failure that ends the call, or 0. */
	int error;

	/** @vm: VM that maps the BOs of the current slice, or NULL. */
	struct panthor_vm *vm;

	/** @bos: BOs of the current slice. We hold references. */
	struct panthor_gem_object *bos[PANTHOR_MEM_SLICE_BOS];

	/** @bo_count: Number of entries of @bos. */
	u32 bo_count;

	/** @bytes: For each of @bos, how many bytes to write or read. 0 skips the BO. */
	u64 bytes[PANTHOR_MEM_SLICE_BOS];

	/** @pages: For each of @bos, the sum of what &panthor_mem_work.piece returned. */
	u64 pages[PANTHOR_MEM_SLICE_BOS];

	/** @run: State of panthor_mem_run_pieces(). */
	struct panthor_mem_run run;
};

/**
 * panthor_mem_supported() - Check whether the kernel can swap BOs at all
 *
 * Return: true if it can.
 */
static inline bool panthor_mem_supported(void)
{
	return IS_ENABLED(CONFIG_SWAP) && IS_ENABLED(CONFIG_SHMEM);
}

/* panthor_mem.c */
int panthor_mem_check_args(u32 flags, u32 known, u32 tgid, u64 target, u32 pad);
int panthor_mem_pause(struct panthor_mem_op *op, u32 *us);
int panthor_mem_lock_resv(struct panthor_mem_op *op, struct dma_resv *resv);
bool panthor_mem_vm_has_new_work(const struct panthor_mem_op *op, u32 vm);
bool panthor_mem_ends_early(struct panthor_mem_op *op);

/* panthor_mem_calls.c */
void panthor_mem_init(struct panthor_device *ptdev);
struct panthor_mem_op *panthor_mem_op_alloc(struct panthor_device *ptdev);
struct panthor_mem_op *panthor_mem_begin(struct panthor_device *ptdev,
					 const struct panthor_mem_selector *selector,
					 bool evicts);
void panthor_mem_end(struct panthor_mem_op *op);
bool panthor_mem_evict_begin(struct panthor_mem_op *op);
void panthor_mem_evict_end(struct panthor_mem_op *op);
int panthor_mem_cancel_reclaims(struct panthor_mem_op *claim);

/* panthor_mem_target.c */
int panthor_mem_target_init(struct panthor_mem_target *target,
			    struct panthor_device *ptdev,
			    const struct panthor_mem_selector *selector);
void panthor_mem_target_fini(struct panthor_mem_target *target);
bool panthor_mem_target_has_vm(const struct panthor_mem_target *target,
			       const struct drm_gpuvm *gpuvm);
bool panthor_mem_targets_overlap(const struct panthor_mem_target *a,
				 const struct panthor_mem_target *b);
int panthor_mem_next_vm_bos(struct panthor_mem_op *op,
			    struct panthor_vm *vm, u64 *va);
bool panthor_mem_next_file_bos(struct panthor_mem_op *op, u64 file_id,
			       int *handle);
void panthor_mem_put_bos(struct panthor_mem_op *op);
bool panthor_mem_first_visit(struct panthor_mem_op *op,
			     struct panthor_gem_object *bo);
bool panthor_mem_forget_visit(struct panthor_mem_op *op, struct panthor_gem_object *bo);
bool panthor_mem_bo_evicted(const struct panthor_gem_object *bo);

#endif /* __PANTHOR_MEM_H__ */
