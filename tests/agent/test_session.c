/* SPDX-License-Identifier: MIT */
/* Test the source of windows that a program reports on the session bus. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "listen.h"
#include "source_session.h"
#include "window_table.h"

#define LONG (3600 * USEC_PER_SEC)

static struct source *source;
static sd_bus *agent, *shell, *other;

static void begin_with(uint64_t silent)
{
	source = source_session_new(event, silent, &listen_handler);
	assert_non_null(source);
	agent = listen_connect(true);
	shell = listen_connect(false);
	other = listen_connect(false);
	source->bus(source, agent);
}

static int setup(void **state)
{
	int ret = listen_setup(state);

	if (!ret)
		begin_with(LONG);
	return ret;
}

static sd_bus *leave(sd_bus *bus)
{
	return sd_bus_flush_close_unref(bus);
}

static int teardown(void **state)
{
	source->free(source);
	agent = leave(agent);
	shell = leave(shell);
	other = leave(other);
	return listen_teardown(state);
}

static int report_as(sd_bus *bus, const char *key, pid_t pid, bool visible)
{
	struct window w = { .pid = pid, .visible = visible };

	snprintf(w.app_id, sizeof(w.app_id), "app%d", (int)pid);
	return source_session_window(source, listen_name(bus), key, &w);
}

static void report(const char *key, pid_t pid, bool visible)
{
	assert_int_equal(report_as(shell, key, pid, visible), 0);
}

static void sync_windows(void)
{
	assert_int_equal(source_session_sync(source, listen_name(shell)), 0);
}

static void begin_with_two(void)
{
	report("a", 10, true);
	report("b", 11, false);
	sync_windows();
	RUN_UNTIL(heard.windows);
	/* The same can be reported again when the process of the program is known. */
	listen_settle();
	heard.windows = 1;
}

/* --- windows -------------------------------------------------------------- */

static void test_start(void **state)
{
	(void)state;
	report("a", 10, true);
	report("b", 11, false);
	listen_settle();
	/* There may be more. */
	assert_int_equal(heard.windows, 0);
	sync_windows();
	RUN_UNTIL(heard.windows == 1);
	assert_int_equal(heard.count, 2);
	assert_true(listen_window(10)->visible);
	assert_false(listen_window(11)->visible);
	assert_string_equal(listen_window(11)->app_id, "app11");
	assert_int_equal(heard.compositor, getpid());
	assert_int_equal(heard.lost, 0);
}

static void test_changes(void **state)
{
	(void)state;
	begin_with_two();
	report("a", 10, false);
	report("b", 11, true);
	report("c", 12, true);
	RUN_UNTIL(heard.windows == 2);
	assert_int_equal(heard.count, 3);
	assert_false(listen_window(10)->visible);
	assert_true(listen_window(11)->visible);
	assert_int_equal(source_session_closed(source, listen_name(shell), "a"), 0);
	RUN_UNTIL(heard.windows == 3);
	assert_int_equal(heard.count, 2);
	/* Nothing new. */
	report("b", 11, true);
	report("c", 12, true);
	assert_int_equal(source_session_closed(source, listen_name(shell), "a"), 0);
	sync_windows();
	listen_settle();
	assert_int_equal(heard.windows, 3);
}

static void test_sync_closes(void **state)
{
	(void)state;
	begin_with_two();
	report("b", 11, false);
	sync_windows();
	RUN_UNTIL(heard.windows == 2);
	assert_int_equal(heard.count, 1);
	assert_false(listen_window(11)->visible);
	sync_windows();
	RUN_UNTIL(heard.windows == 3);
	assert_int_equal(heard.count, 0);
}

static void test_look(void **state)
{
	(void)state;
	begin_with_two();
	source->look(source);
	RUN_UNTIL(heard.windows == 2);
	assert_int_equal(heard.count, 2);
}

static void test_many(void **state)
{
	struct window_table t = { 0 };
	const struct window w = { .pid = 1 };
	char key[32];
	int i;

	(void)state;
	for (i = 0; i < WINDOWS_MOST; i++) {
		snprintf(key, sizeof(key), "%d", i);
		assert_int_equal(window_table_set(&t, key, &w), 0);
	}
	assert_false(t.overflow);
	assert_int_equal(window_table_set(&t, "one more", &w), -ENOSPC);
	assert_true(t.overflow);
	window_table_sync(&t);
	assert_true(t.overflow);
	/* As long as it is one more each time. */
	for (i = 0; i < WINDOWS_MOST; i++) {
		snprintf(key, sizeof(key), "%d", i);
		assert_int_equal(window_table_set(&t, key, &w), 0);
	}
	assert_int_equal(window_table_set(&t, "one more", &w), -ENOSPC);
	window_table_sync(&t);
	assert_true(t.overflow);
	assert_int_equal(window_table_set(&t, "1", &w), 0);
	window_table_sync(&t);
	assert_false(t.overflow);
	assert_int_equal(t.count, 1);
	window_table_free(&t);
}

