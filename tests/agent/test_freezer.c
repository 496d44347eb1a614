/* SPDX-License-Identifier: MIT */
/*
 * Test that what is frozen is thawed, whatever happens.
 * usage: freezer real|files   on real cgroups, or on files that look like them
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cgroups.h"
#include "freezer.h"
#include "listen.h"

#define A "app.slice/app-a.scope"
#define B "app.slice/app-b.service"

static struct cgroups_tree tree;
static struct roots roots;
static struct freezer *freezer;
static bool real;
static int lost;
static char a[FREEZER_PATH], b[FREEZER_PATH];

static void on_lost(void *data)
{
	(void)data;
	lost++;
}

static struct freezer *new_freezer(void)
{
	return freezer_new(event, &roots, getuid(), listen_dir(), on_lost, NULL);
}

static int setup(void **state)
{
	int ret = listen_setup(state);

	lost = 0;
	cgroups_start(&tree, listen_dir(), real, getuid());
	roots = (struct roots){ "/proc", tree.sys };
	cgroups_make(&tree, A);
	cgroups_make(&tree, B);
	assert_true(freezer_cgroup(getuid(), "/" A, a));
	assert_true(freezer_cgroup(getuid(), "/" B, b));
	return ret;
}

static int teardown(void **state)
{
	freezer_free(freezer);
	freezer = NULL;
	cgroups_stop(&tree);
	return listen_teardown(state);
}

static void begin(void)
{
	freezer = new_freezer();
	assert_non_null(freezer);
}

static bool is_frozen(const char *name)
{
	return cgroups_is_frozen(&tree, name);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void freeze_by_hand(const char *name)
{
	char path[CGROUPS_PATH + 32];

	cgroups_path(&tree, name, path);
	strcat(path, "/cgroup.freeze");
	write_file(path, "1\n");
}

static const char *list_path(void)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/panthor-mem/frozen", listen_dir());
	return path;
}

static void write_list(const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/panthor-mem", listen_dir());
	mkdir(path, 0700);
	write_file(list_path(), text);
}

static bool is_listed(const char *cgroup)
{
	char text[4096] = "";
	FILE *file = fopen(list_path(), "re");

	if (!file)
		return false;
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	return strstr(text, cgroup);
}

/* --- freezing --------------------------------------------------------------- */

static void test_freeze(void **state)
{
	(void)state;
	begin();
	assert_int_equal(freezer_freeze(freezer, 1, a), 0);
	assert_true(is_frozen(A));
	assert_true(is_listed(a));
	assert_int_equal(freezer_freeze(freezer, 2, b), 0);
	freezer_thaw(freezer, 1);
	assert_false(is_frozen(A));
	assert_false(is_listed(a));
	assert_true(is_frozen(B));
	assert_true(is_listed(b));
	/* Nothing of that number. */
	freezer_thaw(freezer, 1);
	freezer_thaw(freezer, 99);
	assert_true(is_frozen(B));
	freezer_free(freezer);
	freezer = NULL;
	assert_false(is_frozen(B));
	assert_false(is_listed(b));
}

static void wait_frozen(const char *name, const char *value)
{
	char path[CGROUPS_PATH + 32], text[256];
	FILE *file;
	size_t n;

	cgroups_path(&tree, name, path);
	strcat(path, "/cgroup.events");
	do {
		file = fopen(path, "re");
		assert_non_null(file);
		n = fread(text, 1, sizeof(text) - 1, file);
		text[n] = '\0';
		fclose(file);
	} while (!strstr(text, value));
}

/* The process itself stops, and goes on. */
static void test_process(void **state)
{
	static const char *const argv[] = { "sleep", "infinity", NULL };
	pid_t pid;

	(void)state;
	begin();
	if (!real)
		return;
	pid = listen_spawn(argv);
	cgroups_add(&tree, A, pid);
	assert_int_equal(freezer_freeze(freezer, 1, a), 0);
	wait_frozen(A, "frozen 1");
	freezer_thaw(freezer, 1);
	wait_frozen(A, "frozen 0");
}

/* Somebody else has frozen it, and does not expect it to run. */
static void test_frozen_already(void **state)
{
	(void)state;
	begin();
	freeze_by_hand(A);
	assert_int_equal(freezer_freeze(freezer, 1, a), -EBUSY);
	assert_false(is_listed(a));
	freezer_thaw(freezer, 1);
	assert_true(is_frozen(A));
	freezer_free(freezer);
	freezer = NULL;
	assert_true(is_frozen(A));
}

static void test_gone(void **state)
{
	(void)state;
	begin();
	assert_int_equal(freezer_freeze(freezer, 1, a), 0);
	cgroups_remove(&tree, A);
	freezer_thaw(freezer, 1);
	assert_false(is_listed(a));
	assert_int_equal(freezer_freeze(freezer, 1, a), -ENOENT);
	assert_false(is_listed(a));
}

