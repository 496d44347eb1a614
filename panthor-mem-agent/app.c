/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "app.h"
#include "cgroup.h"
#include "displays.h"
#include "log.h"
#include "memory.h"
#include "owner.h"
#include "processes.h"
#include "scan.h"

#define PANTHOR "panthor"

/* --- members -------------------------------------------------------------- */

static bool has_exited(const struct member *m)
{
	struct pollfd fd = { .fd = m->pidfd, .events = POLLIN };

	return poll(&fd, 1, 0) != 0;
}

/*
 * Open the process @e. What was read before that may be from another process with this PID, so
 * it has to be the same now.
 */
static int open_member(struct member *m, const struct entry *e, const struct app_rules *rules)
{
	struct entry now;
	struct stat st;
	int ret;

	*m = (struct member){ .pid = e->pid, .seen = true };
	m->pidfd = (int)syscall(SYS_pidfd_open, e->pid, 0);
	if (m->pidfd < 0)
		return -errno;
	ret = processes_read_one(&now, rules->roots, rules->uid, e->pid);
	if (!ret && (fstat(m->pidfd, &st) || now.parent != e->parent ||
		     strcmp(now.unit, e->unit) || has_exited(m)))
		ret = -ESRCH;
	if (ret)
		close(m->pidfd);
	else
		m->id = st.st_ino;
	return ret;
}

static struct member *find_member(const struct app *app, pid_t pid)
{
	size_t i;

	for (i = 0; i < app->n_members; i++) {
		if (app->members[i].pid == pid)
			return &app->members[i];
	}
	return NULL;
}

static size_t count_sharing(const struct app *app)
{
	size_t i, count = 0;

	for (i = 0; i < app->n_members; i++)
		count += app->members[i].has_device && !app->members[i].counted;
	return count;
}

/*
 * @e has the client @c, which is @counted for it, or for a process that was seen before. Returns
 * -ESRCH if it has ended, which is no error.
 */
static int see_user(struct app *app, const struct entry *e, const struct app_rules *rules,
		    const struct scan_client *c, bool counted)
{
	struct member *m = find_member(app, e->pid), new;
	int ret;

	/* Children can inherit a file in any number. One of them may have used it last. */
	if (!counted && (!m || !m->has_device) && count_sharing(app) >= APP_SHARING_MOST)
		return 0;
	if (!m || has_exited(m)) {
		ret = open_member(&new, e, rules);
		if (ret)
			return ret;
		if (m) {
			close(m->pidfd);
		} else {
			app->members = memory_grow(app->members, app->n_members,
						   app->n_members + 1, sizeof(*app->members));
			m = &app->members[app->n_members++];
		}
		*m = new;
	}
	m->seen = m->has_device = true;
	m->counted |= counted;
	if (counted)
		m->bytes = fdinfo_plus(m->bytes,
				       fdinfo_plus(c->sum.value[FDINFO_RESIDENT],
						   c->sum.value[FDINFO_EVICTED]));
	return 0;
}

static void drop_members(struct app *app)
{
	size_t i, kept = 0;

	for (i = 0; i < app->n_members; i++) {
		if (app->members[i].seen)
			app->members[kept++] = app->members[i];
		else
			close(app->members[i].pidfd);
	}
	app->n_members = kept;
}

/* --- applications --------------------------------------------------------- */

const struct app *apps_find(const struct apps *apps, uint64_t number)
{
	size_t i;

	for (i = 0; i < apps->count; i++) {
		if (apps->list[i].number == number)
			return &apps->list[i];
	}
	return NULL;
}

const struct app *apps_find_pid(const struct apps *apps, pid_t pid)
{
	size_t i;

	for (i = 0; i < apps->count; i++) {
		if (apps->list[i].pid == pid || find_member(&apps->list[i], pid))
			return &apps->list[i];
	}
	return NULL;
}

static struct app *find_window(struct apps *apps, pid_t pid)
{
	size_t i;

