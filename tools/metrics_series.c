/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdlib.h>

#include "metrics_series.h"

struct walk {
	struct metrics_series *list;
	size_t count;
	const char *family;
	const char *type;
	const char *help;
};

static void family(struct walk *w, const char *name, const char *type, const char *help)
{
	w->family = name;
	w->type = type;
	w->help = help;
}

static struct metrics_series *series(struct walk *w, uint64_t *value, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static struct metrics_series *series(struct walk *w, uint64_t *value, const char *format, ...)
{
	struct metrics_series *s = &w->list[w->count];
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
	va_start(args, format);
	vsnprintf(s->name, sizeof(s->name), format, args);
	va_end(args);
	return s;
}

static void operations(struct walk *w, struct metrics *m)
{
	int kind, i;

	family(w, "panthor_mem_operations_total", "counter",
	       "Reclaims and claims, by what they returned, or by what kept them from beginning.");
	for (kind = 0; kind < OPERATION_KINDS; kind++) {
		for (i = 0; i < METRICS_RESULTS; i++)
			series(w, &m->operations[kind][i],
			       "panthor_mem_operations_total{operation=\"%s\",result=\"%s\"}",
			       operation_names[kind], metrics_result_names[i]);
	}
	family(w, "panthor_mem_operation_statuses_total", "counter",
	       "Operations that did less than everything, by each cause that the kernel named.");
	for (kind = 0; kind < OPERATION_KINDS; kind++) {
		for (i = 0; i < OPERATION_STATUS_BITS; i++)
			series(w, &m->statuses[kind][i],
			       "panthor_mem_operation_statuses_total{operation=\"%s\",status=\"%s\"}",
			       operation_names[kind], operation_status_names[i]);
	}
}

static void bytes(struct walk *w, struct metrics *m)
{
	int i;

	family(w, "panthor_mem_freed_bytes_total", "counter",
	       "RAM that reclaims returned to the system.");
	series(w, &m->freed, "panthor_mem_freed_bytes_total");
	family(w, "panthor_mem_evicted_bytes_total", "counter",
	       "GPU memory that reclaims took off the GPU, or found off it and wrote to swap.");
	series(w, &m->evicted, "panthor_mem_evicted_bytes_total");
	family(w, "panthor_mem_claimed_bytes_total", "counter",
	       "GPU memory that claims made resident.");
	series(w, &m->claimed, "panthor_mem_claimed_bytes_total");
	family(w, "panthor_mem_skipped_bytes_total", "counter",
	       "GPU memory that reclaims left resident, by the causes that the kernel named together.");
	for (i = 0; i < METRICS_CAUSES; i++)
		series(w, &m->skipped[i], "panthor_mem_skipped_bytes_total{causes=\"%s\"}",
		       metrics_cause_names[i]);
}

static void durations(struct walk *w, struct metrics *m)
{
	int kind, i;

	family(w, "panthor_mem_operation_duration_seconds", "histogram",
	       "Time that reclaims and claims of a process took, failed ones included.");
	for (kind = 0; kind < OPERATION_KINDS; kind++) {
		for (i = 0; i < METRICS_BUCKETS; i++)
			series(w, &m->buckets[kind][i],
			       "panthor_mem_operation_duration_seconds_bucket{operation=\"%s\","
			       "le=\"%s\"}",
			       operation_names[kind], metrics_bucket_names[i]);
		series(w, &m->duration_ns[kind],
		       "panthor_mem_operation_duration_seconds_sum{operation=\"%s\"}",
		       operation_names[kind])->ns = true;
		series(w, &m->duration_count[kind],
		       "panthor_mem_operation_duration_seconds_count{operation=\"%s\"}",
		       operation_names[kind]);
	}
	family(w, "panthor_mem_last_success_timestamp_seconds", "gauge",
	       "When an operation last succeeded; 0 for never.");
	for (kind = 0; kind < OPERATION_KINDS; kind++)
		series(w, &m->last_time[kind],
		       "panthor_mem_last_success_timestamp_seconds{operation=\"%s\"}",
		       operation_names[kind])->sum = false;
}

size_t metrics_series(struct metrics *m, struct metrics_series list[METRICS_SERIES_MAX])
{
	struct walk w = { .list = list };

	operations(&w, m);
	bytes(&w, m);
	durations(&w, m);
	return w.count;
}
