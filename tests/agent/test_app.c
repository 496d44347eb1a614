/* SPDX-License-Identifier: MIT */
/* Test which processes belong to a window, and that no process is mistaken for another one. */
#include <errno.h>
#include <linux/sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "app.h"
#include "cgroups.h"
#include "displays.h"
#include "fake_proc.h"
#include "owner.h"

#define MIB (UINT64_C(1) << 20)

/* --- owners --------------------------------------------------------------- */

#define MOST 12

struct row {
	pid_t pid, parent;
	const char *name, *unit;
	pid_t owner; /* that it has to have */
};

static struct window window_of(pid_t pid)
{
	return (struct window){ .pid = pid };
}

#define A "/app.slice/app-a.scope"
#define B "/app.slice/app-b.scope"

/*
 * @windows, @connected: lists of PIDs that end with 0. The compositor is 10, the agent 20.
 * @focus_only: see struct window.
 */
static void check_connected(const struct row *rows, const pid_t *windows, const pid_t *connected,
			    bool focus_only)
{
	struct entry entries[MOST] = { 0 };
	struct window list[MOST];
	struct processes p = { .list = entries };
	size_t count = 0, i;

	for (; rows[p.count].pid; p.count++) {
		const struct row *row = &rows[p.count];
		struct entry *e = &entries[p.count];

		assert_true(p.count < MOST - 1);
		*e = (struct entry){ .pid = row->pid, .parent = row->parent };
		for (i = 0; connected[i]; i++)
			e->connected |= connected[i] == row->pid;
		snprintf(e->name, sizeof(e->name), "%s", row->name ? row->name : "x");
		snprintf(e->unit, sizeof(e->unit), "%s", row->unit ? row->unit : "");
	}
	for (; windows[count]; count++)
		list[count] = (struct window){ .pid = windows[count], .focus_only = focus_only };
	owner_assign(&p, list, count, 10, 20);
	for (i = 0; i < p.count; i++) {
		if (entries[i].owner != rows[i].owner)
			fail_msg("%d belongs to %d, not to %d", (int)entries[i].pid,
				 (int)entries[i].owner, (int)rows[i].owner);
	}
}

static void check_owners(const struct row *rows, const pid_t *windows)
{
	check_connected(rows, windows, (const pid_t[]){ 0 }, false);
}

static void test_descendants(void **state)
{
	static const struct row rows[] = {
		{ 10, 1, "sway", NULL, 0 },
		{ 30, 10, NULL, NULL, 30 },
		{ 31, 30, NULL, NULL, 30 },
		{ 32, 31, NULL, NULL, 30 },
		/* A descendant with a window of its own, like a game started in a terminal. */
		{ 40, 32, NULL, NULL, 40 },
		{ 41, 40, NULL, NULL, 40 },
		/* No window at all. */
		{ 50, 10, NULL, NULL, 0 },
		{ 60, 1, NULL, NULL, 0 },
		{ 0 },
	};

	(void)state;
	check_owners(rows, (const pid_t[]){ 30, 40, 0 });
	/* Windows in another order, and several of one process. */
	check_owners(rows, (const pid_t[]){ 40, 30, 40, 30, 0 });
}

static void test_never_touched(void **state)
{
	static const struct row rows[] = {
		{ 5, 1, "systemd", NULL, 0 },
		{ 10, 5, "sway", NULL, 0 },
		/* The terminal in which the agent was started. */
		{ 15, 10, "foot", NULL, 0 },
		{ 20, 15, "agent", NULL, 0 },
		{ 21, 20, "child of it", NULL, 0 },
		{ 25, 10, "Xwayland", NULL, 0 },
		{ 0 },
	};

	(void)state;
	check_owners(rows, (const pid_t[]){ 5, 10, 15, 20, 25, 0 });
}

/* The service manager has started the agent, and sway is in a session of its own. */
static void test_never_touched_apart(void **state)
{
	static const struct row rows[] = {
		{ 3, 1, "systemd", NULL, 0 },
		{ 5, 1, "login", NULL, 0 },
		{ 10, 5, "sway", A, 0 },
		/* It could only belong to sway. */
		{ 12, 1, "x", A, 0 },
		{ 20, 3, "agent", NULL, 0 },
		{ 0 },
	};

	(void)state;
	check_owners(rows, (const pid_t[]){ 3, 5, 10, 0 });
}

static void test_below_the_never_touched(void **state)
{
	static const struct row rows[] = {
		{ 10, 1, "sway", NULL, 0 },
		{ 15, 10, "foot", NULL, 0 },
		{ 16, 15, "game", NULL, 16 },
		{ 17, 15, "other", NULL, 0 },
		{ 20, 15, "agent", NULL, 0 },
		{ 0 },
	};

	(void)state;
	check_owners(rows, (const pid_t[]){ 15, 16, 0 });
}

