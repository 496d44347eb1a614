/* SPDX-License-Identifier: MIT */
/*
 * Test the agent with sources of windows other than a compositor's own: a program on the session
 * bus, cgroups as Mutter marks them, and properties as gamescope sets them. panthor-memd is on the
 * mock of the driver.
 * usage: shell [TEST]
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cmocka.h>
#ifdef WITH_GAMESCOPE
#include <xcb/xcb.h>
#endif

#include "desktop.h"
#include "source_cgroup.h"

#define NAME "org.panthormem.Agent1"
#define PATH "/org/panthormem/Agent1"

static struct desktop d;
static sd_bus *shell;
static pid_t xvfb, logind;
static int marks[2]; /* a pipe on which another process says what it has done */

static int stop(void **state)
{
	(void)state;
	shell = sd_bus_flush_close_unref(shell);
	desktop_end(&xvfb, SIGTERM, NULL);
	desktop_end(&logind, SIGKILL, NULL);
	if (marks[0]) {
		close(marks[0]);
		close(marks[1]);
		marks[0] = 0;
	}
	desktop_stop(&d);
	return 0;
}

static void begin(const char *config)
{
	desktop_start_base(&d);
	d.has_units = true;
	desktop_start_processes(&d);
	desktop_start_memd(&d, "");
	shell = desktop_connect(&d);
	desktop_launch_agent(&d, config, NULL);
}

static void check_operations(const char *operation, int first, int second, int third)
{
	assert_int_equal(desktop_operations(&d, operation, 0), first);
	assert_int_equal(desktop_operations(&d, operation, 1), second);
	assert_int_equal(desktop_operations(&d, operation, 2), third);
}

/* --- the session bus ---------------------------------------------------------- */

/* Returns the name of the error, or "". */
static const char *call(sd_bus *bus, const char *method, const char *types, ...)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	static char name[128];
	sd_bus_message *m;
	va_list args;

	assert_true(sd_bus_message_new_method_call(bus, &m, NAME, PATH, NAME, method) >= 0);
	va_start(args, types);
	assert_true(sd_bus_message_appendv(m, types, args) >= 0);
	va_end(args);
	name[0] = '\0';
	if (sd_bus_call(bus, m, 0, &error, NULL) < 0)
		snprintf(name, sizeof(name), "%s", error.name);
	sd_bus_message_unref(m);
	sd_bus_error_free(&error);
	return name;
}

static void report(int client, bool sure, bool hidden)
{
	char key[16], app_id[32];

	snprintf(key, sizeof(key), "w%d", client);
	snprintf(app_id, sizeof(app_id), "client%d", client);
	assert_string_equal(call(shell, "Window", "sibsbb", key, (int)d.clients[client],
				 (int)sure, app_id, (int)hidden, (int)false), "");
}

static void sync_windows(void)
{
	assert_string_equal(call(shell, "Sync", ""), "");
}

static void test_session_bus(void **state)
{
	(void)state;
	begin(EAGER "source = session-bus\n");
	report(0, true, true);
	report(1, false, true);
	report(2, true, false);
	/* There may be more windows. */
	desktop_wait_status(&d, -1, "which is not reached, so nothing is reclaimed");
	sync_windows();
	desktop_wait_operations(&d, "reclaim", 0, 1);
	desktop_wait_status(&d, 0, "reclaimed");
	desktop_wait_status(&d, 1, "nobody knows whether it is hidden");
	desktop_wait_status(&d, 2, "a window is visible");
	desktop_wait_status(&d, -1, "Windows: from session-bus, connected");
	report(0, true, false);
	desktop_wait_status(&d, 0, "a window is visible");
	report(2, true, true);
	desktop_wait_operations(&d, "reclaim", 2, 1);
	check_operations("reclaim", 1, 0, 1);
	/* What the program does not know any more may be visible. */
	shell = sd_bus_flush_close_unref(shell);
	desktop_wait_log(&d, "the program that reports windows has left the session bus");
	desktop_wait_status(&d, 2, "nobody knows whether it is hidden");
}

