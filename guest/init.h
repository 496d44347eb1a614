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

/* Returns a descriptor of the host's working directory, or -1. */
int mount_all(void);

#endif