static void test_units(void **state)
{
	static const struct row rows[] = {
		{ 10, 1, "sway", NULL, 0 },
		{ 30, 1, NULL, A, 30 },
		{ 31, 30, NULL, A, 30 },
		/* It has left its parent, but not the unit. */
		{ 32, 1, NULL, A, 30 },
		{ 33, 32, NULL, A, 30 },
		/* In a unit without a window. */
		{ 40, 1, NULL, B, 0 },
		/* Started by the application, but in a unit of its own. */
		{ 41, 30, NULL, B, 0 },
		/* Not in the unit of an application. */
		{ 42, 30, NULL, NULL, 30 },
		{ 0 },
	};

	(void)state;
	check_owners(rows, (const pid_t[]){ 30, 0 });
}

/* Two windows in one unit, neither above the other: the rest could belong to both. */
static void test_two_matches(void **state)
{
	static const struct row rows[] = {
		{ 30, 1, NULL, A, 30 },
		{ 31, 30, NULL, A, 30 },
		{ 40, 1, NULL, A, 40 },
		{ 41, 1, NULL, A, 0 },
		{ 0 },
	};

	(void)state;
	check_owners(rows, (const pid_t[]){ 30, 40, 0 });
}

/* By its parent it belongs to one window, by its unit to another one. */
static void test_disagreement(void **state)
{
	static const struct row rows[] = {
		{ 30, 1, NULL, A, 30 },
		{ 31, 30, NULL, B, 0 },
		{ 40, 1, NULL, B, 40 },
		{ 0 },
	};

	(void)state;
	check_owners(rows, (const pid_t[]){ 30, 40, 0 });
}

/* A panel that was started in a terminal is on the screen although it has no window. */
static void test_connected(void **state)
{
	static const struct row rows[] = {
		{ 10, 1, "sway", NULL, 0 },
		{ 30, 10, "foot", NULL, 30 },
		{ 31, 30, "bash", NULL, 30 },
		{ 32, 31, "panel", NULL, 0 },
		/* It could draw what the panel shows. */
		{ 33, 32, "WebKitWebProces", NULL, 0 },
		{ 34, 33, "game", NULL, 34 },
		{ 35, 34, "helper", NULL, 34 },
		{ 36, 31, "epiphany", NULL, 36 },
		{ 37, 36, "bwrap", NULL, 36 },
		{ 38, 37, "WebKitWebProces", NULL, 36 },
		{ 0 },
	};
	static const pid_t windows[] = { 30, 34, 36, 0 };
	/* What has a window is judged by its window. */
	static const pid_t connected[] = { 30, 32, 34, 36, 0 };

	(void)state;
	check_connected(rows, windows, connected, false);
	/* The focus of a terminal says nothing about its panel. */
	check_connected(rows, windows, connected, true);
}

static void test_connected_in_unit(void **state)
{
	static const struct row rows[] = {
		{ 30, 1, "foot", A, 30 },
		{ 31, 30, "bash", A, 30 },
		/* They have left their parents, which could be the terminal or the panel. */
		{ 40, 1, "panel", A, 0 },
		{ 41, 1, "x", A, 0 },
		{ 50, 1, "firefox", B, 50 },
		{ 51, 1, "x", B, 50 },
		{ 0 },
	};

	(void)state;
	check_connected(rows, (const pid_t[]){ 30, 50, 0 }, (const pid_t[]){ 30, 40, 50, 0 },
			false);
}

/* The focus of a cgroup is that of all its processes: a script can have started the program. */
static void test_connected_in_cgroup(void **state)
{
	static const struct row rows[] = {
		{ 30, 1, "sh", A, 30 },
		{ 31, 30, "firefox", A, 30 },
		{ 32, 31, "gpu", A, 30 },
		{ 33, 31, "panel", NULL, 0 },
		{ 34, 33, "x", A, 0 },
		{ 40, 1, "x", A, 30 },
		{ 0 },
	};

	(void)state;
	check_connected(rows, (const pid_t[]){ 30, 0 }, (const pid_t[]){ 31, 33, 40, 0 }, true);
}

/* A /proc that changes while it is read can have a circle of parents. */
static void test_circle(void **state)
{
	static const struct row rows[] = {
		{ 30, 31, NULL, NULL, 0 },
		{ 31, 30, NULL, NULL, 0 },
		{ 32, 32, NULL, NULL, 0 },
		{ 0 },
	};

	(void)state;
	check_owners(rows, (const pid_t[]){ 40, 0 });
}

static void test_any_unknown(void **state)
{
	struct entry entry = { .pid = 30, .owner = 30 };
	const struct processes p = { &entry, 1 };
	struct window w = { .pid = 30, .visible = true, .unsure = true };

	(void)state;
	assert_false(owner_any_unknown(&p, &w, 1));
	w.pid = 31;
	assert_true(owner_any_unknown(&p, &w, 1));
	w.visible = false;
	assert_false(owner_any_unknown(&p, &w, 1));
	w.visible = true;
	/* A process of another user is certain, and certainly not touched. */
	w.unsure = false;
	assert_false(owner_any_unknown(&p, &w, 1));
	w.unsure = true;
	w.pid = 30;
	entry.owner = 0;
	assert_true(owner_any_unknown(&p, &w, 1));
}

