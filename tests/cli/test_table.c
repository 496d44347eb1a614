/* SPDX-License-Identifier: MIT */
/* Tests of tables, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "table.h"

static const struct table_column columns[] = {
	{ "N", true, false, NULL, 0 },
	{ "NAME", false, true, NULL, 0 },
	{ "SIZE", true, false, "36", 0 },
	{ "NOTE", false, false, NULL, 0 },
};

static void print(const char *expected, unsigned int lines, struct term term, size_t max,
		  bool total, const char *const *cells, size_t count)
{
	struct table t = { .columns = columns, .n_columns = 4, .total = total };
	char *text = NULL;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (i = 0; i < count; i++)
		table_add(&t, cells[i]);
	assert_int_equal(table_print(&t, out, &term, max), lines);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, expected);
	table_free(&t);
	free(text);
}

static const char *const cells[] = {
	"1", "a-long-name", "64.0M", "",
	"12", "b", "0", "left",
	"", "total", "64.0M", "",
};

static void plain(void **state)
{
	struct term term = { 0 };

	(void)state;
	print(" N NAME         SIZE NOTE\n"
	      " 1 a-long-name 64.0M\n"
	      "12 b               0 left\n"
	      "   total       64.0M\n", 4, term, 0, true, cells, 12);
}

static void narrow(void **state)
{
	struct term term = { .columns = 22 };

	(void)state;
	print(" N NAME      SIZE NOTE\n"
	      " 1 a-long-+ 64.0M\n"
	      "12 b            0 left\n", 3, term, 0, false, cells, 8);
	/* The last column is text, so it is cut before numbers are hidden. */
	term.columns = 20;
	print(" N NAME      SIZE N+\n"
	      " 1 a-long-+ 64.0M\n"
	      "12 b            0 l+\n", 3, term, 0, false, cells, 8);
	term.columns = 10;
	print(" N NAME\n"
	      " 1 a-long+\n"
	      "12 b\n", 3, term, 0, false, cells, 8);
	term.columns = 1;
	print("N\n1\n+\n", 3, term, 0, false, cells, 8);
}

/* Numbers that do not fit are hidden, not cut. */
static void numbers_go(void **state)
{
	static const struct table_column numbers[] = {
		{ "NAME", false, true, NULL, 0 }, { "A", true, false, NULL, 0 }, { "B", true, false, NULL, 0 },
	};
	static const char *const row[] = { "game", "1234", "5678" };
	struct table t = { .columns = numbers, .n_columns = 3 };
	struct term term = { .columns = 13 };
	char *text = NULL;
	size_t size, i;
	FILE *out;

	(void)state;
	for (i = 0; i < 3; i++)
		table_add(&t, row[i]);
	out = open_memstream(&text, &size);
	assert_non_null(out);
	table_print(&t, out, &term, 0);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, "NAME    A +\ngame 1234\n");
	table_free(&t);
	free(text);
}

/* Constant columns are hidden first, then the least important ones; a mark says so. */
static void columns_go(void **state)
{
	static const struct table_column many[] = {
		{ "NAME", false, true, NULL, 0 },   { "DRIVER", false, false, NULL, 4 },
		{ "NODE", false, false, NULL, 3 },  { "RESIDENT", true, false, NULL, 0 },
		{ "SHARED", true, false, NULL, 1 }, { "INTERNAL", true, false, NULL, 2 },
	};
	static const char *const rows[] = {
		"game",	   "panthor", "a", "64.0M", "1.0M", "2.0M",
		"browser", "panthor", "b", "32.0M", "0",    "1.0M",
		"total",   "",	      "",  "96.0M", "1.0M", "3.0M",
	};
	static const struct {
		unsigned int columns;
		const char *title;
	} expected[] = {
		{ 0, "NAME    DRIVER  NODE RESIDENT SHARED INTERNAL\n" },
		{ 45, "NAME    DRIVER  NODE RESIDENT SHARED INTERNAL\n" },
		{ 44, "NAME    NODE RESIDENT SHARED INTERNAL +\n" },
		{ 39, "NAME    NODE RESIDENT SHARED INTERNAL +\n" },
		{ 38, "NAME    RESIDENT SHARED INTERNAL +\n" },
		{ 33, "NAME    RESIDENT SHARED +\n" },
		{ 24, "NAME    RESIDENT +\n" },
		{ 17, "NAME    RESIDENT\n" },
		{ 15, "NAME    +\n" },
	};
	size_t i, n;

	(void)state;
	for (n = 0; n < sizeof(expected) / sizeof(expected[0]); n++) {
		struct table t = { .columns = many, .n_columns = 6, .total = true };
		struct term term = { .columns = expected[n].columns };
		char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		assert_non_null(out);
		for (i = 0; i < 18; i++)
			table_add(&t, rows[i]);
		table_print(&t, out, &term, 0);
		assert_int_equal(fclose(out), 0);
		assert_int_equal(strncmp(text, expected[n].title, strlen(expected[n].title)), 0);
		table_free(&t);
		free(text);
	}
}

static void coloured(void **state)
{
	struct term term = { .colour = true };

	(void)state;
	print("\033[1mN\033[0m \033[1mNAME\033[0m         \033[1mSIZE\033[0m \033[1mNOTE\033[0m\n"
	      "1 a-long-name \033[36m64.0M\033[0m\n", 2, term, 0, false, cells, 4);
}

static void too_many(void **state)
{
	struct term term = { 0 };

	(void)state;
	/* The total is always shown. */
	print(" N NAME         SIZE NOTE\n(2 more)\n   total       64.0M\n", 3, term, 2, true,
	      cells, 12);
	print(" N NAME         SIZE NOTE\n   total       64.0M\n", 2, term, 1, true, cells, 12);
	print(" N NAME         SIZE NOTE\n 1 a-long-name 64.0M\n12 b               0 left\n"
	      "   total       64.0M\n", 4, term, 3, true, cells, 12);
	print(" N NAME         SIZE NOTE\n 1 a-long-name 64.0M\n(2 more)\n", 3, term, 2, false,
	      cells, 12);
}

static void wide(void **state)
{
	static const char name[] = "\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2";
	const char *const two[] = { "1", name, "1", "x" };
	struct term term = { .columns = 20 };

	(void)state;
	/* Nine columns would split a character, so there are eight and the mark. */
	print("N NAME     SIZE NOTE\n"
	      "1 \xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2+     1 x\n", 2, term, 0, false, two, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain),    cmocka_unit_test(narrow), cmocka_unit_test(coloured),
		cmocka_unit_test(too_many), cmocka_unit_test(wide),   cmocka_unit_test(numbers_go),
		cmocka_unit_test(columns_go),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
