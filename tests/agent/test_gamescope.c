/* SPDX-License-Identifier: MIT */
/*
 * Test the source of windows for gamescope: what its properties mean, and the connection, with
 * Xvfb as the X server. The properties are set as gamescope sets them.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#include <xcb/xcb.h>

#include "gamescope_focus.h"
#include "listen.h"
#include "source_gamescope.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- what the properties mean --------------------------------------------- */

static const uint32_t three[] = {
	/* window, application, PID */
	0x100, 769, 10, 0x200, 1234, 11, 0x300, 5678, 12,
};

static int read_focus(const uint32_t *windows, size_t count, uint32_t window, uint32_t app,
		      uint32_t gfx, struct window_list *list)
{
	const struct gamescope_value values[GAMESCOPE_PROPERTIES] = {
		[GAMESCOPE_WINDOWS] = { windows, count },
		[GAMESCOPE_WINDOW] = { &window, window ? 1 : 0 },
		[GAMESCOPE_APP] = { &app, app ? 1 : 0 },
		[GAMESCOPE_APP_GFX] = { &gfx, gfx ? 1 : 0 },
	};

	return gamescope_windows(values, list);
}

/* @visible: a digit for each window. */
static void check_focus(uint32_t window, uint32_t app, uint32_t gfx, const char *visible)
{
	struct window_list list;
	size_t i;

	assert_int_equal(read_focus(three, COUNT(three), window, app, gfx, &list), 0);
	assert_int_equal(list.count, 3);
	for (i = 0; i < list.count; i++) {
		assert_int_equal(list.windows[i].pid, 10 + i);
		assert_int_equal(list.windows[i].visible, visible[i] - '0');
		assert_false(list.windows[i].unsure);
		assert_false(list.windows[i].focus_only);
	}
	assert_string_equal(list.windows[1].app_id, "steam_app_1234");
	window_list_free(&list);
}

static void test_focus(void **state)
{
	(void)state;
	check_focus(0x200, 0, 0, "010");
	check_focus(0x200, 1234, 1234, "010");
	/* The menu of Steam has the focus, and the game can be seen behind it. */
	check_focus(0x100, 769, 5678, "101");
	check_focus(0x300, 769, 1234, "111");
}

static void test_unknown_focus(void **state)
{
	struct window_list list;

	(void)state;
	assert_int_equal(read_focus(three, COUNT(three), 0, 1234, 1234, &list), -ENODATA);
	assert_int_equal(list.count, 0);
	assert_int_equal(read_focus(three, COUNT(three), 0x999, 1234, 1234, &list), -ENODATA);
	assert_int_equal(read_focus(NULL, 0, 0x100, 0, 0, &list), -ENODATA);
	assert_int_equal(read_focus(three, COUNT(three) - 1, 0x100, 0, 0, &list), -EBADMSG);
	assert_int_equal(read_focus(three, 1, 0x100, 0, 0, &list), -EBADMSG);
	assert_int_equal(list.count, 0);
}

/* Windows of two X servers can have the same number. */
static void test_same_window(void **state)
{
	static const uint32_t same[] = { 0x100, 1, 10, 0x100, 2, 11 };
	struct window_list list;

	(void)state;
	assert_int_equal(read_focus(same, COUNT(same), 0x100, 0, 0, &list), 0);
	assert_true(list.windows[0].visible && list.windows[1].visible);
	window_list_free(&list);
}

static void test_no_pid(void **state)
{
	static const uint32_t windows[] = { 0x100, 1, 0, 0x200, 2, UINT32_MAX };
	struct window_list list;

	(void)state;
	assert_int_equal(read_focus(windows, COUNT(windows), 0x100, 0, 0, &list), 0);
	assert_int_equal(list.windows[0].pid, 0);
	assert_true(list.windows[0].unsure);
	assert_int_equal(list.windows[1].pid, 0);
	assert_true(list.windows[1].unsure);
	window_list_free(&list);
}

