/* SPDX-License-Identifier: MIT */
/*
 * libdrm_panthor: explicit control over the GPU memory of processes on Arm Mali
 * GPUs that are driven by panthor.
 *
 * The library is thin. A call is one ioctl, issued with drmIoctl(), or three for a query,
 * and what the kernel says is what the caller gets. It starts no thread, keeps no state,
 * prints nothing and has no policy: which process, when and how much is for the
 * caller to know. panthor_mem.h, beside this header, is the kernel's contract
 * and explains the words *target*, *resident*, *evicted* and *freed*.
 *
 * What holds for every function:
 *
 * - Zero is returned on success, a negative errno code on error. errno itself is
 *   left as it was.
 * - @fd is a file of a panthor device, of its render node for preference. It is
 *   borrowed for the time of the call. Use one that the calling process opened
 *   itself: a call is an ioctl, so one on a file that another process passed here
 *   would count that process's memory as the caller's.
 * - @tgid names a process (not a thread) as the calling process's pid namespace
 *   numbers it; 0 is the calling process. The target is all files of this device
 *   whose owner it is: the kernel takes whoever issued the last ioctl on a file for
 *   its owner, which need not be the process that holds it. Numbers are given out
 *   again: the functions with pidfd in their name say whether that happened. Those
 *   with client in their name take one file whoever its owner is, those with cgroup
 *   all processes of a cgroup together.
 * - Sizes are in bytes, of 64 bits on every architecture.
 * - Out-parameters come last. They may be NULL. They hold what was done when 0
 *   is returned, and also on -ENOMEM, -EIO and -ETIMEDOUT, which can come after
 *   part of the work. On every other error nothing was done, and they are zero;
 *   the functions with pidfd in their name make one exception.
 * - Any thread may call at any time, also on the same @fd. Calls block: reclaim
 *   writes to swap, claim reads from it. Do not call from a thread that must
 *   draw the next frame.
 * - A signal costs no bytes. If it comes before anything was done, the call
 *   starts over with its deadline unchanged; if it comes later, the call returns
 *   0 with what was done so far and DRM_PANTHOR_MEM_STATUS_INTERRUPTED.
 *   -EINTR is therefore returned only to those who ask for it, by
 *   PANTHOR_MEM_INTERRUPTIBLE, and -EAGAIN never.
 *
 * Errors that every function can return, and that are not repeated below:
 *
 *   -EBADF       @fd is not an open file.
 *   -ENOTTY      @fd is not a DRM device.
 *   -ENODEV      The device is gone.
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
 * Option and result structs grow at the end. Their first member, @size, is
 * sizeof() of the struct as the caller was compiled with; set it with the
 * initializers below, which leave everything else 0. Zero always means "as the
 * simple form does it". So a program that was built against an older header
 * runs with a newer library, which takes what is missing for 0. It runs with an
 * older library too, which sets result members that it does not know to 0, and
 * which refuses options that it does not know with -E2BIG unless they are 0: an
 * option is never ignored silently.
 *
 * The layouts are the same for 32-bit and 64-bit callers.
 */

/**
 * PANTHOR_MEM_INTERRUPTIBLE - A flag of all options: return -EINTR
 *
 * This is the way to cancel a call that waits. A signal that comes before anything
 * was done ends the call with -EINTR, and nothing was done then; without this flag
 * the call starts over. A signal that comes later ends the call with 0 and
 * DRM_PANTHOR_MEM_STATUS_INTERRUPTED as ever.
 *
 * The signal needs a handler without SA_RESTART, and has to reach the thread that
 * makes the call (pthread_kill(3)). A signal that comes just before the call enters the
 * kernel does not end it: send the signal again, for instance by a timer, until the call
 * has returned. The bit is the library's and never one of the kernel's. A library that
 * does not know it returns -EINVAL.
 */
#define PANTHOR_MEM_INTERRUPTIBLE UINT32_C(0x80000000)

