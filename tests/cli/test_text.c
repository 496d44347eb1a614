/* SPDX-License-Identifier: MIT */
/* Tests of the filters for text from other programs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	/* Cut off, without a first byte, an overlong form, a surrogate, out of range. */
	expect_utf8("\xc3", "?");
	expect_utf8("\xe2\x82", "??");
	expect_utf8("\xa9", "?");
	expect_utf8("\xc0\x80", "??");
	expect_utf8("\xe0\x80\x80", "???");
	expect_utf8("\xf0\x80\x80\x80", "????");
	expect_utf8("\xe0\x9f\xbf", "???");
	expect_utf8("\xf0\x8f\xbf\xbf", "????");
	expect_utf8("\xed\xa0\x80", "???");
	expect_utf8("\xed\xbf\xbf", "???");
	expect_utf8("\xed\x9f\xbf\xee\x80\x80", "\xed\x9f\xbf\xee\x80\x80");
	expect_utf8("\xf4\x90\x80\x80", "????");
	expect_utf8("\xff\xfe", "??");
	/* No part of a character at the end. */
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

/* Invisible characters that change the direction or joining of others. */
static void hidden(void **state)
{
	static const char *const all[] = {
		"\xc2\x9b", "\xc2\xad", "\xd8\x9c", "\xe2\x80\x8b", "\xe2\x80\x8e", "\xe2\x80\xa8",
		"\xe2\x80\xae", "\xe2\x81\xa6", "\xef\xbb\xbf", "\xf3\xa0\x80\xa1",
	};
	char text[32];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		text_printable(text, sizeof(text), all[i]);
		assert_int_equal(strspn(text, "?"), strlen(all[i]));
		assert_int_equal(text[strlen(all[i])], 0);
	}
	text_printable(text, sizeof(text), "a\xe2\x80\xae" "b");
	assert_string_equal(text, "a???b");
}

static void expect_json(const char *from, const char *to)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	text_json(from, out);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, to);
	free(text);
}

static void json(void **state)
{
	(void)state;
	expect_json("{\n  \"a\": \"\xc3\xa9\" }", "{\n  \"a\": \"\xc3\xa9\" }");
	expect_json("\"\x7f\xc2\x80\xc2\x9b\xc2\xa0\"", "\"\\u007f\\u0080\\u009b\xc2\xa0\"");
	expect_json("\"\xe2\x80\xae\xe2\x80\xa8\"", "\"\\u202e\\u2028\"");
	expect_json("\"\xf3\xa0\x80\xa1\xf0\x9f\x98\x80\"",
		    "\"\\udb40\\udc21\xf0\x9f\x98\x80\"");
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
		cmocka_unit_test(hidden),
		cmocka_unit_test(json),
		cmocka_unit_test(columns),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
