// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * How a caller names the target of a reclaim or claim.
 *
 * A process is identified by its struct pid, which stays the same for the whole life
 * of the process and is not reused while we hold a reference. It is compared with
 * &drm_file.pid, which changes only under filelist_mutex. Client ids are never
 * reused.
 */

#include <linux/cgroup.h>
#include <linux/err.h>
#include <linux/memcontrol.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include <drm/drm_device.h>
#include <drm/drm_file.h>

#include "panthor_mem_select.h"

#ifdef CONFIG_CGROUPS
static int panthor_mem_select_cgroup(struct panthor_mem_selector *selector, int fd)
{
	struct cgroup *cgroup = cgroup_get_from_fd(fd);

	/* A cgroup that was removed has no process. */
	if (IS_ERR(cgroup))
		return PTR_ERR(cgroup) == -ENOENT ? -ESRCH : -EBADF;

	selector->cgroup = cgroup;
	return 0;
}

static bool panthor_mem_in_cgroup(const struct panthor_mem_selector *selector,
				  const struct drm_file *file)
{
	struct task_struct *task;

	guard(rcu)();

	/* Without a task, the owner has exited: it is in no cgroup any more. */
	task = pid_task(rcu_dereference(file->pid), PIDTYPE_TGID);
	return task && task_under_cgroup_hierarchy(task, selector->cgroup);
}

static void panthor_mem_put_cgroup(struct panthor_mem_selector *selector)
{
	if (selector->cgroup)
		cgroup_put(selector->cgroup);
}
#else
static int panthor_mem_select_cgroup(struct panthor_mem_selector *selector, int fd)
{
	return -EOPNOTSUPP;
}

static bool panthor_mem_in_cgroup(const struct panthor_mem_selector *selector,
				  const struct drm_file *file)
{
	return false;
}

static void panthor_mem_put_cgroup(struct panthor_mem_selector *selector)
{
}
#endif

static int panthor_mem_select_pidfd(struct panthor_mem_selector *selector, int fd)
{
	unsigned int file_flags;
	struct pid *pid = pidfd_get_pid(fd, &file_flags);

	if (IS_ERR(pid))
		return -EBADF;

	selector->owner = pid;
	return 0;
}

/**
 * panthor_mem_select() - Look up what the caller of an ioctl names
 * @selector: Filled. To be released with panthor_mem_unselect(), even on failure.
 * @flags: Flags of the caller, checked by panthor_mem_check_args().
 * @tgid: TGID in the pid namespace of the caller, 0 for the caller itself.
 * @target: Pidfd, client id, or file descriptor of a cgroup, if @flags select one.
 *
 * A thread id may be found here, but owns no file.
 *
 * Return: 0, -ESRCH, -EBADF, or -EOPNOTSUPP for a cgroup if the kernel has none.
 */
int panthor_mem_select(struct panthor_mem_selector *selector, u32 flags, u32 tgid, u64 target)
{
	*selector = (struct panthor_mem_selector){};

	if (flags & DRM_PANTHOR_MEM_TARGET_CLIENT) {
		selector->client_id = target;
		/* Ids begin with 1. */
		return target ? 0 : -ESRCH;
	}

	if (flags & (DRM_PANTHOR_MEM_TARGET_PIDFD | DRM_PANTHOR_MEM_TARGET_CGROUP)) {
		if (target > INT_MAX)
			return -EBADF;

		return flags & DRM_PANTHOR_MEM_TARGET_PIDFD ?
		       panthor_mem_select_pidfd(selector, target) :
		       panthor_mem_select_cgroup(selector, target);
	}

	selector->owner = tgid ? find_get_pid(tgid) : get_pid(task_tgid(current));
	return selector->owner ? 0 : -ESRCH;
}

/**
 * panthor_mem_unselect() - Release what panthor_mem_select() acquired
 * @selector: Selector.
 */
void panthor_mem_unselect(struct panthor_mem_selector *selector)
{
	put_pid(selector->owner);
	panthor_mem_put_cgroup(selector);
}

/**
 * panthor_mem_same_selector() - Check whether two selectors name the same target
 * @a: Selector.
 * @b: Selector.
 *
 * Return: true if they do. Two that differ can still have files in common.
 */