	for (i = 0; i < apps->count; i++) {
		if (apps->list[i].pid == pid && apps->list[i].seen)
			return &apps->list[i];
	}
	return NULL;
}

static void free_app(struct app *app)
{
	size_t i;

	for (i = 0; i < app->n_members; i++)
		close(app->members[i].pidfd);
	free(app->members);
}

/* Forget the applications that are not seen any more. */
static void drop_apps(struct apps *apps)
{
	size_t i, kept = 0;

	apps->n_gone = 0;
	for (i = 0; i < apps->count; i++) {
		if (apps->list[i].seen) {
			apps->list[kept++] = apps->list[i];
			continue;
		}
		apps->gone = memory_grow(apps->gone, apps->n_gone, apps->n_gone + 1,
					 sizeof(*apps->gone));
		apps->gone[apps->n_gone++] = apps->list[i].number;
		free_app(&apps->list[i]);
	}
	apps->count = kept;
}

/* An application whose process has exited is another one, even if the PID is the same. */
static void begin(struct apps *apps)
{
	size_t i, n;

	for (i = 0; i < apps->count; i++) {
		struct app *app = &apps->list[i];

		app->seen = false;
		for (n = 0; n < app->n_members; n++) {
			struct member *m = &app->members[n];

			m->seen = m->has_device = m->counted = false;
			m->bytes = 0;
		}
	}
}

static struct app *known_app(struct apps *apps, pid_t pid)
{
	size_t i;

	for (i = 0; i < apps->count; i++) {
		if (apps->list[i].pid == pid && !has_exited(&apps->list[i].members[0]))
			return &apps->list[i];
	}
	return NULL;
}

static int see_app(struct apps *apps, const struct entry *e, const struct app_rules *rules,
		   struct app **result)
{
	struct app *app = known_app(apps, e->pid);
	struct member first;
	int ret;

	if (!app) {
		ret = open_member(&first, e, rules);
		if (ret)
			return ret;
		apps->list = memory_grow(apps->list, apps->count, apps->count + 1,
					 sizeof(*apps->list));
		app = &apps->list[apps->count++];
		app->number = ++apps->last_number;
		app->pid = e->pid;
		app->members = memory_grow(NULL, 0, 1, sizeof(*app->members));
		app->members[0] = first;
		app->n_members = 1;
	}
	app->members[0].seen = true;
	app->seen = true;
	app->hidden = true;
	app->unsure = false;
	app->exempt = app->playing = false;
	app->grace = 0;
	app->cgroup[0] = '\0';
	app->app_id[0] = '\0';
	app->resident = app->evicted = app->gpu_ns = 0;
	*result = app;
	return 0;
}

/* The strictest of its windows decides. */
static void add_window(struct app *app, const struct window *w, const struct config *config)
{
	const uint64_t grace = config_grace(config, w->app_id, w->focus_only);

	if (!*app->app_id)
		memcpy(app->app_id, w->app_id, sizeof(app->app_id));
	app->hidden &= !w->visible;
	app->unsure |= w->unsure;
	app->exempt |= config_exempt(config, w->app_id);
	if (grace > app->grace)
		app->grace = grace;
}

static int see_windows(struct apps *apps, const struct processes *p,
		       const struct app_rules *rules, const struct window *windows, size_t count)
{
	size_t i;
	int ret;

	for (i = 0; i < count; i++) {
		const struct entry *e = processes_find(p, windows[i].pid);
		struct app *app = e && e->owner == e->pid ? find_window(apps, e->pid) : NULL;

		/* Processes of other users, and those that are never touched, have no owner. */
		if (!e || e->owner != e->pid)
			continue;
		if (!app) {
			ret = see_app(apps, e, rules, &app);
			if (ret == -ESRCH)
				continue;
			if (ret)
				return ret;
		}
		add_window(app, &windows[i], rules->config);
	}
	return 0;
}

/* --- what can show something without a window ------------------------------ */

/* What has a window, or is no part of an application, need not be looked at. */
static bool could_show(const struct entry *e)
{
	return e->owner != e->pid && (e->owner || *e->unit);
}

