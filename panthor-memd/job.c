/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sys/sysinfo.h>

#include <panthor_drmif.h>

#include "clock.h"
#include "job.h"

#define PART_DONE(error) ((error) == ENOMEM || (error) == EIO || (error) == ETIMEDOUT)

/* Only a reclaim that pages out takes long enough to be cut into slices. */
static bool is_cut(const struct wish *wish)
{
	return !wish->dry_run && !wish->no_pageout;
}

uint64_t job_counted(const struct wish *wish, const struct outcome *o)
{
	return wish->no_pageout || wish->dry_run ? o->evicted : o->freed;
}

/*
 * A slice that pages out counts all that it finds evicted, which includes what earlier slices
 * left. So what was evicted but not freed comes from the last slice alone, as does what it had to
 * skip. Without paging out, a slice counts only what it evicts itself, and a dry run counts
 * everything again.
 */
void job_add_slice(struct outcome *sum, const struct wish *wish, const struct outcome *slice)
{
	const uint64_t evicted = wish->dry_run ? 0 : sum->evicted;

	sum->freed += slice->freed;
	if (is_cut(wish))
		sum->evicted = sum->freed + (slice->evicted - slice->freed);
	else
		sum->evicted = evicted + slice->evicted;
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

/* Sets @again if the slice has waited for its turn, and the caller wants to wait for longer. */
static void one_slice(const struct job *job, int fd, uint64_t most, struct outcome *out,
		      bool *again)
{
	struct panthor_mem_reclaim_options options = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	struct panthor_mem_reclaim_result result = PANTHOR_MEM_RECLAIM_RESULT_INIT;
	const uint64_t last = job->begun + job->wish.wait_usec;
	uint64_t turn = last;

	options.flags |= PANTHOR_MEM_INTERRUPTIBLE;
	if (job->wish.dry_run)
		options.flags |= DRM_PANTHOR_MEM_RECLAIM_DRY_RUN;
	if (job->wish.no_pageout)
		options.flags |= DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT;
	options.max_bytes = most;
	if (job->wish.wait_usec) {
		turn = clock_usec() + RECLAIM_TURN_USEC;
		turn = turn < last ? turn : last;
		options.deadline_ns = deadline(turn);
	}
	*out = (struct outcome){ 0 };
	out->error = -panthor_mem_reclaim_pidfd_with(fd, job->pidfd, &options, &result);
	out->status = result.status;
	out->freed = result.freed_bytes;
	out->evicted = result.evicted_bytes;
	out->skipped = result.skipped_bytes;
	/* A call that ends earlier has found the GPU in use again: waiting is in vain. */
	*again = turn < last && result.status & DRM_PANTHOR_MEM_STATUS_BUSY && clock_usec() >= turn;
}

bool job_has_swap(const struct job *job)
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
	else if (!job_has_swap(job))
		sum->status |= DRM_PANTHOR_MEM_STATUS_SWAP_FULL;
	else
		return true;
	return false;
}

/* Why the loop has interrupted the call. 0: it has not. */
static uint32_t why_interrupted(const struct job *job)
{
	if (atomic_load(&job->swap_full))
		return DRM_PANTHOR_MEM_STATUS_SWAP_FULL;
	return atomic_load(&job->stop) ? DRM_PANTHOR_MEM_STATUS_INTERRUPTED : 0;
}

/* What the caller's limit leaves, in bytes. Each call of a dry run counts from 0. */
static uint64_t left_of(const struct job *job, const struct outcome *sum)
{
	const struct wish *wish = &job->wish;

	return wish->max_bytes && !wish->dry_run ? wish->max_bytes - job_counted(wish, sum) :
						   wish->max_bytes;
}

/*
 * Reclaim a slice, or everything. In the status of a slice, CAPPED means that there is more to
 * evict. In the sum, it means that the caller's limit was reached. Full swap is an error only
 * if nothing was freed.
 */
static void reclaim_node(struct job *job, int fd, struct outcome *sum)
{
	const uint32_t capped = DRM_PANTHOR_MEM_STATUS_CAPPED;
	const uint32_t interrupted = DRM_PANTHOR_MEM_STATUS_INTERRUPTED;
	const bool cut = is_cut(&job->wish);
	const uint64_t left = left_of(job, sum);
	uint64_t most = left;
	struct outcome slice;
	uint32_t why;
	bool again;

	if (cut && !goes_on(job, sum))
		return;
	if (cut && (!left || left > SLICE_BYTES))
		most = SLICE_BYTES;
	one_slice(job, fd, most, &slice, &again);
	why = why_interrupted(job);
	if (slice.error == EINTR) {
		/* The call has done nothing. */
		sum->status |= why;
		job->more = !why;
		return;
	}
	if (slice.error == ENOSPC && sum->freed) {
		sum->status |= DRM_PANTHOR_MEM_STATUS_SWAP_FULL;
		return;
	}
	if (slice.error && !PART_DONE(slice.error) && !slice.evicted) {
		sum->error = slice.error;
		return;
	}
	if (slice.status & interrupted && why)
		slice.status = (slice.status & ~interrupted) | why;
	job_add_slice(sum, &job->wish, &slice);
	/* Without a reason here, somebody has claimed the memory without panthor-memd. */
	if (slice.status & interrupted || slice.error ||
	    (left && job_counted(&job->wish, &slice) >= left))
		return;
	if (again || (slice.status & capped && most != left && slice.freed)) {
		sum->status &= ~capped;
		job->more = true;
	}
}

/* --- claim ---------------------------------------------------------------- */

/*
 * Another pass would prefetch the same memory again, because it stays evicted. Then a limit would
 * count it twice.
 */
static bool has_passes(const struct wish *wish)
{
	return !wish->prefetch || !wish->max_bytes;
}

static void claim_node(struct job *job, int fd, struct outcome *sum)
{
	const uint64_t turn = clock_usec() + CLAIM_TURN_USEC;
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
	options.flags |= PANTHOR_MEM_INTERRUPTIBLE;
	options.deadline_ns = deadline(turn);
	sum->error = -panthor_mem_claim_pidfd_with(fd, job->pidfd, &options, &result);
	sum->status = result.status;
	if (sum->error == EINTR) {
		/* The call has done nothing. */
		sum->error = 0;
		sum->status = DRM_PANTHOR_MEM_STATUS_INTERRUPTED;
	}
	/* A call that ends earlier has met what does not end: waiting is in vain. */
	if (!sum->error && sum->status & DRM_PANTHOR_MEM_STATUS_BUSY && result.remaining_bytes &&
	    clock_usec() >= turn && has_passes(&job->wish))
		job->more = true;
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
