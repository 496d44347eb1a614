/* SPDX-License-Identifier: MIT */
/* The panthor devices that there are now. They come and go; nobody else opens them for us. */
#ifndef BROKER_DEVICE_SET_H
#define BROKER_DEVICE_SET_H

#include <stdbool.h>

#include "list.h"
#include "sdbus.h"

#define NODE_MOST 32
#define DEVICES_MOST 8

struct worker;

struct node {
	struct list link;
	struct node_set *set;
	unsigned int refs; /* of the set, and of each job */
	unsigned int number; /* of its render node; a device that comes back is another node */
	char name[NODE_MOST]; /* "renderD128" */
	int fd;
	bool gone;
	struct worker *worker; /* for reclaims */
};

struct node_set {
	struct list list; /* by number */
	unsigned int count;
	const char *folder;
	sd_event *event;
	sd_event_source *watch;
	int inotify;
	bool incapable; /* said once in the log */
	/* Something has changed. */
	void (*changed)(void *data);
	void *data;
};

/* 0 or -errno; @folder is /dev/dri but in tests. */
int node_set_start(struct node_set *set, sd_event *event, const char *folder,
		   void (*changed)(void *data), void *data);
void node_set_stop(struct node_set *set);

/* The first node after @number that is there, -1 for all; NULL if there is none. */
struct node *node_after(const struct node_set *set, long number);
/* By name, "renderD128" or with a path before it. */
struct node *node_by_name(const struct node_set *set, const char *name);

struct node *node_ref(struct node *n);
void node_unref(struct node *n);

/* A call has said -ENODEV. */
void node_lost(struct node *n);

#endif /* BROKER_DEVICE_SET_H */
