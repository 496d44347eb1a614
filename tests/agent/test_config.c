/* SPDX-License-Identifier: MIT */
/* Test the configuration: every key, both files, and every error with its file and line. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config.h"

#define S POLICY_SECOND

static char path[] = "/tmp/agent-config.XXXXXX";
static struct config c;
static char why[CONFIG_WHY];

static int setup(void **state)
{
	(void)state;
	config_default(&c);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	config_free(&c);
	return 0;
}

static int read_bytes(const char *text, size_t size)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	fclose(file);
	return config_read(&c, path, why);
}

static int read_text(const char *text)
{
	return read_bytes(text, strlen(text));
}

static void good(const char *text)
{
	if (read_text(text))
		fail_msg("%s", why);
}

static void test_defaults(void **state)
{
	(void)state;
	good("");
	assert_int_equal(c.mode, POLICY_PRESSURE);
	assert_int_equal(config_grace(&c, "x", false), 30 * S);
	assert_false(config_exempt(&c, "x"));
	assert_true(c.psi);
	good("[policy]\nmode = eager\n");
	assert_int_equal(config_grace(&c, "x", false), 5 * S);
}

/* The file that is installed has the defaults, as comments. */
static void test_installed(void **state)
{
	struct config before, installed;
	char line[512], text[8192] = "";
	FILE *file = fopen(getenv("AGENT_CONF"), "re");
	int keys = 0;

	(void)state;
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		const bool key = *line == ';' && strchr(line, '=') && line[1] != ' ';

		/* The values of applications are examples. */
		if (!strncmp(line, ";[app", 5))
			break;
		keys += key;
		strcat(text, line + key);
	}
	fclose(file);
	assert_int_equal(keys, 14);
	before = c;
	good(text);
	installed = c;
	assert_true(installed.has_grace && installed.grace == 30 * S);
	installed.has_grace = false;
	installed.grace = 0;
	assert_memory_equal(&before, &installed, sizeof(before));
}

static void test_values(void **state)
{
	(void)state;
	good("; comment\n[policy]\nmode=eager ; comment\ngrace = 1.5s\nkeep = 3\nleast = 1M\n"
	     "available-low = 10%\navailable-high = 100%\navailable-urgent = 7%\n"
	     "available-critical = 0%\n"
	     "psi = 150ms/4s\nsource = gamescope\naudio = reclaim\nfreeze = yes\n"
	     "metrics = /run/x.prom\nhint-binding = exec wofi --show window\n"
	     "[app org.mozilla.firefox]\ngrace = 2min\n[app mpv]\nexempt = yes\n");
	assert_int_equal(c.mode, POLICY_EAGER);
	assert_int_equal(config_grace(&c, "", false), 3 * S / 2);
	assert_int_equal(c.keep, 3);
	assert_int_equal(c.least, 1 << 20);
	assert_int_equal(c.low, 10);
	assert_int_equal(c.high, 100);
	assert_int_equal(c.urgent, 7);
	assert_int_equal(c.critical, 0);
	assert_true(c.psi);
	assert_int_equal(c.psi_stall, 150000);
	assert_int_equal(c.psi_window, 4 * S);
	assert_int_equal(c.source, SOURCE_GAMESCOPE);
	assert_true(c.reclaim_playing);
	assert_true(c.freeze);
	assert_string_equal(c.metrics, "/run/x.prom");
	assert_string_equal(c.hint_binding, "exec wofi --show window");
	assert_int_equal(config_grace(&c, "org.mozilla.firefox", false), 120 * S);
	assert_false(config_exempt(&c, "org.mozilla.firefox"));
	assert_int_equal(config_grace(&c, "mpv", false), 3 * S / 2);
	assert_true(config_exempt(&c, "mpv"));
	assert_false(config_exempt(&c, "MPV"));
}

/* What has no focus may be looked at, unless the user says otherwise. */
static void test_grace_by_focus(void **state)
{
	(void)state;
	assert_int_equal(config_grace(&c, "x", true), 600 * S);
	good("[policy]\nmode = eager\n[app a]\ngrace = 1s\n");
	assert_int_equal(config_grace(&c, "x", true), 600 * S);
	assert_int_equal(config_grace(&c, "a", true), S);
	good("[policy]\ngrace = 3s\n");
	assert_int_equal(config_grace(&c, "x", true), 3 * S);
}

