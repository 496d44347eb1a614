/* SPDX-License-Identifier: MIT */
/* Reclaim, in its two forms. */
#include <errno.h>

#include "panthor_drmif.h"
#include "panthor_priv.h"

#define OPTIONS_LEAST panthor_size_to(struct panthor_mem_reclaim_options, deadline_ns)
#define RESULT_LEAST panthor_size_to(struct panthor_mem_reclaim_result, skipped_bytes)

static int reclaim(int fd, pid_t tgid, const struct panthor_mem_reclaim_options *opts,
		   struct panthor_mem_reclaim_result *res)
{
	struct drm_panthor_mem_reclaim arg = {
		.flags = opts->flags,
		.tgid = (uint32_t)tgid,
		.max_bytes = opts->max_bytes,
		.deadline_ns = opts->deadline_ns,
	};
	int ret;

	if (tgid < 0)
		return -EINVAL;

	ret = panthor_ioctl(fd, DRM_IOCTL_PANTHOR_MEM_RECLAIM, &arg);
	if (panthor_outputs_valid(ret)) {
		res->status = arg.status;
		res->freed_bytes = arg.freed_bytes;
		res->evicted_bytes = arg.evicted_bytes;
		res->skipped_bytes = arg.skipped_bytes;
	}
	return ret;
}

panthor_public int panthor_mem_reclaim_with(int fd, pid_t tgid,
					    const struct panthor_mem_reclaim_options *options,
					    struct panthor_mem_reclaim_result *result)
{
	struct panthor_mem_reclaim_options opts = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	struct panthor_mem_reclaim_result res = PANTHOR_MEM_RECLAIM_RESULT_INIT;
	int ret = 0;

	if (result) {
		ret = panthor_result_check(result, RESULT_LEAST);
		if (ret)
			return ret;
	}

	if (options)
		ret = panthor_options_in(&opts, sizeof(opts), options, OPTIONS_LEAST);
	if (!ret)
		ret = reclaim(fd, tgid, &opts, &res);

	if (result)
		panthor_result_out(result, &res, sizeof(res));
	return ret;
}

panthor_public int panthor_mem_reclaim(int fd, pid_t tgid, uint64_t *freed_bytes)
{
	struct panthor_mem_reclaim_result res = PANTHOR_MEM_RECLAIM_RESULT_INIT;
	int ret;

	ret = panthor_mem_reclaim_with(fd, tgid, NULL, &res);
	if (freed_bytes)
		*freed_bytes = res.freed_bytes;
	return ret;
}
