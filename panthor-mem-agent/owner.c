/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "owner.h"

/* A mark in entry.owner while owners are assigned: never touched. */
#define NEVER ((pid_t)-1)

static void never(const struct processes *p, pid_t pid)
{
	int i;

	for (i = 0; i < PROCESSES_PARENTS; i++) {
		struct entry *e = processes_find(p, pid);

		if (!e)
			return;
		e->owner = NEVER;
		pid = e->parent;
	}
}

static bool has_window(const struct window *windows, size_t count, pid_t pid)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (windows[i].pid == pid)
			return true;
	}
	return false;
}

/* Returns the nearest process with a window, from @e upwards, or NULL. */
static const struct entry *above(const struct processes *p, const struct entry *e,
				 const struct window *windows, size_t count)
{
	int i;

	for (i = 0; e && i < PROCESSES_PARENTS && e->owner != NEVER; i++) {
		if (has_window(windows, count, e->pid))
			return e;
		e = processes_find(p, e->parent);
	}
	return NULL;
}

/* Returns the only process with a window in this unit, or NULL. */
static const struct entry *in_unit(const struct processes *p, const char *unit,
				   const struct window *windows, size_t count)
{
	const struct entry *one = NULL;
	size_t i;

	for (i = 0; *unit && i < p->count; i++) {
		const struct entry *e = &p->list[i];

		if (e->owner == NEVER || strcmp(e->unit, unit) ||
		    !has_window(windows, count, e->pid))
			continue;
		if (one)
			return NULL;
		one = e;
	}
	return one;
}

static pid_t find_owner(const struct processes *p, const struct entry *e,
			const struct window *windows, size_t count)
{
	const struct entry *up = above(p, e, windows, count);

	/* In the same unit, the nearest window decides. */
	if (up && (up == e || !*e->unit || !strcmp(up->unit, e->unit)))
		return up->pid;
	/* A process in a unit of its own is another application, whoever has started it. */
	if (up)
		return 0;
	up = in_unit(p, e->unit, windows, count);
	return up ? up->pid : 0;
}

void owner_assign(struct processes *p, const struct window *windows, size_t count,
		  pid_t compositor, pid_t self)
{
	size_t i;

	for (i = 0; i < p->count; i++)
		p->list[i].owner = !strcmp(p->list[i].name, "Xwayland") ? NEVER : 0;
	never(p, compositor);
	never(p, self);
	for (i = 0; i < p->count; i++) {
		if (p->list[i].owner != NEVER)
			p->list[i].owner = find_owner(p, &p->list[i], windows, count);
	}
	for (i = 0; i < p->count; i++) {
		if (p->list[i].owner == NEVER)
			p->list[i].owner = 0;
	}
}

bool owner_any_unknown(const struct processes *p, const struct window *windows, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		const struct entry *e = processes_find(p, windows[i].pid);

		if (windows[i].unsure && windows[i].visible && (!e || !e->owner))
			return true;
	}
	return false;
}