static void test_session_bus_errors(void **state)
{
	sd_bus *other;

	(void)state;
	begin(EAGER "source = session-bus\n");
	sync_windows();
	other = desktop_connect(&d);
	assert_string_equal(call(other, "Sync", ""), SD_BUS_ERROR_ACCESS_DENIED);
	assert_string_equal(call(other, "WindowClosed", "s", "w0"), SD_BUS_ERROR_ACCESS_DENIED);
	assert_string_equal(call(shell, "Window", "sibsbb", "", 1, 1, "", 1, 1),
			    SD_BUS_ERROR_INVALID_ARGS);
	assert_string_equal(call(shell, "Window", "s", "w0"), SD_BUS_ERROR_INVALID_ARGS);
	/* Not a process: it is visible, and belongs to nobody knows whom. */
	assert_string_equal(call(shell, "Window", "sibsbb", "w", -7, 1, "", 0, 0), "");
	report(0, true, true);
	desktop_wait_status(&d, 0, "nobody knows whether it is hidden");
	assert_string_equal(call(shell, "WindowClosed", "s", "w"), "");
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
	begin(EAGER "source = cgroup\n");
	if (!cgroups_attributes_possible(d.cgroups.user))
		return;
	for (i = 0; i < CLIENTS; i++)
		cgroups_attribute(&d.cgroups, unit(i), i == 2 ? "-1" : "1000");
	desktop_wait_log(&d, "GNOME's Mutter is not on the session bus");
	/* This source is not for others. */
	assert_string_equal(call(shell, "Sync", ""), SD_BUS_ERROR_NOT_SUPPORTED);
	assert_true(sd_bus_request_name(shell, CGROUP_MUTTER, 0) >= 0);
	desktop_wait_operations(&d, "reclaim", 0, 1);
	desktop_wait_operations(&d, "reclaim", 1, 1);
	desktop_wait_status(&d, 2, "a window is visible");
	desktop_wait_status(&d, 1, "client1");
	cgroups_attribute(&d.cgroups, unit(0), "-1");
	desktop_wait_status(&d, 0, "a window is visible");
	cgroups_attribute(&d.cgroups, unit(2), "2000");
	desktop_wait_operations(&d, "reclaim", 2, 1);
	check_operations("reclaim", 1, 1, 1);
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
	check_operations("reclaim", 1, 1, 1);
	xcb_disconnect(x);
	desktop_end(&xvfb, SIGKILL, NULL);
	desktop_wait_log(&d, "gamescope's X server has closed the connection");
}
#endif

/* --- what must not be disturbed ---------------------------------------------------- */

static void mark(void)
{
	if (write(marks[1], "", 1) != 1)
		_exit(1);
}

static void wait_for_mark(void)
{
	char byte;

	assert_int_equal(read(marks[0], &byte, 1), 1);
}

static sd_bus *serve(const char *address, const char *name, sd_event *loop)
{
	sd_bus *connection;

	if (sd_bus_new(&connection) < 0 || sd_bus_set_address(connection, address) < 0 ||
	    sd_bus_set_bus_client(connection, 1) < 0 || sd_bus_start(connection) < 0 ||
	    sd_bus_request_name(connection, name, 0) < 0 ||
	    sd_bus_attach_event(connection, loop, 0) < 0)
		_exit(1);
	return connection;
}

#define PLAYER_PATH "/org/mpris/MediaPlayer2"
#define PLAYER "org.mpris.MediaPlayer2.Player"

static const char *playback = "Paused";

static int get_playback(sd_bus *connection, const char *path, const char *interface,
			const char *property, sd_bus_message *reply, void *data,
			sd_bus_error *error)
{
	(void)connection;
	(void)path;
	(void)interface;
	(void)property;
	(void)data;
	(void)error;
	mark();
	return sd_bus_message_append(reply, "s", playback);
}

static const sd_bus_vtable player_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("PlaybackStatus", "s", get_playback, 0, 0),
	SD_BUS_VTABLE_END,
};

static int on_play(sd_event_source *source, const struct signalfd_siginfo *info, void *data)
{
	sd_bus *connection = data;

	(void)source;
	playback = info->ssi_signo == SIGUSR1 ? "Playing" : "Stopped";
	/* When the bus has answered, it has passed the signal on. */
	if (sd_bus_emit_signal(connection, PLAYER_PATH, "org.freedesktop.DBus.Properties",
			       "PropertiesChanged", "sa{sv}as", PLAYER, 1, "PlaybackStatus", "s",
			       playback, 0) < 0 ||
	    sd_bus_call_method(connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
			       "org.freedesktop.DBus", "GetId", NULL, NULL, NULL) < 0)
		_exit(1);
	mark();
	return 0;
}

/* main() has blocked the signals, so that none comes too early. */
static void add_signals(sd_event *loop, sd_event_signal_handler_t handler, void *data)
{
	if (sd_event_add_signal(loop, NULL, SIGUSR1, handler, data) < 0 ||
	    sd_event_add_signal(loop, NULL, SIGUSR2, handler, data) < 0)
		_exit(1);
}

/* A media player that is client 0. */
static void start_player(void)
{
	assert_int_equal(pipe(marks), 0);
	desktop_end(&d.clients[0], SIGKILL, NULL);
	d.clients[0] = desktop_fork();
	if (!d.clients[0]) {
		sd_event *loop;
		sd_bus *connection;

		if (sd_event_new(&loop) < 0)
			_exit(1);
		connection = serve(d.session, "org.mpris.MediaPlayer2.client0", loop);
		add_signals(loop, on_play, connection);
		if (sd_bus_add_object_vtable(connection, NULL, PLAYER_PATH, PLAYER, player_vtable,
					     NULL) < 0)
			_exit(1);
		sd_event_loop(loop);
		_exit(1);
	}
	desktop_add_client(&d, 0);
}

