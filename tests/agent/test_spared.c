/* SPDX-License-Identifier: MIT */
/*
 * Test which applications the agent spares although their windows are hidden: one that plays
 * sound, and all of a session that is behind a lock screen.
 * usage: test-agent-spared [TEST]
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "shell.h"

static pid_t logind;
static int marks[2]; /* a pipe on which another process says what it has done */

static int stop(void **state)
{
	(void)state;
	desktop_end(&logind, SIGKILL, NULL);
	if (marks[0]) {
		close(marks[0]);
		close(marks[1]);
		marks[0] = 0;
	}
	shell_end();
	return 0;
}

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
	shell_report(0, true, true);
	shell_report(1, true, true);
	shell_sync();
	desktop_wait_operations(&d, "reclaim", 1, 1);
	desktop_wait_status(&d, 0, "it plays sound");
	shell_check_operations("reclaim", 0, 1, 0);
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
	shell_begin("[policy]\ngrace = 0s\nkeep = 1\nleast = 1M\nsource = session-bus\n");
	/* Only root can be logind. */
	if (!world_many_users())
		return;
	start_logind();
	for (i = 0; i < CLIENTS; i++)
		shell_report(i, true, i);
	shell_sync();
	desktop_wait_status(&d, 0, "a window is visible");
	desktop_wait_status(&d, 1, "memory is not short");
	/* The lock screen hides all windows. */
	kill(logind, SIGUSR1);
	desktop_wait_status(&d, -1, "Session: the screen is locked, so all windows are hidden");
	desktop_wait_status(&d, 0, "it was shown last");
	kill(logind, SIGUSR1);
	desktop_wait_status(&d, 0, "a window is visible");
	shell_check_operations("reclaim", 0, 0, 0);
	/* Another session needs the memory. */
	kill(logind, SIGUSR2);
	for (i = 0; i < CLIENTS; i++)
		desktop_wait_operations(&d, "reclaim", i, 1);
	desktop_wait_status(&d, -1, "Session: another one is on the screen");
	kill(logind, SIGUSR2);
	desktop_wait_status(&d, 0, "a window is visible");
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_teardown(name, stop)
	const struct CMUnitTest tests[] = {
		TEST(test_sound),
		TEST(test_login),
	};
	sigset_t both;

	sigemptyset(&both);
	sigaddset(&both, SIGUSR1);
	sigaddset(&both, SIGUSR2);
	sigprocmask(SIG_BLOCK, &both, NULL);
	if (argc == 2)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("spared", tests, NULL, NULL);
}
