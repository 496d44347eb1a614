/* SPDX-License-Identifier: MIT */
/* How much memory a target has, found out by dry runs, which change nothing. */
#include <errno.h>
#include <limits.h>

#include "panthor_drmif.h"
#include "panthor_priv.h"

#define RESULT_LEAST panthor_size_to(struct panthor_mem_query_result, claimable_bytes)

/* A dry run that a claim or a signal ended early is repeated, but not forever. */
#define TRIES 3

static int look_as_claim(int fd, const struct panthor_target *target,
			 struct panthor_mem_query_result *res)
{
	struct drm_panthor_mem_claim arg = {
		.flags = target->flag | DRM_PANTHOR_MEM_CLAIM_DRY_RUN,
		.tgid = target->tgid, .target = target->id,
	};
	unsigned int tries = TRIES;
	int ret;

	do {
		ret = panthor_ioctl(fd, DRM_IOCTL_PANTHOR_MEM_CLAIM, &arg);
	} while (!ret && arg.status & DRM_PANTHOR_MEM_STATUS_INTERRUPTED && --tries);
	if (ret)
		return ret;

	res->claim_status = arg.status;
	res->claimable_bytes = arg.claimed_bytes;
	res->evicted_bytes = arg.claimed_bytes + arg.remaining_bytes;
	return 0;
}

static int dry_reclaim(int fd, const struct panthor_target *target, uint32_t flags,
		       struct drm_panthor_mem_reclaim *arg)
{
	unsigned int tries = TRIES;
	int ret;

	*arg = (struct drm_panthor_mem_reclaim){
		.flags = target->flag | flags | DRM_PANTHOR_MEM_RECLAIM_DRY_RUN,
		.tgid = target->tgid, .target = target->id,
	};
	do {
		ret = panthor_ioctl(fd, DRM_IOCTL_PANTHOR_MEM_RECLAIM, arg);
	} while (!ret && arg->status & DRM_PANTHOR_MEM_STATUS_INTERRUPTED && --tries);
	/* The kernel looks at nothing if no swap is free. */
	if (ret == -ENOSPC) {
		arg->status = DRM_PANTHOR_MEM_STATUS_SWAP_FULL;
		return 0;
	}
	return ret;
}

/*
 * With NO_PAGEOUT, a reclaim does not count what was evicted before. The difference to one
 * without it is therefore what was evicted and is still in RAM.
 */
static int look_as_reclaim(int fd, const struct panthor_target *target,
			   struct panthor_mem_query_result *res)
{
	struct drm_panthor_mem_reclaim evict, all;
	int ret;

	ret = dry_reclaim(fd, target, DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT, &evict);
	if (!ret)
		ret = dry_reclaim(fd, target, 0, &all);
	if (ret)
		return ret;

	res->reclaim_status = evict.status | all.status;
	if (res->reclaim_status & DRM_PANTHOR_MEM_STATUS_SWAP_FULL) {
		res->resident_bytes = PANTHOR_MEM_UNKNOWN;
		res->cached_bytes = PANTHOR_MEM_UNKNOWN;
		return 0;
	}
	res->resident_bytes = evict.evicted_bytes + evict.skipped_bytes;
	res->reclaimable_bytes = all.evicted_bytes;
	/* The target can have changed between the dry runs. */
	if (all.evicted_bytes > evict.evicted_bytes)
		res->cached_bytes = all.evicted_bytes - evict.evicted_bytes;
	if (res->cached_bytes > res->evicted_bytes)
		res->cached_bytes = res->evicted_bytes;
	return 0;
}

static int look(int fd, const struct panthor_target *target, struct panthor_mem_query_result *res)
{
	int ret = look_as_claim(fd, target, res);

	return ret ? ret : look_as_reclaim(fd, target, res);
}

/* As call_by_pidfd() in panthor_reclaim.c: the number is for kernels without the flag. */
static int look_by_pidfd(int fd, struct panthor_target *target, int pidfd,
			 struct panthor_mem_query_result *res)
{
	int ret = look(fd, target, res);

	if (ret == -EINVAL) {
		target->flag = 0;
		target->id = 0;
		ret = panthor_pidfd_tgid(pidfd, &target->tgid);
		if (ret)
			return ret;
		ret = look(fd, target, res);
	}
	return panthor_pidfd_result(pidfd, ret);
}

static int query(int fd, struct panthor_target target, struct panthor_mem_query_result *result)
{
	const struct panthor_mem_query_result nothing = PANTHOR_MEM_QUERY_RESULT_INIT;
	struct panthor_mem_query_result res = nothing;
	int ret;

	ret = result ? panthor_size_check(result->size, RESULT_LEAST) : 0;
	if (ret)
		return ret;
	if (target.tgid > INT_MAX)
		ret = -EINVAL;
	else if (target.flag == DRM_PANTHOR_MEM_TARGET_PIDFD)
		ret = look_by_pidfd(fd, &target, (int)target.id, &res);
	else
		ret = look(fd, &target, &res);
	if (result)
		panthor_result_out(result, ret ? &nothing : &res, sizeof(res));
	return ret;
}

panthor_public int panthor_mem_query(int fd, pid_t tgid, struct panthor_mem_query_result *result)
{
	return query(fd, panthor_by_tgid(tgid), result);
}

panthor_public int
panthor_mem_query_pidfd(int fd, int pidfd, struct panthor_mem_query_result *result)
{
	return query(fd, panthor_by_pidfd(pidfd), result);
}

panthor_public int
panthor_mem_query_client(int fd, uint64_t client_id, struct panthor_mem_query_result *result)
{
	return query(fd, panthor_by_client(client_id), result);
}

panthor_public int
panthor_mem_query_cgroup(int fd, int cgroup_fd, struct panthor_mem_query_result *result)
{
	return query(fd, panthor_by_cgroup(cgroup_fd), result);
}
