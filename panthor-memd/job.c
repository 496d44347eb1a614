/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sys/sysinfo.h>

#include <panthor_drmif.h>

#include "clock.h"
#include "job.h"

#define PART_DONE(error) ((error) == ENOMEM || (error) == EIO || (error) == ETIMEDOUT)

/*
 * A slice counts all that it finds evicted or has to skip, which includes what earlier slices
 * left. So skipped, and what was evicted but not freed, come from the last slice alone.
 */
void job_add_slice(struct outcome *sum, const struct outcome *slice)
{
	sum->freed += slice->freed;
	sum->evicted = sum->freed + (slice->evicted - slice->freed);
	sum->skipped = slice->skipped;
	sum->status = slice->status;
	sum->error = slice->error;
}

void job_add_device(struct outcome *sum, const struct outcome *device)
{
	sum->freed += device->freed;
	sum->evicted += device->evicted;
	sum->skipped += device->skipped;
	sum->claimed += device->claimed;
	sum->remaining += device->remaining;
	sum->status |= device->status;
	if (!sum->error)
		sum->error = device->error;
}

/* --- reclaim -------------------------------------------------------------- */

static int64_t deadline(uint64_t usec)
{
	return (int64_t)usec * NSEC_PER_USEC;
}

static void one_slice(const struct job *job, int fd, uint64_t most, struct outcome *out)
{
	struct panthor_mem_reclaim_options options = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	struct panthor_mem_reclaim_result result = PANTHOR_MEM_RECLAIM_RESULT_INIT;

	if (job->wish.dry_run)
		options.flags |= DRM_PANTHOR_MEM_RECLAIM_DRY_RUN;
	if (job->wish.no_pageout)
		options.flags |= DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT;
	options.max_bytes = most;
	if (job->wish.wait_usec)
		options.deadline_ns = deadline(job->begun + job->wish.wait_usec);
	*out = (struct outcome){ 0 };
	out->error = -panthor_mem_reclaim_pidfd_with(fd, job->pidfd, &options, &result);
	out->status = result.status;
	out->freed = result.freed_bytes;
	out->evicted = result.evicted_bytes;
	out->skipped = result.skipped_bytes;
}

/* Keep the reserve free for the rest of the system. */
static bool swap_left(const struct job *job)
{
	struct sysinfo info;

	if (!job->swap_reserve || sysinfo(&info))
		return true;
	return (uint64_t)info.freeswap * info.mem_unit >= job->swap_reserve;
}

/* Called before each slice. False if the reclaim has to end, and @sum says why. */
static bool goes_on(struct job *job, struct outcome *sum)
{
	if (atomic_load(&job->stop) || clock_usec() >= job->end || !job->swap_writes)
		sum->status |= DRM_PANTHOR_MEM_STATUS_INTERRUPTED;
	else if (!swap_left(job))
		sum->status |= DRM_PANTHOR_MEM_STATUS_SWAP_FULL;
	else
		return true;
	return false;
}

/* Only a reclaim that pages out takes long enough to be cut into slices. */
static bool is_cut(const struct job *job)
{
	return !job->wish.dry_run && !job->wish.no_pageout;
}

/*
 * Reclaim a slice, or everything. In the status of a slice, CAPPED means that there is more to
 * evict. In the sum, it means that the caller's limit was reached. Full swap is an error only
 * if nothing was freed.
 */
static void reclaim_node(struct job *job, int fd, struct outcome *sum)
{
	const uint32_t capped = DRM_PANTHOR_MEM_STATUS_CAPPED;
	const uint64_t left = job->wish.max_bytes ? job->wish.max_bytes - sum->freed : 0;
	uint64_t most = left;
	struct outcome slice;

	if (is_cut(job) && !goes_on(job, sum))
		return;
	if (is_cut(job) && (!left || left > SLICE_BYTES))
		most = SLICE_BYTES;
	one_slice(job, fd, most, &slice);
	if (slice.error == ENOSPC && sum->freed) {
		sum->status |= DRM_PANTHOR_MEM_STATUS_SWAP_FULL;
		return;
	}
	if (slice.error && !PART_DONE(slice.error) && !slice.evicted) {
		sum->error = slice.error;
		return;
	}
	job_add_slice(sum, &slice);
	if (slice.error || !(slice.status & capped) || most == left || !slice.freed ||
	    (left && slice.freed >= left))
		return;
	sum->status &= ~capped;
	job->more = true;
}

/* --- claim ---------------------------------------------------------------- */

static void claim_node(const struct job *job, int fd, struct outcome *sum)
{
	struct panthor_mem_claim_options options = PANTHOR_MEM_CLAIM_OPTIONS_INIT;
	struct panthor_mem_claim_result result = PANTHOR_MEM_CLAIM_RESULT_INIT;
	const uint64_t most = job->wish.max_bytes;
	const bool enough = most && job->sum.claimed >= most;

	/* At the limit, a dry run counts what this device has left. */
	if (enough)
		options.flags |= DRM_PANTHOR_MEM_CLAIM_DRY_RUN;
	else if (most)
		options.max_bytes = most - job->sum.claimed;
	if (job->wish.prefetch)
		options.flags |= DRM_PANTHOR_MEM_CLAIM_PREFETCH_ONLY;
	options.deadline_ns = deadline(clock_usec() + CLAIM_LOCKS_USEC);
	sum->error = -panthor_mem_claim_pidfd_with(fd, job->pidfd, &options, &result);
	sum->status = result.status;
	sum->remaining = result.remaining_bytes;
	if (!enough) {
		sum->claimed = result.claimed_bytes;
	} else if (result.claimed_bytes) {
		sum->remaining += result.claimed_bytes;
		sum->status |= DRM_PANTHOR_MEM_STATUS_CAPPED;
	}
}

/* --- all devices ---------------------------------------------------------- */

static bool anything(const struct outcome *o)
{
	return o->freed || o->evicted || o->claimed;
}

static void run_claim(struct job *job)
{
	unsigned int i;

	for (i = 0; i < job->n_nodes && !atomic_load(&job->stop); i++) {
		struct outcome one = { 0 };

		claim_node(job, job->nodes[i]->fd, &one);
		job->lost[i] = one.error == ENODEV;
		if (one.error == ESRCH && !anything(&one))
			continue;
		job->found++;
		job_add_device(&job->sum, &one);
	}
	if (i < job->n_nodes)
		job->sum.status |= DRM_PANTHOR_MEM_STATUS_INTERRUPTED;
}

static void run_reclaim(struct job *job)
{
	static const struct outcome nothing;

	if (atomic_load(&job->stop)) {
		job->sum.status |= DRM_PANTHOR_MEM_STATUS_INTERRUPTED;
		return;
	}
	reclaim_node(job, job->nodes[0]->fd, &job->sum);
	job->lost[0] = job->sum.error == ENODEV;
	job->found = job->sum.error != ESRCH || anything(&job->sum);
	if (!job->found)
		job->sum = nothing;
}

void job_run(struct job *job)
{
	if (job->kind == OPERATION_RECLAIM)
		run_reclaim(job);
	else
		run_claim(job);
}