/* --- real processes in a made-up /proc ------------------------------------- */

static struct fake_proc proc;
static struct roots roots;
static struct config config;
static struct apps apps;
static struct app_rules rules;
static pid_t children[32];
static size_t n_children;

static pid_t new_process(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	children[n_children++] = pid;
	return pid;
}

static void end_process(pid_t pid)
{
	size_t i;

	for (i = 0; children[i] != pid; i++)
		;
	children[i] = children[--n_children];
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* A process with a window, and @mib of GPU memory. */
static pid_t new_app(unsigned int mib)
{
	const pid_t pid = new_process();

	fake_proc_process(&proc, pid, 1, "app", "/");
	if (mib)
		fake_proc_gpu(&proc, pid, "panthor", (unsigned int)pid, mib * MIB, 0, 0);
	return pid;
}

static int setup(void **state)
{
	char dir[] = "/tmp/agent-proc.XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(dir));
	fake_proc_init(&proc, dir, getuid());
	roots = (struct roots){ proc.dir, "/nonexistent" };
	config_default(&config);
	rules = (struct app_rules){ &roots, &config, getuid(), 999999, getpid(), NULL, NULL };
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	while (n_children)
		end_process(children[0]);
	apps_free(&apps);
	config_free(&config);
	snprintf(command, sizeof(command), "rm -rf %s", proc.dir);
	return system(command);
}

static void update(const struct window *windows, size_t count)
{
	assert_int_equal(apps_update(&apps, &rules, windows, count), 0);
}

static void update_one(pid_t pid)
{
	const struct window w = window_of(pid);

	update(&w, 1);
}

static uint64_t id_of(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	close(fd);
	return st.st_ino;
}

static void test_one_app(void **state)
{
	const pid_t pid = new_app(64);
	struct window w = window_of(pid);

	(void)state;
	strcpy(w.app_id, "foot");
	update(&w, 1);
	assert_int_equal(apps.count, 1);
	assert_int_equal(apps.list[0].number, 1);
	assert_int_equal(apps.list[0].pid, pid);
	assert_string_equal(apps.list[0].app_id, "foot");
	assert_true(apps.list[0].hidden);
	assert_int_equal(apps.list[0].resident, 64 * MIB);
	assert_int_equal(apps.list[0].n_members, 1);
	assert_int_equal(apps.list[0].members[0].id, id_of(pid));
	assert_true(apps.list[0].members[0].has_device);
	/* It is the same one the next time. */
	fake_proc_gpu(&proc, pid, "panthor", (unsigned int)pid, MIB, 63 * MIB, 7);
	w.visible = true;
	update(&w, 1);
	assert_int_equal(apps.count, 1);
	assert_int_equal(apps.list[0].number, 1);
	assert_false(apps.list[0].hidden);
	assert_int_equal(apps.list[0].resident, MIB);
	assert_int_equal(apps.list[0].evicted, 63 * MIB);
	assert_int_equal(apps.list[0].gpu_ns, 7);
	/* Without windows, it is none. */
	update(&w, 0);
	assert_int_equal(apps.count, 0);
	assert_int_equal(apps.n_gone, 1);
	assert_int_equal(apps.gone[0], 1);
	update(&w, 1);
	assert_int_equal(apps.list[0].number, 2);
	assert_int_equal(apps.n_gone, 0);
}

/* Hidden are those whose windows are all hidden; of other settings, the strictest counts. */
static void test_windows_of_one_process(void **state)
{
	const pid_t pid = new_app(64);
	struct window w[] = { window_of(pid), window_of(pid) };

	(void)state;
	config.apps = calloc(1, sizeof(*config.apps));
	config.n_apps = 1;
	config.apps[0] = (struct config_app){ "b", true, 100, true };
	update(w, 2);
	assert_int_equal(apps.count, 1);
	assert_true(apps.list[0].hidden);
	assert_false(apps.list[0].exempt);
	strcpy(w[1].app_id, "b");
	w[0].visible = true;
	update(w, 2);
	assert_false(apps.list[0].hidden);
	assert_true(apps.list[0].exempt);
	assert_int_equal(apps.list[0].grace, 30 * POLICY_SECOND);
	w[0] = w[1];
	update(w, 2);
	assert_int_equal(apps.list[0].grace, 100);
	w[1].app_id[0] = '\0';
	update(w, 2);
	assert_true(apps.list[0].exempt);
	assert_int_equal(apps.list[0].grace, 30 * POLICY_SECOND);
	w[1].unsure = true;
	update(w, 2);
	assert_true(apps.list[0].unsure);
	w[1].focus_only = true;
	update(w, 2);
	assert_int_equal(apps.list[0].grace, 600 * POLICY_SECOND);
}

/* apps_show() sets what is hidden, and refuses every other change. */
static void test_show(void **state)
{
	const pid_t pid = new_app(64), other = new_app(32);
	struct window w[3], changed[3];
	int i;

	(void)state;
	w[0] = w[1] = window_of(pid);
	w[2] = window_of(other);
	w[0].visible = w[1].visible = w[2].visible = true;
	assert_false(apps_show(&apps, w, 3));
	update(w, 3);
	assert_false(apps.list[0].hidden || apps.list[1].hidden);
	w[0].visible = w[2].visible = false;
	assert_true(apps_show(&apps, w, 3));
	assert_true(!apps.list[0].hidden && apps.list[1].hidden);
	w[1].visible = false;
	assert_true(apps_show(&apps, w, 3));
	assert_true(apps.list[0].hidden && apps.list[1].hidden);
	assert_int_equal(apps.list[0].resident, 64 << 20);
	for (i = 0; i < 5; i++) {
		memcpy(changed, w, sizeof(w));
		changed[0].visible = true;
		changed[2].pid = i == 0 ? pid : i == 1 ? 0 : other;
		changed[2].unsure = i == 2;
		changed[2].focus_only = i == 3;
		if (i == 4)
			strcpy(changed[2].app_id, "another");
		assert_false(apps_show(&apps, changed, 3));
	}
	assert_false(apps_show(&apps, w, 2));
	assert_true(apps.list[0].hidden);
	assert_true(apps_show(&apps, w, 3));
}

static void test_members(void **state)
{
	const pid_t pid = new_app(0), gpu = new_process(), idle = new_process();

	(void)state;
	fake_proc_process(&proc, gpu, pid, "gpu", "/");
	fake_proc_gpu(&proc, gpu, "panthor", 7, 32 * MIB, 0, 5);
	fake_proc_gpu(&proc, gpu, "panthor", 8, 16 * MIB, MIB, 6);
	fake_proc_gpu(&proc, gpu, "amdgpu", 9, 99 * MIB, 0, 9);
	fake_proc_process(&proc, idle, gpu, "idle", "/");
	update_one(pid);
	assert_int_equal(apps.list[0].resident, 48 * MIB);
	assert_int_equal(apps.list[0].evicted, MIB);
	assert_int_equal(apps.list[0].gpu_ns, 11);
	assert_int_equal(apps.list[0].n_members, 2);
	assert_int_equal(apps.list[0].members[0].pid, pid);
	assert_false(apps.list[0].members[0].has_device);
	assert_int_equal(apps.list[0].members[1].pid, gpu);
	assert_true(apps.list[0].members[1].has_device);
	assert_int_equal(apps.list[0].members[1].id, id_of(gpu));
	assert_ptr_equal(apps_find_pid(&apps, gpu), &apps.list[0]);
	assert_null(apps_find_pid(&apps, idle));
	/* The process ends, the application goes on. */
	fake_proc_remove(&proc, gpu);
	update_one(pid);
	assert_int_equal(apps.list[0].n_members, 1);
	assert_int_equal(apps.list[0].resident, 0);
	assert_int_equal(apps.list[0].number, 1);
}

/* A file that two processes have open is counted once. */
static void test_shared_client(void **state)
{
	const pid_t pid = new_app(64), child = new_process();
	const struct member *m;

	(void)state;
	fake_proc_process(&proc, child, pid, "child", "/");
	fake_proc_gpu(&proc, child, "panthor", (unsigned int)pid, 64 * MIB, 0, 0);
	update_one(pid);
	m = apps.list[0].members;
	assert_int_equal(apps.list[0].resident, 64 * MIB);
	assert_int_equal(apps.list[0].n_members, 2);
	assert_true(m[0].has_device && m[1].has_device);
	assert_true(m[0].counted && !m[1].counted);
	assert_int_equal(m[0].bytes, 64 * MIB);
	assert_int_equal(m[1].bytes, 0);
	/* It has opened the device itself, too. */
	fake_proc_gpu(&proc, child, "panthor", (unsigned int)child, MIB, 2 * MIB, 0);
	update_one(pid);
	m = apps.list[0].members;
	assert_true(m[1].counted);
	assert_int_equal(m[1].bytes, 3 * MIB);
	assert_int_equal(apps.list[0].resident, 65 * MIB);
}

/* A file that very many processes have inherited takes few descriptors. */
static void test_inherited_client(void **state)
{
	const pid_t pid = new_app(64);
	int i;

	(void)state;
	for (i = 0; i < 30; i++) {
		const pid_t child = new_process();

		fake_proc_process(&proc, child, pid, "child", "/");
		fake_proc_gpu(&proc, child, "panthor", (unsigned int)pid, 64 * MIB, 0, 0);
	}
	for (i = 0; i < 2; i++) {
		update_one(pid);
		assert_int_equal(apps.list[0].resident, 64 * MIB);
		assert_int_equal(apps.list[0].n_members, 1 + APP_SHARING_MOST);
	}
}

/* An X11 client that does not say who it is could be part of any application. */
static void test_visible_unknown(void **state)
{
	const pid_t pid = new_app(64);
	struct window w[] = { window_of(pid), { .visible = true, .unsure = true } };

	(void)state;
	update(w, 2);
	assert_int_equal(apps.count, 1);
	assert_true(apps.list[0].unsure);
	w[1].visible = false;
	update(w, 2);
	assert_false(apps.list[0].unsure);
}

static void test_self(void **state)
{
	(void)state;
	fake_proc_process(&proc, getpid(), 1, "agent", "/");
	update_one(getpid());
	assert_int_equal(apps.count, 0);
}

/* It has exited, but its parent has not noticed that. */
static void test_zombie(void **state)
{
	const pid_t pid = new_app(64);
	siginfo_t info;

	(void)state;
	kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	update_one(pid);
	assert_int_equal(apps.count, 0);
}

static void test_other_user(void **state)
{
	const pid_t pid = new_app(64);

	(void)state;
	fake_proc_user(&proc, pid, getuid() + 1);
	update_one(pid);
	assert_int_equal(apps.count, 0);
}

static void test_no_such_process(void **state)
{
	const pid_t pid = new_app(64);

	(void)state;
	update_one(1);
	assert_int_equal(apps.count, 0);
	/* It has ended since it was listed. */
	end_process(pid);
	update_one(pid);
	assert_int_equal(apps.count, 0);
}

static void test_thread(void **state)
{
	const pid_t pid = new_app(64);
	char path[128];
	FILE *file;

	(void)state;
	snprintf(path, sizeof(path), "%s/%d/status", proc.dir, (int)pid);
	file = fopen(path, "we");
	assert_non_null(file);
	fprintf(file, "Name:\tx\nTgid:\t%d\nPPid:\t1\nUid:\t%u\n", (int)pid + 1,
		(unsigned int)getuid());
	fclose(file);
	update_one(pid);
	assert_int_equal(apps.count, 0);
}

/* Start a process with this PID, which was given to another one before. */
static bool new_process_as(pid_t pid)
{
	struct clone_args args = {
		.exit_signal = SIGCHLD,
		.set_tid = (uintptr_t)&pid,
		.set_tid_size = 1,
	};
	long ret = syscall(SYS_clone3, &args, sizeof(args));

	if (!ret) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	if (ret < 0)
		return false;
	assert_int_equal(ret, pid);
	children[n_children++] = pid;
	return true;
}

/* Another process gets the PID. For /proc, nothing has changed. */
static void test_pid_reuse(void **state)
{
	const pid_t pid = new_app(64);
	uint64_t id;

	(void)state;
	update_one(pid);
	id = apps.list[0].members[0].id;
	end_process(pid);
	if (!new_process_as(pid))
		skip();
	update_one(pid);
	assert_int_equal(apps.count, 1);
	assert_int_equal(apps.list[0].number, 2);
	assert_int_equal(apps.n_gone, 1);
	assert_int_equal(apps.gone[0], 1);
	assert_true(apps.list[0].members[0].id != id);
	assert_int_equal(apps.list[0].members[0].id, id_of(pid));
}

static void test_pid_reuse_of_member(void **state)
{
	const pid_t pid = new_app(64), child = new_process();
	uint64_t id;

	(void)state;
	fake_proc_process(&proc, child, pid, "child", "/");
	fake_proc_gpu(&proc, child, "panthor", 7, MIB, 0, 0);
	update_one(pid);
	assert_true(apps.list[0].members[1].has_device);
	id = apps.list[0].members[1].id;
	end_process(child);
	if (!new_process_as(child))
		skip();
	update_one(pid);
	assert_int_equal(apps.list[0].number, 1);
	assert_int_equal(apps.list[0].n_members, 2);
	assert_true(apps.list[0].members[1].id != id);
	assert_int_equal(apps.list[0].members[1].id, id_of(child));
}

static void test_units_in_proc(void **state)
{
#define APPS "/user.slice/user-1.slice/user@1.service/app.slice/"
	static const struct {
		const char *cgroup, *unit;
	} rows[] = {
		{ APPS "app-foot.scope", "/app.slice/app-foot.scope" },
		{ APPS "app-foot.scope/below", "/app.slice/app-foot.scope" },
		{ APPS "app-x.slice/app-x-1.service", "/app.slice/app-x.slice/app-x-1.service" },
		{ APPS "app-x.slice", "" },
		{ APPS "dbus.service", "" },
		{ APPS "tmux-app-x.scope", "" },
		{ "/user.slice/session-1.scope", "" },
		{ "/app-foot.scope", "" },
		{ "/", "" },
	};
	const pid_t pid = new_app(0);
	char path[2 * PROCESS_UNIT];
	struct entry e;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fake_proc_process(&proc, pid, 1, "x", rows[i].cgroup);
		assert_int_equal(processes_read_one(&e, &roots, getuid(), pid), 0);
		assert_string_equal(e.unit, rows[i].unit);
	}
	/* Part of a name could be that of another unit, too. */
	snprintf(path, sizeof(path), APPS "app-%0*d.scope", PROCESS_UNIT, 1);
	fake_proc_process(&proc, pid, 1, "x", path);
	assert_int_equal(processes_read_one(&e, &roots, getuid(), pid), 0);
	assert_string_equal(e.unit, "");
}

