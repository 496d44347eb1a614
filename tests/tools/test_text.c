/* SPDX-License-Identifier: MIT */
/* Texts of others, made harmless. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <locale.h>

#include <cmocka.h>

#include "text.h"

static void expect_utf8(const char *from, const char *to)
{
	char text[64];

	text_utf8(text, sizeof(text), from);
	assert_string_equal(text, to);
}

static void utf8(void **state)
{
	char text[4];

	(void)state;
	expect_utf8("", "");
	expect_utf8("a\n\x01", "a\n\x01");
	expect_utf8("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
	/* Cut off, without a beginning, too long a form, a surrogate, out of range. */
	expect_utf8("\xc3", "?");
	expect_utf8("\xe2\x82", "??");
	expect_utf8("\xa9", "?");
	expect_utf8("\xc0\x80", "??");
	expect_utf8("\xe0\x80\x80", "???");
	expect_utf8("\xf0\x80\x80\x80", "????");
	expect_utf8("\xed\xa0\x80", "???");
	expect_utf8("\xf4\x90\x80\x80", "????");
	expect_utf8("\xff\xfe", "??");
	/* No half of a character at the end. */
	text_utf8(text, sizeof(text), "ab\xc3\xa9");
	assert_string_equal(text, "ab");
	text_utf8(text, sizeof(text), "a\xc3\xa9z");
	assert_string_equal(text, "a\xc3\xa9");
}

static void printable(void **state)
{
	char text[32];

	(void)state;
	text_printable(text, sizeof(text), "a\033[31m\tb\x7f\xff\xc3\xa9");
	assert_string_equal(text, "a?[31m?b??\xc3\xa9");
	text_printable(text, 3, "abcdef");
	assert_string_equal(text, "ab");
	text_printable(text, 3, "a\xc3\xa9");
	assert_string_equal(text, "a");
}

static void columns(void **state)
{
	(void)state;
	assert_int_equal(text_columns("abc"), 3);
	assert_int_equal(text_columns("\xe6\xbc\xa2z"), 3);
	assert_int_equal(text_columns("\xff"), 1);
	assert_int_equal(text_fit("abc", 2), 2);
	assert_int_equal(text_fit("abc", 5), 3);
	assert_int_equal(text_fit("\xe6\xbc\xa2z", 1), 0);
	assert_int_equal(text_fit("\xe6\xbc\xa2z", 2), 3);
	assert_int_equal(text_fit("", 2), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8),
		cmocka_unit_test(printable),
		cmocka_unit_test(columns),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
