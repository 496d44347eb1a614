/* SPDX-License-Identifier: MIT */
/*
 * The state of panthor-memd. Only the thread of the event loop uses it. Worker threads see
 * nothing but their job (job.h).
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
	sd_event_source *reader;  /* see intake.c */
	sd_event_source *renewal; /* see intake.c */
	sd_event_source *watch;	  /* see work.c */
	struct config config;
	struct node_set nodes;
	struct targets targets;
	struct list users;
	struct list senders;
	struct list works;
	struct worker *claimers[CLAIMERS];
	unsigned int outstanding; /* requests of all users that have no reply yet */
	unsigned int n_senders;
	uint64_t answered; /* bytes sent to the connections that are open; not less than in fact */
	uint64_t seq;	 /* of the newest request */
	uint64_t served; /* number of turns so far */
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
	struct bucket answers; /* for what costs no token of the other one */
	unsigned int refs;	  /* senders and works */
	unsigned int outstanding; /* requests that have no reply yet */
	unsigned int claims;	  /* running claims */
	unsigned int subscribers;
	uint64_t served; /* the user's last turn; the lowest number is served next */
	uint64_t refused[FAULT_KINDS]; /* since the last log message */
	uint64_t told; /* when refusals were last logged; 0: never */
};

struct user *user_ref(struct broker *b, uid_t uid);
void user_unref(struct broker *b, struct user *u);
/* Count a refusal in the metrics and, at most once a minute, log what was refused. */
void user_refused(struct broker *b, struct user *u, enum fault_kind kind);
/* Called regularly: log pending refusals and free users that are no longer needed. */
void user_sweep(struct broker *b);
void user_free_all(struct broker *b);

/* --- sender.c ------------------------------------------------------------- */

/* A connection. Its credentials are requested from the bus once and kept until it closes. */
struct sender {
	struct list link;
	struct broker *broker;
	char *name;
	sd_bus_slot *asking; /* the pending credentials call */
	struct user *user;
	struct caller caller;
	struct list requests;
	unsigned int n_requests;
	uint64_t answered; /* bytes sent to it; not less than in fact */
	bool checking; /* a polkit call is pending */
	bool subscribed;
};

/* Find or add a connection. NULL if there are too many, or on an error. */
struct sender *sender_get(struct broker *b, const char *name);
/* NULL if the connection is unknown. */
struct sender *sender_find(struct broker *b, const char *name);
void sender_gone(struct broker *b, const char *name);
int sender_watch(struct broker *b);
/* On shutdown: refuse all requests that are not work yet. */
void sender_refuse_all(struct broker *b, const struct fault *f);
void sender_free_all(struct broker *b);

/* --- request.c ------------------------------------------------------------ */

enum method { METHOD_RECLAIM, METHOD_CLAIM, METHOD_SUBSCRIBE };

/* A message that has no reply yet. */
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
	uint64_t arrived; /* or when a person has answered polkit */
	bool counted; /* included in the outstanding counters */
	struct target *target;
	bool active;  /* the caller had an active session; only set if OwnProcesses=active */
	bool asked;   /* polkit was asked ... */
	uid_t about;  /* ... about a process of this user */
	sd_bus_slot *polkit;
	struct work *work;
};

/* Accept the arguments of a method. The reply comes later. Returns as sd-bus handlers do. */
int request_start(struct broker *b, sd_bus_message *message, enum method method, uint32_t pid,
		  uint64_t id, const struct wish *wish);
/* Refuse a message whose arguments are invalid. It costs a token, too. */
int request_invalid(struct broker *b, sd_bus_message *message, const struct fault *f);
/* The user of the sender is known now. */
void request_identified(struct request *r);
/* The access check passed. */
void request_authorized(struct request *r);
/*
 * Check the access again, because a process can change its user, as by executing a setuid program,
 * while polkit asks a person or the request waits. Sets @owner. Returns 0, or -1 and sets @f.
 */
