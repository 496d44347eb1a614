/* SPDX-License-Identifier: MIT */
/* The processes of a cgroup and of the cgroups below it. */
#ifndef TOOL_CGROUP_H
#define TOOL_CGROUP_H

#include <stdbool.h>

#include "process.h"
#include "roots.h"

/*
 * @path: a directory of cgroupfs, or the name of a cgroup as in /proc/PID/cgroup and
 * systemctl(1). @unseen: set if the cgroup also has processes outside this pid namespace.
 * Returns 0 or -errno; -ENOTDIR if @path is not a cgroup.
 */
int cgroup_processes(const struct roots *roots, const char *path, struct number_list *list,
		     bool *unseen);

/* Opens the directory of the cgroup. Returns the descriptor or -errno. */
int cgroup_open(const struct roots *roots, const char *path);

/* Returns the name of the process's cgroup (v2), or NULL if it is unknown. The caller frees it. */
char *cgroup_of(const struct roots *roots, pid_t pid);

#endif /* TOOL_CGROUP_H */
