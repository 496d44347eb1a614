/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <panthor_drmif.h>

#include "clock.h"
#include "device_set.h"
#include "log.h"
#include "worker.h"

#define PREFIX "renderD"
/* How long udev may take for a new node on a busy machine. */
#define AGAIN_USEC (3 * USEC_PER_SEC)
/* IN_ATTRIB: udev sets owner and mode some time after the node was created. */
#define EVENTS (IN_CREATE | IN_DELETE | IN_ATTRIB | IN_MOVED_TO | IN_MOVED_FROM)

struct node *node_ref(struct node *n)
{
	n->refs++;
	return n;
}

void node_unref(struct node *n)
{
	if (--n->refs)
		return;
	worker_free(n->worker);
	close(n->fd);
	free(n);
}

struct node *node_after(const struct node_set *set, long number)
{
	struct list *at, *next;

	list_each(at, next, &set->list) {
		struct node *n = list_entry(at, struct node, link);

		if ((long)n->number > number)
			return n;
	}
	return NULL;
}

struct node *node_by_name(const struct node_set *set, const char *name)
{
	const char *slash = strrchr(name, '/');
	struct list *at, *next;

	list_each(at, next, &set->list) {
		struct node *n = list_entry(at, struct node, link);

		if (!strcmp(n->name, slash ? slash + 1 : name))
			return n;
	}
	return NULL;
}

static void drop(struct node *n)
{
	struct node_set *set = n->set;

	log_notice("%s is gone", n->name);
	n->gone = true;
	list_remove(&n->link);
	set->count--;
	node_unref(n);
	set->changed(set->data);
}

void node_lost(struct node *n)
{
	if (!n->gone)
		drop(n);
}

/* --- finding devices ------------------------------------------------------ */

/* The number in a name like "renderD128", or -1 for other names. */
static long number_of(const char *name)
{
	const char *digits = name + strlen(PREFIX);
	long number;
	char *end;

	if (strncmp(name, PREFIX, strlen(PREFIX)) || strlen(name) >= NODE_MOST)
		return -1;
	number = *digits >= '0' && *digits <= '9' ? strtol(digits, &end, 10) : -1;
	return number >= 0 && number < INT_MAX && !*end ? number : -1;
}

/* A device is also used if swap is full, because claims still work then. */
static bool usable(struct node_set *set, int fd, const char *name)
{
	int ret = panthor_mem_probe(fd);

	if (!ret || ret == -ENOSPC)
		return true;
	if (ret == -EPERM) {
		if (!set->incapable)
			log_error("CAP_SYS_RESOURCE in the initial user namespace is missing: %s "
				  "cannot be used; start panthor-memd with its systemd unit", name);
		set->incapable = true;
		return true;
	}
	if (ret == -ENOSYS || ret == -EOPNOTSUPP)
		log_warning("%s: this kernel's panthor cannot reclaim and claim: %s", name,
			    ret == -ENOSYS ? "version 1.10 of the driver is needed" :
					     "it is built without swap");
	return ret != -ENODEV && ret != -ENOTTY;
}

static void insert(struct node_set *set, struct node *new)
{
	struct list *at, *next;

	list_each(at, next, &set->list) {
		if (list_entry(at, struct node, link)->number > new->number)
			break;
	}
	/* Insert it before the first larger number. */
	list_append(at, &new->link);
	set->count++;
}

static struct refused *find_refused(struct node_set *set, long number)
{
	unsigned int i;

	for (i = 0; i < set->n_refused; i++) {
		if (set->refused[i].number == number)
			return &set->refused[i];
	}
	return NULL;
}

static void forget_refused(struct node_set *set, long number)
{
	struct refused *r = find_refused(set, number);

	if (r)
		*r = set->refused[--set->n_refused];
}

static const char *remedy_of(int error)
{
	switch (error) {
	case EPERM:
		return "the unit needs DeviceAllow=char-drm, and must have started after the module "
		       "drm was loaded: restart it";
	case EACCES:
		return "the unit needs SupplementaryGroups= with the group of the node";
	case EMFILE:
	case ENFILE:
		return "the unit needs a higher LimitNOFILE=";
	default:
		return "dmesg(1) may say why";
	}
}

/*
 * udev sets owner and mode some time after the node was created. So the log has the first error only
 * if the next try fails, too: @late.
 */
static void refuse(struct node_set *set, const char *name, long number, int error, bool late)
{
	struct refused *r = find_refused(set, number);

	if (r && late && !r->logged) {
		r->logged = true;
		log_warning("%s cannot be opened: %s: %s", name, strerror(error), remedy_of(error));
	}
	if (r || set->n_refused == REFUSED_MOST)
		return;
	set->refused[set->n_refused++] = (struct refused){ .number = number };
	sd_event_source_set_time(set->again, clock_usec() + AGAIN_USEC);
	sd_event_source_set_enabled(set->again, SD_EVENT_ONESHOT);
}