/* If nothing can be known, it says so. */
static void test_no_proc(void **state)
{
	const pid_t pid = new_app(64);
	const struct window w = window_of(pid);

	(void)state;
	update_one(pid);
	roots.proc = "/nonexistent";
	assert_int_equal(apps_update(&apps, &rules, &w, 1), -ENOENT);
}

static void test_descriptors(void **state)
{
	const pid_t pid = new_app(64), child = new_process();
	int first, i;

	(void)state;
	fake_proc_process(&proc, child, pid, "child", "/");
	update_one(pid);
	first = dup(0);
	close(first);
	for (i = 0; i < 20; i++) {
		fake_proc_gpu(&proc, child, "panthor", 7, MIB, 0, 0);
		update_one(pid);
		fake_proc_process(&proc, child, 1, "child", "/");
		update_one(pid);
		fake_proc_process(&proc, child, pid, "child", "/");
		update(NULL, 0);
		update_one(pid);
	}
	fake_proc_remove(&proc, child);
	update_one(pid);
	i = dup(0);
	close(i);
	assert_int_equal(i, first);
}

/* If there are no more file descriptors, it is not known which processes have ended. */
static void test_no_descriptors(void **state)
{
	const pid_t pid = new_app(64);
	const struct window w = window_of(pid);
	struct rlimit before, few;
	struct entry e;
	int i, first, all, one;

	(void)state;
	for (i = 0; i < 8; i++) {
		const pid_t child = new_process();

		fake_proc_process(&proc, child, pid, "child", "/");
		fake_proc_gpu(&proc, child, "panthor", (unsigned int)child, MIB, 0, 0);
	}
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	first = dup(0);
	close(first);
	few = (struct rlimit){ (rlim_t)first + 5, before.rlim_max };
	setrlimit(RLIMIT_NOFILE, &few);
	all = apps_update(&apps, &rules, &w, 1);
	apps_free(&apps);
	few.rlim_cur = (rlim_t)first;
	setrlimit(RLIMIT_NOFILE, &few);
	one = processes_read_one(&e, &roots, getuid(), pid);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(all, -EMFILE);
	assert_int_equal(one, -EMFILE);
	assert_int_equal(processes_read_one(&e, &roots, getuid(), 999999), -ESRCH);
	update_one(pid);
	assert_int_equal(apps.list[0].n_members, 9);
}

