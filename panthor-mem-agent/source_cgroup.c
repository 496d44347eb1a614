/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "clock.h"
#include "memory.h"
#include "name_watch.h"
#include "numbers.h"
#include "processes.h"
#include "source_cgroup.h"
#include "window_list.h"

/* The bus is there by then, or not at all. */
#define FIRST_USEC USEC_PER_SEC
#define RETRY_USEC (10 * USEC_PER_SEC)
/* More than any session has. */
#define DEPTH_MOST 16
#define CGROUPS_MOST 4096
#define PROCESSES_MOST 65536
#define EVENTS (IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR)

struct cgroups {
	struct source source;
	struct source_handler handler;
	sd_event *event;
	const struct roots *roots;
	uid_t uid;
	char *path; /* of the cgroup of the user's service manager */
	int inotify;
	sd_event_source *io, *timer;
	struct name_watch *mutter;
	pid_t pid;
	bool reported; /* that the source is lost */
};

/* What one look finds. */
struct found {
	struct window_list list;
	size_t n_cgroups;
};

static void lose(struct cgroups *s, const char *why)
{
	if (!s->reported)
		s->handler.lost(s->handler.data, why);
	s->reported = true;
	sd_event_source_set_time(s->timer, clock_usec() + RETRY_USEC);
	sd_event_source_set_enabled(s->timer, SD_EVENT_ONESHOT);
}

/* --- one cgroup ----------------------------------------------------------- */

/* "app-gnome-org.foo.Bar-123.scope", "app-org.foo.Bar@123.service", with escapes like \x2d. */
void source_cgroup_app_id(const char *unit, char app_id[WINDOW_APP_ID])
{
	static const char *const launchers[] = { "app-gnome-", "app-flatpak-", "app-", "" };
	const char *at = unit, *end, *number;
	size_t i, used = 0;

	for (i = 0; i < sizeof(launchers) / sizeof(launchers[0]); i++) {
		if (strncmp(unit, launchers[i], strlen(launchers[i])))
			continue;
		at = unit + strlen(launchers[i]);
		break;
	}
	end = strrchr(at, '.');
	end = end ? end : at + strlen(at);
	number = memchr(at, '@', (size_t)(end - at));
	if (!number) {
		number = end;
		while (number > at && number[-1] >= '0' && number[-1] <= '9')
			number--;
		number = number > at + 1 && number < end && number[-1] == '-' ? number - 1 : end;
	}
	while (at < number && used + 1 < WINDOW_APP_ID) {
		unsigned int c;

		if (number - at >= 4 && at[0] == '\\' && at[1] == 'x' &&
		    sscanf(at + 2, "%2x", &c) == 1 && c) {
			app_id[used++] = (char)c;
			at += 4;
		} else {
			app_id[used++] = *at++;
		}
	}
	app_id[used] = '\0';
}

/* Returns whether the cgroup has the attribute. Only a time says that it has no focus. */
static bool has_attribute(int fd, bool *focus)
{
	char value[32];
	const ssize_t n = fgetxattr(fd, CGROUP_ATTRIBUTE, value, sizeof(value) - 1);

	if (n < 0 && errno == ENODATA)
		return false;
	*focus = true;
	if (n > 0) {
		value[n] = '\0';
		*focus = strspn(value, "0123456789") != (size_t)n;
	}
	return true;
}

static void add_window(struct found *f, pid_t pid, bool focus, const char *app_id)
{
	struct window *w = window_list_add(&f->list);

	w->pid = pid;
	w->visible = focus;
	w->focus_only = true;
	snprintf(w->app_id, sizeof(w->app_id), "%s", app_id);
}

static int read_processes(int fd, struct number_list *pids)
{
	char *text = memory_file(fd, "cgroup.procs"), *at = text, *end;
	int ret = 0;

	/* The processes of a threaded cgroup are in the list of the one above. */
	if (!text)
		return errno == EOPNOTSUPP || errno == ENOENT || errno == ENODEV ? 0 : -errno;
	while (*at && !ret) {
		const unsigned long pid = strtoul(at, &end, 10);

		if (end == at)
			break;
		if (pids->count == PROCESSES_MOST)
			ret = -E2BIG;
		number_list_append(pids, pid);
		at = end + strspn(end, "\n");
	}
	free(text);
	return ret;
}

/* Nobody knows which process has the window. So each that was not started by another one does. */
static int add_windows(struct cgroups *s, struct found *f, int fd, const char *name, bool focus)
{
	struct number_list pids = { 0 };
	char app_id[WINDOW_APP_ID];
	struct entry e;
	size_t i;
	int ret = read_processes(fd, &pids);

	source_cgroup_app_id(name, app_id);
	for (i = 0; i < pids.count && !ret; i++) {
		ret = processes_read_one(&e, s->roots, s->uid, (pid_t)pids.numbers[i]);
		if (!ret && !number_list_has(&pids, (uint64_t)e.parent))
			add_window(f, e.pid, focus, app_id);
		if (ret == -ESRCH)
			ret = 0;
	}
	number_list_free(&pids);
	return ret;
}