/**
 * struct panthor_mem_reclaim_options - How to reclaim
 * @size: sizeof(struct panthor_mem_reclaim_options).
 * @flags: Mask of enum drm_panthor_mem_reclaim_flags and PANTHOR_MEM_INTERRUPTIBLE.
 * @max_bytes: Stop once this much was freed (with NO_PAGEOUT: evicted). The
 *             kernel works in whole buffers, so it can be exceeded by less than
 *             one buffer. 0: no limit.
 * @deadline_ns: Time on CLOCK_MONOTONIC, not a duration, until which what is busy
 *               is waited for: unfinished GPU work of the target, and locks that
 *               somebody holds. What is busy then is skipped. 0: do not wait.
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
 * @freed_bytes: Returned to the system by this call.
 * @evicted_bytes: Taken off the GPU by this call, or before and freed by this
 *                 call; at least @freed_bytes.
 * @skipped_bytes: Left on the GPU because busy, shared or pinned, or because their
 *                 cgroup may not swap them.
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
 * @deadline_ns: Time on CLOCK_MONOTONIC, not a duration, until which locks that
 *               somebody holds are waited for. What is locked then stays evicted.
 *               0: only a signal ends the wait; if nothing was done by then, with
 *               PANTHOR_MEM_INTERRUPTIBLE alone.
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
 * @claimed_bytes: Made resident by this call.
 * @remaining_bytes: Of the target, still evicted.
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
 * @claim_status: The same of a claim.
 * @pad: 0.
 * @resident_bytes: The driver holds them, with buffers of its own such as ring buffers.
 * @evicted_bytes: The driver does not hold them: in swap, or still in RAM.
 * @cached_bytes: Of @evicted_bytes, what is still in RAM and a reclaim would free. Coming
 *                back, it needs no swap to be read.
 * @reclaimable_bytes: What a reclaim would free now, if swap takes it: some of
 *                     @resident_bytes, and @cached_bytes.
 * @claimable_bytes: Of @evicted_bytes, what a claim would make resident now.
 *
 * With %DRM_PANTHOR_MEM_STATUS_SWAP_FULL in @reclaim_status no swap is free. A reclaim would
 * free nothing then, and @resident_bytes and @cached_bytes are PANTHOR_MEM_UNKNOWN.
 *
 * With %DRM_PANTHOR_MEM_STATUS_INTERRUPTED, or with BUSY because the target got new work
 * at that moment, the look ended early: there is at least as much as is said.
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
 * To assign one later, C needs the type in parentheses before it, and C++ does not.
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
 * panthor_mem_probe - Can this process reclaim and claim on this device, now?
 * @fd: File of a device.
 *
 * Changes nothing: it looks at the driver's name and then asks for a dry run on
 * the calling process. The answer can change with the process's capabilities and
 * with swapon(8) and swapoff(8).
 *
 * Return: 0 if a reclaim would be accepted, or why it would not:
 *
 *   -ENOTTY      @fd is not a DRM device.
 *   -ENODEV      @fd is a device of another driver, or the device is gone.
 *   -ENOSYS      This kernel's panthor does not have the ioctls.
 *   -EPERM       It has them; the caller lacks CAP_SYS_RESOURCE in the initial
 *                user namespace.
 *   -EOPNOTSUPP  It has them; the kernel is built without swap.
 *   -ENOSPC      It has them; no swap is active, or swap is full. Claim and query work.
 */
int panthor_mem_probe(int fd);

/**
 * panthor_mem_reclaim - Move the GPU memory of a process to swap
 * @fd: File of a panthor device.
 * @tgid: The process, or 0.
 * @freed_bytes: How much was returned to the system, or NULL.
 *
 * Does not wait for GPU work: memory that is busy stays, and so does memory that
 * a file outside the target also uses on the GPU. Stop the process first if it
 * should not take its memory back at once.
 *
 * Return: 0, also when there was nothing to do; or
 *
 *   -EPERM       No CAP_SYS_RESOURCE in the initial user namespace.
 *   -ESRCH       No such process, or it owns no file of this device.
 *   -ENOSPC      No swap is free.
 *   -EOPNOTSUPP  The kernel is built without swap.
 *   -EINVAL      @tgid is negative; or the kernel does not have the ioctl, see
 *                panthor_mem_probe().
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
 * @pidfd: The process, as pidfd_open(2), SO_PEERPIDFD or clone(2) gave it; borrowed. One that
 *         another process passed can name any process.
 * @freed_bytes: How much was returned to the system, or NULL.
 *
 * 0 means that the process had not exited when the call ended, and that the kernel
 * reclaimed this process and no other. If it has exited, be it a zombie or gone, the
 * result is -ESRCH. This can come after work was done, and the counts say how much:
 * files whose owner it was can be open in other processes.
 *
 * A kernel whose ioctl takes nothing but a number is asked for the number of @pidfd.
 * Work that was done before -ESRCH can then have been done to a process that has got
 * the number since, which loses time by it and no contents.
 *
 * Return: as panthor_mem_reclaim() without its @tgid, and
 *
 *   -ESRCH       Also: the process had exited when the call ended.
 *   -EBADF       Also: @pidfd is not an open pidfd.
 *   -ENOSYS      The ioctl takes nothing but a number, and the kernel cannot tell
 *                that of @pidfd: before Linux 6.13 this takes a procfs of the
 *                caller's own pid namespace.
 */
