/* SPDX-License-Identifier: MIT */
/*
 * The user and groups of a connection, as the bus recorded them when the connection was made.
 * Other credentials are ignored.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker.h"
#include "clock.h"
#include "log.h"

#define BUS "org.freedesktop.DBus"
#define SENDERS_MOST 4096

static void drop(struct sender *s)
{
	struct broker *b = s->broker;

	s->asking = sd_bus_slot_unref(s->asking);
	while (!list_empty(&s->requests))
		request_free(list_entry(s->requests.next, struct request, of_sender));
	if (s->subscribed)
		s->user->subscribers--;
	if (s->user)
		user_unref(b, s->user);
	list_remove(&s->link);
	/* dbus-daemon has freed what the client did not read. */
	b->answered -= s->answered;
	b->n_senders--;
	free(s->name);
	free(s);
	work_schedule(b);
}

/* --- credentials ---------------------------------------------------------- */

static int read_groups(struct sender *s, sd_bus_message *m)
{
	const struct broker *b = s->broker;
	uint32_t gid;
	int ret;

	ret = sd_bus_message_enter_container(m, 'v', "au");
	if (ret >= 0)
		ret = sd_bus_message_enter_container(m, 'a', "u");
	while (ret >= 0 && (ret = sd_bus_message_read_basic(m, 'u', &gid)) > 0) {
		if (b->has_group && gid == b->group)
			s->caller.in_group = true;
	}
	if (ret >= 0)
		ret = sd_bus_message_exit_container(m);
	return ret < 0 ? ret : sd_bus_message_exit_container(m);
}

/* Read the dictionary of credentials. @known is set if it has the user. */
static int read_credentials(struct sender *s, sd_bus_message *m, bool *known)
{
	const char *key;
	int ret;

	*known = false;
	ret = sd_bus_message_enter_container(m, 'a', "{sv}");
	while (ret >= 0 && (ret = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		uint32_t uid;

		ret = sd_bus_message_read_basic(m, 's', &key);
		if (ret < 0)
			return ret;
		if (!strcmp(key, "UnixUserID")) {
			ret = sd_bus_message_read(m, "v", "u", &uid);
			*known = ret > 0;
			s->caller.uid = uid;
		} else if (!strcmp(key, "UnixGroupIDs")) {
			ret = read_groups(s, m);
		} else {
			ret = sd_bus_message_skip(m, "v");
		}
		if (ret >= 0)
			ret = sd_bus_message_exit_container(m);
	}
	return ret;
}

static bool identify(struct sender *s, sd_bus_message *m)
{
	bool known = false;
	int ret;

	if (sd_bus_message_is_method_error(m, NULL))
		return false;
	ret = read_credentials(s, m, &known);
	if (ret < 0 || !known) {
		log_warning("the bus does not report the user of a connection: %s",
			    ret < 0 ? strerror(-ret) : "no UnixUserID");
		return false;
	}
	s->user = user_ref(s->broker, s->caller.uid);
	if (s->user)
		answers_charge(&s->user->answers, &s->broker->config, s->answered, clock_usec());
	return s->user;
}

static int on_credentials(sd_bus_message *m, void *data, sd_bus_error *error)
{
	struct sender *s = data;
	struct list waiting, *at, *next;

	(void)error;
	s->asking = sd_bus_slot_unref(s->asking);
	if (!identify(s, m)) {
		/* The usual reason is that the connection has already been closed. */
		struct fault f;

		fault_set(&f, FAULT_ACCESS_DENIED, "the bus does not report the user of the "
			  "connection");
		list_each(at, next, &s->requests)
			fault_reply(list_entry(at, struct request, of_sender)->message, &f);
		drop(s);
		return 0;
	}
	/* Move the list first, because request_identified() can free a request. */
	waiting = s->requests;
	if (list_empty(&s->requests))
		return 0;
	waiting.next->prev = waiting.prev->next = &waiting;
	list_init(&s->requests);
	while (!list_empty(&waiting)) {
		at = waiting.next;
		list_remove(at);
		list_append(&s->requests, at);
		request_identified(list_entry(at, struct request, of_sender));
	}
	return 0;
}

/* --- connections ---------------------------------------------------------- */

struct sender *sender_find(struct broker *b, const char *name)
{
	struct list *at, *next;

	list_each(at, next, &b->senders) {
		struct sender *s = list_entry(at, struct sender, link);

		if (!strcmp(s->name, name))
			return s;
	}
	return NULL;
}

struct sender *sender_get(struct broker *b, const char *name)
{
	struct sender *s = sender_find(b, name);

	if (s)
		return s;
	s = b->n_senders < SENDERS_MOST ? calloc(1, sizeof(*s)) : NULL;
	if (!s)
		return NULL;
	s->name = strdup(name);
	if (!s->name ||
	    sd_bus_call_method_async(b->bus, &s->asking, BUS, "/org/freedesktop/DBus", BUS,
				     "GetConnectionCredentials", on_credentials, s, "s",
				     name) < 0) {
		free(s->name);
		free(s);
		return NULL;
	}
	s->broker = b;
	list_init(&s->requests);
	list_append(&b->senders, &s->link);
	b->n_senders++;
	return s;
}

void sender_gone(struct broker *b, const char *name)
{
	struct sender *s = sender_find(b, name);

	if (s)
		drop(s);
}

static int on_owner_changed(sd_bus_message *m, void *data, sd_bus_error *error)
{
	const char *name, *old, *new;

	(void)error;
	if (sd_bus_message_read(m, "sss", &name, &old, &new) >= 0 && name[0] == ':' && !*new)
		sender_gone(data, name);
	return 0;
}

/* One match covers all connections. */
int sender_watch(struct broker *b)
{
	return sd_bus_add_match(b->bus, NULL,
				"type='signal',sender='" BUS "',interface='" BUS "',"
				"member='NameOwnerChanged',path='/org/freedesktop/DBus',arg2=''",
				on_owner_changed, b);
}

void sender_refuse_all(struct broker *b, const struct fault *f)
{
	struct list *at, *next, *item, *after;

	list_each(at, next, &b->senders) {
		list_each(item, after, &list_entry(at, struct sender, link)->requests) {
			struct request *r = list_entry(item, struct request, of_sender);

			if (!r->work)
				request_refuse(r, f);
		}
	}
}

void sender_free_all(struct broker *b)
{
	struct list *at, *next;

	list_each(at, next, &b->senders)
		drop(list_entry(at, struct sender, link));
}
