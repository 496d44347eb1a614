/* SPDX-License-Identifier: MIT */
/* The processes of a control group, and of those below it. */
#ifndef TOOL_CGROUP_H
#define TOOL_CGROUP_H

#include <stdbool.h>

#include "process.h"
#include "roots.h"

/*
 * @path: a folder of cgroupfs, or the name of a group as /proc/PID/cgroup and
 * systemctl(1) have it. @unseen: are there processes that this pid namespace cannot see?
 * Returns 0 or -errno; -ENOTDIR: it is no cgroup.
 */
int cgroup_processes(const struct roots *roots, const char *path, struct number_list *list,
		     bool *unseen);

/* Its folder, opened; or -errno. */
int cgroup_open(const struct roots *roots, const char *path);

/* The name of the group that a process is in, of cgroup v2; NULL if it is not known. */
char *cgroup_of(const struct roots *roots, pid_t pid);

#endif /* TOOL_CGROUP_H */
