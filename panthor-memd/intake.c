/* SPDX-License-Identifier: MIT */
/*
 * What happens to messages before sd-bus looks for their method.
 *
 * dbus-daemon has one queue for all that is sent to panthor-memd, and keeps its order. A client
 * that waits for no reply can send as fast as dbus-daemon reads. Its messages must cost
 * panthor-memd less than dbus-daemon, or the queue grows and everybody waits. So those beyond
 * the limit of the user are dropped here, and many of them are read at once.
 *
 * dbus-daemon also keeps the answers for a client that does not read them, and counts them for
 * panthor-memd. When they reach its limit (max_incoming_bytes, 127 MiB on the system bus), it
 * does not read from panthor-memd any more, and nobody gets an answer. So every answer costs
 * its user something, and a call is dropped if the user cannot pay. panthor-memd cannot see what
 * a client has read. It adds up all that was sent to the connections that are open, and ends
 * before the sum can reach the limit: the next panthor-memd has a new connection to the bus.
 */
#include <string.h>

#include "broker.h"
#include "clock.h"
#include "log.h"
#include "name.h"

/* How many messages are read before other events get a turn. */
#define READ_AT_ONCE 64

/* The most bytes of an answer that sd-bus creates from the interface, or from an error. */
#define INTROSPECT_MOST (4 << 10)
#define OTHERS_MOST (1 << 10)
/* A client has the first answers before the bus has reported its user. */
#define UNKNOWN_BYTES (32 << 10)
/* sd-bus repeats the names in a call in its errors. No valid name is longer. */
#define NAME_MOST 255

/* panthor-memd ends with this many unread bytes if it has nothing to do, or with twice as many. */
#define UNREAD_MOST (UINT64_C(56) << 20)

enum effect { EFFECT_NONE, EFFECT_REQUEST, EFFECT_WITHDRAWAL };

/* What a call changes. Other calls are refused, or only return a value. */
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

/* --- answers -------------------------------------------------------------- */

static bool must_renew(const struct broker *b)
{
	return b->answered > (b->outstanding ? 2 * UNREAD_MOST : UNREAD_MOST);
}

static int on_renewal(sd_event_source *source, void *data)
{
	struct broker *b = data;

	(void)source;
	if (b->stopping || !must_renew(b))
		return 0;
	log_notice("clients may have left %llu MiB of answers unread: a new panthor-memd has to "
		   "take over", (unsigned long long)b->answered >> 20);
	return broker_stop(b);
}

void intake_count(struct sender *s, uint64_t bytes)
{
	struct broker *b = s->broker;

	s->answered += bytes;
	b->answered += bytes;
	/* The caller may be using work that ends with the program. */
	if (must_renew(b))
		sd_event_source_set_enabled(b->renewal, SD_EVENT_ONESHOT);
}

bool intake_may_answer(struct broker *b, struct sender *s, sd_bus_message *m, uint64_t bytes)
{
	if (!sd_bus_message_get_expect_reply(m))
		return true;
	if (!s)
		return false;
	if (!s->user && s->answered + bytes > UNKNOWN_BYTES)
		return false;
	if (s->user && s->caller.uid &&
	    !answers_take(&s->user->answers, &b->config, bytes, clock_usec())) {
		user_refused(b, s->user, FAULT_LIMITS);
		return false;
	}
	intake_count(s, bytes);
	return true;
}

/* The names in a call: its path, and what it asks of org.freedesktop.DBus.Properties. */
static bool has_long_name(sd_bus_message *m)
{
	const char *name = sd_bus_message_get_path(m);
	bool is_long = name && strlen(name) > NAME_MOST;
	char type;

	while (!is_long && sd_bus_message_peek_type(m, &type, NULL) > 0 && type == 's' &&
	       sd_bus_message_read_basic(m, 's', &name) > 0)
		is_long = strlen(name) > NAME_MOST;
	sd_bus_message_rewind(m, true);
	return is_long;
}

/* Returns as a filter does: 0 to let sd-bus answer the call. */
static int answer_call(struct broker *b, sd_bus_message *m)
{
	const char *name = sd_bus_message_get_sender(m);
	struct sender *s = name ? sender_get(b, name) : NULL;
	const bool introspects = sd_bus_message_is_method_call(
		m, "org.freedesktop.DBus.Introspectable", "Introspect") > 0;

	if (!s)
		return 1;
	/* These are counted when it is known whether they cost a token. */
	if (effect_of(m) != EFFECT_NONE)
		return 0;
	if (!intake_may_answer(b, s, m, introspects ? INTROSPECT_MOST : OTHERS_MOST))
		return 1;
	if (has_long_name(m))
		return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_INVALID_ARGS,
						  "a name has more than %d characters", NAME_MOST);
	return 0;
}

/* --- messages ------------------------------------------------------------- */

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
	bool passes = false;

	(void)error;
	if (sd_bus_message_is_signal(m, NULL, NULL) > 0) {
		if (!is_of_client(m))
			return 0;
	} else {
		if (sd_bus_message_is_method_call(m, NULL, NULL) <= 0)
			return 0;
		if (sd_bus_message_get_expect_reply(m))
			return answer_call(b, m);
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
	if (ret >= 0)
		ret = sd_event_add_defer(b->event, &b->renewal, on_renewal, b);
	if (ret >= 0)
		ret = sd_event_source_set_enabled(b->renewal, SD_EVENT_OFF);
	return ret < 0 ? ret : sd_bus_add_filter(b->bus, NULL, on_message, b);
}
