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

/* Returns a window of the process, or NULL. */
static const struct window *window_of(const struct window *windows, size_t count, pid_t pid)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (windows[i].pid == pid)
			return &windows[i];
	}
	return NULL;
}

/*
 * Can @e show something while the window @w of @owner is hidden? What is known about the focus of
 * a cgroup is known about all of its processes.
 */
static bool shows(const struct entry *e, const struct entry *owner, const struct window *w)
{
	return e->connected &&
	       !(w->focus_only && *owner->unit && !strcmp(e->unit, owner->unit));
}

/* Returns the nearest process with a window, from @e upwards, or NULL. */
static const struct entry *above(const struct processes *p, const struct entry *e,
				 const struct window *windows, size_t count)
{
	int i;

	for (i = 0; e && i < PROCESSES_PARENTS && e->owner != NEVER; i++) {
		if (window_of(windows, count, e->pid))
			return e;
		e = processes_find(p, e->parent);
	}
	return NULL;
}

/* Can @e, or what has started it below @owner, show something while @owner is hidden? */
static bool any_shows(const struct processes *p, const struct entry *e, const struct entry *owner,
		      const struct window *windows, size_t count)
{
	const struct window *w = window_of(windows, count, owner->pid);
	int i;

	for (i = 0; e && i < PROCESSES_PARENTS && e != owner; i++) {
		if (shows(e, owner, w))
			return true;
		e = processes_find(p, e->parent);
	}
	return false;
}

static bool any_other_shows(const struct processes *p, const struct entry *owner,
			    const struct window *windows, size_t count)
{
	const struct window *w = window_of(windows, count, owner->pid);
	size_t i;

	for (i = 0; i < p->count; i++) {
		const struct entry *e = &p->list[i];

		if (e != owner && e->owner != NEVER && !strcmp(e->unit, owner->unit) &&
		    shows(e, owner, w))
			return true;
	}
	return false;
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
		    !window_of(windows, count, e->pid))
			continue;
		if (one)
			return NULL;
		one = e;
	}
	/* What has left its parent could be part of another process that shows something. */
	return one && !any_other_shows(p, one, windows, count) ? one : NULL;
}

static pid_t find_owner(const struct processes *p, const struct entry *e,
			const struct window *windows, size_t count)
{
	const struct entry *up = above(p, e, windows, count);

	/* In the same unit, the nearest window decides. */
	if (up && (up == e || !*e->unit || !strcmp(up->unit, e->unit)))
		return any_shows(p, e, up, windows, count) ? 0 : up->pid;
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
