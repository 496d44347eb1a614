/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "guard_session.h"
#include "memory.h"

#define NAME "org.freedesktop.login1"
#define PATH "/org/freedesktop/login1"
#define MANAGER NAME ".Manager"
#define SESSION NAME ".Session"
#define PROPERTIES "org.freedesktop.DBus.Properties"
#define BUS "org.freedesktop.DBus"

struct login {
	sd_bus *bus;
	char *id, *path;
	sd_bus_slot *owner, *properties, *removed, *call;
	struct login_state state;
	void (*changed)(void *data, const struct login_state *state);
	void *data;
};

static void set(struct login *l, struct login_state state)
{
	if (state.away == l->state.away && state.locked == l->state.locked)
		return;
	l->state = state;
	l->changed(l->data, &l->state);
}

/* Read what of @state is in a dictionary of properties. */
static int read_state(sd_bus_message *m, struct login_state *state)
{
	const char *key;
	int ret, value;

	ret = sd_bus_message_enter_container(m, 'a', "{sv}");
	while (ret >= 0 && (ret = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		bool active;

		ret = sd_bus_message_read(m, "s", &key);
		if (ret < 0)
			return ret;
		active = !strcmp(key, "Active");
		if (active || !strcmp(key, "LockedHint")) {
			ret = sd_bus_message_read(m, "v", "b", &value);
			if (ret >= 0 && active)
				state->away = !value;
			else if (ret >= 0)
				state->locked = value;
		} else {
			ret = sd_bus_message_skip(m, "v");
		}
		if (ret >= 0)
			ret = sd_bus_message_exit_container(m);
	}
	return ret < 0 ? ret : sd_bus_message_exit_container(m);
}

static int on_all(sd_bus_message *reply, void *data, sd_bus_error *unused)
{
	struct login_state state = { false, false };
	struct login *l = data;

	(void)unused;
	l->call = sd_bus_slot_unref(l->call);
	if (sd_bus_message_is_method_error(reply, NULL) || read_state(reply, &state) < 0)
		state = (struct login_state){ false, false };
	set(l, state);
	return 0;
}

static int on_properties(sd_bus_message *m, void *data, sd_bus_error *unused)
{
	struct login *l = data;
	struct login_state state = l->state;
	const char *interface;

	(void)unused;
	if (sd_bus_message_read(m, "s", &interface) < 0 || strcmp(interface, SESSION))
		return 0;
	if (read_state(m, &state) >= 0)
		set(l, state);
	return 0;
}

static void forget(struct login *l)
{
	l->properties = sd_bus_slot_unref(l->properties);
	l->call = sd_bus_slot_unref(l->call);
	free(l->path);
	l->path = NULL;
	set(l, (struct login_state){ false, false });
}

static int on_session(sd_bus_message *reply, void *data, sd_bus_error *unused)
{
	struct login *l = data;
	const char *path;

	(void)unused;
	l->call = sd_bus_slot_unref(l->call);
	if (sd_bus_message_is_method_error(reply, NULL) ||
	    sd_bus_message_read(reply, "o", &path) < 0)
		return 0;
	l->path = memory_text("%s", path);
	/* The match first, so that no change is missed. */
	if (sd_bus_match_signal_async(l->bus, &l->properties, NAME, l->path, PROPERTIES,
				      "PropertiesChanged", on_properties, NULL, l) < 0 ||
	    sd_bus_call_method_async(l->bus, &l->call, NAME, l->path, PROPERTIES, "GetAll", on_all,
				     l, "s", SESSION) < 0)
		forget(l);
	return 0;
}

static void ask(struct login *l)
{
	forget(l);
	/* "auto" is the session of the caller, or the one of its user that is seen. */
	if (sd_bus_call_method_async(l->bus, &l->call, NAME, PATH, MANAGER, "GetSession",
				     on_session, l, "s", l->id ? l->id : "auto") < 0)
		l->call = NULL;
}

static int on_owner(sd_bus_message *m, void *data, sd_bus_error *unused)
{
	const char *name, *from, *to;

	(void)unused;
	if (sd_bus_message_read(m, "sss", &name, &from, &to) < 0)
		return 0;
	if (*to)
		ask(data);
	else
		forget(data);
	return 0;
}

static int on_removed(sd_bus_message *m, void *data, sd_bus_error *unused)
{
	const char *id, *path;
	struct login *l = data;

	(void)unused;
	if (sd_bus_message_read(m, "so", &id, &path) >= 0 && l->path && !strcmp(path, l->path))
		forget(l);
	return 0;
}

struct login *login_new(sd_bus *system, const char *id,
			void (*changed)(void *data, const struct login_state *state), void *data)
{
	struct login *l = memory_grow(NULL, 0, 1, sizeof(*l));

	l->bus = sd_bus_ref(system);
	l->id = id ? memory_text("%s", id) : NULL;
	l->changed = changed;
	l->data = data;
	if (sd_bus_add_match_async(system, &l->owner,
				   "type='signal',sender='" BUS "',member='NameOwnerChanged',"
				   "arg0='" NAME "'", on_owner, NULL, l) < 0 ||
	    sd_bus_match_signal_async(system, &l->removed, NAME, PATH, MANAGER, "SessionRemoved",
				      on_removed, NULL, l) < 0) {
		login_free(l);
		return NULL;
	}
	ask(l);
	return l;
}

void login_free(struct login *l)
{
	if (!l)
		return;
	sd_bus_slot_unref(l->owner);
	sd_bus_slot_unref(l->properties);
	sd_bus_slot_unref(l->removed);
	sd_bus_slot_unref(l->call);
	sd_bus_unref(l->bus);
	free(l->id);
	free(l->path);
	free(l);
}
