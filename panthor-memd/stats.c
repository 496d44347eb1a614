/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "metrics_series.h"
#include "replace_file.h"
#include "stats.h"

#define FILE_NAME "panthor_memd.prom"
#define TOOL_PREFIX "panthor_mem_"
#define PREFIX "panthor_memd_"

void stats_start(struct stats *s, const char *folder)
{
	memset(s, 0, sizeof(*s));
	if (!folder)
		return;
	if (asprintf(&s->path, "%s/" FILE_NAME, folder) < 0)
		s->path = NULL;
}

void stats_stop(struct stats *s)
{
	free(s->path);
}

void stats_waited(struct stats *s, uint64_t usec)
{
	int i;

	for (i = 0; i < METRICS_BUCKETS; i++) {
		if (i == METRICS_BUCKETS - 1 || (double)usec <= atof(metrics_bucket_names[i]) * 1e6)
			s->waits[i]++;
	}
	s->wait_usec += usec;
	s->wait_count++;
}

/*
 * The series of panthor-mem under names with another prefix, so that one exporter can read the
 * files of both programs.
 */
static void print_done(const struct stats *s, FILE *out)
{
	struct metrics_series list[METRICS_SERIES_MAX];
	struct metrics copy = s->done;
	size_t count = metrics_series(&copy, NULL, list), i;

	for (i = 0; i < count; i++) {
		const char *name = list[i].name + strlen(TOOL_PREFIX);

		if (list[i].family) {
			const char *family = list[i].family + strlen(TOOL_PREFIX);

			fprintf(out, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", family,
				list[i].help, family, list[i].type);
		}
		if (list[i].ns)
			fprintf(out, PREFIX "%s %" PRIu64 ".%09" PRIu64 "\n", name,
				*list[i].value / 1000000000, *list[i].value % 1000000000);
		else
			fprintf(out, PREFIX "%s %" PRIu64 "\n", name, *list[i].value);
	}
}

static void head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name, help, name, type);
}

void stats_print(const struct stats *s, FILE *out)
{
	int i;

	print_done(s, out);
	head(out, "refused_total", "counter", "Requests that were refused, by error name.");
	for (i = FAULT_NONE + 1; i < FAULT_KINDS; i++)
		fprintf(out, PREFIX "refused_total{reason=\"%s\"} %" PRIu64 "\n", fault_reason(i),
			s->refused[i]);
	head(out, "queue_requests", "gauge", "Requests that have no reply yet.");
	for (i = 0; i < OPERATION_KINDS; i++)
		fprintf(out, PREFIX "queue_requests{operation=\"%s\"} %" PRIu64 "\n",
			operation_names[i], s->queued[i]);
	head(out, "wait_seconds", "histogram", "Time that work waited in the queue.");
	for (i = 0; i < METRICS_BUCKETS; i++)
		fprintf(out, PREFIX "wait_seconds_bucket{le=\"%s\"} %" PRIu64 "\n",
			metrics_bucket_names[i], s->waits[i]);
	fprintf(out, PREFIX "wait_seconds_sum %" PRIu64 ".%06" PRIu64 "\n",
		s->wait_usec / 1000000, s->wait_usec % 1000000);
	fprintf(out, PREFIX "wait_seconds_count %" PRIu64 "\n", s->wait_count);
}

void stats_write(struct stats *s)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out;
	int ret;

	if (!s->path)
		return;
	out = open_memstream(&text, &size);
	if (!out)
		return;
	stats_print(s, out);
	fclose(out);
	ret = text ? replace_file(s->path, text, size) : 0;
	if (ret && !s->complained) {
		log_warning("cannot write %s: %s", s->path, strerror(-ret));
		s->complained = true;
	}
	free(text);
}
