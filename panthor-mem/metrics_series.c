/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdlib.h>

#include "metrics_series.h"

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