/* --- connections to the compositor -------------------------------------------- */

static int listening;

/* Returns a socket that is connected to one with this name in the directory of the test. */
static int connect_to(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const socklen_t size = sizeof(address);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%.60s/%s", proc.dir, name);
	listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listening, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listening, 1), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, size), 0);
	return fd;
}

static uint64_t number_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_ino;
}

/* Is the child connected that has only this file open? */
static bool has(int fd, pid_t child, pid_t compositor)
{
	struct displays d;
	bool result;

	fake_proc_process(&proc, child, 1, "child", "/");
	fake_proc_socket(&proc, child, 5, number_of(fd));
	assert_int_equal(displays_read(&d, &roots, compositor), 0);
	result = displays_has(&d, &roots, child);
	displays_free(&d);
	return result;
}

static void test_displays(void **state)
{
	static const struct {
		const char *name;
		bool connected;
	} rows[] = {
		{ "wayland-1", true }, { "gamescope-0", true }, { "own", true },
		{ "bus", false }, { "pipewire-0", false }, { "wayland", false },
	};
	const pid_t child = new_process();
	size_t i;

	(void)state;
	setenv("WAYLAND_DISPLAY", "own", 1);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const int fd = connect_to(rows[i].name), end = accept(listening, NULL, NULL);

		assert_int_equal(has(fd, child, 1), rows[i].connected);
		/* The server is not its own client. */
		assert_false(has(end, child, 1));
		assert_false(has(listening, child, 1));
		close(fd);
		close(end);
		close(listening);
	}
	unsetenv("WAYLAND_DISPLAY");
}

