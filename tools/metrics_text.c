/* SPDX-License-Identifier: MIT */
/*
 * The file is its own memory: comments that Prometheus skips say who wrote it,
 * and that it is whole.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "metrics_series.h"

#define HEAD "# Written by panthor-mem, format 1. It reads its counters back from here."
#define TAIL "# End of what panthor-mem wrote."
#define NS_DIGITS 9

void metrics_write(const struct metrics *m, FILE *out)
{
	struct metrics_series list[METRICS_SERIES_MAX];
	struct metrics copy = *m;
	size_t count = metrics_series(&copy, list), i;

	fputs(HEAD "\n", out);
	for (i = 0; i < count; i++) {
		const struct metrics_series *s = &list[i];

		if (s->family)
			fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", s->family, s->help,
				s->family, s->type);
		if (s->ns)
			fprintf(out, "%s %" PRIu64 ".%09" PRIu64 "\n", s->name,
				*s->value / 1000000000, *s->value % 1000000000);
		else
			fprintf(out, "%s %" PRIu64 "\n", s->name, *s->value);
	}
	fputs(TAIL "\n", out);
}

static bool whole(const char *text, uint64_t *value, char **end)
{
	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*value = strtoull(text, end, 10);
	return !errno;
}

static bool value_of(const struct metrics_series *s, const char *text)
{
	uint64_t seconds, ns;
	char *end;

	if (!s->ns)
		return whole(text, s->value, &end) && !*end;
	if (!whole(text, &seconds, &end) || *end != '.' || strlen(end + 1) != NS_DIGITS ||
	    !whole(end + 1, &ns, &end) || *end || seconds > UINT64_MAX / 1000000000 - 1)
		return false;
	*s->value = seconds * 1000000000 + ns;
	return true;
}

/* A line that is no comment: the series that comes next, and its value. */
static int read_line(const struct metrics_series *s, char *line, unsigned int number,
		     char why[METRICS_WHY])
{
	char *space = strrchr(line, ' ');

	if (space)
		*space = '\0';
	if (!space || strcmp(line, s->name)) {
		snprintf(why, METRICS_WHY, "line %u is not about %.60s", number, s->name);
		return -1;
	}
	if (!value_of(s, space + 1)) {
		snprintf(why, METRICS_WHY, "line %u has no number", number);
		return -1;
	}
	return 0;
}

static int check(const struct metrics *m, char why[METRICS_WHY])
{
	int kind, i;

	for (kind = 0; kind < OPERATION_KINDS; kind++) {
		const uint64_t *b = m->buckets[kind];

		for (i = 1; i < METRICS_BUCKETS; i++) {
			if (b[i] < b[i - 1])
				break;
		}
		if (i == METRICS_BUCKETS && b[i - 1] == m->duration_count[kind])
			continue;
		snprintf(why, METRICS_WHY, "the histogram of %s does not add up",
			 operation_names[kind]);
		return -1;
	}
	return 0;
}

int metrics_read(struct metrics *m, const char *text, char why[METRICS_WHY])
{
	struct metrics_series list[METRICS_SERIES_MAX];
	size_t count = metrics_series(m, list), next = 0;
	unsigned int number = 0;
	bool tail = false;

	memset(m, 0, sizeof(*m));
	while (*text) {
		size_t length = strcspn(text, "\n");
		char line[512];

		number++;
		if (tail || !text[length] || length >= sizeof(line)) {
			snprintf(why, METRICS_WHY, "line %u %s", number,
				 tail ? "comes after the end" : "is cut off");
			return -1;
		}
		memcpy(line, text, length);
		line[length] = '\0';
		text += length + 1;
		if (number == 1 && strcmp(line, HEAD)) {
			snprintf(why, METRICS_WHY, "this version of panthor-mem did not write it");
			return -1;
		}
		tail = !strcmp(line, TAIL);
		if (line[0] == '#')
			continue;
		if (next == count) {
			snprintf(why, METRICS_WHY, "line %u is one too many", number);
			return -1;
		}
		if (read_line(&list[next++], line, number, why))
			return -1;
	}
	if (!tail || next < count) {
		snprintf(why, METRICS_WHY, "it ends after line %u", number);
		return -1;
	}
	return check(m, why);
}