int panthor_mem_reclaim_pidfd(int fd, int pidfd, uint64_t *freed_bytes);

/**
 * panthor_mem_reclaim_pidfd_with - panthor_mem_reclaim_pidfd() with options and full result
 * @fd: File of a panthor device.
 * @pidfd: The process; borrowed.
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
 * @client_id: Of that file: drm-client-id in /proc/PID/fdinfo, for every process that
 *             has it open.
 * @freed_bytes: How much was returned to the system, or NULL.
 *
 * Whoever has learnt from fdinfo where the memory is names it this way, and needs
 * nobody who owns it. An id is never given out again. What the file shares with
 * another file of the same process stays.
 *
 * Return: as panthor_mem_reclaim() without its @tgid, and
 *
 *   -ESRCH       No file of this device has that id, or has it any more.
 *   -EINVAL      The kernel does not have the ioctl, or not this way to name a target.
 */
int panthor_mem_reclaim_client(int fd, uint64_t client_id, uint64_t *freed_bytes);

/**
 * panthor_mem_reclaim_client_with - panthor_mem_reclaim_client() with options and full result
 * @fd: File of a panthor device.
 * @client_id: The file's.
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
 * @cgroup_fd: The directory of the cgroup, of cgroup v2, as open(2) gave it; borrowed.
 * @freed_bytes: How much was returned to the system, or NULL.
 *
 * The target is every file whose owner is a process in the cgroup or in one below it.
 * What these share among each other goes, too, which no call on one of them can do.
 *
 * Return: as panthor_mem_reclaim() without its @tgid, and
 *
 *   -ESRCH       No process of the cgroup owns a file of this device.
 *   -EBADF       Also: @cgroup_fd is not an open directory of cgroup v2.
 *   -EOPNOTSUPP  Also: the kernel is built without cgroups.
 *   -EINVAL      The kernel does not have the ioctl, or not this way to name a target.
 */
int panthor_mem_reclaim_cgroup(int fd, int cgroup_fd, uint64_t *freed_bytes);

/**
 * panthor_mem_reclaim_cgroup_with - panthor_mem_reclaim_cgroup() with options and full result
 * @fd: File of a panthor device.
 * @cgroup_fd: The directory of the cgroup; borrowed.
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
 * Never needed for correctness: without it, the next GPU job of the process
 * brings the memory back and takes as much longer. A claim makes a reclaim of
 * the same process that is under way end early, and when the claim returns, that
 * reclaim evicts nothing more.
 *
 * Return: 0, also when there was nothing to do; or
 *
 *   -EPERM       No CAP_SYS_RESOURCE in the initial user namespace.
 *   -ESRCH       No such process, or it owns no file of this device.
 *   -EOPNOTSUPP  The kernel is built without swap.
 *   -EINVAL      @tgid is negative; or the kernel does not have the ioctl, see
 *                panthor_mem_probe().
 *   -ENOMEM      Memory ran out part-way.
 *   -EIO         Swap could not be read part-way.
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
 * @pidfd: The process, as pidfd_open(2), SO_PEERPIDFD or clone(2) gave it; borrowed. One that
 *         another process passed can name any process.
 * @claimed_bytes: How much was made resident, or NULL.
 *
 * What panthor_mem_reclaim_pidfd() says of the process and of -ESRCH holds here, too.
 *
 * Return: as panthor_mem_claim() without its @tgid, and
 *
 *   -ESRCH       Also: the process had exited when the call ended.
 *   -EBADF       Also: @pidfd is not an open pidfd.
 *   -ENOSYS      The ioctl takes nothing but a number, and the kernel cannot tell
 *                that of @pidfd: before Linux 6.13 this takes a procfs of the
 *                caller's own pid namespace.
 */
