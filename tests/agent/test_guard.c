/* SPDX-License-Identifier: MIT */
/*
 * Test what the agent knows of media players, of the state of the session, and of PipeWire. The
 * players and logind are made up, PipeWire is real.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#ifdef WITH_PIPEWIRE
#include <pipewire/pipewire.h>
#endif

#include "guard_mpris.h"
#include "guard_pipewire.h"
#include "guard_session.h"
#include "listen.h"

static sd_bus *agent, *program;
static int changes;

static void on_change(void *data)
{
	(void)data;
	changes++;
}

static int setup(void **state)
{
	int ret = listen_setup(state);

	changes = 0;
	agent = listen_connect(true);
	/* What it serves is served by the event loop of the test. */
	program = listen_connect(true);
	return ret;
}

static sd_bus *leave(sd_bus *bus)
{
	return sd_bus_flush_close_unref(bus);
}

static int teardown(void **state)
{
	agent = leave(agent);
	program = leave(program);
	return listen_teardown(state);
}

static void own(sd_bus *bus, const char *name)
{
	/* The reply does not matter: the bus handles messages in order. */
	assert_true(sd_bus_request_name_async(bus, NULL, name, 0, NULL, NULL) >= 0);
}

static void disown(sd_bus *bus, const char *name)
{
	assert_true(sd_bus_release_name_async(bus, NULL, name, NULL, NULL) >= 0);
}

/* --- media players ---------------------------------------------------------- */

#define PLAYER_PATH "/org/mpris/MediaPlayer2"
#define PLAYER "org.mpris.MediaPlayer2.Player"
#define NAME "org.mpris.MediaPlayer2.test"

static const char *playback;
static struct mpris *mpris;

static int get_playback(sd_bus *bus, const char *path, const char *interface,
			const char *property, sd_bus_message *reply, void *data,
			sd_bus_error *error)
{
	(void)bus;
	(void)path;
	(void)interface;
	(void)property;
	(void)data;
	(void)error;
	return sd_bus_message_append(reply, "s", playback);
}

static const sd_bus_vtable player_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("PlaybackStatus", "s", get_playback, 0,
			SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("Rate", "s", get_playback, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_VTABLE_END,
};

static int setup_player(void **state)
{
	int ret = setup(state);

	playback = "Paused";
	assert_true(sd_bus_add_object_vtable(program, NULL, PLAYER_PATH, PLAYER, player_vtable,
					     NULL) >= 0);
	return ret;
}

static int teardown_player(void **state)
{
	mpris_free(mpris);
	mpris = NULL;
	return teardown(state);
}

/* How many players there are, and how many of them play. */
static unsigned int count(bool only_playing)
{
	struct number_list playing = { 0 }, players = { 0 };
	unsigned int found;
	size_t i;

	mpris_list(mpris, &playing, &players);
	for (i = 0; i < players.count; i++)
		assert_int_equal(players.numbers[i], getpid());
	for (i = 0; i < playing.count; i++)
		assert_int_equal(playing.numbers[i], getpid());
	found = (unsigned int)(only_playing ? playing.count : players.count);
	number_list_free(&playing);
	number_list_free(&players);
	return found;
}

static void begin_mpris(void)
{
	mpris = mpris_new(agent, on_change, NULL);
	assert_non_null(mpris);
}

static void play(const char *status, const char *property)
{
	playback = status;
	assert_true(sd_bus_emit_properties_changed(program, PLAYER_PATH, PLAYER, property,
						   NULL) >= 0);
}

static void test_player(void **state)
{
	(void)state;
	begin_mpris();
	listen_settle();
	assert_int_equal(count(false), 0);
	own(program, NAME);
	RUN_UNTIL(count(false) == 1);
	assert_int_equal(count(true), 0);
	play("Playing", "PlaybackStatus");
	RUN_UNTIL(count(true) == 1);
	/* Another property. */
	play("Playing", "Rate");
	listen_settle();
	assert_int_equal(count(true), 1);
	play("Stopped", "PlaybackStatus");
	RUN_UNTIL(count(true) == 0);
	play("Playing", "PlaybackStatus");
	RUN_UNTIL(count(true) == 1);
	changes = 0;
	disown(program, NAME);
	RUN_UNTIL(changes > 0);
	assert_int_equal(count(false), 0);
}

/* It was there before the agent. */
static void test_player_before(void **state)
{
	(void)state;
	playback = "Playing";
	own(program, NAME);
	own(program, NAME ".instance7");
	/* Not players. */
	own(program, "org.mpris.MediaPlayer3.x");
	own(program, "org.mpris");
	listen_settle();
	begin_mpris();
	RUN_UNTIL(count(true) == 2);
	assert_int_equal(count(false), 2);
	program = leave(program);
	RUN_UNTIL(count(false) == 0);
}

/* The value is not in the signal: it has to be asked for. */
static void test_invalidated(void **state)
{
	sd_bus_message *m;

	(void)state;
	own(program, NAME);
	begin_mpris();
	RUN_UNTIL(count(false) == 1);
	listen_settle();
	playback = "Playing";
	assert_true(sd_bus_message_new_signal(program, &m, PLAYER_PATH,
					      "org.freedesktop.DBus.Properties",
					      "PropertiesChanged") >= 0);
	assert_true(sd_bus_message_append(m, "sa{sv}as", PLAYER, 0, 1, "PlaybackStatus") >= 0);
	assert_true(sd_bus_send(program, m, NULL) >= 0);
	sd_bus_message_unref(m);
	RUN_UNTIL(count(true) == 1);
}

/* Signals of programs that are no players, or that make no sense. */
static void test_hostile_player(void **state)
{
	static const char *const types[] = { "", "s", "sas", "sa{sv}as" };
	sd_bus *other = listen_connect(true);
	sd_bus_message *m;
	size_t i;

	(void)state;
	own(program, NAME);
	begin_mpris();
	RUN_UNTIL(count(false) == 1);
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		sd_bus *from = i == 3 ? other : program;

		assert_true(sd_bus_message_new_signal(from, &m, PLAYER_PATH,
						      "org.freedesktop.DBus.Properties",
						      "PropertiesChanged") >= 0);
		if (i)
			assert_true(sd_bus_message_append(m, "s", PLAYER) >= 0);
		if (i == 2)
			assert_true(sd_bus_message_append(m, "as", 1, "PlaybackStatus") >= 0);
		if (i == 3)
			assert_true(sd_bus_message_append(m, "a{sv}as", 1, "PlaybackStatus", "s",
							  "Playing", 0) >= 0);
		assert_true(sd_bus_send(from, m, NULL) >= 0);
		sd_bus_message_unref(m);
	}
	own(other, NAME ".marker");
	RUN_UNTIL(count(false) == 2);
	assert_int_equal(count(true), 0);
	leave(other);
}

