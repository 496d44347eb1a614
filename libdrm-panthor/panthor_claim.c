/* SPDX-License-Identifier: MIT */
/* Claim, in its four forms. */
#include <errno.h>

#include "panthor_drmif.h"
#include "panthor_priv.h"
#include "panthor_usdt.h"

#define OPTIONS_LEAST panthor_size_to(struct panthor_mem_claim_options, max_bytes)
#define RESULT_LEAST panthor_size_to(struct panthor_mem_claim_result, remaining_bytes)

static panthor_inline int by_tgid(int fd, pid_t tgid,
				  const struct panthor_mem_claim_options *options,
				  struct panthor_mem_claim_result *res)
{
	struct drm_panthor_mem_claim arg = { .tgid = (uint32_t)tgid };
	struct panthor_mem_claim_options opts;
	int ret;

	if (options && options->size != sizeof(opts)) {
		ret = panthor_options_in(&opts, sizeof(opts), options, OPTIONS_LEAST);
		if (ret)
			return ret;
		options = &opts;
	}
	if (options) {
		arg.flags = options->flags;
		arg.max_bytes = options->max_bytes;
	}
	if (tgid < 0)
		return -EINVAL;

	panthor_usdt_claim_begin(fd, &arg);
	ret = panthor_ioctl(fd, DRM_IOCTL_PANTHOR_MEM_CLAIM, &arg);
	if (!ret || panthor_outputs_valid(ret)) {
		res->status = arg.status;
		res->claimed_bytes = arg.claimed_bytes;
		res->remaining_bytes = arg.remaining_bytes;
	}
	panthor_usdt_claim_end(fd, tgid, ret, res);
	return ret;
}

/* What was done stays in @res also if the process was another one by then. */
static int by_pidfd(int fd, int pidfd, const struct panthor_mem_claim_options *options,
		    struct panthor_mem_claim_result *res)
{
	int ret, running;
	pid_t tgid;

	ret = panthor_pidfd_tgid(pidfd, &tgid);
	if (ret)
		return ret;
	ret = by_tgid(fd, tgid, options, res);
	if (!panthor_outputs_valid(ret))
		return ret;
	running = panthor_pidfd_running(pidfd);
	return running ? running : ret;
}

panthor_public int panthor_mem_claim_with(int fd, pid_t tgid,
					  const struct panthor_mem_claim_options *options,
					  struct panthor_mem_claim_result *result)
{
	struct panthor_mem_claim_result res = PANTHOR_MEM_CLAIM_RESULT_INIT;
	int ret;

	if (result && result->size < RESULT_LEAST)
		return -EINVAL;
	ret = by_tgid(fd, tgid, options, &res);
	if (result && result->size == sizeof(res))
		*result = res;
	else if (result)
		panthor_result_out(result, &res, sizeof(res));
	return ret;
}

panthor_public int panthor_mem_claim(int fd, pid_t tgid, uint64_t *claimed_bytes)
{
	struct panthor_mem_claim_result res = PANTHOR_MEM_CLAIM_RESULT_INIT;
	int ret;

	ret = by_tgid(fd, tgid, NULL, &res);
	if (claimed_bytes)
		*claimed_bytes = res.claimed_bytes;
	return ret;
}

panthor_public int
panthor_mem_claim_pidfd_with(int fd, int pidfd,
			     const struct panthor_mem_claim_options *options,
			     struct panthor_mem_claim_result *result)
{
	struct panthor_mem_claim_result res = PANTHOR_MEM_CLAIM_RESULT_INIT;
	int ret;

	if (result && result->size < RESULT_LEAST)
		return -EINVAL;
	ret = by_pidfd(fd, pidfd, options, &res);
	if (result && result->size == sizeof(res))
		*result = res;
	else if (result)
		panthor_result_out(result, &res, sizeof(res));
	return ret;
}

panthor_public int panthor_mem_claim_pidfd(int fd, int pidfd, uint64_t *claimed_bytes)
{
	struct panthor_mem_claim_result res = PANTHOR_MEM_CLAIM_RESULT_INIT;
	int ret;

	ret = by_pidfd(fd, pidfd, NULL, &res);
	if (claimed_bytes)
		*claimed_bytes = res.claimed_bytes;
	return ret;
}
