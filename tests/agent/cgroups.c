/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "cgroups.h"
#include "source_cgroup.h"

/* Find where cgroup2 is mounted. */
static bool find_mount(char path[CGROUPS_PATH])
{
	FILE *mounts = fopen("/proc/self/mounts", "re");
	char line[1024], type[32];
	bool found = false;

	while (mounts && !found && fgets(line, sizeof(line), mounts))
		found = sscanf(line, "%*s %255s %31s", path, type) == 2 &&
			!strcmp(type, "cgroup2");
	if (mounts)
		fclose(mounts);
	return found;
}

static bool make_top(char top[CGROUPS_PATH])
{
	char mount[CGROUPS_PATH];

	if (!find_mount(mount))
		return false;
	if (snprintf(top, CGROUPS_PATH, "%s/agent-test-%d", mount, (int)getpid()) >= CGROUPS_PATH)
		return false;
	return !mkdir(top, 0755) || errno == EEXIST;
}

bool cgroups_real_possible(void)
{
	char top[CGROUPS_PATH];

	if (!make_top(top))
		return false;
	rmdir(top);
	return true;
}

bool cgroups_attributes_possible(const char *dir)
{
	return !setxattr(dir, CGROUP_ATTRIBUTE, "", 0, 0) &&
	       !removexattr(dir, CGROUP_ATTRIBUTE);
}

static void make_parents(const char *path)
{
	char part[CGROUPS_PATH];
	char *at;

	snprintf(part, sizeof(part), "%s", path);
	for (at = strchr(part + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		mkdir(part, 0755);
		*at = '/';
	}
	if (mkdir(part, 0755))
		assert_int_equal(errno, EEXIST);
}

static void write_to(const char *path, const char *mode, const char *text)
{
	FILE *file = fopen(path, mode);

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

void cgroups_path(const struct cgroups_tree *t, const char *name, char path[CGROUPS_PATH])
{
	assert_true(snprintf(path, CGROUPS_PATH, "%s/%s", t->user, name) < CGROUPS_PATH);
}

static void make_file(const struct cgroups_tree *t, const char *path, const char *name,
		      const char *text)
{
	char file[CGROUPS_PATH + 32];

	snprintf(file, sizeof(file), "%s/%s", path, name);
	if (!t->real)
		write_to(file, "we", text);
	if (t->uid != getuid())
		assert_int_equal(chown(file, t->uid, (gid_t)-1), 0);
}

void cgroups_make(const struct cgroups_tree *t, const char *name)
{
	char path[CGROUPS_PATH];

	cgroups_path(t, name, path);
	make_parents(path);
	make_file(t, path, "cgroup.procs", "");
	make_file(t, path, "cgroup.freeze", "0\n");
}

bool cgroups_is_frozen(const struct cgroups_tree *t, const char *name)
{
	char path[CGROUPS_PATH], file[CGROUPS_PATH + 32], line[64];
	FILE *freeze;

	cgroups_path(t, name, path);
	snprintf(file, sizeof(file), "%s/cgroup.freeze", path);
	freeze = fopen(file, "re");
	assert_non_null(freeze);
	assert_non_null(fgets(line, sizeof(line), freeze));
	fclose(freeze);
	return *line == '1';
}

static void nap(void)
{
	static const struct timespec step = { .tv_nsec = 10000000 };

	nanosleep(&step, NULL);
}

static void kill_all(const char *path)
{
	char file[CGROUPS_PATH + 32];

	snprintf(file, sizeof(file), "%s/cgroup.kill", path);
	if (!access(file, W_OK))
		write_to(file, "we", "1");
}

void cgroups_remove(const struct cgroups_tree *t, const char *name)
{
	char path[CGROUPS_PATH], command[CGROUPS_PATH + 32];
	int i;

	cgroups_path(t, name, path);
	if (t->real) {
		for (i = 0; i < 3000 && rmdir(path) && errno == EBUSY; i++)
			nap();
		return;
	}
	snprintf(command, sizeof(command), "rm -rf '%s'", path);
	assert_int_equal(system(command), 0);
}

void cgroups_add(const struct cgroups_tree *t, const char *name, pid_t pid)
{
	char path[CGROUPS_PATH], file[CGROUPS_PATH + 32], text[32];

	cgroups_path(t, name, path);
	snprintf(file, sizeof(file), "%s/cgroup.procs", path);
	snprintf(text, sizeof(text), "%d\n", (int)pid);
	write_to(file, t->real ? "we" : "ae", text);
}

void cgroups_attribute(const struct cgroups_tree *t, const char *name, const char *value)
{
	char path[CGROUPS_PATH];

	cgroups_path(t, name, path);
	if (value)
		assert_int_equal(setxattr(path, CGROUP_ATTRIBUTE, value, strlen(value), 0), 0);
	else
		assert_int_equal(removexattr(path, CGROUP_ATTRIBUTE), 0);
}

void cgroups_start(struct cgroups_tree *t, const char *dir, bool real, uid_t uid)
{
	char link[CGROUPS_PATH + 16];

	memset(t, 0, sizeof(*t));
	t->real = real;
	t->uid = uid;
	snprintf(t->sys, sizeof(t->sys), "%s/sys", dir);
	snprintf(link, sizeof(link), "%s/fs", t->sys);
	make_parents(link);
	snprintf(link, sizeof(link), "%s/fs/cgroup", t->sys);
	if (real) {
		assert_true(make_top(t->top));
		assert_int_equal(symlink(t->top, link), 0);
	} else {
		snprintf(t->top, sizeof(t->top), "%.128s/fs/cgroup", t->sys);
		assert_int_equal(mkdir(t->top, 0755), 0);
	}
	snprintf(t->user, sizeof(t->user), "%.128s/user.slice/user-%u.slice/user@%u.service",
		 t->top, (unsigned int)uid, (unsigned int)uid);
	make_parents(t->user);
	if (!real)
		make_file(t, t->user, "cgroup.procs", "");
}

/* rmdir works from the lowest ones up. */
static void remove_all(const char *path)
{
	char command[2 * CGROUPS_PATH];
	int i;

	snprintf(command, sizeof(command),
		 "find '%s' -depth -type d -exec rmdir '{}' + 2>/dev/null", path);
	/* Processes that were killed leave their cgroups soon. */
	for (i = 0; i < 3000 && system(command) && !access(path, F_OK); i++)
		nap();
}

void cgroups_stop(struct cgroups_tree *t)
{
	if (!t->real)
		return;
	kill_all(t->top);
	remove_all(t->top);
	assert_int_not_equal(access(t->top, F_OK), 0);
}