/* The address of an X server can be an abstract one. */
static void test_displays_x11(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const pid_t child = new_process();
	socklen_t size;
	int end;

	(void)state;
	size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1);
	size += (socklen_t)sprintf(address.sun_path + 1, "/tmp/.X11-unix/X%d", (int)getpid());
	assert_int_equal(bind(server, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(server, 1), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, size), 0);
	end = accept(server, NULL, NULL);
	assert_true(has(fd, child, 1));
	assert_false(has(end, child, 1));
	close(fd);
	close(end);
	close(server);
}

/* A connection without a name, as sway gives it to the programs that it starts. */
static void test_displays_of_compositor(void **state)
{
	const pid_t child = new_process(), compositor = new_process();
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	fake_proc_process(&proc, compositor, 1, "sway", "/");
	assert_false(has(fds[0], child, compositor));
	fake_proc_socket(&proc, compositor, 9, number_of(fds[1]));
	assert_true(has(fds[0], child, compositor));
	assert_false(has(fds[0], child, 1));
	close(fds[0]);
	close(fds[1]);
}

/* What cannot be known counts as connected. */
static void test_displays_unknown(void **state)
{
	const pid_t child = new_process();
	struct displays d = { 0 };
	char path[128], own[64];
	ssize_t n;

	(void)state;
	fake_proc_process(&proc, child, 1, "child", "/");
	assert_true(displays_has(&d, &roots, child));
	assert_int_equal(displays_read(&d, &roots, 1), 0);
	assert_false(displays_has(&d, &roots, child));
	assert_true(displays_has(&d, &roots, 999999));
	/* A socket of another network namespace is not in the list of the kernel. */
	fake_proc_socket(&proc, child, 5, UINT32_MAX);
	assert_true(displays_has(&d, &roots, child));
	snprintf(path, sizeof(path), "%s/%d/ns", proc.dir, (int)child);
	assert_int_equal(mkdir(path, 0755), 0);
	strcat(path, "/net");
	assert_int_equal(symlink("net:[1]", path), 0);
	assert_true(displays_has(&d, &roots, child));
	/* Of this namespace, those that are missing are no Unix sockets. */
	assert_int_equal(unlink(path), 0);
	n = readlink("/proc/self/ns/net", own, sizeof(own) - 1);
	assert_true(n > 0);
	own[n] = '\0';
	assert_int_equal(symlink(own, path), 0);
	assert_false(displays_has(&d, &roots, child));
	displays_free(&d);
}

