/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cgroup.h"
#include "memory.h"
#include "target.h"

bool target_any(const struct options *o)
{
	return o->pids.count || o->n_cgroups || o->n_names;
}

/* All but this process; how many that were. */
static size_t add_others(struct pid_list *to, const struct pid_list *from)
{
	size_t i, others = 0;

	for (i = 0; i < from->count; i++) {
		if (from->pids[i] == getpid())
			continue;
		pid_list_add(to, from->pids[i]);
		others++;
	}
	return others;
}

static int by_cgroup(const struct options *o, const char *path, struct pid_list *list,
		     struct problem *p)
{
	struct pid_list found = { 0 };
	int ret = cgroup_processes(&o->roots, path, &found);
	size_t others = add_others(list, &found);

	pid_list_free(&found);
	if (ret == -ENOENT || ret == -ENOTDIR)
		problem_set(p, -ret, STATUS_NO_TARGET, "systemd-cgls(1) shows them",
			    "there is no cgroup %s", path);
	else if (ret)
		problem_set(p, -ret, STATUS_NO_TARGET, NULL, "cgroup %s: %s", path,
			    strerror(-ret));
	else if (!others)
		problem_set(p, ESRCH, STATUS_NO_TARGET, NULL, "cgroup %s has no process", path);
	else
		return 0;
	return -1;
}

static int by_name(const struct options *o, const char *name, struct pid_list *list,
		   struct problem *p)
{
	struct pid_list all = { 0 }, found = { 0 };
	char kept[PROCESS_NAME];
	size_t i, others;
	int ret = process_all(&o->roots, &all);

	if (ret) {
		problem_set(p, -ret, STATUS_FAILED, "is /proc mounted?", "cannot read %s: %s",
			    o->roots.proc, strerror(-ret));
		return -1;
	}
	for (i = 0; i < all.count; i++) {
		if (process_name(&o->roots, all.pids[i], kept) && process_is_called(kept, name))
			pid_list_add(&found, all.pids[i]);
	}
	others = add_others(list, &found);
	pid_list_free(&all);
	pid_list_free(&found);
	if (others)
		return 0;
	problem_set(p, ESRCH, STATUS_NO_TARGET, "`panthor-mem list` shows names",
		    "no process is called %s", name);
	return -1;
}

int target_find(const struct options *o, struct pid_list *list, struct problem *p)
{
	size_t i;

	memset(list, 0, sizeof(*list));
	for (i = 0; i < o->pids.count; i++)
		pid_list_add(list, o->pids.pids[i]);
	for (i = 0; i < o->n_cgroups; i++) {
		if (by_cgroup(o, o->cgroups[i], list, p))
			return -1;
	}
	for (i = 0; i < o->n_names; i++) {
		if (by_name(o, o->names[i], list, p))
			return -1;
	}
	return 0;
}

int *target_hold(const struct options *o, const struct pid_list *list)
{
	int *pidfds = memory_grow(NULL, 0, list->count + 1, sizeof(*pidfds));
	size_t i;

	for (i = 0; i < list->count; i++) {
		pidfds[i] = -1;
		/* The numbers of another /proc mean nothing here. */
		if (!strcmp(o->roots.proc, "/proc"))
			pidfds[i] = (int)syscall(SYS_pidfd_open, list->pids[i], 0);
	}
	return pidfds;
}

void target_release(int *pidfds, const struct pid_list *list)
{
	size_t i;

	for (i = 0; pidfds && i < list->count; i++) {
		if (pidfds[i] >= 0)
			close(pidfds[i]);
	}
	free(pidfds);
}
