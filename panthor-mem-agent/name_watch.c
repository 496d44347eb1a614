/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "name_watch.h"

#define BUS "org.freedesktop.DBus"
#define BUS_PATH "/org/freedesktop/DBus"

struct name_watch {
	sd_bus *bus;
	char *name;
	sd_bus_slot *match, *call;
	bool again; /* ask once more when the answer has come */
	void (*found)(void *data, pid_t pid);
	void *data;
};

static int on_pid(sd_bus_message *m, void *data, sd_bus_error *unused)
{
	struct name_watch *w = data;
	uint32_t pid = 0;

	(void)unused;
	w->call = sd_bus_slot_unref(w->call);
	if (sd_bus_message_is_method_error(m, NULL) || sd_bus_message_read(m, "u", &pid) < 0 ||
	    pid > INT_MAX)
		pid = 0;
	if (w->again)
		name_watch_ask(w);
	w->found(w->data, (pid_t)pid);
	return 0;
}

void name_watch_ask(struct name_watch *w)
{
	/* What matters now may come after the answer to an older question, but that one counts, too. */
	w->again = w->call;
	if (w->again)
		return;
	if (sd_bus_call_method_async(w->bus, &w->call, BUS, BUS_PATH, BUS,
				     "GetConnectionUnixProcessID", on_pid, w, "s", w->name) < 0)
		w->call = NULL;
}

static int on_owner(sd_bus_message *m, void *data, sd_bus_error *unused)
{
	struct name_watch *w = data;
	const char *name, *from, *to;

	(void)unused;
	if (sd_bus_message_read(m, "sss", &name, &from, &to) < 0 || strcmp(name, w->name))
		return 0;
	if (*to) {
		name_watch_ask(w);
		return 0;
	}
	w->call = sd_bus_slot_unref(w->call);
	w->found(w->data, 0);
	return 0;
}

struct name_watch *name_watch_new(sd_bus *bus, const char *name,
				  void (*found)(void *data, pid_t pid), void *data)
{
	struct name_watch *w = memory_grow(NULL, 0, 1, sizeof(*w));
	char *rule = memory_text("type='signal',sender='" BUS "',member='NameOwnerChanged',"
				 "arg0='%s'", name);

	w->bus = sd_bus_ref(bus);
	w->name = memory_text("%s", name);
	w->found = found;
	w->data = data;
	if (sd_bus_add_match_async(bus, &w->match, rule, on_owner, NULL, w) < 0) {
		name_watch_free(w);
		w = NULL;
	} else {
		/* The bus has added the match when it answers. */
		name_watch_ask(w);
	}
	free(rule);
	return w;
}

void name_watch_free(struct name_watch *w)
{
	if (!w)
		return;
	sd_bus_slot_unref(w->match);
	sd_bus_slot_unref(w->call);
	sd_bus_unref(w->bus);
	free(w->name);
	free(w);
}
