/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "memory.h"
#include "name_watch.h"
#include "source_session.h"
#include "window_table.h"

struct session {
	struct source source;
	struct source_handler handler;
	sd_event *event;
	sd_bus *bus;
	uint64_t silent;
	sd_event_source *silence; /* when the program that reports has said nothing for too long */
	sd_event_source *defer;	  /* to report, after all messages that are here were read */
	struct window_table table;
	char *owner; /* the program that reports, or NULL */
	struct name_watch *watch;
	pid_t pid; /* of the owner; 0: not known yet */
	bool complete; /* all windows are known */
	bool reported; /* that the source is lost */
};

static void start_silence(struct session *s)
{
	sd_event_source_set_time(s->silence, clock_usec() + s->silent);
	sd_event_source_set_enabled(s->silence, SD_EVENT_ONESHOT);
}

static void lose(struct session *s, const char *why)
{
	s->complete = false;
	if (!s->reported)
		s->handler.lost(s->handler.data, why);
	s->reported = true;
}

/* Another program may be the source from now on. */
static void forget_owner(struct session *s)
{
	name_watch_free(s->watch);
	s->watch = NULL;
	free(s->owner);
	s->owner = NULL;
	s->pid = 0;
	s->complete = false;
	window_table_free(&s->table);
}

static void report(struct session *s)
{
	struct window *list;

	if (!s->complete || !s->pid)
		return;
	if (s->table.overflow) {
		lose(s, "a program reports more windows than the agent can remember");
		return;
	}
	s->reported = false;
	s->table.changed = false;
	list = window_table_list(&s->table);
	s->handler.windows(s->handler.data, list, s->table.count, s->pid);
	free(list);
}

static int on_defer(sd_event_source *defer, void *data)
{
	(void)defer;
	report(data);
	return 0;
}

static void report_soon(struct session *s)
{
	sd_event_source_set_enabled(s->defer, SD_EVENT_ONESHOT);
}

static int on_silence(sd_event_source *timer, uint64_t usec, void *data)
{
	struct session *s = data;

	(void)timer;
	(void)usec;
	lose(s, s->owner ? "the program that reports windows on the session bus is silent" :
			   "no program reports windows on the session bus");
	return 0;
}

static void on_owner(void *data, pid_t pid)
{
	struct session *s = data;

	if (!pid) {
		forget_owner(s);
		lose(s, "the program that reports windows has left the session bus");
		return;
	}
	s->pid = pid;
	report(s);
}

/* Returns 0 if @sender is the source, or has become it. */
static int adopt(struct session *s, const char *sender)
{
	/* Every message of a bus has one. */
	if (!sender)
		return -EPERM;
	if (s->owner)
		return strcmp(s->owner, sender) ? -EPERM : 0;
	if (!s->bus)
		return -ENOTCONN;
	s->watch = name_watch_new(s->bus, sender, on_owner, s);
	if (!s->watch)
		return -ENOTCONN;
	s->owner = memory_text("%s", sender);
	return 0;
}

int source_session_window(struct source *source, const char *sender, const char *key,
			  const struct window *w)
{
	struct session *s = (struct session *)source;
	int ret = adopt(s, sender);

	if (ret)
		return ret;
	ret = window_table_set(&s->table, key, w);
	if (s->complete && (s->table.changed || s->table.overflow))
		report_soon(s);
	return ret;
}

int source_session_closed(struct source *source, const char *sender, const char *key)
{
	struct session *s = (struct session *)source;
	int ret = adopt(s, sender);

	if (ret)
		return ret;
	window_table_close(&s->table, key);
	if (s->complete && s->table.changed)
		report_soon(s);
	return 0;
}

int source_session_sync(struct source *source, const char *sender)
{
	struct session *s = (struct session *)source;
	int ret = adopt(s, sender);

	if (ret)
		return ret;
	window_table_sync(&s->table);
	start_silence(s);
	/* What has not changed was reported already. */
	if (!s->complete || s->table.changed || s->table.overflow)
		report_soon(s);
	s->complete = true;
	return 0;
}

/* --- the interface -------------------------------------------------------- */

static void session_bus(struct source *source, sd_bus *bus)
{
	((struct session *)source)->bus = sd_bus_ref(bus);
}

/* The answer of the bus comes after everything that the program has sent so far. */
static void session_look(struct source *source)
{
	struct session *s = (struct session *)source;

	if (s->watch)
		name_watch_ask(s->watch);
}

static void session_free(struct source *source)
{
	struct session *s = (struct session *)source;

	forget_owner(s);
	sd_event_source_disable_unref(s->silence);
	sd_event_source_disable_unref(s->defer);
	sd_bus_unref(s->bus);
	sd_event_unref(s->event);
	free(s);
}

struct source *source_session_new(sd_event *event, uint64_t silent,
				  const struct source_handler *handler)
{
	struct session *s = memory_grow(NULL, 0, 1, sizeof(*s));

	s->source = (struct source){
		.name = "session-bus",
		.look = session_look,
		.bus = session_bus,
		.free = session_free,
	};
	s->handler = *handler;
	s->event = sd_event_ref(event);
	s->silent = silent;
	if (sd_event_add_time(event, &s->silence, CLOCK_MONOTONIC, 0, USEC_PER_SEC, on_silence,
			      s) < 0 ||
	    sd_event_add_defer(event, &s->defer, on_defer, s) < 0 ||
	    sd_event_source_set_priority(s->defer, SD_EVENT_PRIORITY_IDLE) < 0) {
		session_free(&s->source);
		return NULL;
	}
	sd_event_source_set_enabled(s->defer, SD_EVENT_OFF);
	start_silence(s);
	return &s->source;
}