static void test_many_players(void **state)
{
	char name[64];
	int i;

	(void)state;
	for (i = 0; i < MPRIS_MOST + 10; i++) {
		snprintf(name, sizeof(name), NAME "%d", i);
		own(program, name);
	}
	begin_mpris();
	RUN_UNTIL(count(false) == MPRIS_MOST);
	listen_settle();
	assert_int_equal(count(false), MPRIS_MOST);
}

/* --- logind ----------------------------------------------------------------- */

#define LOGIND "org.freedesktop.login1"
#define MANAGER_PATH "/org/freedesktop/login1"
#define SESSION_PATH MANAGER_PATH "/session/_34"

static struct login *login;
static struct login_state told;
static int active, locked;
static char asked_for[32];

static void on_login(void *data, const struct login_state *state)
{
	(void)data;
	changes++;
	told = *state;
}

static int get_session(sd_bus_message *m, void *data, sd_bus_error *error)
{
	const char *id;

	(void)data;
	assert_true(sd_bus_message_read(m, "s", &id) >= 0);
	snprintf(asked_for, sizeof(asked_for), "%s", id);
	if (!strcmp(id, "none"))
		return sd_bus_error_set(error, LOGIND ".NoSuchSession", "there is none");
	return sd_bus_reply_method_return(m, "o", SESSION_PATH);
}

static const sd_bus_vtable manager_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("GetSession", "s", "o", get_session, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_SIGNAL("SessionRemoved", "so", 0),
	SD_BUS_VTABLE_END,
};

static const sd_bus_vtable session_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Active", "b", NULL, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("LockedHint", "b", NULL, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_VTABLE_END,
};

static int get_flag(sd_bus *bus, const char *path, const char *interface, const char *property,
		    sd_bus_message *reply, void *data, sd_bus_error *error)
{
	(void)bus;
	(void)path;
	(void)interface;
	(void)data;
	(void)error;
	return sd_bus_message_append(reply, "b", *property == 'A' ? active : locked);
}

static sd_bus_vtable filled[sizeof(session_vtable) / sizeof(session_vtable[0])];