static void read_displays(struct displays *d, const struct app_rules *rules)
{
	static bool complained;
	int ret = displays_read(d, rules->roots, rules->compositor);

	if (ret && !complained)
		log_warning("the kernel does not list Unix sockets (%s, see CONFIG_UNIX_DIAG): "
			    "processes without a window are left alone", strerror(-ret));
	complained = ret;
}

/* The list of sockets is read for the first process that needs it: often there is none. */
static void see_connections(struct processes *p, const struct app_rules *rules)
{
	struct displays d = { 0 };
	bool read = false;
	size_t i;

	for (i = 0; i < p->count; i++) {
		struct entry *e = &p->list[i];

		if (!could_show(e))
			continue;
		if (!read)
			read_displays(&d, rules);
		read = true;
		e->connected = displays_has(&d, rules->roots, e->pid);
	}
	displays_free(&d);
}

static void find_owners(struct processes *p, const struct app_rules *rules,
			const struct window *windows, size_t count)
{
	owner_assign(p, windows, count, rules->compositor, rules->self);
	see_connections(p, rules);
	owner_assign(p, windows, count, rules->compositor, rules->self);
}

/* --- GPU memory ----------------------------------------------------------- */

static void wish_for(struct number_list *pids, const struct processes *p)
{
	size_t i;

	for (i = 0; i < p->count; i++) {
		if (p->list[i].owner)
			number_list_append(pids, (uint64_t)p->list[i].pid);
	}
}

/* A client that several processes have open counts once, for the first application. */
static int see_client(struct apps *apps, const struct processes *p, const struct app_rules *rules,
		      const struct scan_client *client)
{
	bool counted = false;
	size_t i;
	int ret;

	for (i = 0; i < client->pids.count; i++) {
		const struct entry *e = processes_find(p, (pid_t)client->pids.numbers[i]);
		struct app *app = e && e->owner ? find_window(apps, e->owner) : NULL;

		if (!app)
			continue;
		ret = see_user(app, e, rules, client, !counted);
		if (ret == -ESRCH)
			continue;
		if (ret)
			return ret;
		if (counted)
			continue;
		counted = true;
		app->resident = fdinfo_plus(app->resident,
					    client->sum.value[FDINFO_RESIDENT]);
		app->evicted = fdinfo_plus(app->evicted, client->sum.value[FDINFO_EVICTED]);
		app->gpu_ns = fdinfo_plus(app->gpu_ns, client->info.engine_ns);
	}
	return 0;
}

static int see_memory(struct apps *apps, const struct processes *p, const struct app_rules *rules)
{
	struct number_list pids = { 0 };
	struct scan_wish wish = { .pids = &pids };
	struct scan s;
	size_t i;
	int ret;

	wish_for(&pids, p);
	ret = scan(&s, rules->roots, &wish);
	number_list_free(&pids);
	if (ret)
		return ret;
	for (i = 0; i < s.n_clients && !ret; i++) {
		if (!strcmp(s.clients[i].info.driver, PANTHOR))
			ret = see_client(apps, p, rules, &s.clients[i]);
	}
	scan_free(&s);
	return ret;
}

/* --- sound and freezing --------------------------------------------------- */

static bool is_one_of(const struct app *app, const struct processes *p,
		      const struct number_list *pids)
{
	size_t i;

	for (i = 0; pids && i < pids->count; i++) {
		const struct entry *e = processes_find(p, (pid_t)pids->numbers[i]);

		if (e && e->owner == app->pid)
			return true;
	}
	return false;
}

/* Nobody knows which application it is that plays. */
static bool any_unknown(const struct processes *p, const struct number_list *pids)
{
	size_t i;

	for (i = 0; pids && i < pids->count; i++) {
		if (!processes_find(p, (pid_t)pids->numbers[i]))
			return true;
	}
	return false;
}