static void test_source(void **state)
{
	static const struct {
		enum source_kind wanted;
		const char *sway, *desktop;
		enum source_kind kind;
	} rows[] = {
		{ SOURCE_AUTO, NULL, NULL, SOURCE_SWAY },
		{ SOURCE_AUTO, "", "", SOURCE_SWAY },
		{ SOURCE_AUTO, NULL, "sway", SOURCE_SWAY },
		{ SOURCE_AUTO, NULL, "KDE", SOURCE_SESSION_BUS },
		{ SOURCE_AUTO, NULL, "GNOME", SOURCE_CGROUP },
		{ SOURCE_AUTO, NULL, "ubuntu:GNOME", SOURCE_CGROUP },
		{ SOURCE_AUTO, NULL, "GNOME-Classic:GNOME", SOURCE_CGROUP },
		{ SOURCE_AUTO, NULL, "gamescope", SOURCE_GAMESCOPE },
		{ SOURCE_AUTO, NULL, ":::kde:", SOURCE_SESSION_BUS },
		{ SOURCE_AUTO, NULL, "KDEX", SOURCE_SWAY },
		{ SOURCE_AUTO, NULL, "Unity", SOURCE_SWAY },
		{ SOURCE_AUTO, "/run/sway", "KDE", SOURCE_SWAY },
		{ SOURCE_CGROUP, "/run/sway", "KDE", SOURCE_CGROUP },
		{ SOURCE_SWAY, NULL, "KDE", SOURCE_SWAY },
	};
	size_t i;

	(void)state;
	assert_int_equal(c.source, SOURCE_AUTO);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(source_choose(rows[i].wanted, rows[i].sway, rows[i].desktop),
				 rows[i].kind);
}

static void test_psi_off(void **state)
{
	(void)state;
	good("[policy]\npsi = off\nmode = off\n");
	assert_false(c.psi);
	assert_int_equal(c.mode, POLICY_OFF);
}

/* The second file wins, key by key. */
static void test_two_files(void **state)
{
	(void)state;
	good("[policy]\nkeep = 2\nleast = 1M\n[app a]\nexempt = yes\ngrace = 1s\n[app b]\n"
	     "exempt = yes\n");
	good("[policy]\nkeep = 4\n[app a]\nexempt = no\n[app c]\ngrace = 0s\n");
	assert_int_equal(c.keep, 4);
	assert_int_equal(c.least, 1 << 20);
	assert_false(config_exempt(&c, "a"));
	assert_int_equal(config_grace(&c, "a", false), S);
	assert_true(config_exempt(&c, "b"));
	assert_int_equal(config_grace(&c, "c", false), 0);
}

static void test_longest_names(void **state)
{
	char name[CONFIG_NAME], binding[CONFIG_BINDING], text[512];

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	memset(binding, 'b', sizeof(binding) - 1);
	binding[sizeof(binding) - 1] = '\0';
	snprintf(text, sizeof(text), "[app %s]\nexempt = yes\n[policy]\nhint-binding = %s\n", name,
		 binding);
	good(text);
	assert_true(config_exempt(&c, name));
	assert_string_equal(c.hint_binding, binding);
	name[sizeof(name) - 2] = '\0';
	assert_false(config_exempt(&c, name));
}

#define P "[policy]\n"
#define LONG10 "xxxxxxxxxx"
#define LONG50 LONG10 LONG10 LONG10 LONG10 LONG10
#define LONG200 LONG50 LONG50 LONG50 LONG50

static const struct {
	const char *text;
	int line;
	const char *why;
} mistakes[] = {
	{ P "melt = yes\n", 2, "[policy] has no key melt" },
	{ P "Mode = off\n", 2, "[policy] has no key Mode" },
	{ P "\n\nmode = sometimes\n", 4, "mode = sometimes: it must be pressure, eager or off" },
	{ P "mode =\n", 2, "mode = : it must be" },
	{ P "grace = 31min\n", 2, "grace = 31min: it must be a time up to 30min" },
	{ P "grace = -1s\n", 2, "grace = -1s: it must be" },
	{ P "grace = soon\n", 2, "grace = soon: it must be" },
	{ P "grace = 99999999999999999999s\n", 2, "it must be a time" },
	{ P "keep = 33\n", 2, "keep = 33: it must be a number up to 32" },
	{ P "keep = 1x\n", 2, "keep = 1x: it must be" },
	{ P "keep = -1\n", 2, "keep = -1: it must be" },
	{ P "keep = 99999999999\n", 2, "it must be a number" },
	{ P "least = much\n", 2, "least = much: it must be a size, like 8M" },
	{ P "available-low = 15\n", 2, "available-low = 15: it must be a percentage, like 15%" },
	{ P "available-high = 101%\n", 2, "available-high = 101%: it must be" },
	{ P "available-urgent = 10.5%\n", 2, "available-urgent = 10.5%: it must be" },
	{ P "available-critical = %\n", 2, "available-critical = %: it must be" },
	{ P "psi = 200ms\n", 2, "psi = 200ms: it must be off, or two times" },
	{ P "psi = 200ms/1s\n", 2, "psi = 200ms/1s: it must be" },
	{ P "psi = 200ms/3s\n", 2, "psi = 200ms/3s: it must be" },
	{ P "psi = 200ms/12s\n", 2, "psi = 200ms/12s: it must be" },
	{ P "psi = 3s/2s\n", 2, "psi = 3s/2s: it must be" },
	{ P "psi = 0ms/2s\n", 2, "psi = 0ms/2s: it must be" },
	{ P "psi = /\n", 2, "psi = /: it must be" },
	{ P "source = wayland\n", 2, "source = wayland: it must be auto, sway, session-bus, "
	  "cgroup or gamescope" },
	{ P "source =\n", 2, "source = : it must be" },
	{ P "audio = yes\n", 2, "audio = yes: it must be keep or reclaim" },
	{ P "freeze = 1\n", 2, "freeze = 1: it must be yes or no" },
	{ P "metrics = x.prom\n", 2, "metrics = x.prom: it must be an absolute path" },
	{ P "metrics = /" LONG50 LONG50 LONG50 LONG10 "\n", 2, "metrics = " },
	{ P "hint-binding = " LONG50 LONG50 LONG10 LONG10 LONG10 "\n", 2,
	  "at most 127 characters" },
	{ P "keep = 1\nkeep = 1\n", 3, "keep is there twice in [policy]" },
	{ P "keep = 1\n 2\n", 3, "keep is there twice in [policy]" },
	{ P "[app a]\nexempt = yes\n[app b]\nexempt = yes\n[app a]\nexempt = no\n", 7,
	  "exempt is there twice in [app a]" },
	{ "[app a]\nexempt = maybe\n", 2, "exempt = maybe: it must be yes or no" },
	{ "[app a]\ngrace = x\n", 2, "grace = x: it must be a time up to 30min" },
	{ "[app a]\nmelt = yes\n", 2, "[app a] has no key melt" },
	{ "[app ]\ngrace = 1s\n", 2, "there is no section [app ]" },
	{ "[app]\ngrace = 1s\n", 2, "there is no section [app], only [policy] and [app NAME]" },
	{ "[Policy]\nkeep = 1\n", 2, "there is no section [Policy]" },
	{ "keep = 1\n", 1, "keep is not in a section, like [policy]" },
	{ P "what\n", 2, "neither [section] nor key = value" },
	{ "[policy\n", 1, "neither [section] nor key = value" },
	{ P "what\nfreeze = yes\n", 2, "neither [section] nor key = value" },
	{ P "melt = yes\nwhat\n", 2, "[policy] has no key melt" },
	{ "[app " LONG10 LONG10 LONG10 LONG10 "xxxxxx]\nexempt = yes\n", 1,
	  "the name of the section is too long" },
	{ P "keep = 1 ; " LONG200 LONG50 "\n", 2, "the line is too long" },
};