/* --- all of them ---------------------------------------------------------- */

/* Owns @fd. @path: its name, for the watch. */
static int walk(struct cgroups *s, struct found *f, int fd, const char *path, unsigned int depth)
{
	const char *name = strrchr(path, '/') + 1;
	struct dirent *entry;
	bool focus;
	int ret = 0;
	DIR *dir;

	/* Watch first, so that no change is missed. */
	if (inotify_add_watch(s->inotify, path, EVENTS) < 0 && errno != ENOENT)
		ret = -errno;
	else if (depth == DEPTH_MOST || ++f->n_cgroups > CGROUPS_MOST)
		ret = -E2BIG;
	else if (has_attribute(fd, &focus))
		ret = add_windows(s, f, fd, name, focus);
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while (!ret && (entry = readdir(dir))) {
		char *below;
		int next;

		if (entry->d_name[0] == '.' || entry->d_type != DT_DIR)
			continue;
		next = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0) {
			/* Otherwise, it was removed meanwhile. */
			if (errno == EMFILE || errno == ENFILE)
				ret = -errno;
			continue;
		}
		below = memory_text("%s/%s", path, entry->d_name);
		ret = walk(s, f, next, below, depth + 1);
		free(below);
	}
	closedir(dir);
	return ret;
}

static void report(struct cgroups *s)
{
	struct found f = { 0 };
	char why[128];
	int fd, ret;

	if (!s->pid)
		return;
	fd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ret = fd < 0 ? -errno : walk(s, &f, fd, s->path, 0);
	if (!ret) {
		s->reported = false;
		sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);
		s->handler.windows(s->handler.data, f.list.windows, f.list.count, s->pid);
	} else {
		snprintf(why, sizeof(why), "the cgroups of the session cannot be read or watched "
			 "(%s)", strerror(-ret));
		lose(s, why);
	}
	window_list_free(&f.list);
}

static void look_again(struct cgroups *s)
{
	if (s->mutter)
		name_watch_ask(s->mutter);
}

static int on_inotify(sd_event_source *io, int fd, uint32_t events, void *data)
{
	char bytes[16384] __attribute__((aligned(__alignof__(struct inotify_event))));

	(void)io;
	(void)events;
	/* What has changed does not matter, since everything is looked at. */
	if (read(fd, bytes, sizeof(bytes)) > 0)
		look_again(data);
	return 0;
}

static void on_mutter(void *data, pid_t pid)
{
	struct cgroups *s = data;

	s->pid = pid;
	if (pid)
		report(s);
	else
		lose(s, "GNOME's Mutter is not on the session bus");
}

static int on_timer(sd_event_source *timer, uint64_t usec, void *data)
{
	struct cgroups *s = data;

	(void)timer;
	(void)usec;
	if (!s->mutter)
		lose(s, "the session bus is needed to know whether GNOME's Mutter runs");
	else
		look_again(s);
	return 0;
}

/* --- the interface -------------------------------------------------------- */

static void cgroups_bus(struct source *source, sd_bus *bus)
{
	struct cgroups *s = (struct cgroups *)source;

	s->mutter = name_watch_new(bus, CGROUP_MUTTER, on_mutter, s);
}

static void cgroups_look(struct source *source)
{
	look_again((struct cgroups *)source);
}

static void cgroups_free(struct source *source)
{
	struct cgroups *s = (struct cgroups *)source;

	name_watch_free(s->mutter);
	sd_event_source_disable_unref(s->io);
	sd_event_source_disable_unref(s->timer);
	if (s->inotify >= 0)
		close(s->inotify);
	sd_event_unref(s->event);
	free(s->path);
	free(s);
}

struct source *source_cgroup_new(sd_event *event, const struct roots *roots, uid_t uid,
				 const struct source_handler *handler)
{
	struct cgroups *s = memory_grow(NULL, 0, 1, sizeof(*s));

	s->source = (struct source){
		.name = "cgroup",
		.look = cgroups_look,
		.bus = cgroups_bus,
		.free = cgroups_free,
	};
	s->handler = *handler;
	s->event = sd_event_ref(event);
	s->roots = roots;
	s->uid = uid;
	s->path = memory_text("%s/fs/cgroup/user.slice/user-%u.slice/user@%u.service", roots->sys,
			      (unsigned int)uid, (unsigned int)uid);
	s->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (s->inotify < 0 ||
	    sd_event_add_io(event, &s->io, s->inotify, EPOLLIN, on_inotify, s) < 0 ||
	    sd_event_add_time(event, &s->timer, CLOCK_MONOTONIC, clock_usec() + FIRST_USEC,
			      USEC_PER_SEC, on_timer, s) < 0) {
		cgroups_free(&s->source);
		return NULL;
	}
	return &s->source;
}
