/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "guard_mpris.h"
#include "memory.h"

#define NAMES "org.mpris.MediaPlayer2"
#define PATH "/org/mpris/MediaPlayer2"
#define PLAYER NAMES ".Player"
#define PROPERTIES "org.freedesktop.DBus.Properties"
#define BUS "org.freedesktop.DBus"
#define BUS_PATH "/org/freedesktop/DBus"

struct player {
	struct mpris *mpris;
	char *name;
	char *sender; /* of its messages: its unique name, or NULL if it has not answered */
	pid_t pid;
	bool plays;
	sd_bus_slot *pid_call, *status_call;
};

struct mpris {
	sd_bus *bus;
	sd_bus_slot *owners, *properties, *names;
	void (*changed)(void *data);
	void *data;
	/* Pointers, because slots have the address of a player. */
	struct player *players[MPRIS_MOST];
	size_t count;
};

static void free_player(struct player *p)
{
	sd_bus_slot_unref(p->pid_call);
	sd_bus_slot_unref(p->status_call);
	free(p->name);
	free(p->sender);
	free(p);
}

static void tell(struct mpris *m)
{
	m->changed(m->data);
}

static bool is_failed(sd_bus_message *m)
{
	return sd_bus_message_is_method_error(m, NULL);
}

static int on_pid(sd_bus_message *reply, void *data, sd_bus_error *unused)
{
	struct player *p = data;
	uint32_t pid;

	(void)unused;
	p->pid_call = sd_bus_slot_unref(p->pid_call);
	if (is_failed(reply) || sd_bus_message_read(reply, "u", &pid) < 0 || pid > INT_MAX)
		return 0;
	p->pid = (pid_t)pid;
	tell(p->mpris);
	return 0;
}

static void set_status(struct player *p, const char *status)
{
	const bool plays = !strcmp(status, "Playing");

	if (plays == p->plays)
		return;
	p->plays = plays;
	tell(p->mpris);
}

static int on_status(sd_bus_message *reply, void *data, sd_bus_error *unused)
{
	struct player *p = data;
	const char *status, *sender = sd_bus_message_get_sender(reply);

	(void)unused;
	p->status_call = sd_bus_slot_unref(p->status_call);
	if (is_failed(reply))
		return 0;
	if (sender) {
		free(p->sender);
		p->sender = memory_text("%s", sender);
	}
	if (sd_bus_message_read(reply, "v", "s", &status) >= 0)
		set_status(p, status);
	return 0;
}

static void ask_status(struct player *p)
{
	p->status_call = sd_bus_slot_unref(p->status_call);
	if (sd_bus_call_method_async(p->mpris->bus, &p->status_call, p->name, PATH, PROPERTIES,
				     "Get", on_status, p, "ss", PLAYER, "PlaybackStatus") < 0)
		p->status_call = NULL;
}

static void add(struct mpris *m, const char *name)
{
	struct player *p;

	if (m->count == MPRIS_MOST)
		return;
	p = memory_grow(NULL, 0, 1, sizeof(*p));
	p->mpris = m;
	p->name = memory_text("%s", name);
	m->players[m->count++] = p;
	if (sd_bus_call_method_async(m->bus, &p->pid_call, BUS, BUS_PATH, BUS,
				     "GetConnectionUnixProcessID", on_pid, p, "s", name) < 0)
		p->pid_call = NULL;
	ask_status(p);
}

static void drop(struct mpris *m, const char *name)
{
	size_t i;

	for (i = 0; i < m->count; i++) {
		if (strcmp(m->players[i]->name, name))
			continue;
		free_player(m->players[i]);
		m->players[i] = m->players[--m->count];
		tell(m);
		return;
	}
}

static bool is_player(const char *name)
{
	return !strncmp(name, NAMES ".", strlen(NAMES "."));
}

static int on_owner(sd_bus_message *m, void *data, sd_bus_error *unused)
{
	const char *name, *from, *to;

	(void)unused;
	if (sd_bus_message_read(m, "sss", &name, &from, &to) < 0 || !is_player(name))
		return 0;
	drop(data, name);
	if (*to)
		add(data, name);
	return 0;
}

static int on_names(sd_bus_message *reply, void *data, sd_bus_error *unused)
{
	struct mpris *m = data;
	const char *name;

	(void)unused;
	m->names = sd_bus_slot_unref(m->names);
	if (is_failed(reply) || sd_bus_message_enter_container(reply, 'a', "s") < 0)
		return 0;
	while (sd_bus_message_read(reply, "s", &name) > 0) {
		if (!is_player(name))
			continue;
		/* It may have come after the question. */
		drop(m, name);
		add(m, name);
	}
	return 0;
}

/* Read the new PlaybackStatus, or NULL if it is not in the message. */
static const char *read_status(sd_bus_message *m)
{
	const char *interface, *key, *status = NULL;

	if (sd_bus_message_read(m, "s", &interface) < 0 || strcmp(interface, PLAYER) ||
	    sd_bus_message_enter_container(m, 'a', "{sv}") < 0)
		return NULL;
	while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
		if (sd_bus_message_read(m, "s", &key) < 0)
			return NULL;
		if (!strcmp(key, "PlaybackStatus"))
			return sd_bus_message_read(m, "v", "s", &status) < 0 ? NULL : status;
		if (sd_bus_message_skip(m, "v") < 0 || sd_bus_message_exit_container(m) < 0)
			return NULL;
	}
	return NULL;
}

static int on_properties(sd_bus_message *message, void *data, sd_bus_error *unused)
{
	const char *sender = sd_bus_message_get_sender(message);
	const char *status = read_status(message);
	struct mpris *m = data;
	size_t i;

	(void)unused;
	for (i = 0; sender && i < m->count; i++) {
		struct player *p = m->players[i];

		if (!p->sender || strcmp(p->sender, sender))
			continue;
		/* The change may have come with or without its value. */
		if (status)
			set_status(p, status);
		else
			ask_status(p);
	}
	return 0;
}

struct mpris *mpris_new(sd_bus *session, void (*changed)(void *data), void *data)
{
	struct mpris *m = memory_grow(NULL, 0, 1, sizeof(*m));

	m->bus = sd_bus_ref(session);
	m->changed = changed;
	m->data = data;
	if (sd_bus_add_match_async(session, &m->owners,
				   "type='signal',sender='" BUS "',member='NameOwnerChanged',"
				   "arg0namespace='" NAMES "'", on_owner, NULL, m) < 0 ||
	    sd_bus_add_match_async(session, &m->properties,
				   "type='signal',path='" PATH "',interface='" PROPERTIES "',"
				   "member='PropertiesChanged',arg0='" PLAYER "'",
				   on_properties, NULL, m) < 0 ||
	    sd_bus_call_method_async(session, &m->names, BUS, BUS_PATH, BUS, "ListNames",
				     on_names, m, NULL) < 0) {
		mpris_free(m);
		return NULL;
	}
	return m;
}

void mpris_free(struct mpris *m)
{
	if (!m)
		return;
	sd_bus_slot_unref(m->owners);
	sd_bus_slot_unref(m->properties);
	sd_bus_slot_unref(m->names);
	while (m->count)
		free_player(m->players[--m->count]);
	sd_bus_unref(m->bus);
	free(m);
}

void mpris_list(const struct mpris *m, struct number_list *playing, struct number_list *players)
{
	size_t i;

	for (i = 0; i < m->count; i++) {
		const struct player *p = m->players[i];

		if (!p->pid)
			continue;
		number_list_append(players, (uint64_t)p->pid);
		if (p->plays)
			number_list_append(playing, (uint64_t)p->pid);
	}
}