static int setup_login(void **state)
{
	int ret = setup(state);

	active = 1;
	locked = 0;
	memset(&told, 0, sizeof(told));
	memcpy(filled, session_vtable, sizeof(filled));
	filled[1].x.property.get = get_flag;
	filled[2].x.property.get = get_flag;
	assert_true(sd_bus_add_object_vtable(program, NULL, MANAGER_PATH, LOGIND ".Manager",
					     manager_vtable, NULL) >= 0);
	assert_true(sd_bus_add_object_vtable(program, NULL, SESSION_PATH, LOGIND ".Session",
					     filled, NULL) >= 0);
	return ret;
}

static int teardown_login(void **state)
{
	login_free(login);
	login = NULL;
	return teardown(state);
}

static void set_active(int value)
{
	active = value;
	assert_true(sd_bus_emit_properties_changed(program, SESSION_PATH, LOGIND ".Session",
						   "Active", NULL) >= 0);
}

static void set_locked(int value)
{
	locked = value;
	assert_true(sd_bus_emit_properties_changed(program, SESSION_PATH, LOGIND ".Session",
						   "LockedHint", NULL) >= 0);
}

static void test_login(void **state)
{
	(void)state;
	own(program, LOGIND);
	login = login_new(agent, NULL, on_login, NULL);
	RUN_UNTIL(*asked_for);
	assert_string_equal(asked_for, "auto");
	listen_settle();
	assert_int_equal(changes, 0);
	set_active(0);
	RUN_UNTIL(told.away);
	assert_false(told.locked);
	set_locked(1);
	RUN_UNTIL(told.locked);
	assert_true(told.away);
	set_active(1);
	RUN_UNTIL(!told.away);
	assert_true(told.locked);
	set_locked(0);
	RUN_UNTIL(!told.locked);
	assert_int_equal(changes, 4);
}

static void test_login_from_the_start(void **state)
{
	(void)state;
	active = 0;
	locked = 1;
	login = login_new(agent, "4", on_login, NULL);
	listen_settle();
	assert_int_equal(changes, 0);
	/* logind comes late. */
	own(program, LOGIND);
	RUN_UNTIL(told.away && told.locked);
	assert_string_equal(asked_for, "4");
	/* Without it, nobody knows. */
	disown(program, LOGIND);
	RUN_UNTIL(!told.away && !told.locked);
	own(program, LOGIND);
	RUN_UNTIL(told.away && told.locked);
	assert_true(sd_bus_emit_signal(program, MANAGER_PATH, LOGIND ".Manager",
				       "SessionRemoved", "so", "4", SESSION_PATH) >= 0);
	RUN_UNTIL(!told.away && !told.locked);
}

static void test_no_session(void **state)
{
	(void)state;
	own(program, LOGIND);
	login = login_new(agent, "none", on_login, NULL);
	RUN_UNTIL(!strcmp(asked_for, "none"));
	set_active(0);
	listen_settle();
	assert_int_equal(changes, 0);
}

/* --- PipeWire --------------------------------------------------------------- */

#ifdef WITH_PIPEWIRE
static struct sound *sound;

/* Without the property "loop.cancel", it hung in one of about 2000. */
#define TRIES_WITHOUT_PIPEWIRE 2000

static pid_t start_pipewire(void)
{
	static const char *const argv[] = { "pipewire", NULL };
	char path[128];
	pid_t pid;

	pid = listen_spawn(argv);
	snprintf(path, sizeof(path), "%s/pipewire-0", listen_dir());
	listen_wait_socket(path);
	return pid;
}

static int setup_pipewire(void **state)
{
	int ret = setup(state);

	setenv("XDG_RUNTIME_DIR", listen_dir(), 1);
	/* Otherwise it looks for the real ones. */
	setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent", 1);
	sound = sound_new(event, on_change, NULL);
	assert_non_null(sound);
	return ret;
}

static int teardown_pipewire(void **state)
{
	sound_free(sound);
	sound = NULL;
	return teardown(state);
}

static pid_t start_sound(const char *class, const char *property)
{
	const char *argv[] = { getenv("SOUND"), class, property, NULL };

	return listen_spawn(argv);
}

static bool plays(pid_t pid)
{
	struct number_list playing = { 0 };
	bool does;

	sound_list(sound, &playing);
	does = number_list_has(&playing, (uint64_t)pid);
	number_list_free(&playing);
	return does;
}