/* --- the X server ---------------------------------------------------------- */

static struct source *source;
static pid_t xvfb;
static char display[32];
static xcb_connection_t *x;
static xcb_window_t root;

static void connect_to_x(void)
{
	x = xcb_connect(display, NULL);
	assert_int_equal(xcb_connection_has_error(x), 0);
	root = xcb_setup_roots_iterator(xcb_get_setup(x)).data->root;
}

/* @wanted: a name like ":7", or NULL. Xvfb chooses a number then, and says which one. */
static void start_x(const char *wanted)
{
	char fd_text[16];
	const char *argv[] = { "Xvfb", "-nolisten", "tcp", "-displayfd", fd_text, wanted, NULL };
	int fds[2], number = 0;
	FILE *out;

	assert_int_equal(pipe(fds), 0);
	snprintf(fd_text, sizeof(fd_text), "%d", fds[1]);
	xvfb = listen_spawn(argv);
	close(fds[1]);
	out = fdopen(fds[0], "r");
	assert_int_equal(fscanf(out, "%d", &number), 1);
	fclose(out);
	snprintf(display, sizeof(display), ":%d", number);
	connect_to_x();
}

static void set(enum gamescope_property property, const uint32_t *numbers, size_t count)
{
	const char *name = gamescope_property_names[property];
	xcb_intern_atom_reply_t *atom = xcb_intern_atom_reply(
		x, xcb_intern_atom(x, 0, (uint16_t)strlen(name), name), NULL);

	assert_non_null(atom);
	xcb_change_property(x, XCB_PROP_MODE_REPLACE, root, atom->atom, XCB_ATOM_CARDINAL, 32,
			    (uint32_t)count, numbers);
	free(atom);
	xcb_flush(x);
}

static void set_one(enum gamescope_property property, uint32_t number)
{
	set(property, &number, number ? 1 : 0);
}

static void set_all(void)
{
	set_one(GAMESCOPE_WINDOW, 0x200);
	set_one(GAMESCOPE_APP, 1234);
	set_one(GAMESCOPE_APP_GFX, 1234);
	set(GAMESCOPE_WINDOWS, three, COUNT(three));
	/* An answer says that the X server has done all of this. */
	free(xcb_get_input_focus_reply(x, xcb_get_input_focus(x), NULL));
}

static void begin(void)
{
	source = source_gamescope_new(event, display, &listen_handler);
	assert_non_null(source);
	assert_int_equal(heard.windows + heard.lost, 0);
}

static int setup(void **state)
{
	int ret = listen_setup(state);

	start_x(NULL);
	return ret;
}

static int teardown(void **state)
{
	if (source)
		source->free(source);
	source = NULL;
	if (x)
		xcb_disconnect(x);
	x = NULL;
	/* SIGTERM lets it remove its socket. */
	if (xvfb)
		listen_end(xvfb, SIGTERM);
	xvfb = 0;
	return listen_teardown(state);
}

static bool is_visible(pid_t pid)
{
	return heard.windows && listen_window(pid)->visible;
}

static void test_start(void **state)
{
	(void)state;
	set_all();
	begin();
	RUN_UNTIL(heard.windows == 1);
	assert_int_equal(heard.count, 3);
	assert_false(is_visible(10));
	assert_true(is_visible(11));
	assert_false(is_visible(12));
	assert_int_equal(heard.compositor, xvfb);
	assert_int_equal(heard.lost, 0);
}

#define REPLY_MSEC 200

/* How often the source still waits for the X server before it asks xcb for an event. */
static int waits;

/* Takes the place of the function of libxcb. */
xcb_generic_event_t *xcb_poll_for_event(xcb_connection_t *c)
{
	xcb_generic_event_t *(*next)(xcb_connection_t *connection);

	*(void **)&next = dlsym(RTLD_NEXT, "xcb_poll_for_event");
	if (waits > 0) {
		struct pollfd file = { .fd = xcb_get_file_descriptor(c), .events = POLLIN };

		waits--;
		poll(&file, 1, REPLY_MSEC);
	}
	return next(c);
}

