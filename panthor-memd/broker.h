/* SPDX-License-Identifier: MIT */
/*
 * What panthor-memd knows. All of it is the loop's; threads have jobs (job.h) and nothing
 * else.
 */
#ifndef BROKER_BROKER_H
#define BROKER_BROKER_H

#include "access.h"
#include "config.h"
#include "device_set.h"
#include "fault.h"
#include "job.h"
#include "limit.h"
#include "list.h"
#include "sdbus.h"
#include "stats.h"
#include "target.h"

#define CLAIMERS 2

struct broker {
	sd_event *event;
	sd_bus *bus;
	struct config config;
	struct node_set nodes;
	struct targets targets;
	struct list users;
	struct list senders;
	struct list works;
	struct worker *claimers[CLAIMERS];
	unsigned int outstanding; /* requests of all users */
	unsigned int n_senders;
	uint64_t seq;	 /* of the request that came last */
	uint64_t served; /* the turn that was taken last */
	struct swap_writes writes;
	gid_t group; /* BROKER_GROUP */
	bool has_group;
	struct stats stats;
	bool stopping;
};

/* --- user.c --------------------------------------------------------------- */

struct user {
	struct list link;
	uid_t uid;
	struct bucket bucket;
	unsigned int refs;	  /* senders */
	unsigned int outstanding; /* requests */
	unsigned int claims;	  /* that run */
	unsigned int subscribers;
	uint64_t served; /* whose turn was longest ago comes next */
	uint64_t refused[FAULT_KINDS]; /* since the log was told */
	uint64_t told;
};

struct user *user_ref(struct broker *b, uid_t uid);
void user_unref(struct broker *b, struct user *u);
/* For log and metrics. */
void user_refused(struct broker *b, struct user *u, enum fault_kind kind);
/* From time to time: what was not told yet, and users that are not needed any more. */
void user_sweep(struct broker *b);
void user_free_all(struct broker *b);

/* --- sender.c ------------------------------------------------------------- */

/* A connection: who it is was asked of the bus once, and is kept until it is closed. */
struct sender {
	struct list link;
	struct broker *broker;
	char *name;
	sd_bus_slot *asking; /* until its user is known */
	struct user *user;
	struct caller caller;
	struct list requests;
	unsigned int n_requests;
	bool checking; /* polkit is asked */
	bool subscribed;
};

/* NULL if there are too many. */
struct sender *sender_get(struct broker *b, const char *name);
/* NULL if it has asked for nothing yet. */
struct sender *sender_find(struct broker *b, const char *name);
void sender_gone(struct broker *b, const char *name);
int sender_watch(struct broker *b);
void sender_free_all(struct broker *b);

/* --- request.c ------------------------------------------------------------ */

enum method { METHOD_RECLAIM, METHOD_CLAIM, METHOD_SUBSCRIBE };

/* A message that waits for its reply. */
struct request {
	struct list of_sender;
	struct list of_work;
	struct sender *sender;
	sd_bus_message *message;
	enum method method;
	uint32_t pid;
	uint64_t id;
	struct wish wish;
	uint64_t seq;
	bool counted; /* in outstanding */
	struct target *target;
	sd_bus_slot *polkit;
	struct work *work;
};

/* Takes what a method was given; everything else comes later. Returns as sd-bus handlers do. */
int request_start(struct broker *b, sd_bus_message *message, enum method method, uint32_t pid,
		  uint64_t id, const struct wish *wish);
/* The sender's user is known now, or will not be. */
void request_identified(struct request *r);
/* polkit has answered. */
void request_authorized(struct request *r);
void request_refuse(struct request *r, const struct fault *f);
void request_free(struct request *r);

/* How many of the sender's requests for that process were taken back. */
unsigned int request_cancel(struct broker *b, const char *sender, uint32_t pid, uint64_t id);

/* --- polkit.c ------------------------------------------------------------- */

/* 0: it will call request_authorized() or request_refuse(); or -1 after @f was set. */
int polkit_ask(struct request *r, uid_t owner, struct fault *f);
/* Nobody wants to know any more. */
void polkit_forget(struct request *r);

/* --- work.c --------------------------------------------------------------- */

enum work_state {
	WORK_QUEUED,
	WORK_RUNNING,
	WORK_WAITING, /* a claim, for the end of the reclaim that it overtook */
};

/* What one or more requests want. */
struct work {
	struct list link;
	struct broker *broker;
	struct user *user;
	uid_t owner; /* of the process */
	enum operation_kind kind;
	struct wish wish;
	struct target *target;
	uint64_t seq;
	enum work_state state;
	struct list requests;
	sd_event_source *timer;
	uint64_t queued;
	uint64_t begun; /* 0: not yet */
	long at;	/* number of the device that was done last, or -1 */
	bool again;	/* a claim: a reclaim may have come between */
	struct job job;
	struct outcome sum;
	unsigned int found;
};

/* A request that all checks have let through. */
void work_add(struct broker *b, struct request *r, uid_t owner);
/* A request goes; what only it wanted is dropped or stopped. */
void work_leave(struct request *r);
void work_schedule(struct broker *b);
void work_done(struct job *job, void *data);
/* Is nothing of it running? */
bool work_idle(const struct broker *b);
/* The end: what is queued is not begun, what runs is stopped. */
void work_stop_all(struct broker *b);
void work_free_all(struct broker *b);

/* --- answer.c ------------------------------------------------------------- */

/* Reply with what was done; @error: what failed after that, or FAULT_NONE. */
void answer_request(struct request *r, const struct outcome *sum, enum fault_kind error);
/* The work is over: replies, signals, log, metrics. */
void answer_work(struct work *w);

/* --- bus.c ---------------------------------------------------------------- */

int bus_start(struct broker *b);
/* After all is set up: from now on calls come. */
int bus_take_name(struct broker *b);
void bus_devices_changed(void *data);
/* The signal Finished, to all who asked for it and may hear it. */
void bus_finished(const struct work *w, uint64_t bytes, const char *error);

#endif /* BROKER_BROKER_H */