/* What does not stand in the list is not frozen. */
static void test_no_list(void **state)
{
	char path[160];

	(void)state;
	begin();
	snprintf(path, sizeof(path), "%s.new", list_path());
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(freezer_freeze(freezer, 1, a), -EISDIR);
	assert_false(is_frozen(A));
	freezer_free(freezer);
	assert_null(freezer = new_freezer());
	assert_int_equal(errno, EISDIR);
}

/* Thawing needs no file descriptor that could be missing. */
static void test_no_descriptors(void **state)
{
	struct rlimit before, none;
	int first;

	(void)state;
	begin();
	assert_int_equal(freezer_freeze(freezer, 1, a), 0);
	assert_int_equal(freezer_freeze(freezer, 2, b), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	first = dup(0);
	close(first);
	none = (struct rlimit){ (rlim_t)first, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	freezer_thaw(freezer, 1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_false(is_frozen(A));
	assert_true(is_frozen(B));
	/* The list is written as soon as that is possible. */
	RUN_UNTIL(!is_listed(a));
	assert_true(is_listed(b));
}

/* Every write to a file fails. Only the files that look like cgroups have this limit. */
static void set_full(bool full)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = full ? 0 : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* What cannot be thawed is thawed later. */
static void test_try_again(void **state)
{
	(void)state;
	begin();
	if (real)
		return;
	assert_int_equal(freezer_freeze(freezer, 1, a), 0);
	assert_int_equal(freezer_freeze(freezer, 2, b), 0);
	set_full(true);
	freezer_thaw(freezer, 1);
	set_full(false);
	assert_true(is_frozen(A) && is_listed(a));
	/* Somebody has frozen it: it does not matter that this is the same program. */
	assert_int_equal(freezer_freeze(freezer, 1, a), -EBUSY);
	RUN_UNTIL(!is_frozen(A) && !is_listed(a));
	assert_true(is_frozen(B) && is_listed(b));
	assert_int_equal(freezer_freeze(freezer, 1, a), 0);
	assert_true(is_frozen(A) && is_listed(a));
}

static void test_try_again_without_keeper(void **state)
{
	(void)state;
	begin();
	if (real)
		return;
	assert_int_equal(freezer_freeze(freezer, 1, a), 0);
	set_full(true);
	kill(freezer_keeper(freezer), SIGKILL);
	RUN_UNTIL(lost == 1);
	set_full(false);
	assert_true(is_frozen(A) && is_listed(a));
	RUN_UNTIL(!is_frozen(A) && !is_listed(a));
}

/* What is still frozen at the end is left to the keeper, and to the next agent. */
static void test_still_frozen(void **state)
{
	char path[CGROUPS_PATH + 32];
	int fd;

	(void)state;
	begin();
	if (real)
		return;
	cgroups_path(&tree, A, path);
	strcat(path, "/cgroup.freeze");
	/* A file that can be read, but never written: /dev/full. */
	unlink(path);
	fd = mknod(path, S_IFCHR | 0600, makedev(1, 7)) ? -1 : open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		skip();
	close(fd);
	assert_int_equal(freezer_freeze(freezer, 2, b), 0);
	assert_int_equal(freezer_freeze(freezer, 1, a), -ENOSPC);
	assert_true(is_listed(a) && is_listed(b));
	freezer_free(freezer);
	freezer = NULL;
	assert_true(is_listed(a));
	assert_false(is_listed(b) || is_frozen(B));
	/* An agent that cannot thaw it does not forget it either. */
	assert_null(new_freezer());
	assert_true(is_listed(a));
	unlink(path);
	write_file(path, "1\n");
	assert_int_equal(freezer_thaw_list(&roots, getuid(), listen_dir()), 0);
	assert_false(is_frozen(A));
}

static void test_names(void **state)
{
	static const struct {
		const char *unit;
		bool good;
	} rows[] = {
		{ "/app.slice/app-x.scope", true },
		{ "/app.slice/app-x.slice/app-x-1.service", true },
		{ "", false },
		{ "/session.slice/app-x.scope", false },
		{ "/app.slice/x.scope", false },
		{ "/app.slice/../app-x.scope", false },
		{ "app.slice/app-x.scope", false },
	};
	char long_unit[600], cgroup[FREEZER_PATH], wanted[FREEZER_PATH];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(freezer_cgroup(1000, rows[i].unit, cgroup), rows[i].good);
		snprintf(wanted, sizeof(wanted), "/user.slice/user-1000.slice/user@1000.service%s",
			 rows[i].unit);
		if (rows[i].good)
			assert_string_equal(cgroup, wanted);
	}
	memset(long_unit, 'x', sizeof(long_unit));
	memcpy(long_unit, "/app.slice/app-", 15);
	long_unit[sizeof(long_unit) - 1] = '\0';
	assert_false(freezer_cgroup(1000, long_unit, cgroup));
}

static void test_other_cgroups(void **state)
{
	static const char *const others[] = {
		"", "/", "/user.slice", "/system.slice/app-x.service",
		"/user.slice/user-0.slice/user@0.service/app.slice/../app-x.service",
		"/user.slice/user-99.slice/user@99.service/app.slice/app-x.scope",
	};
	size_t i;

	(void)state;
	begin();
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(freezer_freeze(freezer, 1, others[i]), -EINVAL);
}

/* --- the agent is gone -------------------------------------------------------- */

/* The signals that ask programs to end. */
static const int ends[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };

/* A process that freezes both, says so, and does nothing more. */
static pid_t start_agent(pid_t *keeper)
{
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		sd_event *own;

		/* A shell starts programs in the background with some of them ignored. */
		for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
			signal(ends[i], SIG_DFL);
		close(fds[0]);
		if (sd_event_new(&own) < 0)
			_exit(1);
		freezer = freezer_new(own, &roots, getuid(), listen_dir(), on_lost, NULL);
		if (!freezer || freezer_freeze(freezer, 1, a) || freezer_freeze(freezer, 2, b))
			_exit(1);
		*keeper = freezer_keeper(freezer);
		if (write(fds[1], keeper, sizeof(*keeper)) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], keeper, sizeof(*keeper)), sizeof(*keeper));
	close(fds[0]);
	assert_true(is_frozen(A) && is_frozen(B));
	return pid;
}