/* Replies that arrive after xcb has looked for them, and before it looks for events. */
static void test_late_replies(void **state)
{
	(void)state;
	set_all();
	waits = 3;
	begin();
	RUN_UNTIL(heard.windows == 1);
	assert_int_equal(heard.lost, 0);
}

static void test_changes(void **state)
{
	(void)state;
	set_all();
	begin();
	RUN_UNTIL(heard.windows == 1);
	set_one(GAMESCOPE_WINDOW, 0x300);
	set_one(GAMESCOPE_APP, 5678);
	set_one(GAMESCOPE_APP_GFX, 5678);
	RUN_UNTIL(is_visible(12) && !is_visible(11));
	assert_false(is_visible(10));
	set(GAMESCOPE_WINDOWS, three + 3, 6);
	RUN_UNTIL(heard.count == 2);
	source->look(source);
	heard.windows = 0;
	RUN_UNTIL(heard.windows == 1);
}

/* Other properties change all the time. */
static void test_other_properties(void **state)
{
	static const uint32_t number = 1;
	int i;

	(void)state;
	set_all();
	begin();
	RUN_UNTIL(heard.windows == 1);
	for (i = 0; i < 100; i++)
		xcb_change_property(x, XCB_PROP_MODE_REPLACE, root, XCB_ATOM_RESOURCE_MANAGER,
				    XCB_ATOM_CARDINAL, 32, 1, &number);
	set_one(GAMESCOPE_WINDOW, 0x300);
	RUN_UNTIL(is_visible(12));
	assert_true(heard.windows < 10);
}

static void test_focus_is_lost(void **state)
{
	(void)state;
	set_all();
	begin();
	RUN_UNTIL(heard.windows == 1);
	set_one(GAMESCOPE_WINDOW, 0);
	RUN_UNTIL(heard.lost == 1);
	assert_string_equal(heard.why, "gamescope does not say which window has the focus");
	set_one(GAMESCOPE_WINDOW, 0x100);
	RUN_UNTIL(is_visible(10));
}

static void test_hostile_list(void **state)
{
	static uint32_t many[GAMESCOPE_NUMBERS_MOST + 3];
	static const char text[] = "0x200";
	xcb_intern_atom_reply_t *atom;

	(void)state;
	set_all();
	begin();
	RUN_UNTIL(heard.windows == 1);
	many[0] = 0x200;
	set(GAMESCOPE_WINDOWS, many, COUNT(many));
	RUN_UNTIL(heard.lost == 1);
	assert_string_equal(heard.why, "gamescope's list of windows is not valid");
	set_all();
	RUN_UNTIL(heard.windows == 2);
	set(GAMESCOPE_WINDOWS, many, 4);
	RUN_UNTIL(heard.lost == 2);
	set_all();
	RUN_UNTIL(heard.windows == 3);
	/* Not a list of numbers. */
	atom = xcb_intern_atom_reply(
		x, xcb_intern_atom(x, 0, (uint16_t)strlen("GAMESCOPE_FOCUSED_WINDOW"),
				   "GAMESCOPE_FOCUSED_WINDOW"), NULL);
	xcb_change_property(x, XCB_PROP_MODE_REPLACE, root, atom->atom, XCB_ATOM_STRING, 8,
			    sizeof(text), text);
	free(atom);
	xcb_flush(x);
	RUN_UNTIL(heard.lost == 3);
}

static void test_not_gamescope(void **state)
{
	(void)state;
	begin();
	RUN_UNTIL(heard.lost == 1);
	assert_string_equal(heard.why, "the X server is not that of gamescope");
	set_all();
	RUN_UNTIL(heard.windows == 1);
}

