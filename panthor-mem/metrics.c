/* SPDX-License-Identifier: MIT */
#include <panthor_mem.h>

#include "metrics_series.h"
#include "problem.h"

/* In nanoseconds. The last bucket has no bound. */
static const uint64_t bounds[METRICS_BUCKETS - 1] = {
	1000000,   2500000,   5000000,	  10000000,   25000000,	  50000000,    100000000,
	250000000, 500000000, 1000000000, 2500000000, 5000000000, 10000000000, 30000000000,
};

const char *const metrics_bucket_names[METRICS_BUCKETS] = {
	"0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1",  "0.25",
	"0.5",	 "1",	   "2.5",   "5",    "10",    "30",   "+Inf",
};

const char *const metrics_result_names[METRICS_RESULTS] = {
	"ok",	  "EACCES", "EINTR",	  "EINVAL", "EIO",   "ENODEV",	  "ENOMEM",
	"ENOSPC", "ENOSYS", "EOPNOTSUPP", "EPERM",  "ESRCH", "ETIMEDOUT", "other",
};

const char *const metrics_cause_names[METRICS_CAUSES] = {
	"busy", "shared",
	"busy,shared", "pinned",
	"busy,pinned", "shared,pinned",
	"busy,shared,pinned", "swap_refused",
	"busy,swap_refused", "shared,swap_refused",
	"busy,shared,swap_refused", "pinned,swap_refused",
	"busy,pinned,swap_refused", "shared,pinned,swap_refused",
	"busy,shared,pinned,swap_refused",
};

static unsigned int result_of(int error)
{
	const char *code = error ? problem_code(error) : "ok";
	unsigned int i = 0;

	while (i < METRICS_RESULTS - 1 && strcmp(metrics_result_names[i], code))
		i++;
	return i;
}

static unsigned int causes_of(uint32_t status)
{
	return (status & DRM_PANTHOR_MEM_STATUS_BUSY ? 1 : 0) |
	       (status & DRM_PANTHOR_MEM_STATUS_SHARED ? 2 : 0) |
	       (status & DRM_PANTHOR_MEM_STATUS_PINNED ? 4 : 0) |
	       (status & DRM_PANTHOR_MEM_STATUS_SWAP_REFUSED ? 8 : 0);
}

void metrics_record(struct metrics *m, enum operation_kind kind, const struct outcome *out,
		    uint64_t time)
{
	unsigned int i, causes = causes_of(out->status);

	m->operations[kind][result_of(out->error)]++;
	for (i = 0; i < OPERATION_STATUS_BITS; i++)
		m->statuses[kind][i] += out->status >> i & 1;
	m->freed += out->freed;
	m->evicted += out->evicted;
	m->claimed += out->claimed;
	if (out->skipped && causes)
		m->skipped[causes - 1] += out->skipped;
	for (i = 0; i < METRICS_BUCKETS; i++) {
		if (i == METRICS_BUCKETS - 1 || (uint64_t)out->ns <= bounds[i])
			m->buckets[kind][i]++;
	}
	m->duration_ns[kind] += (uint64_t)out->ns;
	m->duration_count[kind]++;
	if (!out->error)
		m->last_time[kind] = time;
}

void metrics_refused(struct metrics *m, enum operation_kind kind, int error)
{
	m->operations[kind][result_of(error)]++;
}

bool metrics_any(const struct metrics *m)
{
	static const struct metrics none;

	return memcmp(m, &none, sizeof(none));
}
