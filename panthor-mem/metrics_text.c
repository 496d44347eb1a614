/* SPDX-License-Identifier: MIT */
/*
 * The counters are read back from the file that Prometheus reads. Comments, which Prometheus
 * skips, say who wrote it and that it is complete. Another version can have more or fewer series.
 * A change in the meaning of a series, or in the buckets of a histogram, needs a new format number.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "memory.h"
#include "metrics_series.h"

#define HEAD "# Written by panthor-mem, format 1. It reads its counters back from here."
#define TAIL "# End of what panthor-mem wrote."
#define PREFIX "panthor_mem_"
#define BUCKET PREFIX "operation_duration_seconds_bucket{"
#define NS_DIGITS 9

/* Limits for the lines that are kept. */
#define NAME 128
#define LINE 512
#define REST_MAX 1000

void metrics_rest_free(struct metrics_rest *rest)
{
	size_t i;

	for (i = 0; i < rest->count; i++) {
		free(rest->lines[i].family);
		free(rest->lines[i].text);
	}
	free(rest->lines);
	*rest = (struct metrics_rest){ 0 };
}

/* All lines of a family have to be in one block. */
static void write_rest(const struct metrics_rest *rest, const char *family, FILE *out)
{
	size_t i;

	for (i = 0; i < rest->count; i++) {
		if (!strcmp(rest->lines[i].family, family))
			fprintf(out, "%s\n", rest->lines[i].text);
	}
}

/* Writes the families that this version does not have, in the order of their first lines. */
static void write_strangers(const struct metrics_rest *rest,
			    const struct metrics_series *list, size_t count, FILE *out)
{
	size_t i, j;

	for (i = 0; i < rest->count; i++) {
		const char *family = rest->lines[i].family;

		for (j = 0; j < count; j++) {
			if (list[j].family && !strcmp(list[j].family, family))
				break;
		}
		if (j < count)
			continue;
		for (j = 0; j < i; j++) {
			if (!strcmp(rest->lines[j].family, family))
				break;
		}
		if (j == i)
			write_rest(rest, family, out);
	}
}

void metrics_write(const struct metrics *m, const char *device, const struct metrics_rest *rest,
		   FILE *out)
{
	struct metrics_series list[METRICS_SERIES_MAX];
	struct metrics copy = *m;
	size_t count = metrics_series(&copy, device, list), i;
	const char *family = NULL;

	fputs(HEAD "\n", out);
	for (i = 0; i < count; i++) {
		const struct metrics_series *s = &list[i];

		if (s->family) {
			if (family)
				write_rest(rest, family, out);
			family = s->family;
			fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", s->family, s->help,
				s->family, s->type);
		}
		if (s->ns)
			fprintf(out, "%s %" PRIu64 ".%09" PRIu64 "\n", s->name,
				*s->value / 1000000000, *s->value % 1000000000);
		else
			fprintf(out, "%s %" PRIu64 "\n", s->name, *s->value);
	}
	write_rest(rest, family, out);
	write_strangers(rest, list, count, out);
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

/* --- reading ---------------------------------------------------------------- */

struct reader {
	struct metrics_series list[METRICS_SERIES_MAX];
	size_t count;
	bool seen[METRICS_SERIES_MAX];
	struct metrics_rest *rest;
	/* The family of the last TYPE line. */
	char family[NAME];
	unsigned int number;
	char *why;
};

static int wrong(struct reader *r, const char *what)
{
	snprintf(r->why, METRICS_WHY, "line %u %s", r->number, what);
	return -1;
}

/* "panthor_mem_x" of "panthor_mem_x{...} 5"; "" if the prefix is not ours. */
static void name_of(const char *text, char name[NAME])
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz_0123456789");

	name[0] = '\0';
	if (n < NAME && !strncmp(text, PREFIX, strlen(PREFIX)))
		snprintf(name, NAME, "%.*s", (int)n, text);
}

/* Does the series @name belong to @family, which can be a histogram? */
static bool is_of(const char *name, const char *family)
{
	size_t n = strlen(family);

	if (!n || strncmp(name, family, n))
		return false;
	name += n;
	return !*name || !strcmp(name, "_bucket") || !strcmp(name, "_sum") ||
	       !strcmp(name, "_count");
}

