/* SPDX-License-Identifier: MIT */
/* Tests of the counters, and of the text that stores them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include <panthor_mem.h>

#include "metrics_series.h"

#define NODE "renderD128"
#define FREED "panthor_mem_freed_bytes_total{device=\"" NODE "\"}"

static const struct metrics_rest nothing;

/* Reads a text with no unknown lines. */
static int read_back(struct metrics *m, const char *text, char why[METRICS_WHY])
{
	struct metrics_rest rest;
	int ret = metrics_read(m, NODE, &rest, text, why);

	assert_true(ret || !rest.count);
	metrics_rest_free(&rest);
	return ret;
}

static char *text_of(const struct metrics *m)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	metrics_write(m, NODE, &nothing, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* Gives each series a different value; the histograms add up. */
static void fill(struct metrics *m)
{
	struct metrics_series list[METRICS_SERIES_MAX];
	size_t count = metrics_series(m, NODE, list), i;
	int kind;

	for (i = 0; i < count; i++)
		*list[i].value = 1000000007ull * (i + 1);
	for (kind = 0; kind < OPERATION_KINDS; kind++)
		m->duration_count[kind] = m->buckets[kind][METRICS_BUCKETS - 1];
	m->freed = UINT64_MAX;
}

/* Every word of the struct is in exactly one series. */
static void all_is_kept(void **state)
{
	struct metrics before, after;
	struct metrics_series list[METRICS_SERIES_MAX];
	char why[METRICS_WHY], *text;

	(void)state;
	assert_int_equal(metrics_series(&before, NODE, list), sizeof(before) / sizeof(uint64_t));
	memset(&before, 0, sizeof(before));
	fill(&before);
	text = text_of(&before);
	assert_int_equal(read_back(&after, text, why), 0);
	assert_memory_equal(&before, &after, sizeof(before));
	free(text);
}

static void any_truncation_is_noticed(void **state)
{
	struct metrics m = { .freed = 5 };
	char why[METRICS_WHY], *text = text_of(&m);
	size_t n;

	(void)state;
	for (n = strlen(text); n > 0; n--) {
		char last = text[n - 1];

		text[n - 1] = '\0';
		assert_int_equal(read_back(&m, text, why), -1);
		assert_true(*why);
		if (n > 1 && last == '\n')
			assert_int_equal(text[n - 1], '\0');
	}
	free(text);
}

/* Without the first or last line the text is not complete; a missing series is 0. */
static void any_line_can_be_new(void **state)
{
	struct metrics m = { .freed = 5 };
	char why[METRICS_WHY], *text = text_of(&m);
	size_t lines = 0;
	const char *line;

	(void)state;
	for (line = text; *line; line += strcspn(line, "\n") + 1, lines++) {
		size_t before = (size_t)(line - text), n = strcspn(line, "\n") + 1;
		bool frame = !before || !line[n];
		char *cut = malloc(strlen(text) + 1);

		assert_non_null(cut);
		memcpy(cut, text, before);
		strcpy(cut + before, line + n);
		assert_int_equal(read_back(&m, cut, why), frame ? -1 : 0);
		if (!frame)
			assert_true(m.freed == (strncmp(line, FREED " ", sizeof(FREED)) ? 5 : 0));
		free(cut);
	}
	assert_true(lines > 80);
	free(text);
}

/* Returns @text with @more inserted before the line that begins with @at. */
static char *with(const char *text, const char *at, const char *more)
{
	char *place = strstr(text, at), *all = malloc(strlen(text) + strlen(more) + 1);

	assert_non_null(all);
	assert_non_null(place);
	sprintf(all, "%.*s%s%s", (int)(place - text), text, more, place);
	return all;
}

#define LATER_RESULT "panthor_mem_operations_total{device=\"" NODE "\",operation=\"claim\",result=\"EDOM\"} 7\n"
#define LATER_FAMILY "# HELP panthor_mem_later_bytes Of a later version.\n" \
		     "# TYPE panthor_mem_later_bytes histogram\n" \
		     "panthor_mem_later_bytes_bucket{le=\"1\"} 3\n" \
		     "panthor_mem_later_bytes_bucket{le=\"+Inf\"} 4\n" \
		     "panthor_mem_later_bytes_sum 1.5e+06\n" \
		     "panthor_mem_later_bytes_count 4\n"
#define END "# End of"

/* Series of a later version are kept, each line in its family. */
static void another_version_is_kept(void **state)
{
	struct metrics m = { .freed = 5 }, after;
	char why[METRICS_WHY], *text = text_of(&m), *one, *two, *again = NULL;
	struct metrics_rest rest;
	size_t size;
	FILE *out;

	(void)state;
	one = with(text, "# HELP panthor_mem_operation_statuses", LATER_RESULT);
	/* A new family can be in the middle or at the end. */
	two = with(one, "# HELP panthor_mem_freed", LATER_FAMILY);
	assert_int_equal(metrics_read(&after, NODE, &rest, two, why), 0);
	assert_memory_equal(&m, &after, sizeof(m));
	assert_int_equal(rest.count, 7);
	out = open_memstream(&again, &size);
	assert_non_null(out);
	metrics_write(&after, NODE, &rest, out);
	assert_int_equal(fclose(out), 0);
	metrics_rest_free(&rest);
	free(two);
	two = with(one, END, LATER_FAMILY);
	assert_string_equal(again, two);
	free(again);
	free(two);
	free(one);
	free(text);
}

static void not_another_version(void **state)
{
	static const struct {
		const char *line, *why;
	} bad[] = {
		{ "x 1\n", "is not a series of panthor-mem" },
		{ "panthor_mem_x\n", "is not a series of panthor-mem" },
		{ "panthor_mem_x{a=\"b\" 1\n", "is not a series of panthor-mem" },
		{ "panthor_mem_x!{a=\"b\"} 1\n", "is not a series of panthor-mem" },
		{ "panthor_mem_x many\n", "has no number" },
		{ "panthor_mem_x \n", "has no number" },
		{ "panthor_mem_x 1\npanthor_mem_x 2\n", "is a duplicate" },
		{ FREED " 1\n", "is a duplicate" },
		{ "# TYPE other counter\n", "is not about a series of panthor-mem" },
		{ "panthor_mem_operation_duration_seconds_bucket{device=\"" NODE "\",operation=\"claim\","
		  "le=\"7\"} 1\n",
		  "is a bucket that this version does not have" },
	};
	struct metrics m = { .freed = 5 };
	char why[METRICS_WHY], *text = text_of(&m);
	struct metrics_rest rest;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *all = with(text, END, bad[i].line);

		assert_int_equal(metrics_read(&m, NODE, &rest, all, why), -1);
		assert_non_null(strstr(why, bad[i].why));
		metrics_rest_free(&rest);
		free(all);
	}
	free(text);
}

