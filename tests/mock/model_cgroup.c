/* SPDX-License-Identifier: MIT */
/* Cgroups: the tree, its processes, and how much of each may be swapped. */
#include <stdlib.h>

#include "model.h"

struct model_cgroup *model_cgroup_new(struct model *m, struct model_cgroup *parent)
{
	struct model_cgroup *cgroup = calloc(1, sizeof(*cgroup));

	if (!cgroup)
		abort();
	cgroup->parent = parent;
	cgroup->swap_max = MODEL_NO_LIMIT;
	cgroup->next = m->cgroups;
	m->cgroups = cgroup;
	return cgroup;
}

bool model_cgroup_has(const struct model_cgroup *cgroup, const struct model_cgroup *other)
{
	while (other && other != cgroup)
		other = other->parent;
	return other;
}

uint64_t model_cgroup_room(const struct model_cgroup *cgroup)
{
	uint64_t room = MODEL_NO_LIMIT;

	for (; cgroup; cgroup = cgroup->parent) {
		uint64_t taken = cgroup->swap_used + cgroup->promised;
		uint64_t left = taken < cgroup->swap_max ? cgroup->swap_max - taken : 0;

		if (left < room)
			room = left;
	}
	return room;
}

void model_cgroup_charge(struct model_cgroup *cgroup, int64_t bytes)
{
	for (; cgroup; cgroup = cgroup->parent)
		cgroup->swap_used += (uint64_t)bytes;
}

void model_cgroup_promise(struct model_cgroup *cgroup, uint64_t bytes)
{
	for (; cgroup; cgroup = cgroup->parent)
		cgroup->promised += bytes;
}

void model_cgroup_forget_promises(struct model *m)
{
	struct model_cgroup *cgroup;

	for (cgroup = m->cgroups; cgroup; cgroup = cgroup->next)
		cgroup->promised = 0;
}
