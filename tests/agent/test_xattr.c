/* SPDX-License-Identifier: MIT */
/*
 * Test the source of windows for GNOME.
 * usage: xattr real|files   on real cgroups, or on files that look like them
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cgroups.h"
#include "listen.h"
#include "source_cgroup.h"

#define A "app.slice/app-a.scope"
#define B "app.slice/app-gnome-org.b.B-123.scope"

static struct cgroups_tree tree;
static struct roots roots;
static struct source *source;
static sd_bus *agent, *mutter;
static bool real;

static void start_mutter(void)
{
	mutter = listen_connect(false);
	assert_true(sd_bus_request_name(mutter, CGROUP_MUTTER, 0) >= 0);
}

static int setup(void **state)
{
	int ret = listen_setup(state);

	cgroups_start(&tree, listen_dir(), real, getuid());
	roots = (struct roots){ "/proc", tree.sys };
	source = source_cgroup_new(event, &roots, getuid(), &listen_handler);
	agent = listen_connect(true);
	return ret || !source;
}

static int teardown(void **state)
{
	source->free(source);
	agent = sd_bus_flush_close_unref(agent);
	mutter = sd_bus_flush_close_unref(mutter);
	cgroups_stop(&tree);
	return listen_teardown(state);
}

static pid_t start_process(const char *cgroup)
{
	static const char *const argv[] = { "sleep", "infinity", NULL };
	const pid_t pid = listen_spawn(argv);

	if (cgroup)
		cgroups_add(&tree, cgroup, pid);
	return pid;
}

static bool read_child(const char *path, pid_t *child)
{
	FILE *file = fopen(path, "re");
	const bool found = file && fscanf(file, "%d\n", child) == 1;

	if (file)
		fclose(file);
	return found;
}

/* A process with a child, whose number it writes into a file. */
static pid_t start_pair(const char *cgroup, pid_t *child)
{
	char path[256];
	const char *const argv[] = { "sh", "-c", "sleep infinity & echo $! >\"$0\"; wait", path,
				     NULL };
	pid_t pid;

	snprintf(path, sizeof(path), "%s/child", listen_dir());
	pid = listen_spawn(argv);
	RUN_UNTIL(read_child(path, child));
	cgroups_add(&tree, cgroup, pid);
	cgroups_add(&tree, cgroup, *child);
	return pid;
}

/* An application with and one without the focus. */
static void begin(pid_t *a, pid_t *b)
{
	cgroups_make(&tree, A);
	cgroups_make(&tree, B);
	cgroups_make(&tree, "app.slice/app-without.scope");
	*a = start_process(A);
	*b = start_process(B);
	start_process("app.slice/app-without.scope");
	cgroups_attribute(&tree, A, "-1");
	cgroups_attribute(&tree, B, "123456789");
	start_mutter();
	source->bus(source, agent);
	RUN_UNTIL(heard.windows >= 1);
}

static void test_start(void **state)
{
	pid_t a, b;

	(void)state;
	begin(&a, &b);
	assert_int_equal(heard.count, 2);
	assert_true(listen_window(a)->visible);
	assert_string_equal(listen_window(a)->app_id, "a");
	assert_false(listen_window(b)->visible);
	assert_true(listen_window(b)->focus_only);
	assert_false(listen_window(b)->unsure);
	assert_string_equal(listen_window(b)->app_id, "org.b.B");
	/* What runs as Mutter. */
	assert_int_equal(heard.compositor, getpid());
	assert_int_equal(heard.lost, 0);
}

static void test_focus_moves(void **state)
{
	pid_t a, b;

	(void)state;
	begin(&a, &b);
	cgroups_attribute(&tree, B, "-1");
	RUN_UNTIL(listen_window(b)->visible);
	cgroups_attribute(&tree, A, "99");
	RUN_UNTIL(!listen_window(a)->visible);
	assert_true(listen_window(b)->visible);
	cgroups_attribute(&tree, A, NULL);
	RUN_UNTIL(heard.count == 1);
}

/* Only a time says that it has no focus. */
static void test_values(void **state)
{
	static const char *const bad[] = {
		"", "-2", "x", "12x", " 12", "9999999999999999999999999999999999999999",
	};
	pid_t a, b;
	size_t i;

	(void)state;
	begin(&a, &b);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cgroups_attribute(&tree, B, bad[i]);
		RUN_UNTIL(listen_window(b)->visible);
		cgroups_attribute(&tree, B, "5");
		RUN_UNTIL(!listen_window(b)->visible);
	}
}

static void test_applications_come_and_go(void **state)
{
	const char *const deep = "app.slice/app-org.gnome.Terminal.slice/vte-spawn-1.scope";
	pid_t a, b, c;

	(void)state;
	begin(&a, &b);
	/* Not only units with the names of applications have windows. */
	cgroups_make(&tree, deep);
	c = start_process(deep);
	cgroups_attribute(&tree, deep, "7");
	RUN_UNTIL(heard.count == 3);
	assert_false(listen_window(c)->visible);
	listen_end(b, SIGKILL);
	cgroups_remove(&tree, B);
	RUN_UNTIL(heard.count == 2);
	/* A process without a sign of it: only a look finds that. */
	listen_end(c, SIGKILL);
	source->look(source);
	RUN_UNTIL(heard.count == 1);
	listen_window(a);
}

