/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdlib.h>

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

/* --- the series ------------------------------------------------------------- */

struct walk {
	struct metrics_series *list;
	size_t count;
	/* "" if there is none. */
	const char *device;
	const char *name;
	/* For the first series of the family. */
	const char *family;
	const char *type;
	const char *help;
};

static void family(struct walk *w, const char *name, const char *type, const char *help)
{
	w->name = name;
	w->family = name;
	w->type = type;
	w->help = help;
}

static struct metrics_series *series(struct walk *w, uint64_t *value, const char *suffix,
				     const char *labels, ...)
	__attribute__((format(printf, 4, 5)));

/* The family's name and @suffix, with the device and @labels in braces. */
static struct metrics_series *series(struct walk *w, uint64_t *value, const char *suffix,
				     const char *labels, ...)
{
	struct metrics_series *s = &w->list[w->count];
	char device[48] = "", rest[96];
	va_list args;

	if (w->count++ == METRICS_SERIES_MAX)
		abort();
	memset(s, 0, sizeof(*s));
	s->family = w->family;
	s->type = w->type;
	s->help = w->help;
	w->family = NULL;
	s->value = value;
	s->sum = true;
	va_start(args, labels);
	vsnprintf(rest, sizeof(rest), labels, args);
	va_end(args);
	if (*w->device)
		snprintf(device, sizeof(device), "device=\"%.31s\"%s", w->device,
			 *rest ? "," : "");
	if (*device || *rest)
		snprintf(s->name, sizeof(s->name), "%s%s{%s%s}", w->name, suffix, device, rest);
	else
		snprintf(s->name, sizeof(s->name), "%s%s", w->name, suffix);
	return s;
}

static void operations(struct walk *w, struct metrics *m)
{
	int kind, i;

	family(w, "panthor_mem_operations_total", "counter",
	       "Reclaims and claims, by result; also those that failed before they had a target.");
	for (kind = 0; kind < OPERATION_KINDS; kind++) {
		for (i = 0; i < METRICS_RESULTS; i++)
			series(w, &m->operations[kind][i], "", "operation=\"%s\",result=\"%s\"",
			       operation_names[kind], metrics_result_names[i]);
	}
}

static void statuses(struct walk *w, struct metrics *m)
{
	int kind, i;

	family(w, "panthor_mem_operation_statuses_total", "counter",
	       "Operations that were incomplete, by each reported cause.");
	for (kind = 0; kind < OPERATION_KINDS; kind++) {
		for (i = 0; i < OPERATION_STATUS_BITS; i++)
			series(w, &m->statuses[kind][i], "", "operation=\"%s\",status=\"%s\"",
			       operation_names[kind], operation_status_names[i]);
	}
}

static void bytes(struct walk *w, struct metrics *m)
{
	int i;

	family(w, "panthor_mem_freed_bytes_total", "counter",
	       "RAM that reclaims returned to the system.");
	series(w, &m->freed, "", "%s", "");
	family(w, "panthor_mem_evicted_bytes_total", "counter",
	       "GPU memory that reclaims evicted, or found evicted and wrote to swap.");
	series(w, &m->evicted, "", "%s", "");
	family(w, "panthor_mem_claimed_bytes_total", "counter",
	       "GPU memory that claims made resident.");
	series(w, &m->claimed, "", "%s", "");
	family(w, "panthor_mem_skipped_bytes_total", "counter",
	       "GPU memory that reclaims left resident, by the set of reported causes.");
	for (i = 0; i < METRICS_CAUSES; i++)
		series(w, &m->skipped[i], "", "causes=\"%s\"", metrics_cause_names[i]);
}

static void durations(struct walk *w, struct metrics *m)
{
	int kind, i;

	family(w, "panthor_mem_operation_duration_seconds", "histogram",
	       "Time that each reclaim and claim of a target took, including failed ones.");
	for (kind = 0; kind < OPERATION_KINDS; kind++) {
		const char *name = operation_names[kind];

		for (i = 0; i < METRICS_BUCKETS; i++)
			series(w, &m->buckets[kind][i], "_bucket", "operation=\"%s\",le=\"%s\"",
			       name, metrics_bucket_names[i]);
		series(w, &m->duration_ns[kind], "_sum", "operation=\"%s\"", name)->ns = true;
		series(w, &m->duration_count[kind], "_count", "operation=\"%s\"", name);
	}
	family(w, "panthor_mem_last_success_timestamp_seconds", "gauge",
	       "When an operation last succeeded; 0 if none has.");
	for (kind = 0; kind < OPERATION_KINDS; kind++)
		series(w, &m->last_time[kind], "", "operation=\"%s\"",
		       operation_names[kind])->sum = false;
}

size_t metrics_series(struct metrics *m, const char *device,
		      struct metrics_series list[METRICS_SERIES_MAX])
{
	struct walk w = { .list = list, .device = device ? device : "" };

	operations(&w, m);
	if (!device || *device) {
		statuses(&w, m);
		bytes(&w, m);
		durations(&w, m);
	}
	return w.count;
}