static void test_killed(void **state)
{
	char number[32];

	(void)state;
	set_all();
	begin();
	RUN_UNTIL(heard.windows == 1);
	snprintf(number, sizeof(number), "%s", display);
	xcb_disconnect(x);
	x = NULL;
	listen_end(xvfb, SIGKILL);
	RUN_UNTIL(heard.lost == 1);
	assert_string_equal(heard.why, "gamescope's X server has closed the connection");
	RUN_UNTIL(heard.ended);
	start_x(number);
	set_all();
	RUN_UNTIL(heard.windows == 2);
}

/* Nothing the agent does may wait for an X server that has stopped. */
static void test_stopped(void **state)
{
	(void)state;
	set_all();
	kill(xvfb, SIGSTOP);
	begin();
	listen_settle();
	source->free(source);
	source = NULL;
	begin();
	listen_settle();
	source->look(source);
	kill(xvfb, SIGCONT);
	RUN_UNTIL(heard.windows >= 1);
	kill(xvfb, SIGSTOP);
	heard.windows = 0;
	source->look(source);
	source->look(source);
	listen_settle();
	assert_int_equal(heard.windows, 0);
	kill(xvfb, SIGCONT);
	RUN_UNTIL(heard.windows >= 1);
	assert_int_equal(heard.lost, 0);
}

static void test_no_display(void **state)
{
	static const char *const names[] = {
		NULL, "", ":", ":99999", "localhost:0", "x", ":7.300000", "unix:/nonexistent",
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(names); i++) {
		heard.lost = 0;
		source = source_gamescope_new(event, names[i], &listen_handler);
		RUN_UNTIL(heard.lost == 1);
		source->free(source);
		source = NULL;
	}
	assert_int_equal(heard.windows, 0);
	assert_int_equal(heard.ended, 0);
}

/* --- something else behind the socket ----------------------------------------- */

static int listen_at(int number, char path[64])
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(path, 64, "/tmp/.X11-unix/X%d", number);
	strcpy(at.sun_path, path);
	snprintf(display, sizeof(display), ":%d", number);
	if (fd >= 0 && (bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 4))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void test_not_x(void **state)
{
	static const char *const says[] = {
		"", "HTTP/1.1 400 Bad Request\r\n\r\n",
		"\x00\x05\x0b\x00\x00\x00\x02\x00hello\x00\x00\x00",
		"\x02\x00\x0b\x00\x00\x00\x00\x00",
	};
	static const size_t sizes[] = { 0, 28, 16, 8 };
	char path[64], bytes[256];
	int number = 700, fd, client;
	size_t i;

	(void)state;
	while ((fd = listen_at(number, path)) < 0)
		assert_true(++number < 800);
	for (i = 0; i < COUNT(says); i++) {
		heard.lost = 0;
		begin();
		fcntl(fd, F_SETFL, O_NONBLOCK);
		RUN_UNTIL((client = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) >= 0);
		/* Until it has said who it is. */
		RUN_UNTIL(recv(client, bytes, sizeof(bytes), MSG_DONTWAIT) > 0);
		assert_int_equal(send(client, says[i], sizes[i], MSG_NOSIGNAL), sizes[i]);
		close(client);
		RUN_UNTIL(heard.lost == 1);
		source->free(source);
		source = NULL;
	}
	close(fd);
	unlink(path);
	assert_int_equal(heard.windows, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_focus),
		cmocka_unit_test(test_unknown_focus),
		cmocka_unit_test(test_same_window),
		cmocka_unit_test(test_no_pid),
		TEST(test_start),
		TEST(test_late_replies),
		TEST(test_changes),
		TEST(test_other_properties),
		TEST(test_focus_is_lost),
		TEST(test_hostile_list),
		TEST(test_not_gamescope),
		TEST(test_killed),
		TEST(test_stopped),
		TEST(test_no_display),
		TEST(test_not_x),
	};

	if (system("command -v Xvfb >/dev/null")) {
		puts("1..0 # SKIP Xvfb is not installed");
		return 0;
	}
	return cmocka_run_group_tests_name("gamescope", tests, NULL, NULL);
}
