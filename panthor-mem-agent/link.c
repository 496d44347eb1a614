/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "link.h"
#include "memory.h"
#include "name.h"

#define DEFAULT_ADDRESS "unix:path=/run/dbus/system_bus_socket"

#define OWNER_CHANGES \
	"type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus'," \
	"member='NameOwnerChanged',arg0='" BROKER_NAME "'"

#define DEVICE_CHANGES \
	"type='signal',sender='" BROKER_NAME "',path='" BROKER_PATH "'," \
	"interface='org.freedesktop.DBus.Properties',member='PropertiesChanged'"

/* panthor-memd answers within 24 s: see panthor-memd.conf(5), MaxTimeSec=. */
#define REPLY_USEC (30 * USEC_PER_SEC)

struct link {
	sd_event *event;
	sd_bus *bus;
	bool closed; /* every pending call has got a reply */
	void (*devices)(void *data, int count);
	void *data;
};

struct call {
	bool claim;
	void (*done)(void *data, const struct link_reply *reply);
	void *data;
};

/* --- devices -------------------------------------------------------------- */

static int on_devices(sd_bus_message *m, void *data, sd_bus_error *unused)
{
	struct link *l = data;
	const char *node;
	int count = -1;

	(void)unused;
	if (!sd_bus_message_get_error(m) &&
	    sd_bus_message_enter_container(m, SD_BUS_TYPE_VARIANT, "as") > 0 &&
	    sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "s") >= 0) {
		for (count = 0; sd_bus_message_read(m, "s", &node) > 0; count++)
			;
	}
	l->devices(l->data, count);
	return 0;
}

/* If panthor-memd does not run, this has the bus start it. */
static int ask_devices(struct link *l)
{
	return sd_bus_call_method_async(l->bus, NULL, BROKER_NAME, BROKER_PATH,
					"org.freedesktop.DBus.Properties", "Get", on_devices, l,
					"ss", BROKER_NAME, "Devices");
}

static int on_owner(sd_bus_message *m, void *data, sd_bus_error *unused)
{
	struct link *l = data;
	const char *name, *old, *new;

	(void)unused;
	if (sd_bus_message_read(m, "sss", &name, &old, &new) < 0)
		return 0;
	if (*new)
		ask_devices(l);
	else
		l->devices(l->data, -1);
	return 0;
}

/* Devices is the only property that changes. The signal does not contain it. */
static int on_changed(sd_bus_message *m, void *data, sd_bus_error *unused)
{
	(void)m;
	(void)unused;
	ask_devices(data);
	return 0;
}

/* --- the connection ------------------------------------------------------- */

static int on_closed(sd_bus_message *m, void *data, sd_bus_error *unused)
{
	struct link *l = data;

	(void)m;
	(void)unused;
	l->closed = true;
	l->devices(l->data, -1);
	return 0;
}

static int start(struct link *l)
{
	const char *address = secure_getenv("DBUS_SYSTEM_BUS_ADDRESS");
	sd_bus *bus = l->bus;
	int ret;

	ret = sd_bus_set_address(bus, address ? address : DEFAULT_ADDRESS);
	if (ret >= 0)
		ret = sd_bus_set_bus_client(bus, 1);
	if (ret >= 0)
		ret = sd_bus_negotiate_fds(bus, 0);
	/* This signal comes from sd-bus itself, when it has ended all calls. */
	if (ret >= 0)
		ret = sd_bus_match_signal(bus, NULL, "org.freedesktop.DBus.Local", NULL, NULL,
					  "Disconnected", on_closed, l);
	if (ret >= 0)
		ret = sd_bus_start(bus);
	if (ret >= 0)
		ret = sd_bus_attach_event(bus, l->event, SD_EVENT_PRIORITY_NORMAL);
	if (ret >= 0)
		ret = sd_bus_add_match_async(bus, NULL, OWNER_CHANGES, on_owner, NULL, l);
	if (ret >= 0)
		ret = sd_bus_add_match_async(bus, NULL, DEVICE_CHANGES, on_changed, NULL, l);
	return ret < 0 ? ret : ask_devices(l);
}

