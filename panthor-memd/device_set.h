/* SPDX-License-Identifier: MIT */
/* The panthor devices that are present. inotify reports when one is added or removed. */
#ifndef BROKER_DEVICE_SET_H
#define BROKER_DEVICE_SET_H

#include <stdbool.h>

#include "list.h"
#include "sdbus.h"

#define NODE_MOST 32
#define DEVICES_MOST 8
#define REFUSED_MOST 64

struct worker;

struct node {
	struct list link;
	struct node_set *set;
	unsigned int refs; /* held by the set and by each job */
	unsigned int number; /* of the render node; a device that returns gets a new struct */
	char name[NODE_MOST]; /* "renderD128" */
	int fd;
	bool gone;
	struct worker *worker; /* for reclaims */
};

struct refused {
	long number; /* of the render node */
	bool logged;
};

struct node_set {
	struct list list; /* by number */
	unsigned int count;
	const char *folder;
	sd_event *event;
	sd_event_source *watch;
	int inotify;
	bool incapable; /* CAP_SYS_RESOURCE is missing, which the log has already */
	/* Nodes that cannot be opened, and the timer for the next try. */
	struct refused refused[REFUSED_MOST];
	unsigned int n_refused;
	sd_event_source *again;
	/* Called after a device was added or removed. */
	void (*changed)(void *data);
	void *data;
};

/* Returns 0 or -errno. @folder is /dev/dri, except in tests. */
int node_set_start(struct node_set *set, sd_event *event, const char *folder,
		   void (*changed)(void *data), void *data);
void node_set_stop(struct node_set *set);

/* The first node with a number above @number, or NULL. -1: the first of all. */
struct node *node_after(const struct node_set *set, long number);
/* Find a node by its name, like "renderD128", with or without a path. */
struct node *node_by_name(const struct node_set *set, const char *name);

struct node *node_ref(struct node *n);
void node_unref(struct node *n);

/* Drop a node after a call returned -ENODEV. */
void node_lost(struct node *n);

#endif /* BROKER_DEVICE_SET_H */
