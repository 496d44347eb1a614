/* SPDX-License-Identifier: MIT */
/*
 * Test the agent with sources of windows other than a compositor's own: a program on the session
 * bus, cgroups as Mutter marks them, and properties as gamescope sets them.
 * usage: test-agent-shell [TEST]
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>
#ifdef WITH_GAMESCOPE
#include <xcb/xcb.h>
#endif

#include "agent.h"
#include "shell.h"
#include "source_cgroup.h"

static pid_t xvfb;

static int stop(void **state)
{
	(void)state;
	desktop_end(&xvfb, SIGTERM, NULL);
	shell_end();
	return 0;
}

/* --- the session bus ---------------------------------------------------------- */

static void test_session_bus(void **state)
{
	(void)state;
	shell_begin(EAGER "source = session-bus\n");
	shell_report(0, true, true);
	shell_report(1, false, true);
	shell_report(2, true, false);
	/* There may be more windows. */
	desktop_wait_status(&d, -1, "which is not reached, so nothing is reclaimed");
	shell_sync();
	desktop_wait_operations(&d, "reclaim", 0, 1);
	desktop_wait_status(&d, 0, "reclaimed");
	desktop_wait_status(&d, 1, "nobody knows whether it is hidden");
	desktop_wait_status(&d, 2, "a window is visible");
	desktop_wait_status(&d, -1, "Windows: from session-bus, connected");
	shell_report(0, true, false);
	desktop_wait_status(&d, 0, "a window is visible");
	shell_report(2, true, true);
	desktop_wait_operations(&d, "reclaim", 2, 1);
	shell_check_operations("reclaim", 1, 0, 1);
	/* What the program does not know any more may be visible. */
	shell = sd_bus_flush_close_unref(shell);
	desktop_wait_log(&d, "the program that reports windows has left the session bus");
	desktop_wait_status(&d, 2, "nobody knows whether it is hidden");
}

/* Without an event, nothing is looked at while all windows are visible, except for --status. */
static void test_status_is_fresh(void **state)
{
	(void)state;
	shell_begin(PRESSURE "source = session-bus\n");
	shell_report(0, true, false);
	shell_sync();
	desktop_wait_status(&d, 0, " 4.0M ");
	desktop_memory_of(&d, 0, 9, 0);
	desktop_wait_status(&d, 0, " 9.0M ");
}

static int on_list(sd_bus_message *m, void *data, sd_bus_error *unused)
{
	unsigned int *replies = data;

	(void)unused;
	assert_false(sd_bus_message_is_method_error(m, NULL));
	(*replies)++;
	return 0;
}

/* More calls than can wait for a look at the same time. */
static void test_many_lists(void **state)
{
	const unsigned int calls = 4 * AGENT_LISTS;
	unsigned int replies = 0, i;

	(void)state;
	shell_begin(PRESSURE "source = session-bus\n");
	shell_report(0, true, false);
	shell_sync();
	desktop_wait_status(&d, 0, "a window is visible");
	for (i = 0; i < calls; i++)
		assert_true(sd_bus_call_method_async(shell, NULL, AGENT_NAME, AGENT_PATH,
						     AGENT_NAME, "List", on_list, &replies,
						     NULL) >= 0);
	while (replies < calls) {
		const int ret = sd_bus_process(shell, NULL);

		assert_true(ret >= 0);
		/* A call that has no reply ends with an error. */
		if (!ret)
			assert_true(sd_bus_wait(shell, UINT64_MAX) >= 0);
	}
}