static void test_mistakes(void **state)
{
	char where[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		config_free(&c);
		config_default(&c);
		assert_int_equal(read_text(mistakes[i].text), -EINVAL);
		snprintf(where, sizeof(where), "%s, line %d: ", path, mistakes[i].line);
		if (strncmp(why, where, strlen(where)) || !strstr(why, mistakes[i].why))
			fail_msg("row %zu: wanted '%s%s', got '%s'", i, where, mistakes[i].why,
				 why);
	}
}

static void test_disagreement(void **state)
{
	(void)state;
	assert_int_equal(read_text(P "available-low = 25%\n"), -EINVAL);
	assert_non_null(strstr(why, "available-low (25%), which must be below "
				    "available-high (25%)"));
	config_default(&c);
	assert_int_equal(read_text(P "available-critical = 16%\n"), -EINVAL);
	assert_non_null(strstr(why, path));
}

static void test_no_file(void **state)
{
	(void)state;
	assert_int_equal(config_read(&c, "/nonexistent/agent.conf", why), -ENOENT);
	assert_string_equal(why, "/nonexistent/agent.conf: No such file or directory");
	assert_int_equal(config_read(&c, "/tmp", why), -EIO);
	assert_string_equal(why, "/tmp: cannot read it");
}

/* Change a good file at random places. With sanitizers, this finds errors of memory. */
static void test_random(void **state)
{
	static const char seed[] = P "mode = eager\ngrace = 10s\npsi = 200ms/2s\nleast = 8M\n"
				   "[app org.example.Name]\nexempt = yes\ngrace = 2min\n";
	static const char bytes[] = "[]=;: \n\t0129%/smMxX\"\\\xff";
	char text[2 * sizeof(seed)];
	size_t size, at;
	int i, n, ok = 0;

	(void)state;
	srand(1);
	for (i = 0; i < 1500; i++) {
		memcpy(text, seed, sizeof(seed));
		size = sizeof(seed) - 1;
		for (n = rand() % 4; n >= 0; n--) {
			at = (size_t)rand() % size;
			if (rand() % 2) {
				text[at] = bytes[(size_t)rand() % sizeof(bytes)];
			} else {
				memmove(text + at + 1, text + at, size - at);
				text[at] = bytes[(size_t)rand() % sizeof(bytes)];
				size++;
			}
		}
		config_free(&c);
		config_default(&c);
		if (!read_bytes(text, size))
			ok++;
		else
			assert_int_equal(strncmp(why, path, strlen(path)), 0);
	}
	assert_in_range(ok, 50, 1450);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_defaults),
		TEST(test_installed),
		TEST(test_values),
		TEST(test_grace_by_focus),
		TEST(test_source),
		TEST(test_psi_off),
		TEST(test_two_files),
		TEST(test_longest_names),
		TEST(test_mistakes),
		TEST(test_disagreement),
		TEST(test_no_file),
		TEST(test_random),
	};
	int fd = mkstemp(path), ret;

	if (fd < 0)
		return 1;
	close(fd);
	ret = cmocka_run_group_tests_name("config", tests, NULL, NULL);
	unlink(path);
	return ret;
}