static void end(pid_t pid, int signal)
{
	kill(pid, signal);
	waitpid(pid, NULL, 0);
}

static void test_agent_killed(void **state)
{
	pid_t keeper;

	(void)state;
	end(start_agent(&keeper), SIGKILL);
	RUN_UNTIL(!is_frozen(A) && !is_frozen(B));
	/* It has nothing more to do. This process has become its parent. */
	assert_int_equal(waitpid(keeper, NULL, 0), keeper);
}

/* A signal that asks programs to end comes to both. */
static void test_both_signalled(void **state)
{
	pid_t keeper, pid;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		pid = start_agent(&keeper);
		kill(keeper, ends[i]);
		end(pid, ends[i]);
		RUN_UNTIL(!is_frozen(A) && !is_frozen(B));
	}
}

static void test_keeper_killed(void **state)
{
	(void)state;
	begin();
	assert_int_equal(freezer_freeze(freezer, 1, a), 0);
	kill(freezer_keeper(freezer), SIGKILL);
	RUN_UNTIL(lost == 1);
	assert_false(is_frozen(A));
	assert_int_equal(freezer_freeze(freezer, 1, a), -ESRCH);
	assert_false(is_frozen(A));
}

/* What can be left then is for --thaw, and for the next agent. */
static void test_both_killed(void **state)
{
	pid_t keeper, pid;

	(void)state;
	pid = start_agent(&keeper);
	kill(keeper, SIGKILL);
	end(pid, SIGKILL);
	assert_true(is_frozen(A) && is_frozen(B));
	assert_int_equal(freezer_thaw_list(&roots, getuid(), listen_dir()), 0);
	assert_false(is_frozen(A) || is_frozen(B));
	pid = start_agent(&keeper);
	kill(keeper, SIGKILL);
	end(pid, SIGKILL);
	assert_true(is_frozen(A));
	begin();
	assert_false(is_frozen(A) || is_frozen(B));
	assert_false(is_listed(a));
}

static void test_hostile_list(void **state)
{
	char text[8192], *at = text;
	int i;

	(void)state;
	freeze_by_hand(A);
	freeze_by_hand(B);
	/* Only the last line is one. */
	at += sprintf(at, "\n/\n/../../etc\n%s/../app-b.service\n/user.slice\n%s x\n%s/\n", a, b,
		      "/user.slice/user-99.slice/user@99.service/app.slice/app-b.service");
	for (i = 0; i < 3000; i++)
		*at++ = 'y';
	sprintf(at, "\n%s\n", a);
	write_list(text);
	assert_int_equal(freezer_thaw_list(&roots, getuid(), listen_dir()), 0);
	assert_false(is_frozen(A));
	assert_true(is_frozen(B));
}

static void test_nothing_to_thaw(void **state)
{
	(void)state;
	assert_int_equal(freezer_thaw_list(&roots, getuid(), listen_dir()), 0);
	assert_int_equal(freezer_thaw_list(&roots, getuid(), "/nonexistent"), 0);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_freeze),
		TEST(test_process),
		TEST(test_frozen_already),
		TEST(test_gone),
		TEST(test_no_list),
		TEST(test_no_descriptors),
		TEST(test_try_again),
		TEST(test_try_again_without_keeper),
		TEST(test_still_frozen),
		cmocka_unit_test(test_names),
		TEST(test_other_cgroups),
		TEST(test_agent_killed),
		TEST(test_both_signalled),
		TEST(test_keeper_killed),
		TEST(test_both_killed),
		TEST(test_hostile_list),
		TEST(test_nothing_to_thaw),
	};

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	/* A write beyond RLIMIT_FSIZE fails instead. */
	signal(SIGXFSZ, SIG_IGN);
	real = argc == 2 && !strcmp(argv[1], "real");
	if (real && !cgroups_real_possible()) {
		puts("1..0 # SKIP this user cannot create cgroups");
		return 0;
	}
	return cmocka_run_group_tests_name("freezer", tests, NULL, NULL);
}
