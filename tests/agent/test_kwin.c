/* SPDX-License-Identifier: MIT */
/*
 * Test the agent with KWin and its script: KWin without a screen, Wayland clients of ours, both
 * buses, and panthor-memd on the mock of the driver.
 * usage: kwin [TEST]
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "desktop.h"

#define KWIN "org.kde.KWin"

static struct desktop d;
static pid_t kwin;
static sd_bus *bus;

static int stop(void **state)
{
	(void)state;
	bus = sd_bus_flush_close_unref(bus);
	desktop_end(&kwin, SIGKILL, NULL);
	desktop_stop(&d);
	return 0;
}

/* Run a shell command, which has to succeed. */
static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void run(const char *format, ...)
{
	char command[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	assert_int_equal(system(command), 0);
}

static bool has_reply(const char *path, const char *interface, const char *method,
		      sd_bus_message **reply, const char *types, ...)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *m;
	va_list args;
	int ret;

	assert_true(sd_bus_message_new_method_call(bus, &m, KWIN, path, interface, method) >= 0);
	va_start(args, types);
	assert_true(sd_bus_message_appendv(m, types, args) >= 0);
	va_end(args);
	ret = sd_bus_call(bus, m, 0, &error, reply);
	sd_bus_message_unref(m);
	sd_bus_error_free(&error);
	return ret >= 0;
}

/* KWin has started, and has found the script. */
static bool has_loaded_script(void)
{
	sd_bus_message *reply = NULL;
	int loaded = 0;

	if (!has_reply("/Scripting", "org.kde.kwin.Scripting", "isScriptLoaded", &reply, "s",
		       "panthor-mem"))
		return false;
	assert_true(sd_bus_message_read(reply, "b", &loaded) > 0);
	sd_bus_message_unref(reply);
	return loaded;
}

static void start_kwin(void)
{
	char program[128], script[1024];
	const char *argv[] = { "sh", "-c", script, NULL };

	/*
	 * Debian's KWin has a capability that a container may not have. A copy has none. The script
	 * is where a package installs it, and KWin has to find it there.
	 */
	snprintf(program, sizeof(program), "%s/kwin_wayland", d.world.dir);
	run("cp \"$(command -v kwin_wayland)\" '%s' && chmod 755 '%s'", program, program);
	run("mkdir -p '%s/share/kwin/scripts' && cp -r '%s' '%s/share/kwin/scripts/panthor-mem' && "
	    "chmod -R a+rX '%s/share'", d.world.dir, getenv("KWIN_SCRIPT"), d.world.dir,
	    d.world.dir);
	snprintf(script, sizeof(script),
		 "export XDG_DATA_DIRS='%s/share:/usr/local/share:/usr/share' KWIN_COMPOSE=Q "
		 "QT_QPA_PLATFORM= LIBGL_ALWAYS_SOFTWARE=1; exec '%s' --virtual --width 640 "
		 "--height 480 --no-lockscreen --no-global-shortcuts --no-kactivities "
		 "--socket wayland-1", d.world.dir, program);
	kwin = desktop_spawn(&d, "kwin.log", argv);
	snprintf(script, sizeof(script), "%s/wayland-1", d.runtime);
	DESKTOP_UNTIL(&d, world_can_connect(script));
	/* The socket is there before everything that clients need. */
	DESKTOP_UNTIL(&d, has_loaded_script());
	fake_proc_process(&d.proc, kwin, 1, "kwin_wayland", "/");
}

/*
 * Functions for the scripts of the tests. KWin 6 has other names than KWin 5, and an object for each
 * desktop.
 */
static const char functions[] =
	"const six = !!workspace.windowList;\n"
	"const list = () => six ? workspace.windowList() : workspace.clientList();\n"
	"const of = (pid) => list().find((w) => w.pid === pid);\n"
	"function activate(w) {\n"
	"    workspace[six ? 'activeWindow' : 'activeClient'] = w;\n"
	"}\n"
	"function addDesktop() {\n"
	"    if (six)\n"
	"        workspace.createDesktop(1, 'second');\n"
	"    else\n"
	"        workspace.desktops = 2;\n"
	"}\n"
	"const second = () => six ? workspace.desktops[1] : 2;\n"
	"function moveToSecond(w) {\n"
	"    if (six)\n"
	"        w.desktops = [second()];\n"
	"    else\n"
	"        w.desktop = second();\n"
	"}\n";