/* Very many processes need very many file descriptors. */
static void test_file_limit(void **state)
{
	unsigned long long soft = 0, hard = 0;
	struct rlimit before, low;
	char line[256], path[64];
	FILE *file;

	(void)state;
	shell_begin(EAGER "source = session-bus\n");
	desktop_end(&d.agent, SIGTERM, NULL);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	low = (struct rlimit){ 256, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	desktop_launch_agent(&d, EAGER "source = session-bus\n", NULL);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	snprintf(path, sizeof(path), "/proc/%d/limits", (int)d.agent);
	file = fopen(path, "re");
	assert_non_null(file);
	while (!hard && fgets(line, sizeof(line), file))
		sscanf(line, "Max open files %llu %llu", &soft, &hard);
	fclose(file);
	assert_int_equal(hard, before.rlim_max);
	assert_int_equal(soft, hard < 65536 ? hard : 65536);
}

static void test_session_bus_errors(void **state)
{
	sd_bus *other;

	(void)state;
	shell_begin(EAGER "source = session-bus\n");
	shell_sync();
	other = desktop_connect(&d);
	assert_string_equal(shell_call(other, "Sync", ""), SD_BUS_ERROR_ACCESS_DENIED);
	assert_string_equal(shell_call(other, "WindowClosed", "s", "w0"), SD_BUS_ERROR_ACCESS_DENIED);
	assert_string_equal(shell_call(shell, "Window", "sibsbb", "", 1, 1, "", 1, 1),
			    SD_BUS_ERROR_INVALID_ARGS);
	assert_string_equal(shell_call(shell, "Window", "s", "w0"), SD_BUS_ERROR_INVALID_ARGS);
	/* Not a process: it is visible, and belongs to nobody knows whom. */
	assert_string_equal(shell_call(shell, "Window", "sibsbb", "w", -7, 1, "", 0, 0), "");
	shell_report(0, true, true);
	desktop_wait_status(&d, 0, "nobody knows whether it is hidden");
	assert_string_equal(shell_call(shell, "WindowClosed", "s", "w"), "");
	desktop_wait_operations(&d, "reclaim", 0, 1);
	sd_bus_flush_close_unref(other);
}

/* --- cgroups ------------------------------------------------------------------ */

static const char *unit(int client)
{
	static char name[48];

	snprintf(name, sizeof(name), "app.slice/app-client%d.scope", client);
	return name;
}

static void test_cgroup(void **state)
{
	int i;

	(void)state;
	shell_begin(EAGER "source = cgroup\n");
	if (!cgroups_attributes_possible(d.cgroups.user))
		return;
	for (i = 0; i < CLIENTS; i++)
		cgroups_attribute(&d.cgroups, unit(i), i == 2 ? "-1" : "1000");
	desktop_wait_log(&d, "GNOME's Mutter is not on the session bus");
	/* This source is not for others. */
	assert_string_equal(shell_call(shell, "Sync", ""), SD_BUS_ERROR_NOT_SUPPORTED);
	assert_true(sd_bus_request_name(shell, CGROUP_MUTTER, 0) >= 0);
	desktop_wait_operations(&d, "reclaim", 0, 1);
	desktop_wait_operations(&d, "reclaim", 1, 1);
	desktop_wait_status(&d, 2, "a window is visible");
	desktop_wait_status(&d, 1, "client1");
	cgroups_attribute(&d.cgroups, unit(0), "-1");
	desktop_wait_status(&d, 0, "a window is visible");
	cgroups_attribute(&d.cgroups, unit(2), "2000");
	desktop_wait_operations(&d, "reclaim", 2, 1);
	shell_check_operations("reclaim", 1, 1, 1);
	shell = sd_bus_flush_close_unref(shell);
	desktop_wait_status(&d, 1, "nobody knows whether it is hidden");
}

/* --- gamescope ---------------------------------------------------------------- */

#ifdef WITH_GAMESCOPE
static void start_x(void)
{
	char fd_text[16];
	const char *argv[] = { "Xvfb", "-nolisten", "tcp", "-displayfd", fd_text, NULL };
	int fds[2], number = 0;
	FILE *out;

	assert_int_equal(pipe(fds), 0);
	snprintf(fd_text, sizeof(fd_text), "%d", fds[1]);
	xvfb = desktop_spawn(&d, "program.log", argv);
	close(fds[1]);
	out = fdopen(fds[0], "r");
	assert_int_equal(fscanf(out, "%d", &number), 1);
	fclose(out);
	snprintf(d.display, sizeof(d.display), ":%d", number);
}

static void set_property(xcb_connection_t *x, const char *name, const uint32_t *numbers,
			 uint32_t count)
{
	xcb_intern_atom_reply_t *atom = xcb_intern_atom_reply(
		x, xcb_intern_atom(x, 0, (uint16_t)strlen(name), name), NULL);

	assert_non_null(atom);
	xcb_change_property(x, XCB_PROP_MODE_REPLACE,
			    xcb_setup_roots_iterator(xcb_get_setup(x)).data->root, atom->atom,
			    XCB_ATOM_CARDINAL, 32, count, numbers);
	free(atom);
	xcb_flush(x);
}

static void test_gamescope(void **state)
{
	static const uint32_t focus[] = { 0x102, 0x100 };
	uint32_t windows[3 * CLIENTS];
	xcb_connection_t *x;
	int i;

	(void)state;
	desktop_start_base(&d);
	if (system("command -v Xvfb >/dev/null"))
		return;
	start_x();
	desktop_start_processes(&d);
	desktop_start_memd(&d, "");
	for (i = 0; i < CLIENTS; i++) {
		windows[3 * i] = 0x100 + (uint32_t)i;
		windows[3 * i + 1] = 1000 + (uint32_t)i;
		windows[3 * i + 2] = (uint32_t)d.clients[i];
	}
	x = xcb_connect(d.display, NULL);
	assert_int_equal(xcb_connection_has_error(x), 0);
	set_property(x, "GAMESCOPE_FOCUSED_WINDOW", &focus[0], 1);
	set_property(x, "GAMESCOPE_FOCUSABLE_WINDOWS", windows, 3 * CLIENTS);
	desktop_start_agent(&d, EAGER "source = gamescope\n", NULL);
	desktop_wait_operations(&d, "reclaim", 0, 1);
	desktop_wait_operations(&d, "reclaim", 1, 1);
	set_property(x, "GAMESCOPE_FOCUSED_WINDOW", &focus[1], 1);
	desktop_wait_operations(&d, "reclaim", 2, 1);
	shell_check_operations("reclaim", 1, 1, 1);
	xcb_disconnect(x);
	desktop_end(&xvfb, SIGKILL, NULL);
	desktop_wait_log(&d, "gamescope's X server has closed the connection");
	assert_int_equal(desktop_wait_agent(&d), 0);
}
#endif

/* --- the session ----------------------------------------------------------------- */

static void test_guess(void **state)
{
	(void)state;
	shell_begin(EAGER);
	/* Nothing says which desktop this is. */
	desktop_wait_log(&d, "windows come from sway (source = auto)");
	desktop_wait_log(&d, "sway is not running, or cannot be reached");
}

/* The service manager may still have the variables of a session that has ended. */
static void test_old_variable(void **state)
{
	(void)state;
	shell_begin(NULL);
	snprintf(d.swaysock, sizeof(d.swaysock), "%s/ended.sock", d.runtime);
	snprintf(d.current_desktop, sizeof(d.current_desktop), "KDE");
	d.service = true;
	desktop_launch_agent(&d, EAGER, NULL);
	desktop_wait_log(&d, "windows come from session-bus (source = auto)");
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_teardown(name, stop)
	const struct CMUnitTest tests[] = {
		TEST(test_session_bus),
		TEST(test_status_is_fresh),
		TEST(test_many_lists),
		TEST(test_file_limit),
		TEST(test_session_bus_errors),
		TEST(test_cgroup),
#ifdef WITH_GAMESCOPE
		TEST(test_gamescope),
#endif
		TEST(test_guess),
		TEST(test_old_variable),
	};

	if (argc == 2)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("shell", tests, NULL, NULL);
}
