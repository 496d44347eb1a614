/* SPDX-License-Identifier: MIT */
/* Tests of parsing and printing sizes and times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "amount.h"

static void reads_sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {
		{ "0", 0 },
		{ "1", 1 },
		{ "4096b", 4096 },
		{ "64M", 64ull << 20 },
		{ "64m", 64ull << 20 },
		{ "64MB", 64ull << 20 },
		{ "64MiB", 64ull << 20 },
		{ "1.5G", 3ull << 29 },
		{ "0.5k", 512 },
		{ "0.0000001T", 0 },
		{ "0.000001T", 1099511 },
		{ "0.9999999999999999999999k", 1023 },
		{ "7T", 7ull << 40 },
		/* Each unit has three names. */
		{ "3k", 3ull << 10 }, { "3kb", 3ull << 10 }, { "3kib", 3ull << 10 },
		{ "3m", 3ull << 20 }, { "3mb", 3ull << 20 }, { "3mib", 3ull << 20 },
		{ "3g", 3ull << 30 }, { "3gb", 3ull << 30 }, { "3gib", 3ull << 30 },
		{ "3t", 3ull << 40 }, { "3tb", 3ull << 40 }, { "3tib", 3ull << 40 },
		{ "4611686018427387904", 1ull << 62 },
	};
	uint64_t bytes;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(amount_parse_size(good[i].text, &bytes));
		assert_true(bytes == good[i].bytes);
	}
}

static void refuses_sizes(void **state)
{
	static const char *const bad[] = {
		"", " 1", "1 ", "-1", "+1", "M", ".5M", "1.", "1.M", "1..5", "1e6", "0x10", "1KK",
		"1mm", "1s", "64 M", "9223372036854775808", "99999999999999999999", "8388608T",
	};
	uint64_t bytes;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(amount_parse_size(bad[i], &bytes));
}

static void reads_times(void **state)
{
	int64_t ns;

	(void)state;
	assert_true(amount_parse_time("500ms", &ns));
	assert_true(ns == 500000000);
	assert_true(amount_parse_time("2", &ns));
	assert_true(ns == 2000000000);
	assert_true(amount_parse_time("0.25s", &ns));
	assert_true(ns == 250000000);
	assert_true(amount_parse_time("7us", &ns));
	assert_true(ns == 7000);
	assert_true(amount_parse_time("7ns", &ns));
	assert_true(ns == 7);
	assert_true(amount_parse_time("2min", &ns));
	assert_true(ns == 120000000000);
	assert_false(amount_parse_time("1h", &ns));
	assert_false(amount_parse_time("1M", &ns));
	assert_false(amount_parse_time("99999999999", &ns));
}

static void writes_sizes(void **state)
{
	char text[AMOUNT_TEXT];

	(void)state;
	assert_string_equal(amount_size(text, 0), "0");
	assert_string_equal(amount_size(text, 1023), "1023");
	assert_string_equal(amount_size(text, 1024), "1.0K");
	assert_string_equal(amount_size(text, 1536), "1.5K");
	assert_string_equal(amount_size(text, (64ull << 20) - 1), "63.9M");
	assert_string_equal(amount_size(text, 64ull << 20), "64.0M");
	assert_string_equal(amount_size(text, 1ull << 30), "1.0G");
	assert_string_equal(amount_size(text, UINT64_MAX), "15.9E");
	assert_string_equal(amount_change(text, 0), "");
	assert_string_equal(amount_change(text, 1 << 20), "+1.0M");
	assert_string_equal(amount_change(text, -512), "-512");
	assert_string_equal(amount_change(text, INT64_MIN), "-8.0E");
	assert_string_equal(amount_time(text, 0), "0.0 ms");
	assert_string_equal(amount_time(text, 1500000), "1.5 ms");
	assert_string_equal(amount_time(text, 12700000), "12 ms");
	assert_string_equal(amount_time(text, 3400000000), "3.4 s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_sizes),
		cmocka_unit_test(refuses_sizes),
		cmocka_unit_test(reads_times),
		cmocka_unit_test(writes_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