bool panthor_mem_same_selector(const struct panthor_mem_selector *a,
			       const struct panthor_mem_selector *b)
{
	return a->owner == b->owner && a->client_id == b->client_id && a->cgroup == b->cgroup;
}

/**
 * panthor_mem_selects() - Check whether a file belongs to the target
 * @selector: Selector.
 * @file: File. &drm_device.filelist_mutex is held.
 *
 * Return: true if it does now.
 */
bool panthor_mem_selects(const struct panthor_mem_selector *selector,
			 const struct drm_file *file)
{
	if (selector->owner)
		return rcu_access_pointer(file->pid) == selector->owner;
	if (selector->cgroup)
		return panthor_mem_in_cgroup(selector, file);

	return file->client_id == selector->client_id;
}

/**
 * panthor_mem_next_file() - Find the next file that may belong to the target
 * @selector: Selector.
 * @ddev: Device. &drm_device.filelist_mutex is held.
 * @after: In: client id of the previous file, 0 at first. Out: client id of the file
 * that was found.
 *
 * There is no index by cgroup: for a cgroup, every file is returned. So check each
 * with panthor_mem_selects(), and drop the mutex after some files.
 *
 * Return: The file with the next higher client id, or NULL.
 */
struct drm_file *panthor_mem_next_file(const struct panthor_mem_selector *selector,
				       struct drm_device *ddev, u64 *after)
{
	struct drm_file *file = NULL;

	if (selector->owner)
		file = drm_file_next_of(ddev, selector->owner, *after);
	else if (selector->cgroup)
		file = drm_file_next(ddev, *after);
	else if (*after < selector->client_id)
		file = drm_file_next(ddev, selector->client_id - 1);

	if (file)
		*after = file->client_id;

	return file;
}

#ifdef CONFIG_MEMCG
static struct mem_cgroup *panthor_mem_cgroup_memcg(struct cgroup *cgroup)
{
	struct cgroup_subsys_state *css = cgroup_get_e_css(cgroup, &memory_cgrp_subsys);

	return mem_cgroup_from_css(css);
}

static struct mem_cgroup *panthor_mem_process_memcg(struct pid *pid)
{
	struct mem_cgroup *memcg;

	guard(rcu)();

	/* NULL if the process has exited. */
	memcg = mem_cgroup_from_task(pid_task(pid, PIDTYPE_TGID));
	return memcg && mem_cgroup_tryget(memcg) ? memcg : NULL;
}
#else
static struct mem_cgroup *panthor_mem_cgroup_memcg(struct cgroup *cgroup)
{
	return NULL;
}

static struct mem_cgroup *panthor_mem_process_memcg(struct pid *pid)
{
	return NULL;
}
#endif

/**
 * panthor_mem_selector_memcg() - Get the memory cgroup that the target is in now
 * @selector: Selector.
 *
 * Return: The cgroup, to be released with mem_cgroup_put(), or NULL if it is not known.
 */
struct mem_cgroup *panthor_mem_selector_memcg(const struct panthor_mem_selector *selector)
{
	if (selector->cgroup)
		return panthor_mem_cgroup_memcg(selector->cgroup);

	return selector->owner ? panthor_mem_process_memcg(selector->owner) : NULL;
}

/**
 * panthor_mem_selector_tgid() - Get the TGID of a selector, for tracepoints
 * @selector: Selector.
 *
 * Return: The number in the initial pid namespace, 0 if no process is named.
 */
int panthor_mem_selector_tgid(const struct panthor_mem_selector *selector)
{
	return pid_nr(selector->owner);
}

/**
 * panthor_mem_selector_cgroup_id() - Get the cgroup id of a selector, for tracepoints
 * @selector: Selector.
 *
 * Return: The id, which is the inode number of the directory, or 0 if no cgroup is
 * named.
 */
u64 panthor_mem_selector_cgroup_id(const struct panthor_mem_selector *selector)
{
#ifdef CONFIG_CGROUPS
	if (selector->cgroup)
		return cgroup_id(selector->cgroup);
#endif
	return 0;
}
