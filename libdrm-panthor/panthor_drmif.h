/* SPDX-License-Identifier: MIT */
/*
 * libdrm_panthor: explicit control over the GPU memory of processes on Arm Mali
 * GPUs that are driven by panthor.
 *
 * The library is thin. A call is usually one ioctl, or three for a query, and returns what
 * the kernel says. The library starts no thread, keeps no state, prints nothing and has no
 * policy: the caller decides which process, when and how much. panthor_mem.h, beside this
 * header, is the kernel's contract and explains the words *target*, *resident*, *evicted*
 * and *freed*.
 *
 * These rules hold for every function:
 *
 * - The return value is 0 on success and a negative errno code on error. errno itself
 *   does not change.
 * - @fd is a file of a panthor device, preferably of its render node. Use one that the
 *   calling process opened itself: a call is an ioctl, so if another process passed the
 *   file here, the caller becomes its owner, and that process's memory counts as the
 *   caller's. The library closes no descriptor that it is passed.
 * - @tgid names a process (not a thread) by its number in the calling process's pid
 *   namespace; 0 is the calling process. The target is all files of this device whose
 *   owner it is. The owner of a file is the process that issued the last ioctl on it,
 *   which need not be the process that has it open. Numbers are reused; the functions with
 *   pidfd in their name report this. Those with client in their name take one file,
 *   whoever its owner is, and those with cgroup all processes of a cgroup together.
 * - Sizes are in bytes, with 64 bits on every architecture.
 * - Out-parameters come last and may be NULL. They say what was done if the call returns
 *   0, and also on -ENOMEM, -EIO and -ETIMEDOUT, which can come after part of the work.
 *   On every other error nothing was done and they are zero, with three exceptions: the
 *   functions with pidfd in their name return -ESRCH, or -EBADF if another thread has
 *   closed the pidfd, also after part of the work; and -ENODEV and -EFAULT do not say what
 *   was done.
 * - Any thread may call at any time, even on the same @fd. Calls block: reclaim writes to
 *   swap, claim reads from it. Do not call from a thread that must draw the next frame.
 * - A signal loses no counts. If it arrives before anything was done, the call starts
 *   over with its deadline unchanged; if it arrives later, the call returns 0 with what was
 *   done so far and DRM_PANTHOR_MEM_STATUS_INTERRUPTED. Calls therefore return -EINTR only
 *   with PANTHOR_MEM_INTERRUPTIBLE, and never -EAGAIN.
 *
 * Errors that every function can return, and that are not repeated below:
 *
 *   -EBADF       @fd is not an open file.
 *   -ENOTTY      @fd is not a DRM device.
 *   -ENODEV      The device is gone. Part of the work can have been done before that; the
 *                out-parameters are 0.
 *   -EFAULT      The result could not be stored in this process: the page of the stack that
 *                it belongs to was in swap, and the memory cgroup of the process is full.
 *                Nothing, part or all of the work was done; the out-parameters are 0.
 */
#ifndef PANTHOR_DRMIF_H
#define PANTHOR_DRMIF_H

#include <stdint.h>
#include <sys/types.h>

#include "panthor_mem.h"

