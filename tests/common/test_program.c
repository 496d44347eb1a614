/* SPDX-License-Identifier: MIT */
/* Test the command line of programs that have only long options. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <getopt.h>

#include "program.h"

#define WORDS 6

static const char *file;
static bool dry_run;
static int status;

static const struct program program = { "prog", "1.2", "usage: prog [OPTION...]\n" };

static const struct program_option options[] = {
	{ "file", &file, NULL },
	{ "file-system", &file, NULL },
	{ "dry-run", NULL, &dry_run },
	{ NULL, NULL, NULL },
};

/* Parses the words, and stores what was printed to @fd. */
static bool parse(const char *const *words, int fd, char *out, size_t size)
{
	char *argv[WORDS + 2] = { (char *)"/path/of/prog" };
	FILE *log = tmpfile();
	const int saved = dup(fd);
	int argc = 1, i;
	bool ok;

	assert_non_null(log);
	assert_true(saved >= 0);
	for (i = 0; i < WORDS && words[i]; i++)
		argv[argc++] = (char *)words[i];
	file = NULL;
	dry_run = false;
	status = -1;
	optind = 0; /* Start over, also inside of a word. */
	fflush(NULL);
	assert_int_equal(dup2(fileno(log), fd), fd);
	ok = program_parse(&program, options, argc, argv, &status);
	fflush(NULL);
	assert_int_equal(dup2(saved, fd), fd);
	close(saved);
	rewind(log);
	out[fread(out, 1, size - 1, log)] = '\0';
	fclose(log);
	return ok;
}

static void test_values(void **state)
{
	const char *const none[WORDS] = { NULL };
	const char *const words[WORDS] = { "--file", "a", "--dry-run" };
	const char *const joined[WORDS] = { "--file-system=b", "--" };
	/* A value that looks like the option's own word. */
	const char *const same[WORDS] = { "--file", "--file" };
	char out[512];

	(void)state;
	assert_true(parse(none, STDERR_FILENO, out, sizeof(out)));
	assert_null(file);
	assert_false(dry_run);
	assert_true(parse(words, STDERR_FILENO, out, sizeof(out)));
	assert_string_equal(file, "a");
	assert_true(dry_run);
	assert_true(parse(joined, STDERR_FILENO, out, sizeof(out)));
	assert_string_equal(file, "b");
	assert_true(parse(same, STDERR_FILENO, out, sizeof(out)));
	assert_string_equal(file, "--file");
	assert_string_equal(out, "");
}

static void test_information(void **state)
{
	const char *const help[WORDS] = { "--help", "--nonsense" };
	const char *const version[WORDS] = { "-V" };
	char out[512];

	(void)state;
	assert_false(parse(help, STDOUT_FILENO, out, sizeof(out)));
	assert_int_equal(status, 0);
	assert_string_equal(out, "usage: prog [OPTION...]\n");
	assert_false(parse(version, STDOUT_FILENO, out, sizeof(out)));
	assert_int_equal(status, 0);
	assert_string_equal(out, "prog 1.2\n");
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *words[WORDS];
		const char *why;
	} rows[] = {
		{ { "--nonsense" }, "unknown or ambiguous option '--nonsense'" },
		{ { "--fi", "x" }, "unknown or ambiguous option '--fi'" },
		{ { "--file-sys", "x" }, "unknown or ambiguous option '--file-sys'" },
		{ { "--file-sys=x" }, "unknown or ambiguous option '--file-sys=x'" },
		{ { "--dry" }, "unknown or ambiguous option '--dry'" },
		{ { "--dry-run=yes" }, "--dry-run takes no value" },
		{ { "--dry-run", "--file" }, "--file needs a value" },
		{ { "-x" }, "unknown option '-x'" },
		/* The option before a bad one among several short options. */
		{ { "--dry-run", "-xV" }, "unknown option '-x'" },
		{ { "now" }, "unexpected argument 'now'" },
		{ { "--dry-run", "--", "--file" }, "unexpected argument '--file'" },
		{ { "a\x1b[31m\nb" }, "unexpected argument 'a?[31m?b'" },
		{ { "--a\x1b" }, "unknown or ambiguous option '--a?'" },
	};
	char out[512], wanted[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const bool ok = parse(rows[i].words, STDERR_FILENO, out, sizeof(out));

		snprintf(wanted, sizeof(wanted), "prog: %s; see prog --help\n", rows[i].why);
		if (ok || status != PROGRAM_USAGE || strcmp(out, wanted))
			fail_msg("row %zu: status %d: %s", i, status, out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_information),
		cmocka_unit_test(test_mistakes),
	};

	return cmocka_run_group_tests_name("program", tests, NULL, NULL);
}