int request_check_again(const struct request *r, struct owner *owner, struct fault *f);
void request_refuse(struct request *r, const struct fault *f);
void request_free(struct request *r);

/*
 * May @u reclaim the process at this time? Asked for each request, and again when its turn has
 * come, because another reclaim or a claim can have been done meanwhile.
 */
int request_check_reclaim(struct broker *b, const struct user *u, const struct target *t,
			  const struct wish *wish, struct fault *f);

/* Cancel the sender's requests for this process. Returns how many were cancelled. */
unsigned int request_cancel(struct broker *b, const char *sender, uint32_t pid, uint64_t id);

/* --- polkit.c ------------------------------------------------------------- */

/* Returns 0 and later calls request_authorized() or request_refuse(), or returns -1 and sets @f. */
int polkit_ask(struct request *r, uid_t owner, struct fault *f);
/* Cancel a pending question. */
void polkit_forget(struct request *r);

/* --- work.c --------------------------------------------------------------- */

enum work_state {
	WORK_QUEUED,
	WORK_RUNNING,
	WORK_WAITING, /* a claim that waits until the reclaim that it overtook has stopped */
};

/* An operation. Equal requests of one user share it. */
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
	uint64_t begun; /* 0: not begun */
	uint64_t end;	/* when it is stopped, or no longer waits */
	uint64_t reply_by; /* when it is stopped in any case */
	long at;	/* number of the last device that a job got, or -1 */
	bool more;	/* a reclaim has more to do on this device, or a claim on all devices */
	bool noted;	/* a reclaim that is in the history of its process */
	bool again;	/* a claim that needs a second pass, because a reclaim was running */
	struct job job;
	struct worker *worker; /* that has the job */
	struct outcome sum;
	struct outcome device; /* the part of a reclaim on the device at which it is */
	struct outcome before; /* the part on the devices before */
	unsigned int found;
};

/* Call this once, before everything else here. 0 or -errno. */
int work_start(struct broker *b);
/* Queue a request that has passed all checks. */
void work_add(struct broker *b, struct request *r, uid_t owner);
/* Detach a request. Work without requests is dropped, or stopped if it runs. */
void work_leave(struct request *r);
/* Stop running work. It ends soon, but not at once. */
void work_stop(struct work *w);
void work_schedule(struct broker *b);
void work_done(struct job *job, void *data);
/* True if no work is running. */
bool work_idle(const struct broker *b);
/* On shutdown: refuse all queued work and stop running work. */
void work_stop_all(struct broker *b, const struct fault *f);
void work_free_all(struct broker *b);

/* --- answer.c ------------------------------------------------------------- */

/* Reply with the result. @error: what failed after part of the work was done, or FAULT_NONE. */
void answer_request(struct request *r, const struct outcome *sum, enum fault_kind error);
/* The work has ended: send replies and signals, update log and metrics. */
void answer_work(struct work *w);

/* --- intake.c ------------------------------------------------------------- */

/* The most bytes of a reply, a refusal or a signal of the interface. */
#define ANSWER_MOST 512

/* Drop messages that nobody has to answer, or that exceed a limit. */
int intake_start(struct broker *b);
/*
 * May the connection have an answer to @m that costs no token? If so, it is counted. @s may be
 * NULL.
 */
bool intake_may_answer(struct broker *b, struct sender *s, sd_bus_message *m, uint64_t bytes);
/* Count what is sent to a connection. */
void intake_count(struct sender *s, uint64_t bytes);

/* --- bus.c ---------------------------------------------------------------- */

int bus_start(struct broker *b);
/* Call this after everything is set up, because calls arrive from then on. */
int bus_take_name(struct broker *b);
void bus_devices_changed(void *data);
/* Send the signal Finished to every subscriber that may receive it. */
void bus_finished(const struct work *w, uint64_t bytes, const char *error);

/* --- main.c --------------------------------------------------------------- */

/* Give back the name on the bus and end the program when running work has stopped. */
int broker_stop(struct broker *b);

#endif /* BROKER_BROKER_H */
