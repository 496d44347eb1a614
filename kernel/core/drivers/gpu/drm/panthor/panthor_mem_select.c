// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * How a caller names the target of a reclaim or claim.
 *
 * A process is identified by its struct pid, which stays the same for the whole life
 * of the process and is not reused while we hold a reference. It is compared with
 * &drm_file.pid, which changes only under filelist_mutex.
 */

#include <linux/err.h>
#include <linux/memcontrol.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include <drm/drm_device.h>
#include <drm/drm_file.h>

#include "panthor_mem_select.h"

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
 * @target: Pidfd, if @flags select one.
 *
 * A thread id may be found here, but owns no file.
 *
 * Return: 0, -ESRCH, or -EBADF.
 */
int panthor_mem_select(struct panthor_mem_selector *selector, u32 flags, u32 tgid, u64 target)
{
	*selector = (struct panthor_mem_selector){};

	if (flags & DRM_PANTHOR_MEM_TARGET_PIDFD)
		return target > INT_MAX ? -EBADF : panthor_mem_select_pidfd(selector, target);

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
}

/**
 * panthor_mem_same_selector() - Check whether two selectors name the same target
 * @a: Selector.
 * @b: Selector.
 *
 * Return: true if they do.
 */
bool panthor_mem_same_selector(const struct panthor_mem_selector *a,
			       const struct panthor_mem_selector *b)
{
	return a->owner == b->owner;
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
	return rcu_access_pointer(file->pid) == selector->owner;
}

/**
 * panthor_mem_next_file() - Find the next file that may belong to the target
 * @selector: Selector.
 * @ddev: Device. &drm_device.filelist_mutex is held.
 * @after: In: client id of the previous file, 0 at first. Out: client id of the file
 * that was found.
 *
 * Return: The file with the next higher client id, or NULL.
 */
struct drm_file *panthor_mem_next_file(const struct panthor_mem_selector *selector,
				       struct drm_device *ddev, u64 *after)
{
	struct drm_file *file = drm_file_next_of(ddev, selector->owner, *after);

	if (file)
		*after = file->client_id;

	return file;
}

/**
 * panthor_mem_selector_memcg() - Get the memory cgroup that the target is in now
 * @selector: Selector.
 *
 * Return: The cgroup, to be released with mem_cgroup_put(), or NULL if it is not known.
 */
struct mem_cgroup *panthor_mem_selector_memcg(const struct panthor_mem_selector *selector)
{
#ifdef CONFIG_MEMCG
	struct mem_cgroup *memcg;

	guard(rcu)();

	/* NULL if the process has exited. */
	memcg = mem_cgroup_from_task(pid_task(selector->owner, PIDTYPE_TGID));
	if (memcg && mem_cgroup_tryget(memcg))
		return memcg;
#endif
	return NULL;
}

/**
 * panthor_mem_selector_tgid() - Get the TGID of a selector, for tracepoints
 * @selector: Selector.
 *
 * Return: The number in the initial pid namespace.
 */
int panthor_mem_selector_tgid(const struct panthor_mem_selector *selector)
{
	return pid_nr(selector->owner);
}