/* The memory of a panel is not that of the terminal in which it was started. */
static void test_panel(void **state)
{
	const pid_t pid = new_app(64), panel = new_process(), web = new_process();
	int fd, end;

	(void)state;
	fake_proc_process(&proc, panel, pid, "panel", "/");
	fake_proc_gpu(&proc, panel, "panthor", 7, 32 * MIB, 0, 0);
	fake_proc_process(&proc, web, panel, "web", "/");
	fake_proc_gpu(&proc, web, "panthor", 8, 16 * MIB, 0, 0);
	update_one(pid);
	assert_int_equal(apps.list[0].resident, 112 * MIB);
	fd = connect_to("wayland-1");
	end = accept(listening, NULL, NULL);
	fake_proc_socket(&proc, panel, 5, number_of(fd));
	update_one(pid);
	assert_int_equal(apps.list[0].resident, 64 * MIB);
	assert_int_equal(apps.list[0].n_members, 1);
	assert_null(apps_find_pid(&apps, panel));
	assert_null(apps_find_pid(&apps, web));
	close(fd);
	close(end);
	close(listening);
}

/* --- sound and freezing ------------------------------------------------------ */

static void test_playing(void **state)
{
	const pid_t a = new_app(64), b = new_app(64), player = new_process();
	struct number_list playing = { 0 };
	struct window w[] = { window_of(a), window_of(b) };

	(void)state;
	fake_proc_process(&proc, player, a, "player", "/");
	rules.playing = &playing;
	update(w, 2);
	assert_false(apps.list[0].playing || apps.list[1].playing);
	number_list_append(&playing, (uint64_t)player);
	number_list_append(&playing, 999999);
	number_list_append(&playing, 0);
	update(w, 2);
	assert_true(apps.list[0].playing);
	assert_false(apps.list[1].playing);
	number_list_free(&playing);
	update(w, 2);
	assert_false(apps.list[0].playing);
}

#define UNIT "app.slice/app-a.scope"

static struct cgroups_tree tree;
static pid_t unit_pid;
static char unit_cgroup[FREEZER_PATH];

static pid_t new_unit_process(pid_t parent)
{
	const pid_t pid = new_process();

	fake_proc_process(&proc, pid, parent, "x", unit_cgroup);
	cgroups_add(&tree, UNIT, pid);
	return pid;
}

static void begin_unit(void)
{
	cgroups_start(&tree, proc.dir, false, getuid());
	roots.sys = tree.sys;
	cgroups_make(&tree, UNIT);
	assert_true(freezer_cgroup(getuid(), "/" UNIT, unit_cgroup));
	config.freeze = true;
	unit_pid = new_unit_process(1);
	fake_proc_gpu(&proc, unit_pid, "panthor", 7, 64 * MIB, 0, 0);
}

static const char *cgroup_now(void)
{
	update_one(unit_pid);
	assert_int_equal(apps.count, 1);
	return apps.list[0].cgroup;
}

static void test_cgroup(void **state)
{
	(void)state;
	begin_unit();
	assert_string_equal(cgroup_now(), unit_cgroup);
	new_unit_process(unit_pid);
	assert_string_equal(cgroup_now(), unit_cgroup);
	config.freeze = false;
	assert_string_equal(cgroup_now(), "");
}

/* Another window in the same unit would be frozen with it. */
static void test_cgroup_of_two(void **state)
{
	struct window w[2];

	(void)state;
	begin_unit();
	w[0] = window_of(unit_pid);
	w[1] = window_of(new_unit_process(unit_pid));
	update(w, 2);
	assert_int_equal(apps.count, 2);
	assert_string_equal(apps.list[0].cgroup, "");
	assert_string_equal(apps.list[1].cgroup, "");
}

