/* SPDX-License-Identifier: MIT */
/* The processes of a control group, and of those below it. */
#ifndef TOOL_CGROUP_H
#define TOOL_CGROUP_H

#include "process.h"
#include "roots.h"

/*
 * @path: a folder of cgroupfs, or the name of a group as /proc/PID/cgroup and
 * systemctl(1) have it. Returns 0 or -errno; -ENOTDIR: it is no cgroup.
 */
int cgroup_processes(const struct roots *roots, const char *path, struct pid_list *list);

#endif /* TOOL_CGROUP_H */
