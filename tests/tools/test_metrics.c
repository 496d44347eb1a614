/* SPDX-License-Identifier: MIT */
/* Counting, and the text that keeps the counts. */
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

static char *text_of(const struct metrics *m)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	metrics_write(m, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* Each series a value of its own; the histograms add up. */
static void fill(struct metrics *m)
{
	struct metrics_series list[METRICS_SERIES_MAX];
	size_t count = metrics_series(m, list), i;
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
	assert_int_equal(metrics_series(&before, list), sizeof(before) / sizeof(uint64_t));
	memset(&before, 0, sizeof(before));
	fill(&before);
	text = text_of(&before);
	assert_int_equal(metrics_read(&after, text, why), 0);
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
		assert_int_equal(metrics_read(&m, text, why), -1);
		assert_true(*why);
		if (n > 1 && last == '\n')
			assert_int_equal(text[n - 1], '\0');
	}
	free(text);
}

static void any_lost_line_is_noticed(void **state)
{
	struct metrics m = { .freed = 5 };
	char why[METRICS_WHY], *text = text_of(&m);
	const char *line;

	(void)state;
	for (line = text; *line; line += strcspn(line, "\n") + 1) {
		size_t before = (size_t)(line - text), n = strcspn(line, "\n") + 1;
		bool comment = !strncmp(line, "# HELP", 6) || !strncmp(line, "# TYPE", 6);
		char *cut = malloc(strlen(text) + 1);

		assert_non_null(cut);
		memcpy(cut, text, before);
		strcpy(cut + before, line + n);
		assert_int_equal(metrics_read(&m, cut, why), comment ? 0 : -1);
		free(cut);
	}
	free(text);
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
	/* A bound belongs to its bucket. */
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

	/* Longer than any bound, failed, and with an error of no name. */
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

/* Bounds as text and as numbers are two lists. */
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
		cmocka_unit_test(any_lost_line_is_noticed),
		cmocka_unit_test(counts),
		cmocka_unit_test(bounds_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
