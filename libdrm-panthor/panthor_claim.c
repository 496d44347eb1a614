/* SPDX-License-Identifier: MIT */
/* Claim, in its two forms. */
#include <errno.h>

#include "panthor_drmif.h"
#include "panthor_priv.h"

#define OPTIONS_LEAST panthor_size_to(struct panthor_mem_claim_options, max_bytes)
#define RESULT_LEAST panthor_size_to(struct panthor_mem_claim_result, remaining_bytes)

static int claim(int fd, pid_t tgid, const struct panthor_mem_claim_options *opts,
		 struct panthor_mem_claim_result *res)
{
	struct drm_panthor_mem_claim arg = {
		.flags = opts->flags,
		.tgid = (uint32_t)tgid,
		.max_bytes = opts->max_bytes,
	};
	int ret;

	if (tgid < 0)
		return -EINVAL;

	ret = panthor_ioctl(fd, DRM_IOCTL_PANTHOR_MEM_CLAIM, &arg);
	if (panthor_outputs_valid(ret)) {
		res->status = arg.status;
		res->claimed_bytes = arg.claimed_bytes;
		res->remaining_bytes = arg.remaining_bytes;
	}
	return ret;
}

panthor_public int panthor_mem_claim_with(int fd, pid_t tgid,
					  const struct panthor_mem_claim_options *options,
					  struct panthor_mem_claim_result *result)
{
	struct panthor_mem_claim_options opts = PANTHOR_MEM_CLAIM_OPTIONS_INIT;
	struct panthor_mem_claim_result res = PANTHOR_MEM_CLAIM_RESULT_INIT;
	int ret = 0;

	if (result) {
		ret = panthor_result_check(result, RESULT_LEAST);
		if (ret)
			return ret;
	}

	if (options)
		ret = panthor_options_in(&opts, sizeof(opts), options, OPTIONS_LEAST);
	if (!ret)
		ret = claim(fd, tgid, &opts, &res);

	if (result)
		panthor_result_out(result, &res, sizeof(res));
	return ret;
}

panthor_public int panthor_mem_claim(int fd, pid_t tgid, uint64_t *claimed_bytes)
{
	struct panthor_mem_claim_result res = PANTHOR_MEM_CLAIM_RESULT_INIT;
	int ret;

	ret = panthor_mem_claim_with(fd, tgid, NULL, &res);
	if (claimed_bytes)
		*claimed_bytes = res.claimed_bytes;
	return ret;
}