static int open_bus(struct link *l)
{
	int ret;

	if (l->bus && sd_bus_is_open(l->bus) > 0)
		return 0;
	if (l->bus && !l->closed)
		return -ENOTCONN;
	l->bus = sd_bus_close_unref(l->bus);
	l->closed = false;
	ret = sd_bus_new(&l->bus);
	if (ret >= 0)
		ret = start(l);
	if (ret < 0)
		l->bus = sd_bus_close_unref(l->bus);
	return ret < 0 ? ret : 0;
}

struct link *link_new(sd_event *event, void (*devices)(void *data, int count), void *data)
{
	struct link *l = memory_grow(NULL, 0, 1, sizeof(*l));

	l->event = sd_event_ref(event);
	l->devices = devices;
	l->data = data;
	return l;
}

void link_open(struct link *l)
{
	if (open_bus(l) < 0)
		l->devices(l->data, -1);
}

/* Closing the connection withdraws all requests. */
void link_free(struct link *l)
{
	if (!l)
		return;
	sd_bus_close_unref(l->bus);
	sd_event_unref(l->event);
	free(l);
}

/* --- requests ------------------------------------------------------------- */

static const char *last_part(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot ? dot + 1 : name;
}

static int on_reply(sd_bus_message *m, void *data, sd_bus_error *unused)
{
	const sd_bus_error *error = sd_bus_message_get_error(m);
	struct link_reply reply = { .error = "", .text = "" };
	struct call *call = data;
	uint64_t evicted, skipped, remaining;
	const char *soft = "";
	int ret;

	(void)unused;
	if (error) {
		reply.error = last_part(error->name);
		reply.text = error->message ? error->message : "";
		call->done(call->data, &reply);
		return 0;
	}
	if (call->claim)
		ret = sd_bus_message_read(m, "ttus", &reply.bytes, &remaining, &reply.status,
					  &soft);
	else
		ret = sd_bus_message_read(m, "tttus", &reply.bytes, &evicted, &skipped,
					  &reply.status, &soft);
	if (ret < 0)
		reply = (struct link_reply){ "InvalidReply", "the reply has the wrong type", 0, 0 };
	else if (*soft)
		reply.error = last_part(soft);
	call->done(call->data, &reply);
	return 0;
}

int link_send(struct link *l, bool claim, pid_t pid, uint64_t id, sd_bus_slot **slot,
	      void (*done)(void *data, const struct link_reply *reply), void *data)
{
	struct call *call;
	sd_bus_message *m = NULL;
	int ret = open_bus(l);

	if (ret < 0)
		return ret;
	ret = sd_bus_message_new_method_call(l->bus, &m, BROKER_NAME, BROKER_PATH, BROKER_NAME,
					     claim ? "Claim" : "Reclaim");
	if (ret >= 0)
		ret = sd_bus_message_append(m, "uta{sv}", (uint32_t)pid, id, 0);
	if (ret >= 0) {
		call = memory_grow(NULL, 0, 1, sizeof(*call));
		*call = (struct call){ claim, done, data };
		ret = sd_bus_call_async(l->bus, slot, m, on_reply, call, REPLY_USEC);
		if (ret >= 0)
			sd_bus_slot_set_destroy_callback(*slot, free);
		else
			free(call);
	}
	sd_bus_message_unref(m);
	return ret < 0 ? ret : 0;
}

void link_cancel(struct link *l, pid_t pid, uint64_t id)
{
	/* Without a connection there are no requests. */
	if (l->bus && sd_bus_is_open(l->bus) > 0)
		sd_bus_call_method_async(l->bus, NULL, BROKER_NAME, BROKER_PATH, BROKER_NAME,
					 "Cancel", NULL, NULL, "ut", (uint32_t)pid, id);
}
