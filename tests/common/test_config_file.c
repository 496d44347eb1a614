/* SPDX-License-Identifier: MIT */
/* Test the reader of configurations. The tests of each program test its own keys. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config_file.h"

#define TEN "xxxxxxxxxx"
#define FIFTY TEN TEN TEN TEN TEN

static char path[] = "/tmp/config-file.XXXXXX";
static char got[512];
static int calls;

static bool set(struct config_file *f, const char *section, const char *key, const char *value,
		void *data)
{
	const size_t used = strlen(got);

	assert_ptr_equal(data, path);
	calls++;
	if (!strcmp(key, "bad"))
		return config_file_wrong(f, "bad = %s", value);
	snprintf(got + used, sizeof(got) - used, "%s/%s=%s,", section, key, value);
	return true;
}

static int read_file(const char *name, char why[CONFIG_WHY])
{
	static const struct config_format format = { set, "[one]" };

	got[0] = '\0';
	calls = 0;
	return config_file_read(name, &format, path, why);
}

static int read_text(const char *text, char why[CONFIG_WHY])
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
	return read_file(path, why);
}

static void test_settings(void **state)
{
	char why[CONFIG_WHY];

	(void)state;
	assert_int_equal(read_text("# a comment\n; another\n\n[one]\nA = 1\nb=two words\n"
				   "[two]\nA=3 ; why\n[one]\nlast=4", why), 0);
	assert_string_equal(got, "one/A=1,one/b=two words,two/A=3,one/last=4,");
	assert_string_equal(why, "");
	assert_int_equal(read_text("", why), 0);
	/* 49 characters are the longest name of a section. */
	assert_int_equal(read_text("[" TEN TEN TEN TEN "xxxxxxxxx]\nA=1\n", why), 0);
	assert_string_equal(got, TEN TEN TEN TEN "xxxxxxxxx/A=1,");
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *text;
		int line;
		const char *why;
	} rows[] = {
		{ "A=1\n", 1, "A is not in a section, like [one]" },
		{ "[one]\nA=1\n[two]\nA=1\n[one]\nA=2\n", 6, "A is there twice in [one]" },
		{ "[one]\nA=1\n continued\n", 3, "A is there twice in [one]" },
		{ "[one]\n\nwhat\n", 3, "neither [section] nor key = value" },
		{ "[one\n", 1, "neither [section] nor key = value" },
		{ "[one]\nbad=1\nwhat\n", 2, "bad = 1" },
		{ "[one]\nwhat\nbad=1\n", 2, "neither [section] nor key = value" },
		{ "[one]\nbad=1\nbad=2\n", 2, "bad = 1" },
		{ "[one]\nbad=\x1b[31m\n", 2, "bad = ?[31m" },
		{ "[one]\nA=1 # " FIFTY FIFTY FIFTY FIFTY "\n", 2, "the line is too long" },
		{ "[" FIFTY "]\nA=1\n", 1, "the name of the section is too long" },
	};
	char why[CONFIG_WHY], wanted[CONFIG_WHY];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(read_text(rows[i].text, why), -EINVAL);
		snprintf(wanted, sizeof(wanted), "%s, line %d: %s", path, rows[i].line,
			 rows[i].why);
		if (strcmp(why, wanted))
			fail_msg("row %zu: %s", i, why);
	}
}

/* The rest of a file is not read after an error. */
static void test_end(void **state)
{
	char why[CONFIG_WHY];

	(void)state;
	assert_int_equal(read_text("[one]\nA=1\nbad=1\nB=1\nC=1\n", why), -EINVAL);
	assert_int_equal(calls, 2);
	assert_string_equal(got, "one/A=1,");
}

static void test_no_file(void **state)
{
	char why[CONFIG_WHY];

	(void)state;
	assert_int_equal(read_file("/nonexistent/a.conf", why), -ENOENT);
	assert_string_equal(why, "/nonexistent/a.conf: No such file or directory");
	assert_int_equal(read_file("/tmp", why), -EIO);
	assert_string_equal(why, "/tmp: cannot read it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_no_file),
	};
	int fd = mkstemp(path), ret;

	if (fd < 0)
		return 1;
	close(fd);
	ret = cmocka_run_group_tests_name("config-file", tests, NULL, NULL);
	unlink(path);
	return ret;
}
