/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_proc.h"

static void own(const struct fake_proc *f, const char *path)
{
	if (f->owner != getuid())
		assert_int_equal(lchown(path, f->owner, (gid_t)-1), 0);
}

static void make_dir(const struct fake_proc *f, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void make_dir(const struct fake_proc *f, const char *format, ...)
{
	char path[256];
	va_list args;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	mkdir(path, 0755);
	own(f, path);
}

/* The program under test may read at any time, so that a file must never be half written. */
static void write_file(const struct fake_proc *f, const char *path, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void write_file(const struct fake_proc *f, const char *path, const char *format, ...)
{
	char temporary[300];
	va_list args;
	FILE *file;

	snprintf(temporary, sizeof(temporary), "%s/new", f->dir);
	file = fopen(temporary, "we");
	assert_non_null(file);
	va_start(args, format);
	vfprintf(file, format, args);
	va_end(args);
	fclose(file);
	chmod(temporary, 0644);
	own(f, temporary);
	assert_int_equal(rename(temporary, path), 0);
}

void fake_proc_init(struct fake_proc *f, const char *dir, uid_t owner)
{
	snprintf(f->dir, sizeof(f->dir), "%s", dir);
	f->owner = owner;
	chmod(dir, 0755);
}

static void write_status(const struct fake_proc *f, pid_t pid, pid_t parent, const char *name,
			 uid_t uid)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%d/status", f->dir, (int)pid);
	write_file(f, path, "Name:\t%s\nState:\tS (sleeping)\nTgid:\t%d\nPid:\t%d\nPPid:\t%d\n"
		   "Uid:\t%u\t%u\t%u\t%u\n", name, (int)pid, (int)pid, (int)parent, uid, uid, uid,
		   uid);
}

static void write_stat(const struct fake_proc *f, pid_t pid, pid_t parent, int terminal)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%d/stat", f->dir, (int)pid);
	write_file(f, path, "%d (a) b) S %d %d %d %d -1 0\n", (int)pid, (int)parent, (int)pid,
		   (int)pid, terminal);
}

void fake_proc_terminal(const struct fake_proc *f, pid_t pid, pid_t parent)
{
	write_stat(f, pid, parent, 34816);
}

void fake_proc_process(const struct fake_proc *f, pid_t pid, pid_t parent, const char *name,
		       const char *cgroup)
{
	char path[128];

	make_dir(f, "%s/%d", f->dir, (int)pid);
	make_dir(f, "%s/%d/fd", f->dir, (int)pid);
	make_dir(f, "%s/%d/fdinfo", f->dir, (int)pid);
	write_status(f, pid, parent, name, f->owner);
	write_stat(f, pid, parent, 0);
	snprintf(path, sizeof(path), "%s/%d/comm", f->dir, (int)pid);
	write_file(f, path, "%s\n", name);
	snprintf(path, sizeof(path), "%s/%d/cgroup", f->dir, (int)pid);
	write_file(f, path, "1:cpu:/\n0::%s\n", cgroup);
}

void fake_proc_user(const struct fake_proc *f, pid_t pid, uid_t uid)
{
	write_status(f, pid, 1, "other", uid);
}

void fake_proc_gpu(const struct fake_proc *f, pid_t pid, const char *driver, unsigned int client,
		   uint64_t resident, uint64_t evicted, uint64_t engine_ns)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%d/fd/%u", f->dir, (int)pid, client);
	unlink(path);
	assert_int_equal(symlink("/dev/dri/renderD128", path), 0);
	own(f, path);
	snprintf(path, sizeof(path), "%s/%d/fdinfo/%u", f->dir, (int)pid, client);
	write_file(f, path, "pos:\t0\ndrm-driver:\t%s\ndrm-client-id:\t%u\n"
		   "drm-engine-%s:\t%llu ns\ndrm-total-memory:\t%llu KiB\n"
		   "drm-resident-memory:\t%llu KiB\n", driver, client, driver,
		   (unsigned long long)engine_ns, (unsigned long long)(resident + evicted) >> 10,
		   (unsigned long long)resident >> 10);
}

void fake_proc_socket(const struct fake_proc *f, pid_t pid, unsigned int fd, uint64_t number)
{
	char path[128], target[64];

	snprintf(path, sizeof(path), "%s/%d/fd/%u", f->dir, (int)pid, fd);
	snprintf(target, sizeof(target), "socket:[%llu]", (unsigned long long)number);
	unlink(path);
	assert_int_equal(symlink(target, path), 0);
	own(f, path);
	snprintf(path, sizeof(path), "%s/%d/fdinfo/%u", f->dir, (int)pid, fd);
	write_file(f, path, "pos:\t0\nflags:\t02000002\n");
}

void fake_proc_remove(const struct fake_proc *f, pid_t pid)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s/%d", f->dir, (int)pid);
	assert_int_equal(system(command), 0);
}

void fake_proc_memory(const struct fake_proc *f, unsigned int percent_available)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/meminfo", f->dir);
	write_file(f, path, "MemTotal:       1000000 kB\nMemFree:         100 kB\n"
		   "MemAvailable:   %u kB\n", percent_available * 10000);
}
