/* SPDX-License-Identifier: MIT */
/*
 * What happens to messages before sd-bus looks for their method.
 *
 * dbus-daemon has one queue for all that is sent to panthor-memd, and keeps its order. A client
 * that waits for no reply can send as fast as dbus-daemon reads. Its messages must cost
 * panthor-memd less than dbus-daemon, or the queue grows and everybody waits. So those beyond
 * the limit of the user are dropped here, and many of them are read at once.
 */
#include <string.h>

#include "broker.h"
#include "name.h"

/* How many messages are read before other events get a turn. */
#define READ_AT_ONCE 64

enum effect { EFFECT_NONE, EFFECT_REQUEST, EFFECT_WITHDRAWAL };

/* The effect of a call that wants no reply. Other calls are refused, or only return a value. */
static enum effect effect_of(sd_bus_message *m)
{
	static const struct {
		const char *method;
		const char *types;
		enum effect effect;
	} methods[] = {
		{ "Reclaim", "uta{sv}", EFFECT_REQUEST },
		{ "Claim", "uta{sv}", EFFECT_REQUEST },
		{ "Subscribe", "", EFFECT_REQUEST },
		{ "Cancel", "ut", EFFECT_WITHDRAWAL },
		{ "Unsubscribe", "", EFFECT_WITHDRAWAL },
	};
	const char *path = sd_bus_message_get_path(m);
	size_t i;

	if (!path || strcmp(path, BROKER_PATH))
		return EFFECT_NONE;
	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (sd_bus_message_is_method_call(m, BROKER_NAME, methods[i].method) > 0 &&
		    sd_bus_message_has_signature(m, methods[i].types))
			return methods[i].effect;
	}
	return EFFECT_NONE;
}

/* False for a call that changes nothing, or that its user may not make at this time. */
static bool may_pass(struct broker *b, sd_bus_message *m)
{
	const char *name = sd_bus_message_get_sender(m);
	const enum effect effect = name ? effect_of(m) : EFFECT_NONE;
	struct sender *s;
	uint64_t now = 0;

	if (effect == EFFECT_NONE)
		return false;
	if (effect == EFFECT_WITHDRAWAL)
		return sender_find(b, name);
	s = sender_get(b, name);
	/* The first calls of a connection wait until the bus reports its user. */
	if (!s || !s->user)
		return s;
	sd_event_now(b->event, CLOCK_MONOTONIC, &now);
	if (!s->caller.uid || !bucket_empty(&s->user->bucket, &b->config, now))
		return true;
	user_refused(b, s->user, FAULT_LIMITS);
	return false;
}

/* The bus lets clients send signals to anybody. Only those of the bus itself are of use. */
static bool is_of_client(sd_bus_message *m)
{
	const char *name = sd_bus_message_get_sender(m);

	return name && name[0] == ':';
}

static int on_message(sd_bus_message *m, void *data, sd_bus_error *error)
{
	struct broker *b = data;
	bool passes;

	(void)error;
	if (sd_bus_message_is_signal(m, NULL, NULL) > 0) {
		if (!is_of_client(m))
			return 0;
		passes = false;
	} else {
		if (sd_bus_message_is_method_call(m, NULL, NULL) <= 0 ||
		    sd_bus_message_get_expect_reply(m))
			return 0;
		passes = may_pass(b, m);
	}
	/* Nothing limits how many more of these there are. */
	sd_event_source_set_enabled(b->reader, SD_EVENT_ONESHOT);
	return !passes;
}

/* An iteration of the event loop costs more than reading a message. */
static int read_more(sd_event_source *source, void *data)
{
	struct broker *b = data;
	int i;

	(void)source;
	/* sd-bus handles errors itself when the loop calls it. */
	for (i = 0; i < READ_AT_ONCE && sd_bus_process(b->bus, NULL) > 0; i++)
		;
	return 0;
}

int intake_start(struct broker *b)
{
	int ret = sd_event_add_defer(b->event, &b->reader, read_more, b);

	if (ret >= 0)
		ret = sd_event_source_set_enabled(b->reader, SD_EVENT_OFF);
	return ret < 0 ? ret : sd_bus_add_filter(b->bus, NULL, on_message, b);
}
