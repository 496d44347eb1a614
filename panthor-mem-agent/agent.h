/* SPDX-License-Identifier: MIT */
/* What connects windows, memory, policy and panthor-memd. */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include <stdbool.h>

#include "agent_metrics.h"
#include "app.h"
#include "config.h"
#include "freezer.h"
#include "guard_mpris.h"
#include "guard_pipewire.h"
#include "guard_session.h"
#include "link.h"
#include "policy.h"
#include "pressure.h"
#include "roots.h"
#include "sdbus.h"
#include "source.h"

#define AGENT_NAME "org.panthormem.Agent1"
#define AGENT_PATH "/org/panthormem/Agent1"
/* This many calls of List wait for a look. Others are answered with what is known. */
#define AGENT_LISTS 16

struct request;

struct agent {
	sd_event *event;
	struct config config;
	struct roots roots;
	bool dry_run;
	/* The service manager has started this agent, and ends it with the session. */
	bool service;

	struct policy policy;
	sd_event_source *timer;
	/* Events that came while another one was handled. */
	struct policy_event *queue;
	size_t n_queue;
	bool stepping;

	struct source *source;
	enum source_kind source_kind;
	bool connected;
	bool ended; /* the compositor has ended, and the log says so */
	bool look_wanted; /* look at the processes, too, when @source reports the windows */
	struct pressure *pressure;

	struct apps apps;
	struct link *link;
	struct request *requests;
	bool broker_asked; /* it has answered, or was found not to answer */
	bool broker_answers;
	bool no_device;

	sd_bus *session;
	/* Calls of List that wait for a look. */
	struct {
		sd_bus_message *calls[AGENT_LISTS];
		size_t count;
		sd_event_source *timer;
	} lists;

	struct {
		struct mpris *mpris;
		struct sound *sound;
		sd_bus *system;
		struct login *login;
		struct login_state login_state;
	} guards;
	struct freezer *freezer; /* NULL: nothing is frozen */
	struct agent_metrics metrics;
	sd_event_source *metrics_timer; /* until the file is written */
	bool complained;		/* that it cannot be written */
};

/* Returns 0 or -errno. config, roots and dry_run have to be set. */
int agent_start(struct agent *a);
void agent_stop(struct agent *a);

/* Give an event to the policy and do what it decides. */
void agent_post(struct agent *a, const struct policy_event *e);
/* Look at the windows and the processes again. */
void agent_look(struct agent *a);
/* Something is known about windows, see source.h. */
extern const struct source_handler agent_source_handler;

/* --- agent_request.c ------------------------------------------------------- */

void request_start(struct agent *a, const struct app *app, enum policy_request kind);
void request_cancel(struct agent *a, uint64_t app);
/* Nobody wants the replies for this application any more. */
void request_forget(struct agent *a, uint64_t app);
void request_free_all(struct agent *a);

/* How log messages name an application. */
#define AGENT_LABEL 128
const char *agent_label(const struct app *app, char label[AGENT_LABEL]);

/* --- agent_guard.c --------------------------------------------------------- */

void guard_start(struct agent *a);
/* The session bus is there. */
void guard_session_bus(struct agent *a);
void guard_stop(struct agent *a);
/* Append the PIDs of programs that play sound, and of those that wait for media keys. */
void guard_list(struct agent *a, struct number_list *playing, struct number_list *players);
/* Is no window of this session on the screen? */
bool guard_is_unseen(const struct agent *a);

/* --- agent_bus.c ----------------------------------------------------------- */

/* Returns 0 or -errno; -EEXIST if another agent has the name. */
int agent_bus_start(struct agent *a);
void agent_bus_stop(struct agent *a);
/* Answer the calls of List that wait: a look is done, or none can be. */
void agent_bus_looked(struct agent *a);
/* Serve the interface on another connection: only tests have one. Returns 0 or -errno. */
int agent_bus_serve(struct agent *a, sd_bus *bus);

#endif /* AGENT_AGENT_H */
