/* SPDX-License-Identifier: MIT */
/* The start of both ioctls: check the arguments and the caller, find the target. */
#include <errno.h>
#include <limits.h>

#include <panthor_mem.h>

#include "model.h"

#define SELECTORS (DRM_PANTHOR_MEM_TARGET_PIDFD | DRM_PANTHOR_MEM_TARGET_CLIENT | \
		   DRM_PANTHOR_MEM_TARGET_CGROUP)

bool model_outputs_valid(int ret)
{
	return ret == 0 || ret == -ENOMEM || ret == -EIO || ret == -ETIMEDOUT;
}

/* Owners are compared by id, so a thread's id matches none. An exited process is in no cgroup. */
bool model_is_target(const struct model_file *file, const struct model_target *target)
{
	if (file->closed || file->elsewhere)
		return false;
	if (target->owner)
		return file->owner == target->owner;
	if (target->cgroup)
		return file->owner->alive && model_cgroup_has(target->cgroup, file->owner->cgroup);
	return file->id == target->client;
}

static int check_args(const struct model_args *args)
{
	const uint32_t selector = args->flags & SELECTORS;

	if (args->flags & ~(args->known | SELECTORS) || args->pad || args->tgid > INT_MAX)
		return -EINVAL;
	/* At most one bit may be set. */
	if (selector & (selector - 1))
		return -EINVAL;
	return selector ? args->tgid ? -EINVAL : 0 : args->target ? -EINVAL : 0;
}

static int look_up(struct model *m, const struct model_args *args, struct model_target *target)
{
	const struct model_proc *caller = m->current;

	if (args->flags & DRM_PANTHOR_MEM_TARGET_PIDFD)
		return model_pid_of_fd(m, args->target, &target->owner);
	if (args->flags & DRM_PANTHOR_MEM_TARGET_CGROUP)
		return m->cgroups_supported ? model_cgroup_of_fd(args->target, &target->cgroup) :
					      -EOPNOTSUPP;
	if (args->flags & DRM_PANTHOR_MEM_TARGET_CLIENT)
		target->client = args->target;
	else if (args->tgid)
		target->owner = model_find_pid(m, caller->ns, (pid_t)args->tgid);
	else
		target->owner = &caller->tgid;
	return target->owner || target->client ? 0 : -ESRCH;
}

int model_find_target(struct model *m, const struct model_args *args, struct model_target *target)
{
	struct model_file *file;
	int ret;

	ret = check_args(args);
	if (ret)
		return ret;
	/* Checked before the lookup, so that nobody learns which processes exist. */
	if (!m->current->cap_sys_resource)
		return -EPERM;

	*target = (struct model_target){ NULL, NULL, 0 };
	ret = look_up(m, args, target);
	if (ret)
		return ret;
	for (file = m->files; file && !model_is_target(file, target); file = file->next)
		;
	if (!file)
		return -ESRCH;
	return m->swap_supported ? 0 : -EOPNOTSUPP;
}