static void test_sound(void **state)
{
	pid_t pid, other;

	(void)state;
	start_pipewire();
	sound_try(sound);
	pid = start_sound("Stream/Output/Audio", NULL);
	RUN_UNTIL(plays(pid));
	assert_true(changes > 0);
	assert_false(sound_screen_is_shared(sound));
	/* A server for other programs says for which one it plays. */
	other = start_sound("Stream/Output/Audio", "application.process.id=4711");
	RUN_UNTIL(plays(4711));
	assert_false(plays(other));
	listen_end(pid, SIGKILL);
	RUN_UNTIL(!plays(pid));
	assert_true(plays(4711));
}

/* What it says is no number. */
static void test_hostile_sound(void **state)
{
	pid_t pid;

	(void)state;
	start_pipewire();
	sound_try(sound);
	pid = start_sound("Stream/Output/Audio", "application.process.id=99999999999999999999");
	RUN_UNTIL(plays(pid));
}

static void test_other_streams(void **state)
{
	pid_t microphone, sink, silent, last;

	(void)state;
	start_pipewire();
	sound_try(sound);
	microphone = start_sound("Stream/Input/Audio", NULL);
	sink = start_sound("Audio/Sink", NULL);
	/* A camera. */
	start_sound("Video/Source", "device.api=v4l2");
	/* Streams that are there, but do not run. */
	start_sound("Video/Source", "node.always-process=false");
	silent = start_sound("Stream/Output/Audio", "node.always-process=false");
	last = start_sound("Stream/Output/Audio", NULL);
	RUN_UNTIL(plays(last));
	assert_false(plays(microphone));
	assert_false(plays(sink));
	assert_false(plays(silent));
	assert_false(sound_screen_is_shared(sound));
}

static void test_shared_screen(void **state)
{
	static const char *const classes[] = { "Video/Source", "Stream/Output/Video" };
	size_t i;

	(void)state;
	start_pipewire();
	sound_try(sound);
	for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		const pid_t pid = start_sound(classes[i], NULL);

		RUN_UNTIL(sound_screen_is_shared(sound));
		listen_end(pid, SIGKILL);
		RUN_UNTIL(!sound_screen_is_shared(sound));
	}
}

static void test_pipewire_ends(void **state)
{
	pid_t server, pid;

	(void)state;
	/* There is none yet. */
	sound_try(sound);
	sound_free(sound);
	sound = sound_new(event, on_change, NULL);
	server = start_pipewire();
	sound_try(sound);
	pid = start_sound("Video/Source", NULL);
	RUN_UNTIL(sound_screen_is_shared(sound));
	changes = 0;
	listen_end(server, SIGKILL);
	RUN_UNTIL(changes > 0);
	assert_false(sound_screen_is_shared(sound));
	assert_false(plays(pid));
}

/* A connection that fails at once takes everything down while PipeWire's thread begins. */
static void test_no_pipewire(void **state)
{
	(void)state;
	sound_free(sound);
	/* Keep the library loaded. */
	pw_init(NULL, NULL);
	for (int i = 0; i < TRIES_WITHOUT_PIPEWIRE; i++) {
		sound = sound_new(event, on_change, NULL);
		/* The default action of the signal ends the test if a try hangs. */
		alarm(PATIENCE_SEC);
		sound_try(sound);
		alarm(0);
		if (i + 1 < TRIES_WITHOUT_PIPEWIRE)
			sound_free(sound);
	}
	pw_deinit();
}
#endif

int main(void)
{
#define TEST(name, what) cmocka_unit_test_setup_teardown(name, setup_##what, teardown_##what)
	const struct CMUnitTest tests[] = {
		TEST(test_player, player),
		TEST(test_player_before, player),
		TEST(test_invalidated, player),
		TEST(test_hostile_player, player),
		TEST(test_many_players, player),
		TEST(test_login, login),
		TEST(test_login_from_the_start, login),
		TEST(test_no_session, login),
	};
#ifdef WITH_PIPEWIRE
	const struct CMUnitTest pipewire[] = {
		TEST(test_sound, pipewire),
		TEST(test_hostile_sound, pipewire),
		TEST(test_other_streams, pipewire),
		TEST(test_shared_screen, pipewire),
		TEST(test_pipewire_ends, pipewire),
		TEST(test_no_pipewire, pipewire),
	};

	/* Set for the test of PipeWire. */
	if (getenv("SOUND")) {
		if (system("command -v pipewire >/dev/null")) {
			puts("1..0 # SKIP pipewire is not installed");
			return 0;
		}
		return cmocka_run_group_tests_name("pipewire", pipewire, NULL, NULL);
	}
#endif
	return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