/* A process that the agent does not see, for example of another user. */
static void test_cgroup_with_another(void **state)
{
	const pid_t other = new_process();

	(void)state;
	begin_unit();
	cgroups_add(&tree, UNIT, other);
	assert_string_equal(cgroup_now(), "");
	fake_proc_process(&proc, other, 1, "other", unit_cgroup);
	assert_string_equal(cgroup_now(), unit_cgroup);
	fake_proc_user(&proc, other, getuid() + 1);
	assert_string_equal(cgroup_now(), "");
}

/* Processes outside of this PID namespace. */
static void test_cgroup_with_unseen(void **state)
{
	(void)state;
	begin_unit();
	cgroups_add(&tree, UNIT, 0);
	assert_string_equal(cgroup_now(), "");
}

static void test_cgroup_of_a_terminal(void **state)
{
	pid_t shell;

	(void)state;
	begin_unit();
	shell = new_unit_process(unit_pid);
	fake_proc_terminal(&proc, shell, unit_pid);
	assert_string_equal(cgroup_now(), "");
	/* Terminals put shells into units of their own. */
	fake_proc_process(&proc, shell, unit_pid, "shell",
			  "/user.slice/user-0.slice/user@0.service/app.slice/vte-1.scope");
	fake_proc_terminal(&proc, shell, unit_pid);
	assert_string_equal(cgroup_now(), "");
	fake_proc_terminal(&proc, shell, 1);
	fake_proc_remove(&proc, shell);
	cgroups_remove(&tree, UNIT);
	cgroups_make(&tree, UNIT);
	cgroups_add(&tree, UNIT, unit_pid);
	assert_string_equal(cgroup_now(), unit_cgroup);
	/* Started in a terminal. */
	fake_proc_terminal(&proc, unit_pid, 1);
	assert_string_equal(cgroup_now(), "");
}

static void test_cgroup_of_sound(void **state)
{
	struct number_list pids = { 0 };

	(void)state;
	begin_unit();
	/* A player has to hear media keys. */
	rules.players = &pids;
	number_list_append(&pids, (uint64_t)unit_pid);
	assert_string_equal(cgroup_now(), "");
	number_list_free(&pids);
	assert_string_equal(cgroup_now(), unit_cgroup);
	/* Sound of which nobody knows who plays it. */
	rules.playing = &pids;
	number_list_append(&pids, 999999);
	assert_string_equal(cgroup_now(), "");
	number_list_free(&pids);
}

static void test_cgroup_elsewhere(void **state)
{
	static const char *const others[] = {
		"/", "/app.slice/app-a.scope",
		"/user.slice/user-99.slice/user@99.service/app.slice/app-a.scope",
	};
	size_t i;

	(void)state;
	begin_unit();
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		fake_proc_process(&proc, unit_pid, 1, "x", others[i]);
		assert_string_equal(cgroup_now(), "");
	}
	/* Without the cgroup, nobody knows who is in it. */
	fake_proc_process(&proc, unit_pid, 1, "x", unit_cgroup);
	roots.sys = "/nonexistent";
	assert_string_equal(cgroup_now(), "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_descendants),
		cmocka_unit_test(test_never_touched),
		cmocka_unit_test(test_never_touched_apart),
		cmocka_unit_test(test_below_the_never_touched),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_two_matches),
		cmocka_unit_test(test_disagreement),
		cmocka_unit_test(test_connected),
		cmocka_unit_test(test_connected_in_unit),
		cmocka_unit_test(test_connected_in_cgroup),
		cmocka_unit_test(test_circle),
		cmocka_unit_test(test_any_unknown),
		TEST(test_one_app),
		TEST(test_windows_of_one_process),
		TEST(test_show),
		TEST(test_members),
		TEST(test_shared_client),
		TEST(test_inherited_client),
		TEST(test_visible_unknown),
		TEST(test_self),
		TEST(test_zombie),
		TEST(test_other_user),
		TEST(test_no_such_process),
		TEST(test_thread),
		TEST(test_pid_reuse),
		TEST(test_pid_reuse_of_member),
		TEST(test_units_in_proc),
		TEST(test_no_proc),
		TEST(test_descriptors),
		TEST(test_no_descriptors),
		TEST(test_displays),
		TEST(test_displays_x11),
		TEST(test_displays_of_compositor),
		TEST(test_displays_unknown),
		TEST(test_panel),
		TEST(test_playing),
		TEST(test_cgroup),
		TEST(test_cgroup_of_two),
		TEST(test_cgroup_with_another),
		TEST(test_cgroup_with_unseen),
		TEST(test_cgroup_of_a_terminal),
		TEST(test_cgroup_of_sound),
		TEST(test_cgroup_elsewhere),
	};

	return cmocka_run_group_tests_name("app", tests, NULL, NULL);
}
