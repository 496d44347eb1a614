/* SPDX-License-Identifier: MIT */
/* Reclaim, in its eight forms. */
#include <errno.h>
#include <limits.h>

#include "panthor_drmif.h"
#include "panthor_priv.h"
#include "panthor_usdt.h"

#define OPTIONS_LEAST panthor_size_to(struct panthor_mem_reclaim_options, deadline_ns)
#define RESULT_LEAST panthor_size_to(struct panthor_mem_reclaim_result, skipped_bytes)

static panthor_inline int add_options(struct drm_panthor_mem_reclaim *arg,
				      const struct panthor_mem_reclaim_options *options, bool *once)
{
	struct panthor_mem_reclaim_options opts;
	int ret;

	if (!options)
		return 0;
	if (options->size != sizeof(opts)) {
		ret = panthor_options_in(&opts, sizeof(opts), options, OPTIONS_LEAST);
		if (ret)
			return ret;
		options = &opts;
	}
	if (options->flags & PANTHOR_TARGET_FLAGS)
		return -EINVAL;
	*once = options->flags & PANTHOR_MEM_INTERRUPTIBLE;
	arg->flags |= options->flags & ~PANTHOR_LIBRARY_FLAGS;
	arg->max_bytes = options->max_bytes;
	arg->deadline_ns = options->deadline_ns;
	return 0;
}

static panthor_inline int call(int fd, struct drm_panthor_mem_reclaim *arg, bool once,
			       struct panthor_mem_reclaim_result *res)
{
	int ret;

	panthor_usdt_reclaim_begin(fd, arg);
	ret = once ? panthor_ioctl_once(fd, DRM_IOCTL_PANTHOR_MEM_RECLAIM, arg) :
		     panthor_ioctl(fd, DRM_IOCTL_PANTHOR_MEM_RECLAIM, arg);
	if (panthor_outputs_valid(ret)) {
		res->status = arg->status;
		res->freed_bytes = arg->freed_bytes;
		res->evicted_bytes = arg->evicted_bytes;
		res->skipped_bytes = arg->skipped_bytes;
	}
	panthor_usdt_reclaim_end(fd, arg, ret, res);
	return ret;
}

/* @res says what was done even if the process has exited by then. */
static int call_by_pidfd(int fd, struct drm_panthor_mem_reclaim *arg, bool once, int pidfd,
			 struct panthor_mem_reclaim_result *res)
{
	int ret = call(fd, arg, once, res);

	/*
	 * A kernel that does not know the flag accepts the number. If it rejected
	 * something else, it does so again and does nothing.
	 */
	if (ret == -EINVAL) {
		ret = panthor_pidfd_tgid(pidfd, &arg->tgid);
		if (ret)
			return ret;
		arg->flags &= ~(uint32_t)DRM_PANTHOR_MEM_TARGET_PIDFD;
		arg->target = 0;
		ret = call(fd, arg, once, res);
	}
	return panthor_pidfd_result(pidfd, ret);
}

static panthor_inline int reclaim(int fd, struct panthor_target target,
				  const struct panthor_mem_reclaim_options *options,
				  struct panthor_mem_reclaim_result *res)
{
	struct drm_panthor_mem_reclaim arg = {
		.flags = target.flag, .tgid = target.tgid, .target = target.id,
	};
	bool once = false;
	int ret;

	ret = add_options(&arg, options, &once);
	if (ret)
		return ret;
	if (target.tgid > INT_MAX)
		return -EINVAL;
	if (target.flag == DRM_PANTHOR_MEM_TARGET_PIDFD)
		return call_by_pidfd(fd, &arg, once, (int)target.id, res);
	return call(fd, &arg, once, res);
}

static panthor_inline int simple(int fd, struct panthor_target target, uint64_t *freed_bytes)
{
	struct panthor_mem_reclaim_result res = PANTHOR_MEM_RECLAIM_RESULT_INIT;
	int ret;

	ret = reclaim(fd, target, NULL, &res);
	if (freed_bytes)
		*freed_bytes = res.freed_bytes;
	return ret;
}

/* The caller passed no result struct, or one of another version of the library. */
static __attribute__((cold)) int
with_other_result(int fd, struct panthor_target target,
		  const struct panthor_mem_reclaim_options *options,
		  struct panthor_mem_reclaim_result *result)
{
	struct panthor_mem_reclaim_result res = PANTHOR_MEM_RECLAIM_RESULT_INIT;
	int ret = result ? panthor_size_check(result->size, RESULT_LEAST) : 0;

	if (ret)
		return ret;
	ret = reclaim(fd, target, options, &res);
	if (result)
		panthor_result_out(result, &res, sizeof(res));
	return ret;
}

static panthor_inline int with(int fd, struct panthor_target target,
			       const struct panthor_mem_reclaim_options *options,
			       struct panthor_mem_reclaim_result *result)
{
	const struct panthor_mem_reclaim_result nothing = PANTHOR_MEM_RECLAIM_RESULT_INIT;

	if (!result || result->size != sizeof(nothing))
		return with_other_result(fd, target, options, result);
	*result = nothing;
	return reclaim(fd, target, options, result);
}

panthor_public int panthor_mem_reclaim(int fd, pid_t tgid, uint64_t *freed_bytes)
{
	return simple(fd, panthor_by_tgid(tgid), freed_bytes);
}

panthor_public int
panthor_mem_reclaim_with(int fd, pid_t tgid,
			 const struct panthor_mem_reclaim_options *options,
			 struct panthor_mem_reclaim_result *result)
{
	return with(fd, panthor_by_tgid(tgid), options, result);
}

panthor_public int panthor_mem_reclaim_pidfd(int fd, int pidfd, uint64_t *freed_bytes)
{
	return simple(fd, panthor_by_pidfd(pidfd), freed_bytes);
}

panthor_public int
panthor_mem_reclaim_pidfd_with(int fd, int pidfd,
			       const struct panthor_mem_reclaim_options *options,
			       struct panthor_mem_reclaim_result *result)
{
	return with(fd, panthor_by_pidfd(pidfd), options, result);
}

panthor_public int panthor_mem_reclaim_client(int fd, uint64_t client_id, uint64_t *freed_bytes)
{
	return simple(fd, panthor_by_client(client_id), freed_bytes);
}

panthor_public int
panthor_mem_reclaim_client_with(int fd, uint64_t client_id,
				const struct panthor_mem_reclaim_options *options,
				struct panthor_mem_reclaim_result *result)
{
	return with(fd, panthor_by_client(client_id), options, result);
}

panthor_public int panthor_mem_reclaim_cgroup(int fd, int cgroup_fd, uint64_t *freed_bytes)
{
	return simple(fd, panthor_by_cgroup(cgroup_fd), freed_bytes);
}

panthor_public int
panthor_mem_reclaim_cgroup_with(int fd, int cgroup_fd,
				const struct panthor_mem_reclaim_options *options,
				struct panthor_mem_reclaim_result *result)
{
	return with(fd, panthor_by_cgroup(cgroup_fd), options, result);
}