static void test_sound(void **state)
{
	(void)state;
	desktop_start_base(&d);
	desktop_start_processes(&d);
	start_player();
	desktop_start_memd(&d, "");
	shell = desktop_connect(&d);
	desktop_launch_agent(&d, EAGER "source = session-bus\n", NULL);
	/* The agent has asked it. */
	wait_for_mark();
	kill(d.clients[0], SIGUSR1);
	wait_for_mark();
	report(0, true, true);
	report(1, true, true);
	sync_windows();
	desktop_wait_operations(&d, "reclaim", 1, 1);
	desktop_wait_status(&d, 0, "it plays sound");
	check_operations("reclaim", 0, 1, 0);
	kill(d.clients[0], SIGUSR2);
	desktop_wait_operations(&d, "reclaim", 0, 1);
}

#define LOGIND "org.freedesktop.login1"
#define LOGIND_PATH "/org/freedesktop/login1"
#define SESSION_PATH LOGIND_PATH "/session/_31"

static int active = 1, locked;

static int get_session(sd_bus_message *m, void *data, sd_bus_error *error)
{
	(void)data;
	(void)error;
	return sd_bus_reply_method_return(m, "o", SESSION_PATH);
}

static int get_flag(sd_bus *connection, const char *path, const char *interface,
		    const char *property, sd_bus_message *reply, void *data, sd_bus_error *error)
{
	(void)connection;
	(void)path;
	(void)interface;
	(void)data;
	(void)error;
	return sd_bus_message_append(reply, "b", *property == 'A' ? active : locked);
}

static const sd_bus_vtable manager_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("GetSession", "s", "o", get_session, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

static const sd_bus_vtable session_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Active", "b", get_flag, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("LockedHint", "b", get_flag, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_VTABLE_END,
};

static int on_flag(sd_event_source *source, const struct signalfd_siginfo *info, void *data)
{
	const bool lock = info->ssi_signo == SIGUSR1;

	(void)source;
	if (lock)
		locked = !locked;
	else
		active = !active;
	if (sd_bus_emit_properties_changed(data, SESSION_PATH, LOGIND ".Session",
					   lock ? "LockedHint" : "Active", NULL) < 0)
		_exit(1);
	return 0;
}

static void start_logind(void)
{
	logind = fork();
	assert_true(logind >= 0);
	if (!logind) {
		sd_event *loop;
		sd_bus *connection;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (sd_event_new(&loop) < 0)
			_exit(1);
		connection = serve(d.world.address, LOGIND, loop);
		add_signals(loop, on_flag, connection);
		if (sd_bus_add_object_vtable(connection, NULL, LOGIND_PATH, LOGIND ".Manager",
					     manager_vtable, NULL) < 0 ||
		    sd_bus_add_object_vtable(connection, NULL, SESSION_PATH, LOGIND ".Session",
					     session_vtable, NULL) < 0)
			_exit(1);
		sd_event_loop(loop);
		_exit(1);
	}
}

static void test_login(void **state)
{
	int i;

	(void)state;
	begin("[policy]\ngrace = 0s\nkeep = 1\nleast = 1M\nsource = session-bus\n");
	/* Only root can be logind. */
	if (!world_many_users())
		return;
	start_logind();
	for (i = 0; i < CLIENTS; i++)
		report(i, true, i);
	sync_windows();
	desktop_wait_status(&d, 0, "a window is visible");
	desktop_wait_status(&d, 1, "memory is not short");
	/* The lock screen hides all windows. */
	kill(logind, SIGUSR1);
	desktop_wait_status(&d, -1, "Session: the screen is locked, so all windows are hidden");
	desktop_wait_status(&d, 0, "it was shown last");
	kill(logind, SIGUSR1);
	desktop_wait_status(&d, 0, "a window is visible");
	check_operations("reclaim", 0, 0, 0);
	/* Another session needs the memory. */
	kill(logind, SIGUSR2);
	for (i = 0; i < CLIENTS; i++)
		desktop_wait_operations(&d, "reclaim", i, 1);
	desktop_wait_status(&d, -1, "Session: another one is on the screen");
	kill(logind, SIGUSR2);
	desktop_wait_status(&d, 0, "a window is visible");
}

/* --- the session ----------------------------------------------------------------- */

static void test_guess(void **state)
{
	(void)state;
	begin(EAGER);
	/* Nothing says which desktop this is. */
	desktop_wait_log(&d, "windows come from sway (source = auto)");
	desktop_wait_log(&d, "sway is not running, or cannot be reached");
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_teardown(name, stop)
	const struct CMUnitTest tests[] = {
		TEST(test_session_bus),
		TEST(test_session_bus_errors),
		TEST(test_cgroup),
#ifdef WITH_GAMESCOPE
		TEST(test_gamescope),
#endif
		TEST(test_sound),
		TEST(test_login),
		TEST(test_guess),
	};

	sigset_t both;

	sigemptyset(&both);
	sigaddset(&both, SIGUSR1);
	sigaddset(&both, SIGUSR2);
	sigprocmask(SIG_BLOCK, &both, NULL);
	if (argc == 2)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("shell", tests, NULL, NULL);
}