int panthor_mem_claim_pidfd(int fd, int pidfd, uint64_t *claimed_bytes);

/**
 * panthor_mem_claim_pidfd_with - panthor_mem_claim_pidfd() with options and full result
 * @fd: File of a panthor device.
 * @pidfd: The process; borrowed.
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
 * @client_id: Of that file, as for panthor_mem_reclaim_client().
 * @claimed_bytes: How much was made resident, or NULL.
 *
 * Return: as panthor_mem_claim() without its @tgid, and
 *
 *   -ESRCH       No file of this device has that id, or has it any more.
 *   -EINVAL      The kernel does not have the ioctl, or not this way to name a target.
 */
int panthor_mem_claim_client(int fd, uint64_t client_id, uint64_t *claimed_bytes);

/**
 * panthor_mem_claim_client_with - panthor_mem_claim_client() with options and full result
 * @fd: File of a panthor device.
 * @client_id: The file's.
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
 * @cgroup_fd: The directory of the cgroup, of cgroup v2, as open(2) gave it; borrowed.
 * @claimed_bytes: How much was made resident, or NULL.
 *
 * Return: as panthor_mem_claim() without its @tgid, and
 *
 *   -ESRCH       No process of the cgroup owns a file of this device.
 *   -EBADF       Also: @cgroup_fd is not an open directory of cgroup v2.
 *   -EOPNOTSUPP  Also: the kernel is built without cgroups.
 *   -EINVAL      The kernel does not have the ioctl, or not this way to name a target.
 */
int panthor_mem_claim_cgroup(int fd, int cgroup_fd, uint64_t *claimed_bytes);

/**
 * panthor_mem_claim_cgroup_with - panthor_mem_claim_cgroup() with options and full result
 * @fd: File of a panthor device.
 * @cgroup_fd: The directory of the cgroup; borrowed.
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
 * Changes nothing, waits for nothing and needs what a claim needs: it asks for dry runs, one of
 * a claim and two of a reclaim. A reclaim that is running goes on. The looks come one after
 * the other, so amounts of a process that is at work need not fit together to the byte.
 * panthor_mem_probe() tells whether it works: if it returns 0 or -ENOSPC.
 *
 * @result is 0 on every error, but for its @size.
 *
 * Return: 0; or
 *
 *   -EPERM       No CAP_SYS_RESOURCE in the initial user namespace.
 *   -ESRCH       No such process, or it owns no file of this device.
 *   -EOPNOTSUPP  The kernel is built without swap.
 *   -EINVAL      @tgid is negative; the kernel does not have the ioctls, see
 *                panthor_mem_probe(); or a @size is smaller than any version of that
 *                struct, or larger than 4096.
 *   -ENOMEM      The kernel has no memory for the look.
 */
int panthor_mem_query(int fd, pid_t tgid, struct panthor_mem_query_result *result);

/**
 * panthor_mem_query_pidfd - panthor_mem_query() for the process of a pidfd
 * @fd: File of a panthor device.
 * @pidfd: The process, as for panthor_mem_reclaim_pidfd(); borrowed.
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
 * @client_id: Of that file, as for panthor_mem_reclaim_client().
 * @result: The answer, or NULL. Its @size must be set.
 *
 * Return: as panthor_mem_query() without its @tgid, and
 *
 *   -ESRCH       No file of this device has that id, or has it any more.
 */
int panthor_mem_query_client(int fd, uint64_t client_id,
			     struct panthor_mem_query_result *result);

/**
 * panthor_mem_query_cgroup - panthor_mem_query() for the processes of a cgroup
 * @fd: File of a panthor device.
 * @cgroup_fd: The directory of the cgroup, of cgroup v2, as open(2) gave it; borrowed.
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