#if defined(__cplusplus)
extern "C" {
#endif

/*
 * Option and result structs grow at the end. Their first member, @size, is the
 * sizeof() of the struct that the caller was compiled with. Set it with the
 * initializers below, which set everything else to 0. Zero always means "as the
 * simple form does it". A program that was built against an older header runs
 * with a newer library, which takes missing options as 0. A program that was built
 * against a newer header runs with an older library, which sets result members that
 * it does not know to 0, and rejects options that it does not know with -E2BIG
 * unless they are 0: an option is never ignored silently.
 *
 * The layouts are the same for 32-bit and 64-bit callers.
 */

/**
 * PANTHOR_MEM_INTERRUPTIBLE - A flag of all options: return -EINTR
 *
 * This is the way to cancel a waiting call. A signal that arrives before anything was
 * done ends the call with -EINTR; without this flag the call starts over. A signal that
 * arrives later ends the call with 0 and DRM_PANTHOR_MEM_STATUS_INTERRUPTED, with or
 * without this flag.
 *
 * The signal needs a handler without SA_RESTART, and has to reach the thread that
 * makes the call (pthread_kill(3)). A signal that arrives just before the call enters the
 * kernel does not end it: send the signal again, for instance by a timer, until the call
 * has returned. The bit belongs to the library and is never passed to the kernel. A library
 * that does not know it returns -EINVAL.
 */
#define PANTHOR_MEM_INTERRUPTIBLE UINT32_C(0x80000000)

/**
 * struct panthor_mem_reclaim_options - How to reclaim
 * @size: sizeof(struct panthor_mem_reclaim_options).
 * @flags: Mask of enum drm_panthor_mem_reclaim_flags and PANTHOR_MEM_INTERRUPTIBLE.
 * @max_bytes: Stop once this much was freed, or, with a flag of
 *             enum drm_panthor_mem_reclaim_flags, evicted. The kernel works in whole
 *             buffers, so the result can exceed this by less than one buffer. 0: no limit.
 * @deadline_ns: Time on CLOCK_MONOTONIC, not a duration, until which the call waits
 *               for what is busy: unfinished GPU work of the target, and locks that
 *               others hold. What is still busy then is skipped. 0: do not wait.
 */
struct panthor_mem_reclaim_options {
	uint32_t size;
	uint32_t flags;
	uint64_t max_bytes;
	int64_t deadline_ns;
};

/**
 * struct panthor_mem_reclaim_result - What a reclaim did
 * @size: sizeof(struct panthor_mem_reclaim_result). Not changed by the library.
 * @status: Mask of enum drm_panthor_mem_status: why it did less than everything.
 * @freed_bytes: Bytes that this call returned to the system.
 * @evicted_bytes: Bytes that this call evicted, or that were evicted before and that it
 *                 paged out; at least @freed_bytes.
 * @skipped_bytes: Bytes that stayed resident because they are busy, shared or pinned, or
 *                 because their cgroup may not swap them.
 */
struct panthor_mem_reclaim_result {
	uint32_t size;
	uint32_t status;
	uint64_t freed_bytes;
	uint64_t evicted_bytes;
	uint64_t skipped_bytes;
};

/**
 * struct panthor_mem_claim_options - How to claim
 * @size: sizeof(struct panthor_mem_claim_options).
 * @flags: Mask of enum drm_panthor_mem_claim_flags and PANTHOR_MEM_INTERRUPTIBLE.
 * @max_bytes: Stop once this much was made resident, to within one buffer.
 *             0: no limit.
 * @deadline_ns: Time on CLOCK_MONOTONIC, not a duration, until which the call waits
 *               for locks that others hold, for pages that others or the call itself
 *               read from swap, and for a submit that brings back the same buffers.
 *               What is still locked then stays evicted. 0: only a signal ends the wait.
 *               If nothing was done by then, it does so only with
 *               PANTHOR_MEM_INTERRUPTIBLE.
 */
struct panthor_mem_claim_options {
	uint32_t size;
	uint32_t flags;
	uint64_t max_bytes;
	int64_t deadline_ns;
};

/**
 * struct panthor_mem_claim_result - What a claim did
 * @size: sizeof(struct panthor_mem_claim_result). Not changed by the library.
 * @status: Mask of enum drm_panthor_mem_status: why it did less than everything.
 * @claimed_bytes: Bytes that this call made resident.
 * @remaining_bytes: Bytes of the target that are still evicted.
 */
struct panthor_mem_claim_result {
	uint32_t size;
	uint32_t status;
	uint64_t claimed_bytes;
	uint64_t remaining_bytes;
};

/** PANTHOR_MEM_UNKNOWN - An amount in &struct panthor_mem_query_result that is not known */
#define PANTHOR_MEM_UNKNOWN UINT64_MAX

/**
 * struct panthor_mem_query_result - What memory a target has, and where it is
 * @size: sizeof(struct panthor_mem_query_result). Not changed by the library.
 * @reclaim_status: Mask of enum drm_panthor_mem_status: why a reclaim would do less than
 *                  everything.
 * @claim_status: The same for a claim.
 * @pad: 0.
 * @resident_bytes: Bytes that the driver holds, including its own buffers such as ring buffers.
 * @evicted_bytes: Bytes that the driver does not hold. They are in swap, or still in RAM.
 * @cached_bytes: The part of @evicted_bytes that is still in RAM and that a reclaim would
 *                free. To bring it back, nothing has to be read from swap.
 * @reclaimable_bytes: Bytes that a reclaim would free now, if swap accepts them: some of
 *                     @resident_bytes, and @cached_bytes.
 * @claimable_bytes: The part of @evicted_bytes that a claim would make resident now.
 *
 * With %DRM_PANTHOR_MEM_STATUS_SWAP_FULL in @reclaim_status, no swap is free. A reclaim would
 * free nothing then, and @resident_bytes and @cached_bytes are PANTHOR_MEM_UNKNOWN.
 *
 * With %DRM_PANTHOR_MEM_STATUS_INTERRUPTED, or with BUSY because the target got new work
 * at that moment, a dry run ended early and the true amounts can be larger.
 */
struct panthor_mem_query_result {
	uint32_t size;
	uint32_t reclaim_status;
	uint32_t claim_status;
	uint32_t pad;
	uint64_t resident_bytes;
	uint64_t evicted_bytes;
	uint64_t cached_bytes;
	uint64_t reclaimable_bytes;
	uint64_t claimable_bytes;
};

/*
 * For example: struct panthor_mem_claim_result res = PANTHOR_MEM_CLAIM_RESULT_INIT;
 * To assign one later, C needs the type in parentheses before it; C++ does not.
 */
#define PANTHOR_MEM_RECLAIM_OPTIONS_INIT \
	{ sizeof(struct panthor_mem_reclaim_options), 0, 0, 0 }
#define PANTHOR_MEM_RECLAIM_RESULT_INIT \
	{ sizeof(struct panthor_mem_reclaim_result), 0, 0, 0, 0 }
#define PANTHOR_MEM_CLAIM_OPTIONS_INIT \
	{ sizeof(struct panthor_mem_claim_options), 0, 0, 0 }
#define PANTHOR_MEM_CLAIM_RESULT_INIT \
	{ sizeof(struct panthor_mem_claim_result), 0, 0, 0 }
#define PANTHOR_MEM_QUERY_RESULT_INIT \
	{ sizeof(struct panthor_mem_query_result), 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * panthor_mem_probe - Can this process reclaim and claim on this device now?
 * @fd: File of a device.
 *
 * Changes nothing: it checks the driver's name and version, and then makes a dry run
 * on the calling process. The answer can change with the process's capabilities and
 * with swapon(8) and swapoff(8).
 *
 * Return: 0 if a reclaim would be accepted, or why it would not:
 *
 *   -ENOTTY      @fd is not a DRM device.
 *   -ENODEV      @fd is a device of another driver, or the device is gone.
 *   -ENOSYS      This kernel's panthor does not have the ioctls.
 *   -EPERM       It has them, but the caller lacks CAP_SYS_RESOURCE in the initial
 *                user namespace.
 *   -EOPNOTSUPP  It has them, but the kernel is built without swap.
 *   -ENOSPC      It has them, but no swap is active or swap is full. Claim and query work.
 *   -ENOMEM      There is no memory for the checks.
 */
int panthor_mem_probe(int fd);

/**
 * panthor_mem_reclaim - Move the GPU memory of a process to swap
 * @fd: File of a panthor device.
 * @tgid: The process, or 0.
 * @freed_bytes: How much was returned to the system, or NULL.
 *
 * Does not wait for GPU work: memory that is busy stays resident, and so does memory
 * that a file outside the target also uses on the GPU. Stop the process first; otherwise
 * its next GPU job brings the memory back at once.
 *
 * Return: 0, even if there was nothing to do; or
 *
 *   -EPERM       No CAP_SYS_RESOURCE in the initial user namespace.
 *   -ESRCH       No such process, or it owns no file of this device.
 *   -ENOSPC      No swap is free.
 *   -EOPNOTSUPP  The kernel is built without swap.
 *   -EINVAL      @tgid is negative; or the kernel does not have the ioctl, see
 *                panthor_mem_probe().
 *   -ENOMEM      Memory ran out, perhaps part-way.
 *   -ETIMEDOUT   The GPU's MMU did not answer; the driver resets the GPU.
 */
int panthor_mem_reclaim(int fd, pid_t tgid, uint64_t *freed_bytes);

/**
 * panthor_mem_reclaim_with - panthor_mem_reclaim() with options and full result
 * @fd: File of a panthor device.
 * @tgid: The process, or 0.
 * @options: How, or NULL for the defaults. Only read, and only during the call.
 * @result: What was done, or NULL. Its @size must be set.
 *
 * Return: as panthor_mem_reclaim(), and
 *
 *   -EINVAL      Also: a @size is smaller than any version of that struct, or
 *                larger than 4096; or @flags has a bit that the kernel does not
 *                know, or one of enum drm_panthor_mem_target_flags.
 *   -E2BIG       @options asks for something that this library does not know.
 *   -EINTR       A signal came before anything was done; only with
 *                PANTHOR_MEM_INTERRUPTIBLE.
 */
int panthor_mem_reclaim_with(int fd, pid_t tgid,
			     const struct panthor_mem_reclaim_options *options,
			     struct panthor_mem_reclaim_result *result);

/**
 * panthor_mem_reclaim_pidfd - panthor_mem_reclaim() for the process of a pidfd
 * @fd: File of a panthor device.
 * @pidfd: The process, from pidfd_open(2), SO_PEERPIDFD or clone(2). A pidfd that another
 *         process passed can name any process.
 * @freed_bytes: How much was returned to the system, or NULL.
 *
 * 0 means that the process had not exited when the call ended, and that the kernel
 * reclaimed this process and no other. If the process has exited, whether or not it has
 * been reaped, the result is -ESRCH. The call can have done work before, and the counts say
 * how much: files whose owner it was can be open in other processes.
 *
 * If the kernel's ioctl accepts only a number, the library looks up the number of @pidfd.
 * Work that was done before -ESRCH may then have been done to a process that got the
 * same number later. That process loses time but no contents.
 *
 * Return: as panthor_mem_reclaim() without its @tgid, and
 *
 *   -ESRCH       Also: the process had exited when the call ended.
 *   -EBADF       Also: @pidfd is not an open pidfd.
 *   -ENOSYS      The ioctl accepts only a number, and the number of @pidfd cannot be
 *                found: before Linux 6.13 this takes a procfs of the caller's own
 *                pid namespace.
 */
int panthor_mem_reclaim_pidfd(int fd, int pidfd, uint64_t *freed_bytes);

/**
 * panthor_mem_reclaim_pidfd_with - panthor_mem_reclaim_pidfd() with options and full result
 * @fd: File of a panthor device.
 * @pidfd: The process, as for panthor_mem_reclaim_pidfd().
 * @options: How, or NULL for the defaults. Only read, and only during the call.
 * @result: What was done, or NULL. Its @size must be set.
 *
 * Return: as panthor_mem_reclaim_pidfd(), and -EINVAL, -E2BIG and -EINTR as
 * panthor_mem_reclaim_with().
 */
int panthor_mem_reclaim_pidfd_with(int fd, int pidfd,
				   const struct panthor_mem_reclaim_options *options,
				   struct panthor_mem_reclaim_result *result);

/**
 * panthor_mem_reclaim_client - panthor_mem_reclaim() for one file of the device
 * @fd: File of a panthor device.
 * @client_id: The id of that file: drm-client-id in the fdinfo of every process that has
 *             it open.
 * @freed_bytes: How much was returned to the system, or NULL.
 *
 * Use this if you know from fdinfo where the memory is; the owner of the file does not
 * matter. An id is never reused. Memory that the file shares with another file of the same
 * process stays resident.
 *
 * Return: as panthor_mem_reclaim() without its @tgid, and
 *
 *   -ESRCH       No open file of this device has that id.
 *   -EINVAL      The kernel does not have the ioctl, or it does not accept a client id.
 */
int panthor_mem_reclaim_client(int fd, uint64_t client_id, uint64_t *freed_bytes);

/**
 * panthor_mem_reclaim_client_with - panthor_mem_reclaim_client() with options and full result
 * @fd: File of a panthor device.
 * @client_id: The id of the file, as for panthor_mem_reclaim_client().
 * @options: How, or NULL for the defaults. Only read, and only during the call.
 * @result: What was done, or NULL. Its @size must be set.
 *
 * Return: as panthor_mem_reclaim_client(), and -EINVAL, -E2BIG and -EINTR as
 * panthor_mem_reclaim_with().
 */
int panthor_mem_reclaim_client_with(int fd, uint64_t client_id,
				    const struct panthor_mem_reclaim_options *options,
				    struct panthor_mem_reclaim_result *result);

/**
 * panthor_mem_reclaim_cgroup - panthor_mem_reclaim() for the processes of a cgroup
 * @fd: File of a panthor device.
 * @cgroup_fd: An open directory of cgroup v2.
 * @freed_bytes: How much was returned to the system, or NULL.
 *
 * The target is every file whose owner is a process in the cgroup or in one below it.
 * Memory that these processes share with each other is reclaimed too, which no call on one
 * of them does.
 *
 * Return: as panthor_mem_reclaim() without its @tgid, and
 *
 *   -ESRCH       No process of the cgroup owns a file of this device.
 *   -EBADF       Also: @cgroup_fd is not an open directory of cgroup v2.
 *   -EOPNOTSUPP  Also: the kernel is built without cgroups.
 *   -EINVAL      The kernel does not have the ioctl, or it does not accept a cgroup.
 */
int panthor_mem_reclaim_cgroup(int fd, int cgroup_fd, uint64_t *freed_bytes);

/**
 * panthor_mem_reclaim_cgroup_with - panthor_mem_reclaim_cgroup() with options and full result
 * @fd: File of a panthor device.
 * @cgroup_fd: An open directory of cgroup v2.
 * @options: How, or NULL for the defaults. Only read, and only during the call.
 * @result: What was done, or NULL. Its @size must be set.
 *
 * Return: as panthor_mem_reclaim_cgroup(), and -EINVAL, -E2BIG and -EINTR as
 * panthor_mem_reclaim_with().
 */
int panthor_mem_reclaim_cgroup_with(int fd, int cgroup_fd,
				    const struct panthor_mem_reclaim_options *options,
				    struct panthor_mem_reclaim_result *result);

/**
 * panthor_mem_claim - Bring the GPU memory of a process back
 * @fd: File of a panthor device.
 * @tgid: The process, or 0.
 * @claimed_bytes: How much was made resident, or NULL.
 *
 * Never needed for correctness: without it, the next GPU job of the process brings the
 * memory back and takes longer by that time. A claim ends a running reclaim of the same
 * process early: when the claim returns, that reclaim evicts nothing more.
 *
 * Return: 0, even if there was nothing to do; or
 *
 *   -EPERM       No CAP_SYS_RESOURCE in the initial user namespace.
 *   -ESRCH       No such process, or it owns no file of this device.
 *   -EOPNOTSUPP  The kernel is built without swap.
 *   -EINVAL      @tgid is negative; or the kernel does not have the ioctl, see
 *                panthor_mem_probe().
 *   -ENOMEM      Memory ran out part-way.
 *   -EIO         A read from swap failed part-way.
 *   -ETIMEDOUT   The GPU's MMU did not answer; the driver resets the GPU.
 */
int panthor_mem_claim(int fd, pid_t tgid, uint64_t *claimed_bytes);

/**
 * panthor_mem_claim_with - panthor_mem_claim() with options and full result
 * @fd: File of a panthor device.
 * @tgid: The process, or 0.
 * @options: How, or NULL for the defaults. Only read, and only during the call.
 * @result: What was done, or NULL. Its @size must be set.
 *
 * Return: as panthor_mem_claim(), and -EINVAL, -E2BIG and -EINTR as
 * panthor_mem_reclaim_with().
 */
int panthor_mem_claim_with(int fd, pid_t tgid,
			   const struct panthor_mem_claim_options *options,
			   struct panthor_mem_claim_result *result);

/**
 * panthor_mem_claim_pidfd - panthor_mem_claim() for the process of a pidfd
 * @fd: File of a panthor device.
 * @pidfd: The process, from pidfd_open(2), SO_PEERPIDFD or clone(2). A pidfd that another
 *         process passed can name any process.
 * @claimed_bytes: How much was made resident, or NULL.
 *
 * What panthor_mem_reclaim_pidfd() says about the process and -ESRCH also holds here.
 *
 * Return: as panthor_mem_claim() without its @tgid, and
 *
 *   -ESRCH       Also: the process had exited when the call ended.
 *   -EBADF       Also: @pidfd is not an open pidfd.
 *   -ENOSYS      The ioctl accepts only a number, and the number of @pidfd cannot be
 *                found: before Linux 6.13 this takes a procfs of the caller's own
 *                pid namespace.
 */
int panthor_mem_claim_pidfd(int fd, int pidfd, uint64_t *claimed_bytes);

/**
 * panthor_mem_claim_pidfd_with - panthor_mem_claim_pidfd() with options and full result
 * @fd: File of a panthor device.
 * @pidfd: The process, as for panthor_mem_reclaim_pidfd().
 * @options: How, or NULL for the defaults. Only read, and only during the call.
 * @result: What was done, or NULL. Its @size must be set.
 *
 * Return: as panthor_mem_claim_pidfd(), and -EINVAL, -E2BIG and -EINTR as
 * panthor_mem_reclaim_with().
 */
int panthor_mem_claim_pidfd_with(int fd, int pidfd,
				 const struct panthor_mem_claim_options *options,
				 struct panthor_mem_claim_result *result);

/**
 * panthor_mem_claim_client - panthor_mem_claim() for one file of the device
 * @fd: File of a panthor device.
 * @client_id: The id of the file, as for panthor_mem_reclaim_client().
 * @claimed_bytes: How much was made resident, or NULL.
 *
 * Return: as panthor_mem_claim() without its @tgid, and
 *
 *   -ESRCH       No open file of this device has that id.
 *   -EINVAL      The kernel does not have the ioctl, or it does not accept a client id.
 */
int panthor_mem_claim_client(int fd, uint64_t client_id, uint64_t *claimed_bytes);

/**
 * panthor_mem_claim_client_with - panthor_mem_claim_client() with options and full result
 * @fd: File of a panthor device.
 * @client_id: The id of the file, as for panthor_mem_reclaim_client().
 * @options: How, or NULL for the defaults. Only read, and only during the call.
 * @result: What was done, or NULL. Its @size must be set.
 *
 * Return: as panthor_mem_claim_client(), and -EINVAL, -E2BIG and -EINTR as
 * panthor_mem_reclaim_with().
 */
int panthor_mem_claim_client_with(int fd, uint64_t client_id,
				  const struct panthor_mem_claim_options *options,
				  struct panthor_mem_claim_result *result);

/**
 * panthor_mem_claim_cgroup - panthor_mem_claim() for the processes of a cgroup
 * @fd: File of a panthor device.
 * @cgroup_fd: An open directory of cgroup v2.
 * @claimed_bytes: How much was made resident, or NULL.
 *
 * Return: as panthor_mem_claim() without its @tgid, and
 *
 *   -ESRCH       No process of the cgroup owns a file of this device.
 *   -EBADF       Also: @cgroup_fd is not an open directory of cgroup v2.
 *   -EOPNOTSUPP  Also: the kernel is built without cgroups.
 *   -EINVAL      The kernel does not have the ioctl, or it does not accept a cgroup.
 */
int panthor_mem_claim_cgroup(int fd, int cgroup_fd, uint64_t *claimed_bytes);

/**
 * panthor_mem_claim_cgroup_with - panthor_mem_claim_cgroup() with options and full result
 * @fd: File of a panthor device.
 * @cgroup_fd: An open directory of cgroup v2.
 * @options: How, or NULL for the defaults. Only read, and only during the call.
 * @result: What was done, or NULL. Its @size must be set.
 *
 * Return: as panthor_mem_claim_cgroup(), and -EINVAL, -E2BIG and -EINTR as
 * panthor_mem_reclaim_with().
 */
int panthor_mem_claim_cgroup_with(int fd, int cgroup_fd,
				  const struct panthor_mem_claim_options *options,
				  struct panthor_mem_claim_result *result);

/**
 * panthor_mem_query - What GPU memory does a process have, and where is it?
 * @fd: File of a panthor device.
 * @tgid: The process, or 0.
 * @result: The answer, or NULL. Its @size must be set.
 *
 * Changes nothing, waits for nothing and needs the same capability as a claim: it makes dry
 * runs, one of a claim and two of a reclaim. A running reclaim is not stopped. The dry runs come
 * one after the other, so the amounts of a busy process may not add up to the byte.
 * It works if panthor_mem_probe() returns 0 or -ENOSPC.
 *
 * On every error, all members of @result except @size are 0.
 *
 * Return: 0; or
 *
 *   -EPERM       No CAP_SYS_RESOURCE in the initial user namespace.
 *   -ESRCH       No such process, or it owns no file of this device.
 *   -EOPNOTSUPP  The kernel is built without swap.
 *   -EINVAL      @tgid is negative; the kernel does not have the ioctls, see
 *                panthor_mem_probe(); or a @size is smaller than any version of that
 *                struct, or larger than 4096.
 *   -ENOMEM      The kernel has no memory for the dry runs.
 */
int panthor_mem_query(int fd, pid_t tgid, struct panthor_mem_query_result *result);

/**
 * panthor_mem_query_pidfd - panthor_mem_query() for the process of a pidfd
 * @fd: File of a panthor device.
 * @pidfd: The process, as for panthor_mem_reclaim_pidfd().
 * @result: The answer, or NULL. Its @size must be set.
 *
 * 0 means that the process had not exited when the call ended, and that the answer is about
 * this process and no other.
 *
 * Return: as panthor_mem_query() without its @tgid, and
 *
 *   -ESRCH       Also: the process had exited when the call ended.
 *   -EBADF       Also: @pidfd is not an open pidfd.
 *   -ENOSYS      As panthor_mem_reclaim_pidfd() says.
 */
int panthor_mem_query_pidfd(int fd, int pidfd, struct panthor_mem_query_result *result);

/**
 * panthor_mem_query_client - panthor_mem_query() for one file of the device
 * @fd: File of a panthor device.
 * @client_id: The id of the file, as for panthor_mem_reclaim_client().
 * @result: The answer, or NULL. Its @size must be set.
 *
 * Return: as panthor_mem_query() without its @tgid, and
 *
 *   -ESRCH       No open file of this device has that id.
 */
int panthor_mem_query_client(int fd, uint64_t client_id,
			     struct panthor_mem_query_result *result);

/**
 * panthor_mem_query_cgroup - panthor_mem_query() for the processes of a cgroup
 * @fd: File of a panthor device.
 * @cgroup_fd: An open directory of cgroup v2.
 * @result: The answer, or NULL. Its @size must be set.
 *
 * Return: as panthor_mem_query() without its @tgid, and
 *
 *   -ESRCH       No process of the cgroup owns a file of this device.
 *   -EBADF       Also: @cgroup_fd is not an open directory of cgroup v2.
 *   -EOPNOTSUPP  Also: the kernel is built without cgroups.
 */
int panthor_mem_query_cgroup(int fd, int cgroup_fd, struct panthor_mem_query_result *result);

#if defined(__cplusplus)
}
#endif

#endif /* PANTHOR_DRMIF_H */