/* Some windows are not known, so everything counts as visible. */
static void test_too_many(void **state)
{
	char key[32];
	int i;

	(void)state;
	begin_with_two();
	for (i = 0; i < WINDOWS_MOST; i++) {
		snprintf(key, sizeof(key), "%d", i);
		report_as(shell, key, 100 + i, false);
	}
	RUN_UNTIL(heard.lost == 1);
	assert_string_equal(heard.why,
			    "a program reports more windows than the agent can remember");
	sync_windows();
	report("a", 10, true);
	sync_windows();
	RUN_UNTIL(heard.windows == 2);
	assert_int_equal(heard.count, 1);
}

static void test_bad_names(void **state)
{
	char name[WINDOW_KEY + 1];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[WINDOW_KEY] = '\0';
	assert_int_equal(report_as(shell, "", 10, true), -EINVAL);
	assert_int_equal(report_as(shell, name, 10, true), -EINVAL);
	name[WINDOW_KEY - 1] = '\0';
	assert_int_equal(report_as(shell, name, 10, true), 0);
}

/* --- programs ------------------------------------------------------------- */

static void test_one_program(void **state)
{
	(void)state;
	begin_with_two();
	assert_int_equal(report_as(other, "a", 10, false), -EPERM);
	assert_int_equal(source_session_closed(source, listen_name(other), "a"), -EPERM);
	assert_int_equal(source_session_sync(source, listen_name(other)), -EPERM);
	listen_settle();
	assert_int_equal(heard.windows, 1);
	shell = leave(shell);
	RUN_UNTIL(heard.lost == 1);
	assert_string_equal(heard.why, "the program that reports windows has left the session bus");
	/* Nothing of what the first one has said is left. */
	assert_int_equal(report_as(other, "c", 12, false), 0);
	assert_int_equal(source_session_sync(source, listen_name(other)), 0);
	RUN_UNTIL(heard.windows == 2);
	assert_int_equal(heard.count, 1);
}

/* It has left before its first message is read. */
static void test_gone_already(void **state)
{
	char name[64];

	(void)state;
	snprintf(name, sizeof(name), "%s", listen_name(other));
	other = leave(other);
	assert_int_equal(source_session_sync(source, name), 0);
	RUN_UNTIL(heard.lost == 1);
	assert_int_equal(heard.windows, 0);
	begin_with_two();
}

static void test_no_bus(void **state)
{
	struct source *alone = source_session_new(event, LONG, &listen_handler);

	(void)state;
	assert_int_equal(source_session_sync(alone, ":1.1"), -ENOTCONN);
	alone->look(alone);
	alone->free(alone);
}

/* On a busy machine, this can take longer than the program may be silent. */
static void sync_until_reported(void)
{
	const int before = heard.windows;

	RUN_UNTIL((sync_windows(), heard.windows > before));
}

static void test_silence(void **state)
{
	int lost, windows;

	(void)state;
	teardown(state);
	assert_int_equal(listen_setup(state), 0);
	begin_with(USEC_PER_SEC / 10);
	RUN_UNTIL(heard.lost == 1);
	assert_string_equal(heard.why, "no program reports windows on the session bus");
	RUN_UNTIL((report("a", 10, true), report("b", 11, false), sync_windows(), heard.windows));
	lost = heard.lost;
	RUN_UNTIL(heard.lost > lost);
	assert_string_equal(heard.why,
			    "the program that reports windows on the session bus is silent");
	/* A change alone does not say that nothing else has changed meanwhile. */
	windows = heard.windows;
	report("a", 10, false);
	source->look(source);
	listen_settle();
	assert_int_equal(heard.windows, windows);
	sync_until_reported();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_start),
		TEST(test_changes),
		TEST(test_sync_closes),
		TEST(test_look),
		TEST(test_many),
		TEST(test_too_many),
		TEST(test_bad_names),
		TEST(test_one_program),
		TEST(test_gone_already),
		TEST(test_no_bus),
		TEST(test_silence),
	};

	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