static int keep(struct reader *r, const char *family, const char *text)
{
	struct metrics_line *line;

	if (r->rest->count == REST_MAX)
		return wrong(r, "is beyond the limit for lines of other versions");
	r->rest->lines = memory_grow(r->rest->lines, r->rest->count, r->rest->count + 1,
				     sizeof(*r->rest->lines));
	line = &r->rest->lines[r->rest->count++];
	line->family = memory_text("%s", family);
	line->text = memory_text("%s", text);
	return 0;
}

/* Keeps HELP and TYPE of families that this version does not have. */
static int read_comment(struct reader *r, const char *text)
{
	bool type = !strncmp(text, "# TYPE ", 7);
	char name[NAME];
	size_t i;

	if (!type && strncmp(text, "# HELP ", 7))
		return 0;
	name_of(text + 7, name);
	if (!*name)
		return wrong(r, "is not about a series of panthor-mem");
	if (type)
		memcpy(r->family, name, sizeof(name));
	for (i = 0; i < r->count; i++) {
		if (r->list[i].family && !strcmp(r->list[i].family, name))
			return 0;
	}
	return keep(r, name, text);
}

/* Another version can have numbers in any form. */
static bool is_number(const char *text)
{
	char *end;

	if (!*text || isspace((unsigned char)*text))
		return false;
	strtod(text, &end);
	return !*end;
}

/*
 * Keeps a series of another device or version as it is. That is wrong only for an unknown bucket
 * of our own histogram, which would have to grow with the others.
 */
static int read_stranger(struct reader *r, const char *line, size_t length)
{
	char name[NAME];
	const char *family = r->family;
	size_t i;

	name_of(line, name);
	if (!*name || (line[strlen(name)] != '{' && line[strlen(name)] != ' ') ||
	    (line[strlen(name)] == '{' && line[length - 1] != '}'))
		return wrong(r, "is not a series of panthor-mem");
	if (!is_number(line + length + 1))
		return wrong(r, "has no number");
	for (i = 0; i < r->count; i++) {
		size_t n = strcspn(r->list[i].name, ",}");

		if (!strncmp(line, BUCKET, strlen(BUCKET)) && !strncmp(line, r->list[i].name, n) &&
		    line[n] == ',')
			return wrong(r, "is a bucket that this version does not have");
		if (r->list[i].family && is_of(name, r->list[i].family))
			family = r->list[i].family;
	}
	for (i = 0; i < r->rest->count; i++) {
		if (!strncmp(r->rest->lines[i].text, line, length + 1))
			return wrong(r, "is a duplicate");
	}
	return keep(r, is_of(name, family) ? family : name, line);
}

/* A line that is not a comment: the name of a series, and its value. */
static int read_line(struct reader *r, char *line)
{
	char *space = strrchr(line, ' ');
	size_t length = space ? (size_t)(space - line) : 0, i;

	if (!space)
		return wrong(r, "is not a series of panthor-mem");
	for (i = 0; i < r->count; i++) {
		if (strlen(r->list[i].name) == length && !memcmp(r->list[i].name, line, length))
			break;
	}
	if (i == r->count)
		return read_stranger(r, line, length);
	if (r->seen[i])
		return wrong(r, "is a duplicate");
	r->seen[i] = true;
	return value_of(&r->list[i], space + 1) ? 0 : wrong(r, "has no number");
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

int metrics_read(struct metrics *m, const char *device, struct metrics_rest *rest,
		 const char *text, char why[METRICS_WHY])
{
	struct reader r = { .rest = rest, .why = why };
	bool tail = false;

	memset(m, 0, sizeof(*m));
	memset(rest, 0, sizeof(*rest));
	r.count = metrics_series(m, device, r.list);
	while (*text) {
		size_t length = strcspn(text, "\n");
		char line[LINE];

		r.number++;
		if (tail)
			return wrong(&r, "comes after the end");
		if (!text[length])
			return wrong(&r, "is cut off");
		if (length >= sizeof(line))
			return wrong(&r, "is too long");
		memcpy(line, text, length);
		line[length] = '\0';
		text += length + 1;
		if (r.number == 1 && strcmp(line, HEAD)) {
			snprintf(why, METRICS_WHY, "this version of panthor-mem did not write it");
			return -1;
		}
		tail = !strcmp(line, TAIL);
		if (line[0] == '#' ? read_comment(&r, line) : read_line(&r, line))
			return -1;
	}
	if (!tail) {
		snprintf(why, METRICS_WHY, "it ends after line %u", r.number);
		return -1;
	}
	return check(m, why);
}
