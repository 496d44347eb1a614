/* SPDX-License-Identifier: MIT */
/* What both ioctls begin with: may the caller, and whom does it mean? */
#include <errno.h>

#include "model.h"

bool model_is_target(const struct model_file *file, const struct model_pid *target)
{
	return !file->closed && file->owner == target;
}

int model_find_target(struct model *m, uint32_t tgid, struct model_pid **target)
{
	struct model_proc *caller = m->current;
	struct model_file *file;
	struct model_pid *pid;

	/* Before the lookup, so that nobody learns who exists. */
	if (!caller->cap_sys_resource)
		return -EPERM;
	if (!m->swap_supported)
		return -EOPNOTSUPP;

	pid = tgid ? model_find_pid(m, caller->ns, (pid_t)tgid) : &caller->tgid;
	if (!pid)
		return -ESRCH;

	/* Ids are compared, so a thread's is nobody's. */
	for (file = m->files; file; file = file->next) {
		if (model_is_target(file, pid)) {
			*target = pid;
			return 0;
		}
	}
	return -ESRCH;
}
