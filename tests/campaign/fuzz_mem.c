/* SPDX-License-Identifier: MIT */
/*
 * fuzz: reclaim and claim, by the ioctls and by the sysfs attributes.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "fuzz_args.h"
#include "fuzz_ops.h"

static int64_t some_deadline(void)
{
	struct timespec now;

	switch (fuzz_below(8)) {
	case 0:
		clock_gettime(CLOCK_MONOTONIC, &now);
		return now.tv_sec * INT64_C(1000000000) + now.tv_nsec +
		       (int64_t)fuzz_below(20000000);
	case 1:
		return (int64_t)fuzz_odd();
	default:
		return 0;
	}
}

/* Usually no limit. */
static uint64_t some_limit(void)
{
	return fuzz_below(3) ? 0 : fuzz_below(4) ? fuzz_below(1 << 20) : fuzz_odd();
}

/* @pidfd is closed by the caller. */
static void some_target(uint32_t *flags, uint32_t *tgid, __u64 *target, int *pidfd)
{
	*pidfd = -1;
	*tgid = 0;
	*target = 0;
	switch (fuzz_below(8)) {
	case 0:
		*pidfd = (int)syscall(SYS_pidfd_open, fuzz_pid(), 0);
		*target = fuzz_mostly((uint64_t)(int64_t)*pidfd);
		*flags |= DRM_PANTHOR_MEM_TARGET_PIDFD;
		break;
	case 1:
		*target = fuzz_mostly(fuzz_below(2) ? atomic_load(&fuzz->witness_client) :
				      fuzz_below(64));
		*flags |= DRM_PANTHOR_MEM_TARGET_CLIENT;
		break;
	case 2:
		*target = fuzz_mostly((uint64_t)fuzz_cgroup_fd);
		*flags |= DRM_PANTHOR_MEM_TARGET_CGROUP;
		break;
	default:
		*tgid = (uint32_t)fuzz_pid();
		break;
	}
	if (!fuzz_below(32))
		*flags |= fuzz_flags(32 - 1);
	if (!fuzz_below(64))
		*tgid = (uint32_t)fuzz_odd();
}

/* Arguments are checked first, then the capability, and then the rest. */
static bool is_documented(int ret, bool claim)
{
	if (ret == -EINVAL || !fuzz_privileged)
		return ret == -EINVAL || ret == -EPERM;
	switch (ret) {
	case 0:
	case -EBADF:
	case -ESRCH:
	case -EOPNOTSUPP:
	case -ENOMEM:
	case -ETIMEDOUT:
	case -EINTR:
	case -ENODEV:
	/* The stack of this process was in swap, and its cgroup is full. */
	case -EFAULT:
		return true;
	case -ENOSPC:
		return !claim;
	case -EIO:
		return claim;
	default:
		return false;
	}
}

static bool are_outputs_valid(int ret)
{
	return !ret || ret == -ENOMEM || ret == -EIO || ret == -ETIMEDOUT;
}

/* The kernel does not write them on EFAULT. */
static bool are_outputs_zero(int ret)
{
	return !are_outputs_valid(ret) && ret != -EINTR && ret != -EFAULT;
}

int fuzz_run_reclaim(void)
{
	struct drm_panthor_mem_reclaim in = { .flags = fuzz_flags(2) }, out;
	int pidfd, ret;

	some_target(&in.flags, &in.tgid, &in.target, &pidfd);
	in.max_bytes = some_limit();
	in.deadline_ns = some_deadline();
	in.pad = (uint32_t)(fuzz_below(128) ? 0 : fuzz_draw());
	if (!fuzz_below(16))
		in.freed_bytes = in.evicted_bytes = in.skipped_bytes = fuzz_draw();
	out = in;
	ret = fuzz_ioctl(DRM_IOCTL_PANTHOR_MEM_RECLAIM, &out);
	if (pidfd >= 0)
		close(pidfd);
	if (!is_documented(ret, false))
		fuzz_bad("MEM_RECLAIM returns %s", strerror(-ret));
	if (in.flags != out.flags || in.tgid != out.tgid || in.target != out.target ||
	    in.max_bytes != out.max_bytes || in.deadline_ns != out.deadline_ns ||
	    in.pad != out.pad)
		fuzz_bad("MEM_RECLAIM changes its inputs");
	if (are_outputs_valid(ret) && out.freed_bytes > out.evicted_bytes)
		fuzz_bad("MEM_RECLAIM frees more than it evicts");
	if (are_outputs_zero(ret) &&
	    (out.freed_bytes || out.evicted_bytes || out.skipped_bytes || out.status))
		fuzz_bad("MEM_RECLAIM refuses with %s, and has counts", strerror(-ret));
	if (!ret && out.status >= DRM_PANTHOR_MEM_STATUS_SWAP_REFUSED << 1)
		fuzz_bad("MEM_RECLAIM returns status %#x", out.status);
	return ret;
}

int fuzz_run_claim(void)
{
	struct drm_panthor_mem_claim in = { .flags = fuzz_flags(2) }, out;
	int pidfd, ret;

	some_target(&in.flags, &in.tgid, &in.target, &pidfd);
	in.max_bytes = some_limit();
	in.deadline_ns = some_deadline();
	in.pad = (uint32_t)(fuzz_below(128) ? 0 : fuzz_draw());
	if (!fuzz_below(16))
		in.claimed_bytes = in.remaining_bytes = fuzz_draw();
	out = in;
	ret = fuzz_ioctl(DRM_IOCTL_PANTHOR_MEM_CLAIM, &out);
	if (pidfd >= 0)
		close(pidfd);
	if (!is_documented(ret, true))
		fuzz_bad("MEM_CLAIM returns %s", strerror(-ret));
	if (in.flags != out.flags || in.tgid != out.tgid || in.target != out.target ||
	    in.max_bytes != out.max_bytes || in.deadline_ns != out.deadline_ns ||
	    in.pad != out.pad)
		fuzz_bad("MEM_CLAIM changes its inputs");
	if (are_outputs_zero(ret) &&
	    (out.claimed_bytes || out.remaining_bytes || out.status))
		fuzz_bad("MEM_CLAIM refuses with %s, and has counts", strerror(-ret));
	return ret;
}

int fuzz_run_sysfs(void)
{
	char path[128], text[64];
	int fd, ret = gpu_device_sysfs(fuzz_dev_fd(), fuzz_below(2) ? "mem_reclaim" : "mem_claim",
				       path, sizeof(path));

	if (ret)
		return ret;
	snprintf(text, sizeof(text), fuzz_below(16) ? "%" PRId64 : "%#" PRIx64 " x",
		 (int64_t)fuzz_pid());
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, fuzz_below(16) ? strlen(text) : fuzz_below(sizeof(text))) < 0)
		ret = -errno;
	close(fd);
	if (ret == -EAGAIN)
		fuzz_bad("a sysfs attribute returns EAGAIN");
	return ret;
}
