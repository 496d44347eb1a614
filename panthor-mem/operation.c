/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <time.h>

#include <panthor_drmif.h>

#include "operation.h"
#include "stop.h"
#include "target.h"

const char *const operation_names[OPERATION_KINDS] = { "reclaim", "claim" };

const char *const operation_status_names[OPERATION_STATUS_BITS] = {
	"interrupted", "busy", "shared", "pinned", "swap_full", "capped", "swap_refused",
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static int reclaim_target(int fd, const struct target *t, bool by_number,
			  const struct panthor_mem_reclaim_options *options,
			  struct panthor_mem_reclaim_result *result)
{
	if (t->kind == TARGET_CLIENT)
		return panthor_mem_reclaim_client_with(fd, t->client, options, result);
	if (t->kind == TARGET_CGROUP)
		return panthor_mem_reclaim_cgroup_with(fd, t->fd, options, result);
	if (t->fd < 0 || by_number)
		return panthor_mem_reclaim_with(fd, t->pid, options, result);
	return panthor_mem_reclaim_pidfd_with(fd, t->fd, options, result);
}

static int claim_target(int fd, const struct target *t, bool by_number,
			const struct panthor_mem_claim_options *options,
			struct panthor_mem_claim_result *result)
{
	if (t->kind == TARGET_CLIENT)
		return panthor_mem_claim_client_with(fd, t->client, options, result);
	if (t->kind == TARGET_CGROUP)
		return panthor_mem_claim_cgroup_with(fd, t->fd, options, result);
	if (t->fd < 0 || by_number)
		return panthor_mem_claim_with(fd, t->pid, options, result);
	return panthor_mem_claim_pidfd_with(fd, t->fd, options, result);
}

static int reclaim(const struct operation *op, int fd, const struct target *t, bool by_number,
		   struct outcome *out)
{
	struct panthor_mem_reclaim_options options = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	struct panthor_mem_reclaim_result result = PANTHOR_MEM_RECLAIM_RESULT_INIT;
	int ret;

	if (op->dry_run)
		options.flags |= DRM_PANTHOR_MEM_RECLAIM_DRY_RUN;
	if (op->no_pageout)
		options.flags |= DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT;
	options.max_bytes = op->max_bytes;
	if (op->wait_ns) {
		int64_t now = now_ns();

		options.deadline_ns = op->wait_ns > INT64_MAX - now ? INT64_MAX :
								      now + op->wait_ns;
	}
	options.flags |= PANTHOR_MEM_INTERRUPTIBLE;
	do {
		ret = reclaim_target(fd, t, by_number, &options, &result);
	} while (ret == -EINTR && !stop_signal());
	out->status = result.status;
	out->freed = result.freed_bytes;
	out->evicted = result.evicted_bytes;
	out->skipped = result.skipped_bytes;
	return ret;
}

static int claim(const struct operation *op, int fd, const struct target *t, bool by_number,
		 struct outcome *out)
{
	struct panthor_mem_claim_options options = PANTHOR_MEM_CLAIM_OPTIONS_INIT;
	struct panthor_mem_claim_result result = PANTHOR_MEM_CLAIM_RESULT_INIT;
	int ret;

	if (op->dry_run)
		options.flags |= DRM_PANTHOR_MEM_CLAIM_DRY_RUN;
	if (op->prefetch)
		options.flags |= DRM_PANTHOR_MEM_CLAIM_PREFETCH_ONLY;
	options.max_bytes = op->max_bytes;
	options.flags |= PANTHOR_MEM_INTERRUPTIBLE;
	do {
		ret = claim_target(fd, t, by_number, &options, &result);
	} while (ret == -EINTR && !stop_signal());
	out->status = result.status;
	out->claimed = result.claimed_bytes;
	out->remaining = result.remaining_bytes;
	return ret;
}

void operation_run(const struct operation *op, int fd, const struct target *target,
		   struct outcome *out)
{
	int (*call)(const struct operation *, int, const struct target *, bool, struct outcome *) =
		op->kind == OPERATION_RECLAIM ? reclaim : claim;
	int64_t start = now_ns();

	stop_begin();
	out->error = stop_signal() ? EINTR : -call(op, fd, target, false, out);
	if (target->kind == TARGET_PROCESS && target->fd >= 0 && out->error == ENOSYS)
		out->error = stop_signal() ? EINTR : -call(op, fd, target, true, out);
	stop_end();
	out->ns = now_ns() - start;
}

uint64_t operation_counted(const struct operation *op, const struct outcome *out)
{
	if (op->kind == OPERATION_CLAIM)
		return out->claimed;
	return op->dry_run || op->no_pageout ? out->evicted : out->freed;
}