/* Have KWin run a script of ours, as a user's script would be run. */
static void kwin_do(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void kwin_do(const char *format, ...)
{
	static unsigned int count;
	char path[128], object[64], name[32];
	sd_bus_message *reply = NULL;
	va_list args;
	FILE *file;
	int id;

	snprintf(path, sizeof(path), "%s/do%u.js", d.world.dir, ++count);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs(functions, file);
	va_start(args, format);
	vfprintf(file, format, args);
	va_end(args);
	fclose(file);
	snprintf(name, sizeof(name), "do%u", count);
	assert_true(has_reply("/Scripting", "org.kde.kwin.Scripting", "loadScript", &reply, "ss",
			      path, name));
	assert_true(sd_bus_message_read(reply, "i", &id) > 0);
	sd_bus_message_unref(reply);
	/* Older and newer versions have different paths. */
	snprintf(object, sizeof(object), "/Scripting/Script%d", id);
	if (!has_reply(object, "org.kde.kwin.Script", "run", NULL, "")) {
		snprintf(object, sizeof(object), "/%d", id);
		assert_true(has_reply(object, "org.kde.kwin.Script", "run", NULL, ""));
	}
}

static void begin(const char *config)
{
	int i;

	desktop_start_base(&d);
	bus = desktop_connect(&d);
	start_kwin();
	for (i = 0; i < CLIENTS; i++)
		desktop_start_client(&d, i);
	desktop_start_memd(&d, "");
	desktop_start_agent(&d, config, NULL);
	for (i = 0; i < CLIENTS; i++)
		desktop_wait_status(&d, i, "a window is visible");
	/* A window that has the focus counts as visible, wherever a script puts it. */
	kwin_do("activate(of(%d));", (int)d.clients[2]);
}

static void check_operations(const char *operation, int first, int second, int third)
{
	assert_int_equal(desktop_operations(&d, operation, 0), first);
	assert_int_equal(desktop_operations(&d, operation, 1), second);
	assert_int_equal(desktop_operations(&d, operation, 2), third);
}

#define CONFIG EAGER "source = session-bus\n"

static void test_minimized(void **state)
{
	(void)state;
	begin(CONFIG);
	kwin_do("of(%d).minimized = true;", (int)d.clients[0]);
	desktop_wait_operations(&d, "reclaim", 0, 1);
	desktop_wait_status(&d, 0, "reclaimed");
	desktop_memory_of(&d, 0, 0, 4);
	kwin_do("of(%d).minimized = false;", (int)d.clients[0]);
	desktop_wait_status(&d, 0, "a window is visible");
	kwin_do("of(%d).minimized = true;", (int)d.clients[1]);
	desktop_wait_operations(&d, "reclaim", 1, 1);
	check_operations("reclaim", 1, 1, 0);
	desktop_wait_status(&d, 2, "a window is visible");
}

static void test_desktops(void **state)
{
	(void)state;
	begin(CONFIG "[app client2]\nexempt = yes\n");
	kwin_do("addDesktop();");
	/* Onto a desktop that is not shown. */
	kwin_do("moveToSecond(of(%d));", (int)d.clients[0]);
	desktop_wait_operations(&d, "reclaim", 0, 1);
	desktop_memory_of(&d, 0, 0, 4);
	check_operations("reclaim", 1, 0, 0);
	kwin_do("workspace.currentDesktop = second();");
	desktop_wait_status(&d, 0, "a window is visible");
	desktop_wait_operations(&d, "reclaim", 1, 1);
	/* Onto all. */
	kwin_do("of(%d).onAllDesktops = true;", (int)d.clients[1]);
	desktop_wait_status(&d, 1, "a window is visible");
	check_operations("reclaim", 1, 1, 0);
}

static void test_closed(void **state)
{
	(void)state;
	begin(CONFIG);
	kwin_do("of(%d).closeWindow();", (int)d.clients[0]);
	desktop_end(&d.clients[0], 0, NULL);
	/* Its line is gone. */
	kwin_do("of(%d).minimized = true;", (int)d.clients[1]);
	desktop_wait_operations(&d, "reclaim", 1, 1);
	/* One that was opened later. */
	desktop_start_client(&d, 0);
	desktop_wait_status(&d, 0, "a window is visible");
}

/* An agent that is started later learns of all windows, too. */
static void test_agent_starts_late(void **state)
{
	(void)state;
	begin(CONFIG);
	kwin_do("of(%d).minimized = true;", (int)d.clients[0]);
	desktop_wait_operations(&d, "reclaim", 0, 1);
	desktop_memory_of(&d, 0, 0, 4);
	desktop_end(&d.agent, SIGKILL, NULL);
	kwin_do("of(%d).minimized = true;", (int)d.clients[1]);
	desktop_start_agent(&d, CONFIG, NULL);
	desktop_wait_status(&d, 0, "reclaimed");
	desktop_wait_operations(&d, "reclaim", 1, 1);
	desktop_wait_status(&d, 2, "a window is visible");
}

static void test_kill_kwin(void **state)
{
	(void)state;
	begin(CONFIG);
	kwin_do("of(%d).minimized = true;", (int)d.clients[0]);
	desktop_wait_status(&d, 0, "reclaimed");
	desktop_end(&kwin, SIGKILL, NULL);
	desktop_wait_log(&d, "the program that reports windows has left the session bus");
	desktop_wait_status(&d, 0, "nobody knows whether it is hidden");
	check_operations("reclaim", 1, 0, 0);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_teardown(name, stop)
	const struct CMUnitTest tests[] = {
		TEST(test_minimized),
		TEST(test_desktops),
		TEST(test_closed),
		TEST(test_agent_starts_late),
		TEST(test_kill_kwin),
	};

	if (system("command -v kwin_wayland dbus-daemon >/dev/null")) {
		puts("1..0 # SKIP kwin_wayland or dbus-daemon is not installed");
		return 0;
	}
	if (argc == 2)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("kwin", tests, NULL, NULL);
}
