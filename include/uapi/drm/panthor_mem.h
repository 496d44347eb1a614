/* SPDX-License-Identifier: MIT */
/*
 * Explicit control over the GPU memory of a process, for panthor.
 *
 * Two ioctls on a panthor node. MEM_RECLAIM moves the GPU buffers of a process
 * out of RAM, MEM_CLAIM brings them back. This header is the whole contract; the
 * kernel, the library, the tests and direct users share it.
 *
 * The panthor_drm.h of a kernel with the ioctls has the same definitions and takes
 * precedence. This header supplies them if panthor_drm.h is older or missing.
 */
#ifndef _UAPI_PANTHOR_MEM_H_
#define _UAPI_PANTHOR_MEM_H_

#include "drm.h"

#if defined(__has_include)
#if __has_include("panthor_drm.h")
#include "panthor_drm.h"
#elif __has_include(<drm/panthor_drm.h>)
#include <drm/panthor_drm.h>
#endif
#endif

#ifndef DRM_PANTHOR_HAS_MEM_RECLAIM

#if defined(__cplusplus)
extern "C" {
#endif

/** DRM_PANTHOR_HAS_MEM_RECLAIM: this header describes both ioctls. */
#define DRM_PANTHOR_HAS_MEM_RECLAIM 1

/**
 * DOC: Words
 *
 * - *target*: the files of this device that a call works on. By default every
 *   file whose owner is the TGID that was named; a flag of &enum
 *   drm_panthor_mem_target_flags selects them by a pidfd, a client id or a
 *   cgroup instead.
 * - *owner* of a file: the process that issued the last ioctl on it. A file that
 *   is or was DRM master keeps the owner that it had when it became master,
 *   which usually is the process that opened it.
 * - *resident*: backing pages that the driver holds.
 * - *evicted*: the driver no longer holds the pages. They are ordinary shmem
 *   page cache: still in RAM at first, and in swap once they are paged out.
 * - *freed*: pages that went back to the system: written to swap, or clean
 *   and dropped.
 *
 * A BO that no VM maps belongs to the target too if the target has a handle to
 * it: a reclaim evicts it and a claim brings it back. After a claim, the shrinker
 * looks at such a BO last, until it is evicted or a VM maps it.
 *
 * DOC: Rules
 *
 * 1. Both ioctls need CAP_SYS_RESOURCE in the initial user namespace, even if
 *    the target is the caller. It is checked before the target is looked up.
 * 2. Inputs are never modified. Outputs are valid on success and when the
 *    ioctl fails with ENOMEM, EIO or ETIMEDOUT. When the driver refuses a call
 *    before anything was done, they are 0.
 * 3. Short counts, as with read(2): once something was done, a signal ends the
 *    call with 0 and %DRM_PANTHOR_MEM_STATUS_INTERRUPTED. EINTR means that
 *    nothing was done. EAGAIN is never returned: drmIoctl() repeats on it.
 * 4. What is busy at the deadline is skipped and counted; this is not an error.
 *    No wait for anything that the target can hold outlasts the deadline by more
 *    than pauses of 20 ms in sum. That includes pages that it reads from swap.
 * 5. A BO that a file outside the target also uses on the GPU is skipped and
 *    counted.
 * 6. Memory of a file outside the target is never evicted.
 * 7. Contents survive: after any sequence of reclaim, claim, submit and fault,
 *    the GPU and the CPU read what was last written.
 * 8. A claim of the target, and new work of the target, make a running reclaim
 *    of it stop early. It then returns 0, with INTERRUPTED for a claim and BUSY
 *    for new work in @status; what the new work uses is not counted. When the
 *    claim returns with neither BUSY nor INTERRUPTED, no reclaim that was called
 *    before it evicts anything more. A reclaim that drmIoctl() repeats after
 *    EINTR is a new call.
 * 9. A claimed process is not the next victim of the shrinker.
 *
 * DOC: Errors
 *
 * Arguments are checked first, then the capability, then the target, then swap.
 *
 * - EPERM: no CAP_SYS_RESOURCE.
 * - EINVAL: unknown flag, more than one flag that names a target, @pad not 0,
 *   @tgid out of range, @tgid or @target not 0 although it does not name the
 *   target; also from any kernel that does not have the ioctl.
 * - EBADF: @target is not an open pidfd or not an open directory of cgroup v2,
 *   whichever its flag requires.
 * - ESRCH: no process with that TGID in the caller's pid namespace (a thread
 *   id is not a TGID), or the target has no file of this device.
 * - ENOSPC: reclaim while no swap is free, whatever its flags.
 * - EOPNOTSUPP: the kernel is built without swap, or the target is a cgroup and
 *   the kernel is built without cgroups.
 * - ENOMEM: an allocation failed. EIO: claim: a read from swap failed.
 * - ETIMEDOUT: the GPU's MMU did not answer; the driver resets the GPU.
 * - EFAULT: the argument cannot be read, and nothing was done, or it cannot be
 *   written, and the call has done its work. This happens to a valid argument, too,
 *   if its page is in swap and its memory cgroup is full. The outputs are as the
 *   caller left them.
 * - EINTR: a signal came before anything was done.
 * - ENODEV: the device was unplugged. Part of the work can have been done
 *   before that, and the outputs are not valid.
 */

/**
 * enum drm_panthor_mem_target_flags - What names the target
 *
 * Flags of both structs, at most one at a time. Without one, @tgid names a
 * process and @target is 0. With one, @target names the target and @tgid is 0.
 */
enum drm_panthor_mem_target_flags {
	/**
	 * @DRM_PANTHOR_MEM_TARGET_PIDFD: @target is a pidfd. The target is every
	 * file whose owner is its process, even if the process has exited and
	 * others keep the file open.
	 */
	DRM_PANTHOR_MEM_TARGET_PIDFD = 1 << 8,

	/**
	 * @DRM_PANTHOR_MEM_TARGET_CLIENT: @target is the drm-client-id of a file
	 * of this device, as fdinfo shows it. The target is that file, whoever
	 * its owner is. An id is never reused.
	 */
	DRM_PANTHOR_MEM_TARGET_CLIENT = 1 << 9,

	/**
	 * @DRM_PANTHOR_MEM_TARGET_CGROUP: @target is a file descriptor of a
	 * directory of cgroup v2. The target is every file whose owner is a
	 * process in that cgroup or in one below it, so what these processes
	 * share with each other is not skipped.
	 */
	DRM_PANTHOR_MEM_TARGET_CGROUP = 1 << 10,
};

/**
 * enum drm_panthor_mem_reclaim_flags - Flags of &struct drm_panthor_mem_reclaim
 */
enum drm_panthor_mem_reclaim_flags {
	/**
	 * @DRM_PANTHOR_MEM_RECLAIM_DRY_RUN: Change nothing and wait for nothing.
	 * @evicted_bytes, @skipped_bytes and @status say what a call would do
	 * now, @freed_bytes is 0.
	 */
	DRM_PANTHOR_MEM_RECLAIM_DRY_RUN = 1 << 0,

	/**
	 * @DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT: Evict only. RAM is freed later,
	 * by memory pressure or by memory.reclaim of the process's cgroup.
	 */
	DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT = 1 << 1,
};

/**
 * enum drm_panthor_mem_claim_flags - Flags of &struct drm_panthor_mem_claim
 */
enum drm_panthor_mem_claim_flags {
	/**
	 * @DRM_PANTHOR_MEM_CLAIM_PREFETCH_ONLY: Read the pages back from swap
	 * into the page cache and stop there. The buffers stay evicted,
	 * @claimed_bytes is 0, and the next submit does the rest without I/O.
	 * @max_bytes counts the bytes that were read, so repeated calls with a
	 * cap make progress.
	 */
	DRM_PANTHOR_MEM_CLAIM_PREFETCH_ONLY = 1 << 0,

	/**
	 * @DRM_PANTHOR_MEM_CLAIM_DRY_RUN: Change nothing and wait for nothing.
	 * @claimed_bytes, @remaining_bytes and @status say what a call would do
	 * now. A running reclaim is not stopped.
	 */
	DRM_PANTHOR_MEM_CLAIM_DRY_RUN = 1 << 1,
};

/**
 * enum drm_panthor_mem_status - Why a call did less than everything
 */
enum drm_panthor_mem_status {
	/**
	 * @DRM_PANTHOR_MEM_STATUS_INTERRUPTED: Ended early by a signal, or, for
	 * a reclaim, by a claim of the same target.
	 */
	DRM_PANTHOR_MEM_STATUS_INTERRUPTED = 1 << 0,

	/**
	 * @DRM_PANTHOR_MEM_STATUS_BUSY: Skipped: the GPU or the driver uses it.
	 * Or, for a reclaim, ended early by new work of the target.
	 */
	DRM_PANTHOR_MEM_STATUS_BUSY = 1 << 1,

	/**
	 * @DRM_PANTHOR_MEM_STATUS_SHARED: Skipped: a file outside the target
	 * uses it on the GPU.
	 */
	DRM_PANTHOR_MEM_STATUS_SHARED = 1 << 2,

	/**
	 * @DRM_PANTHOR_MEM_STATUS_PINNED: Skipped: something needs the pages to
	 * stay, for instance another device or a ring buffer of the driver.
	 */
	DRM_PANTHOR_MEM_STATUS_PINNED = 1 << 3,

	/** @DRM_PANTHOR_MEM_STATUS_SWAP_FULL: Ended early: no swap was left. */
	DRM_PANTHOR_MEM_STATUS_SWAP_FULL = 1 << 4,

	/**
	 * @DRM_PANTHOR_MEM_STATUS_CAPPED: @max_bytes was reached. There can be
	 * more to do, or nothing.
	 */
	DRM_PANTHOR_MEM_STATUS_CAPPED = 1 << 5,

	/**
	 * @DRM_PANTHOR_MEM_STATUS_SWAP_REFUSED: Swap has room, but does not accept
	 * the pages: memory.swap.max of the cgroup that is charged for them, or of
	 * one above it, is reached, or the swap device fails writes. Pages that a
	 * cgroup's limit keeps in RAM are skipped and counted; a device that fails
	 * ends the call.
	 */
	DRM_PANTHOR_MEM_STATUS_SWAP_REFUSED = 1 << 6,
};

/**
 * struct drm_panthor_mem_reclaim - Move the GPU memory of a process to swap
 *
 * Argument of %DRM_IOCTL_PANTHOR_MEM_RECLAIM. Buffers of the target are
 * evicted, then their pages are written to swap before the call returns.
 */
struct drm_panthor_mem_reclaim {
	/**
	 * @flags: In: mask of &enum drm_panthor_mem_reclaim_flags and &enum
	 * drm_panthor_mem_target_flags.
	 */
	__u32 flags;

	/**
	 * @tgid: In: the process, in the pid namespace of the caller. 0 is the
	 * caller itself. Must be 0 if @target is used.
	 */
	__u32 tgid;

	/**
	 * @target: In: what the flag of &enum drm_panthor_mem_target_flags says.
	 * Must be 0 without one.
	 */
	__u64 target;

	/**
	 * @max_bytes: In: stop once this much was freed, or, with a flag of
	 * &enum drm_panthor_mem_reclaim_flags, evicted. The call works in whole
	 * BOs, so it can exceed the cap by less than one BO. 0: no cap.
	 */
	__u64 max_bytes;

	/**
	 * @deadline_ns: In: CLOCK_MONOTONIC time in nanoseconds until which the
	 * call waits for what is busy: unfinished GPU work of the target, and
	 * locks that others hold. 0: do not wait.
	 */
	__s64 deadline_ns;

	/** @freed_bytes: Out: bytes that this call returned to the system. */
	__u64 freed_bytes;

	/**
	 * @evicted_bytes: Out: bytes that this call evicted, or that it found
	 * evicted but in RAM and paged out; >= @freed_bytes. What another call
	 * evicts or pages out at the same time is counted only there.
	 */
	__u64 evicted_bytes;

	/**
	 * @skipped_bytes: Out: bytes of the target that were left resident
	 * because they are busy, shared or pinned, or because their cgroup may not
	 * swap them; @status says which. In every process with a group, the ring
	 * buffers are pinned.
	 */
	__u64 skipped_bytes;

	/** @status: Out: mask of &enum drm_panthor_mem_status. */
	__u32 status;

	/** @pad: Must be 0. */
	__u32 pad;
};

/**
 * struct drm_panthor_mem_claim - Bring the GPU memory of a process back
 *
 * Argument of %DRM_IOCTL_PANTHOR_MEM_CLAIM. Evicted buffers of the target are
 * read back from swap and mapped on the GPU, so that the next submit of the
 * process finds all of them resident.
 */
struct drm_panthor_mem_claim {
	/**
	 * @flags: In: mask of &enum drm_panthor_mem_claim_flags and &enum
	 * drm_panthor_mem_target_flags.
	 */
	__u32 flags;

	/** @tgid: In: as in &struct drm_panthor_mem_reclaim. */
	__u32 tgid;

	/** @target: In: as in &struct drm_panthor_mem_reclaim. */
	__u64 target;

	/**
	 * @max_bytes: In: stop once this much was made resident, to within one
	 * BO. 0: no cap.
	 */
	__u64 max_bytes;

	/**
	 * @deadline_ns: In: CLOCK_MONOTONIC time in nanoseconds until which the
	 * call waits for locks that others hold, for pages that are being read
	 * from swap by others or by the call itself, and for a submit that brings
	 * back the same buffers. What is locked then stays evicted, and @status
	 * says BUSY. 0: only a signal ends the wait.
	 */
	__s64 deadline_ns;

	/** @claimed_bytes: Out: bytes that this call made resident. */
	__u64 claimed_bytes;

	/** @remaining_bytes: Out: bytes of the target that are still evicted. */
	__u64 remaining_bytes;

	/** @status: Out: mask of &enum drm_panthor_mem_status. */
	__u32 status;

	/** @pad: Must be 0. */
	__u32 pad;
};

/*
 * ioctl numbers, the same as in panthor_drm.h. They are enumeration constants there, which
 * #ifdef cannot see: test for the feature macro instead.
 */
#define DRM_PANTHOR_MEM_RECLAIM 0x11
#define DRM_PANTHOR_MEM_CLAIM 0x12

/** DRM_IOCTL_PANTHOR_MEM_RECLAIM: See &struct drm_panthor_mem_reclaim. */
#define DRM_IOCTL_PANTHOR_MEM_RECLAIM \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_PANTHOR_MEM_RECLAIM, \
		 struct drm_panthor_mem_reclaim)

/** DRM_IOCTL_PANTHOR_MEM_CLAIM: See &struct drm_panthor_mem_claim. */
#define DRM_IOCTL_PANTHOR_MEM_CLAIM \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_PANTHOR_MEM_CLAIM, \
		 struct drm_panthor_mem_claim)

#if defined(__cplusplus)
}
#endif

#endif /* DRM_PANTHOR_HAS_MEM_RECLAIM */

#endif /* _UAPI_PANTHOR_MEM_H_ */