static void test_which_process(void **state)
{
	pid_t a, b, parent, child;

	(void)state;
	begin(&a, &b);
	parent = start_pair(A, &child);
	source->look(source);
	/* The child is part of what its parent is. */
	RUN_UNTIL(heard.count == 3);
	assert_true(listen_window(a)->visible);
	assert_true(listen_window(parent)->visible);
	kill(child, SIGKILL);
}

static void test_other_users(void **state)
{
	static const char *const argv[] = { "setpriv", "--reuid", "65534", "--clear-groups",
					    "sleep", "infinity", NULL };
	char path[64];
	struct stat st;
	pid_t a, b, c;

	(void)state;
	begin(&a, &b);
	if (getuid())
		return;
	c = listen_spawn(argv);
	snprintf(path, sizeof(path), "/proc/%d", (int)c);
	RUN_UNTIL(!stat(path, &st) && st.st_uid == 65534);
	cgroups_add(&tree, A, c);
	heard.windows = 0;
	source->look(source);
	RUN_UNTIL(heard.windows);
	assert_int_equal(heard.count, 2);
}

static void test_without_mutter(void **state)
{
	(void)state;
	source->bus(source, agent);
	RUN_UNTIL(heard.lost == 1);
	assert_string_equal(heard.why, "GNOME's Mutter is not on the session bus");
	assert_int_equal(heard.windows, 0);
	start_mutter();
	RUN_UNTIL(heard.windows == 1);
	mutter = sd_bus_flush_close_unref(mutter);
	RUN_UNTIL(heard.lost == 2);
	/* What the cgroups say now is from before. */
	source->look(source);
	listen_settle();
	assert_int_equal(heard.windows, 1);
	start_mutter();
	RUN_UNTIL(heard.windows == 2);
}

static void test_without_bus(void **state)
{
	(void)state;
	RUN_UNTIL(heard.lost == 1);
	assert_non_null(strstr(heard.why, "the session bus is needed"));
	source->look(source);
	listen_settle();
	assert_int_equal(heard.windows, 0);
}

static void test_no_cgroups(void **state)
{
	const struct roots none = { "/proc", "/nonexistent" };

	(void)state;
	source->free(source);
	source = source_cgroup_new(event, &none, getuid(), &listen_handler);
	start_mutter();
	source->bus(source, agent);
	RUN_UNTIL(heard.lost == 1);
	assert_non_null(strstr(heard.why, "No such file or directory"));
	/* It belongs to this function. */
	source->free(source);
	source = source_cgroup_new(event, &roots, getuid(), &listen_handler);
}

static void test_too_deep(void **state)
{
	char name[CGROUPS_PATH] = "app.slice";
	pid_t a, b;
	int i;

	(void)state;
	begin(&a, &b);
	for (i = 0; i < 20; i++)
		strcat(name, "/x");
	cgroups_make(&tree, name);
	source->look(source);
	RUN_UNTIL(heard.lost == 1);
	assert_non_null(strstr(heard.why, "cannot be read or watched"));
}

static void test_names(void **state)
{
	static const struct {
		const char *unit, *app_id;
	} rows[] = {
		{ "app-gnome-org.gnome.Maps-4711.scope", "org.gnome.Maps" },
		{ "app-flatpak-org.mozilla.firefox-99.scope", "org.mozilla.firefox" },
		{ "app-org.gnome.Calculator@7d8f.service", "org.gnome.Calculator" },
		{ "app-gnome-gnome\\x2dcontrol\\x2dcenter-1.scope", "gnome-control-center" },
		{ "app-foot.scope", "foot" },
		{ "vte-spawn-123.scope", "vte-spawn" },
		{ "app-1-2.scope", "1" },
		{ "app-7.scope", "7" },
		{ "app-.scope", "" },
		{ "session.slice", "session" },
		{ "app-a\\x2.scope", "a\\x2" },
		{ "app-a\\xzz.scope", "a\\xzz" },
		{ "x", "x" },
		{ "", "" },
	};
	char long_name[200], app_id[WINDOW_APP_ID];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		source_cgroup_app_id(rows[i].unit, app_id);
		assert_string_equal(app_id, rows[i].app_id);
	}
	memset(long_name, 'y', sizeof(long_name));
	long_name[sizeof(long_name) - 1] = '\0';
	source_cgroup_app_id(long_name, app_id);
	assert_int_equal(strlen(app_id), WINDOW_APP_ID - 1);
}

static bool has_attributes(void)
{
	char dir[] = "/tmp/agent-xattr.XXXXXX";
	bool has;

	if (!mkdtemp(dir))
		return false;
	has = cgroups_attributes_possible(dir);
	rmdir(dir);
	return has;
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_start),
		TEST(test_focus_moves),
		TEST(test_values),
		TEST(test_applications_come_and_go),
		TEST(test_which_process),
		TEST(test_other_users),
		TEST(test_without_mutter),
		TEST(test_without_bus),
		TEST(test_no_cgroups),
		TEST(test_too_deep),
		cmocka_unit_test(test_names),
	};

	real = argc == 2 && !strcmp(argv[1], "real");
	if (real && !cgroups_real_possible()) {
		puts("1..0 # SKIP this user cannot create cgroups");
		return 0;
	}
	if (!real && !has_attributes()) {
		puts("1..0 # SKIP files in /tmp cannot have attributes");
		return 0;
	}
	return cmocka_run_group_tests_name("xattr", tests, NULL, NULL);
}