static void add(struct node_set *set, const char *name, long number, bool late)
{
	struct node *new;
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s", set->folder, name) >= (int)sizeof(path))
		return;
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0) {
		if (errno != ENOENT)
			refuse(set, name, number, errno, late);
		return;
	}
	forget_refused(set, number);
	new = usable(set, fd, name) ? calloc(1, sizeof(*new)) : NULL;
	if (new)
		new->worker = worker_new();
	if (!new || !new->worker) {
		free(new);
		close(fd);
		return;
	}
	new->set = set;
	new->refs = 1;
	new->number = (unsigned int)number;
	new->fd = fd;
	snprintf(new->name, sizeof(new->name), "%s", name);
	insert(set, new);
	log_notice("%s can be used", new->name);
	set->changed(set->data);
}

/* @late: some seconds after a node could not be opened. */
static void scan(struct node_set *set, bool late)
{
	DIR *dir = opendir(set->folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		long number = number_of(entry->d_name);

		if (number >= 0 && set->count < DEVICES_MOST &&
		    !node_by_name(set, entry->d_name))
			add(set, entry->d_name, number, late);
	}
	if (dir)
		closedir(dir);
}

/* Drop devices whose node was removed. Every call on their open file returns -ENODEV. */
static void drop_missing(struct node_set *set)
{
	struct list *at, *next;
	char path[PATH_MAX];

	list_each(at, next, &set->list) {
		struct node *n = list_entry(at, struct node, link);

		snprintf(path, sizeof(path), "%s/%s", set->folder, n->name);
		if (access(path, F_OK) && errno == ENOENT)
			drop(n);
	}
}

/* --- watching ------------------------------------------------------------- */

static int watch(struct node_set *set)
{
	char *parent, *slash;
	bool parent_watched;

	if (inotify_add_watch(set->inotify, set->folder, EVENTS | IN_ONLYDIR) >= 0)
		return 0;
	/* The directory may not exist until the first device is added. */
	parent = strdup(set->folder);
	if (!parent)
		return -ENOMEM;
	slash = strrchr(parent, '/');
	if (slash && slash != parent)
		*slash = '\0';
	parent_watched = inotify_add_watch(set->inotify, slash ? parent : ".",
					   IN_CREATE | IN_MOVED_TO) >= 0;
	free(parent);
	/* It can have been created before its parent was watched. */
	if (inotify_add_watch(set->inotify, set->folder, EVENTS | IN_ONLYDIR) < 0 && !parent_watched)
		log_warning("cannot watch %s: devices that are added later are not noticed",
			    set->folder);
	return 0;
}

static int on_change(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct node_set *set = data;
	char text[4096] __attribute__((aligned(8)));

	(void)source;
	(void)events;
	/* Ignore what the events say and scan the directory, because events can be lost. */
	while (read(fd, text, sizeof(text)) > 0)
		;
	watch(set);
	drop_missing(set);
	scan(set, false);
	return 0;
}

static int on_again(sd_event_source *source, uint64_t usec, void *data)
{
	(void)source;
	(void)usec;
	scan(data, true);
	return 0;
}

int node_set_start(struct node_set *set, sd_event *event, const char *folder,
		   void (*changed)(void *data), void *data)
{
	int ret;

	list_init(&set->list);
	set->count = 0;
	set->folder = folder;
	set->event = event;
	set->incapable = false;
	set->n_refused = 0;
	set->changed = changed;
	set->data = data;
	set->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (set->inotify < 0)
		return -errno;
	ret = sd_event_add_io(event, &set->watch, set->inotify, EPOLLIN, on_change, set);
	if (ret < 0)
		return ret;
	ret = sd_event_add_time(event, &set->again, CLOCK_MONOTONIC, 0, 0, on_again, set);
	if (ret < 0)
		return ret;
	sd_event_source_set_enabled(set->again, SD_EVENT_OFF);
	ret = watch(set);
	if (!ret)
		scan(set, false);
	return ret;
}

void node_set_stop(struct node_set *set)
{
	sd_event_source_disable_unref(set->watch);
	sd_event_source_disable_unref(set->again);
	if (set->inotify >= 0)
		close(set->inotify);
	while (!list_empty(&set->list)) {
		struct node *n = list_entry(set->list.next, struct node, link);

		list_remove(&n->link);
		n->gone = true;
		node_unref(n);
	}
}