/* Returns @text with the series of @m added, and frees @text. */
static char *add_device(char *text, const char *device, const struct metrics *m)
{
	char why[METRICS_WHY], *again = NULL;
	struct metrics_rest rest;
	struct metrics before;
	size_t size;
	FILE *out;

	assert_int_equal(metrics_read(&before, device, &rest, text, why), 0);
	assert_false(metrics_any(&before));
	out = open_memstream(&again, &size);
	assert_non_null(out);
	metrics_write(m, device, &rest, out);
	assert_int_equal(fclose(out), 0);
	metrics_rest_free(&rest);
	free(text);
	return again;
}

static unsigned int times(const char *text, const char *what)
{
	unsigned int n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

/* Two devices, and no device, in one file: each keeps its series, and a family is one block. */
static void devices(void **state)
{
	static const char *const names[] = { NODE, "renderD129", "" };
	struct metrics wrote[3], got;
	char why[METRICS_WHY], *text;
	struct metrics_rest rest;
	size_t i;

	(void)state;
	memset(wrote, 0, sizeof(wrote));
	fill(&wrote[0]);
	fill(&wrote[1]);
	wrote[1].freed = 7;
	metrics_refused(&wrote[2], OPERATION_CLAIM, ENODEV);
	text = text_of(&wrote[0]);
	for (i = 1; i < 3; i++)
		text = add_device(text, names[i], &wrote[i]);
	for (i = 0; i < 3; i++) {
		assert_int_equal(metrics_read(&got, names[i], &rest, text, why), 0);
		metrics_rest_free(&rest);
		assert_memory_equal(&got, &wrote[i], sizeof(got));
	}
	assert_int_equal(times(text, "# TYPE panthor_mem_freed_bytes_total "), 1);
	assert_int_equal(times(text, "# TYPE panthor_mem_operations_total "), 1);
	assert_int_equal(times(text, "# TYPE panthor_mem_operation_duration_seconds "), 1);
	assert_int_equal(times(text, "panthor_mem_freed_bytes_total{"), 2);
	assert_non_null(strstr(text, "\npanthor_mem_operations_total{operation=\"claim\","
				     "result=\"ENODEV\"} 1\n"));
	assert_null(strstr(text, "panthor_mem_freed_bytes_total{}"));
	free(text);
}

/* The number of lines that are kept for other versions is limited. */
static void too_much(void **state)
{
	struct metrics m = { 0 };
	char why[METRICS_WHY], *text = text_of(&m), *more = malloc(2000 * 32), *all, *at = more;
	struct metrics_rest rest;
	int i;

	(void)state;
	assert_non_null(more);
	for (i = 0; i < 2000; i++)
		at += sprintf(at, "panthor_mem_x%d 1\n", i);
	all = with(text, END, more);
	assert_int_equal(metrics_read(&m, NODE, &rest, all, why), -1);
	assert_non_null(strstr(why, "beyond the limit"));
	metrics_rest_free(&rest);
	free(all);
	free(more);
	free(text);
}

/* A refused operation has no duration. */
static void refused(void **state)
{
	struct metrics m = { 0 };

	(void)state;
	assert_false(metrics_any(&m));
	metrics_refused(&m, OPERATION_CLAIM, EACCES);
	assert_true(metrics_any(&m));
	assert_true(m.operations[OPERATION_CLAIM][1] == 1);
	assert_string_equal(metrics_result_names[1], "EACCES");
	assert_true(m.buckets[OPERATION_CLAIM][METRICS_BUCKETS - 1] == 0);
	assert_true(m.duration_count[OPERATION_CLAIM] == 0);
}

static void counts(void **state)
{
	struct metrics m = { 0 };
	struct outcome out = {
		.status = DRM_PANTHOR_MEM_STATUS_BUSY | DRM_PANTHOR_MEM_STATUS_CAPPED,
		.freed = 1, .evicted = 2, .skipped = 3, .ns = 5000000,
	};

	(void)state;
	metrics_record(&m, OPERATION_RECLAIM, &out, 77);
	assert_true(m.operations[OPERATION_RECLAIM][0] == 1);
	assert_true(m.freed == 1 && m.evicted == 2 && m.skipped[0] == 3);
	assert_true(m.statuses[OPERATION_RECLAIM][1] == 1);
	assert_true(m.statuses[OPERATION_RECLAIM][5] == 1);
	assert_true(m.statuses[OPERATION_RECLAIM][0] == 0);
	/* A bound belongs to its own bucket. */
	assert_true(m.buckets[OPERATION_RECLAIM][1] == 0);
	assert_true(m.buckets[OPERATION_RECLAIM][2] == 1);
	assert_true(m.buckets[OPERATION_RECLAIM][METRICS_BUCKETS - 1] == 1);
	assert_true(m.duration_ns[OPERATION_RECLAIM] == 5000000);
	assert_true(m.last_time[OPERATION_RECLAIM] == 77);

	/* The last bit of a status, and every cause at once. */
	out.status = DRM_PANTHOR_MEM_STATUS_BUSY | DRM_PANTHOR_MEM_STATUS_SHARED |
		     DRM_PANTHOR_MEM_STATUS_PINNED | DRM_PANTHOR_MEM_STATUS_SWAP_REFUSED;
	metrics_record(&m, OPERATION_RECLAIM, &out, 77);
	assert_true(m.statuses[OPERATION_RECLAIM][OPERATION_STATUS_BITS - 1] == 1);
	assert_true(m.skipped[METRICS_CAUSES - 1] == 3);
	assert_string_equal(metrics_cause_names[METRICS_CAUSES - 1],
			    "busy,shared,pinned,swap_refused");
	assert_string_equal(operation_status_names[OPERATION_STATUS_BITS - 1], "swap_refused");

	/* Longer than any bound, failed, and with an error that has no series of its own. */
	out = (struct outcome){ .error = EXDEV, .ns = INT64_C(31000000000) };
	metrics_record(&m, OPERATION_CLAIM, &out, 78);
	assert_true(m.operations[OPERATION_CLAIM][METRICS_RESULTS - 1] == 1);
	assert_true(m.buckets[OPERATION_CLAIM][METRICS_BUCKETS - 2] == 0);
	assert_true(m.buckets[OPERATION_CLAIM][METRICS_BUCKETS - 1] == 1);
	assert_true(m.last_time[OPERATION_CLAIM] == 0);
	out = (struct outcome){ .error = ETIMEDOUT };
	metrics_record(&m, OPERATION_CLAIM, &out, 78);
	assert_true(m.operations[OPERATION_CLAIM][METRICS_RESULTS - 2] == 1);
}

/* The lists of bounds as text and as numbers agree. */
static void bounds_agree(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < METRICS_BUCKETS - 1; i++) {
		struct metrics m = { 0 };
		struct outcome out = { 0 };

		out.ns = (int64_t)(strtod(metrics_bucket_names[i], NULL) * 1e9 + 0.5);
		metrics_record(&m, OPERATION_CLAIM, &out, 0);
		assert_true(m.buckets[OPERATION_CLAIM][i] == 1);
		assert_true(!i || m.buckets[OPERATION_CLAIM][i - 1] == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_kept),
		cmocka_unit_test(any_truncation_is_noticed),
		cmocka_unit_test(any_line_can_be_new),
		cmocka_unit_test(another_version_is_kept),
		cmocka_unit_test(not_another_version),
		cmocka_unit_test(devices),
		cmocka_unit_test(too_much),
		cmocka_unit_test(refused),
		cmocka_unit_test(counts),
		cmocka_unit_test(bounds_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