/* Are all processes of the cgroup those of the application? */
static bool owns_cgroup(const struct app *app, const struct processes *p,
			const struct app_rules *rules)
{
	struct number_list pids = { 0 };
	bool unseen, owns;
	size_t i;

	owns = !cgroup_processes(rules->roots, app->cgroup, &pids, &unseen) && !unseen;
	for (i = 0; i < pids.count && owns; i++) {
		const struct entry *e = processes_find(p, (pid_t)pids.numbers[i]);

		owns = e && e->owner == app->pid;
	}
	number_list_free(&pids);
	return owns;
}

/* Is it a terminal, or was it started in one? What runs in a terminal would wait for it. */
static bool has_terminal(const struct app *app, const struct processes *p,
			 const struct app_rules *rules)
{
	size_t i;
	int n;

	for (i = 0; i < p->count; i++) {
		const struct entry *e = &p->list[i];
		bool below = false;

		for (n = 0; e && n < PROCESSES_PARENTS && !below; n++) {
			below = e->owner == app->pid;
			e = processes_find(p, e->parent);
		}
		if (below && processes_has_terminal(rules->roots, p->list[i].pid))
			return true;
	}
	return false;
}

static void see_cgroup(struct app *app, const struct processes *p, const struct app_rules *rules)
{
	const struct entry *e = processes_find(p, app->pid);
	char *name;

	if (!e || !freezer_cgroup(rules->uid, e->unit, app->cgroup)) {
		app->cgroup[0] = '\0';
		return;
	}
	name = cgroup_of(rules->roots, app->pid);
	if (!name || strncmp(name, app->cgroup, strlen(app->cgroup)) ||
	    is_one_of(app, p, rules->players) || any_unknown(p, rules->playing) ||
	    !owns_cgroup(app, p, rules) || has_terminal(app, p, rules))
		app->cgroup[0] = '\0';
	free(name);
}

static void remember_windows(struct apps *apps, const struct window *windows, size_t count)
{
	size_t i;

	window_list_free(&apps->windows);
	for (i = 0; i < count; i++)
		*window_list_add(&apps->windows) = windows[i];
}

bool apps_show(struct apps *apps, const struct window *windows, size_t count)
{
	struct app *app;
	size_t i;

	if (!count || count != apps->windows.count)
		return false;
	for (i = 0; i < count; i++) {
		const struct window *known = &apps->windows.windows[i];

		/*
		 * Where the process of a window is not known, apps_update() finds out what the
		 * window means for all applications.
		 */
		if (!windows[i].pid || windows[i].unsure || windows[i].pid != known->pid ||
		    windows[i].focus_only != known->focus_only ||
		    strcmp(windows[i].app_id, known->app_id))
			return false;
	}
	for (i = 0; i < apps->count; i++)
		apps->list[i].hidden = true;
	for (i = 0; i < count; i++) {
		app = find_window(apps, windows[i].pid);
		if (app)
			app->hidden &= !windows[i].visible;
	}
	return true;
}

int apps_update(struct apps *apps, const struct app_rules *rules, const struct window *windows,
		size_t count)
{
	struct processes p;
	size_t i;
	int ret;

	ret = processes_read(&p, rules->roots, rules->uid);
	if (ret)
		return ret;
	find_owners(&p, rules, windows, count);
	begin(apps);
	remember_windows(apps, windows, count);
	ret = see_windows(apps, &p, rules, windows, count);
	if (!ret)
		ret = see_memory(apps, &p, rules);
	drop_apps(apps);
	for (i = 0; i < apps->count; i++) {
		drop_members(&apps->list[i]);
		apps->list[i].unsure |= owner_any_unknown(&p, windows, count);
		apps->list[i].playing = is_one_of(&apps->list[i], &p, rules->playing);
		if (rules->config->freeze)
			see_cgroup(&apps->list[i], &p, rules);
	}
	processes_free(&p);
	return ret;
}

void apps_free(struct apps *apps)
{
	size_t i;

	for (i = 0; i < apps->count; i++)
		free_app(&apps->list[i]);
	free(apps->list);
	free(apps->gone);
	window_list_free(&apps->windows);
	*apps = (struct apps){ 0 };
}
