/* SPDX-License-Identifier: MIT */
/*
 * What the files of the guest's first process share.
 */
#ifndef INIT_H
#define INIT_H

#include <stddef.h>

/* The directory of the host that the guest can write. */
#define SCRATCH "/run/scratch"

/* init.c */

/* Ends the guest without a status file, so that run-guest shows the kernel log. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
/* Returns a parameter of the kernel command line, or "". */
const char *setting(const char *name);
void write_file(const char *path, const char *text);
/* Reads a whole file. A NUL is added, which the length does not include. */
char *slurp(const char *path, size_t *length);
/* Returns a list, ended by NULL, of the strings in @text, which each end with a NUL. */
char **split(char *text, size_t length);

/* mounts.c */

/* What the command must see, and descriptors opened before anything was mounted. */
struct shown {
	char **pairs;		/* paths, and where the host has them, or "" for the same */
	int *fds;
	size_t count;
	int cwd;		/* the host's working directory, or -1 */
	char **root_pair;	/* the other root directory, if there is one */
	int root;
};

void mount_all(struct shown *shown);

void mount_at(const char *type, const char *target, const char *options);
/* Mounts a part of the host's file system at @target. */
void mount_host(const char *source, const char *target, unsigned long flags);
/* Makes a path visible: @source of the host if that is not "", else the open file @fd. */
void show(const char *path, const char *source, int fd);
/* Mounts a tmpfs at @path that has the entries of a directory. */
void open_up(const char *path, int directory);

/* root.c */

/* Changes the root directory of the calling process, if the command wants another one. */
void change_root(const struct shown *shown);

#endif
