/* SPDX-License-Identifier: MIT */
/* The object on the bus. A test compares it with org.panthormem.Broker1.xml. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "broker.h"
#include "clock.h"
#include "log.h"
#include "name.h"
#include "text.h"

#define DEFAULT_ADDRESS "unix:path=/run/dbus/system_bus_socket"
#define WAIT_MOST USEC_PER_SEC

/* --- arguments of the methods --------------------------------------------- */

struct option {
	const char *name;
	char type;
	enum method method; /* the only method that has it, unless ... */
	bool both;	    /* ... both have it */
	size_t offset;
};

#define OPTION(name, type, method, both, member) \
	{ name, type, method, both, offsetof(struct wish, member) }

static const struct option options[] = {
	OPTION("device", 's', METHOD_RECLAIM, true, node),
	OPTION("max-bytes", 't', METHOD_RECLAIM, true, max_bytes),
	OPTION("wait-usec", 't', METHOD_RECLAIM, false, wait_usec),
	OPTION("no-pageout", 'b', METHOD_RECLAIM, false, no_pageout),
	OPTION("dry-run", 'b', METHOD_RECLAIM, false, dry_run),
	OPTION("prefetch-only", 'b', METHOD_CLAIM, false, prefetch),
};

#define N_OPTIONS (sizeof(options) / sizeof(options[0]))
/* How many bytes of a client's text an error message repeats, with the zero at its end. */
#define SHOWN 41

static const struct option *find_option(const char *name, enum method method)
{
	size_t i;

	for (i = 0; i < N_OPTIONS; i++) {
		if (!strcmp(name, options[i].name) &&
		    (options[i].both || options[i].method == method))
			return &options[i];
	}
	return NULL;
}

static int bad_node(struct fault *f, const char *text)
{
	char shown[SHOWN];

	text_utf8(shown, sizeof(shown), text);
	return fault_set(f, FAULT_INVALID_ARGS, "option device: '%s' is not the name of a device, "
			 "like renderD128", shown);
}

static int bad_option(struct fault *f, enum method method, const char *key)
{
	char shown[SHOWN];

	text_utf8(shown, sizeof(shown), key);
	return fault_set(f, FAULT_INVALID_ARGS, "%s has no option '%s'",
			 method == METHOD_CLAIM ? "Claim" : "Reclaim", shown);
}

static int read_node(sd_bus_message *m, char node[NODE_MOST], struct fault *f)
{
	const char *text, *name;

	if (sd_bus_message_read(m, "v", "s", &text) < 0)
		return fault_set(f, FAULT_INVALID_ARGS, "option device: the message is malformed");
	name = strrchr(text, '/');
	name = name ? name + 1 : text;
	/* The message is kept until its reply, so its size is limited. */
	if (!*name || strlen(name) >= NODE_MOST || strlen(text) >= PATH_MAX)
		return bad_node(f, text);
	strcpy(node, name);
	return 0;
}

static int read_value(sd_bus_message *m, const struct option *o, struct wish *wish,
		      struct fault *f)
{
	const char type[2] = { o->type };
	void *value = (char *)wish + o->offset;
	int flag, ret;

	if (o->type == 's')
		return read_node(m, value, f);
	if (o->type == 'b') {
		ret = sd_bus_message_read(m, "v", type, &flag);
		*(bool *)value = ret > 0 && flag;
	} else {
		ret = sd_bus_message_read(m, "v", type, value);
	}
	return ret < 0 ? fault_set(f, FAULT_INVALID_ARGS, "option %s: the message is malformed",
				   o->name) : 0;
}

static int read_option(sd_bus_message *m, enum method method, unsigned int *seen,
		       struct wish *wish, struct fault *f)
{
	const struct option *o;
	const char *key, *contents = NULL;
	char type;

	if (sd_bus_message_read(m, "s", &key) < 0)
		return fault_set(f, FAULT_INVALID_ARGS, "the message is malformed");
	o = find_option(key, method);
	if (!o)
		return bad_option(f, method, key);
	if (*seen & 1u << (o - options))
		return fault_set(f, FAULT_INVALID_ARGS, "option %s is given twice", o->name);
	*seen |= 1u << (o - options);
	if (sd_bus_message_peek_type(m, &type, &contents) < 0 || type != 'v' || !contents ||
	    contents[0] != o->type || contents[1])
		return fault_set(f, FAULT_INVALID_ARGS, "option %s must have the type %c", o->name,
				 o->type);
	return read_value(m, o, wish, f);
}

static int check_wish(const struct wish *wish, struct fault *f)
{
	if (wish->wait_usec > WAIT_MOST)
		return fault_set(f, FAULT_INVALID_ARGS, "option wait-usec is larger than %" PRIu64,
				 WAIT_MOST);
	return 0;
}

static int read_options(sd_bus_message *m, enum method method, struct wish *wish,
			struct fault *f)
{
	unsigned int seen = 0;
	int ret;

	ret = sd_bus_message_enter_container(m, 'a', "{sv}");
	while (ret >= 0 && (ret = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		if (read_option(m, method, &seen, wish, f))
			return -1;
		ret = sd_bus_message_exit_container(m);
	}
	if (ret < 0)
		return fault_set(f, FAULT_INVALID_ARGS, "the message is malformed");
	return check_wish(wish, f);
}

/* --- methods -------------------------------------------------------------- */

static int act(sd_bus_message *m, struct broker *b, enum method method)
{
	struct wish wish = { 0 };
	struct fault f = { 0 };
	uint32_t pid;
	uint64_t id;

	if (b->stopping) {
		fault_stopping(&f);
		return fault_reply(m, &f);
	}
	if (sd_bus_message_read(m, "ut", &pid, &id) < 0)
		fault_set(&f, FAULT_INVALID_ARGS, "the message is malformed");
	else if (!read_options(m, method, &wish, &f))
		return request_start(b, m, method, pid, id, &wish);
	return request_invalid(b, m, &f);
}

static int on_reclaim(sd_bus_message *m, void *data, sd_bus_error *error)
{
	(void)error;
	return act(m, data, METHOD_RECLAIM);
}

static int on_claim(sd_bus_message *m, void *data, sd_bus_error *error)
{
	(void)error;
	return act(m, data, METHOD_CLAIM);
}

static int on_cancel(sd_bus_message *m, void *data, sd_bus_error *error)
{
	const char *sender = sd_bus_message_get_sender(m);
	uint32_t pid, count;
	uint64_t id;
	int ret;

	(void)error;
	ret = sd_bus_message_read(m, "ut", &pid, &id);
	if (ret < 0)
		return ret;
	count = sender ? request_cancel(data, sender, pid, id) : 0;
	/* A request is cancelled even if its client asks too often to get an answer. */
	if (!intake_may_answer(data, sender ? sender_find(data, sender) : NULL, m, ANSWER_MOST))
		return 1;
	return sd_bus_reply_method_return(m, "u", count);
}

static int on_subscribe(sd_bus_message *m, void *data, sd_bus_error *error)
{
	(void)error;
	return request_start(data, m, METHOD_SUBSCRIBE, 0, 0, NULL);
}

static int on_unsubscribe(sd_bus_message *m, void *data, sd_bus_error *error)
{
	const char *name = sd_bus_message_get_sender(m);
	struct sender *s = name ? sender_find(data, name) : NULL;

	(void)error;
	if (s && s->subscribed) {
		s->subscribed = false;
		s->user->subscribers--;
	}
	if (!intake_may_answer(data, s, m, ANSWER_MOST))
		return 1;
	return sd_bus_reply_method_return(m, NULL);
}

/* --- properties ----------------------------------------------------------- */

static int get_version(sd_bus *bus, const char *path, const char *interface, const char *property,
		       sd_bus_message *reply, void *data, sd_bus_error *error)
{
	(void)bus;
	(void)path;
	(void)interface;
	(void)property;
	(void)data;
	(void)error;
	return sd_bus_message_append(reply, "s", BROKER_VERSION);
}

static int get_interface_version(sd_bus *bus, const char *path, const char *interface,
				 const char *property, sd_bus_message *reply, void *data,
				 sd_bus_error *error)
{
	(void)bus;
	(void)path;
	(void)interface;
	(void)property;
	(void)data;
	(void)error;
	return sd_bus_message_append(reply, "u", 1u);
}

static int get_devices(sd_bus *bus, const char *path, const char *interface, const char *property,
		       sd_bus_message *reply, void *data, sd_bus_error *error)
{
	const struct broker *b = data;
	const struct node *n = NULL;
	int ret;

	(void)bus;
	(void)path;
	(void)interface;
	(void)property;
	(void)error;
	ret = sd_bus_message_open_container(reply, 'a', "s");
	while (ret >= 0 && (n = node_after(&b->nodes, n ? (long)n->number : -1)))
		ret = sd_bus_message_append(reply, "s", n->name);
	return ret < 0 ? ret : sd_bus_message_close_container(reply);
}

static int get_limits(sd_bus *bus, const char *path, const char *interface, const char *property,
		      sd_bus_message *reply, void *data, sd_bus_error *error)
{
	const struct broker *b = data;
	struct sysinfo info = { 0 };
	const char *name;
	uint64_t value, swap;
	size_t i;
	int ret;

	(void)bus;
	(void)path;
	(void)interface;
	(void)property;
	(void)error;
	sysinfo(&info);
	swap = (uint64_t)info.totalswap * info.mem_unit;
	ret = sd_bus_message_open_container(reply, 'a', "{st}");
	for (i = 0; ret >= 0 && config_limit(&b->config, i, swap, &name, &value); i++)
		ret = sd_bus_message_append(reply, "{st}", name, value);
	return ret < 0 ? ret : sd_bus_message_close_container(reply);
}

#define IN(name) SD_BUS_PARAM(name)

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD_WITH_NAMES("Reclaim", "uta{sv}", IN(pid) IN(pidfd_id) IN(options), "tttus",
				 IN(freed_bytes) IN(evicted_bytes) IN(skipped_bytes) IN(status)
				 IN(error), on_reclaim, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_NAMES("Claim", "uta{sv}", IN(pid) IN(pidfd_id) IN(options), "ttus",
				 IN(claimed_bytes) IN(remaining_bytes) IN(status) IN(error),
				 on_claim, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_NAMES("Cancel", "ut", IN(pid) IN(pidfd_id), "u", IN(cancelled),
				 on_cancel, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Subscribe", NULL, NULL, on_subscribe, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Unsubscribe", NULL, NULL, on_unsubscribe, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_SIGNAL_WITH_NAMES("Finished", "suuttus", IN(operation) IN(uid) IN(pid) IN(bytes)
				 IN(usec) IN(status) IN(error), 0),
	SD_BUS_PROPERTY("Version", "s", get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("InterfaceVersion", "u", get_interface_version, 0,
			SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Devices", "as", get_devices, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	/* SwapReserve changes with swap, and nothing reports that. */
	SD_BUS_PROPERTY("Limits", "a{st}", get_limits, 0, 0),
	SD_BUS_VTABLE_END,
};

/* --- signals -------------------------------------------------------------- */

void bus_devices_changed(void *data)
{
	struct broker *b = data;

	if (b->bus)
		sd_bus_emit_properties_changed(b->bus, BROKER_PATH, BROKER_NAME, "Devices", NULL);
}

static void send_finished(struct sender *s, const struct work *w, uint64_t bytes,
			  const char *error)
{
	sd_bus *bus = s->broker->bus;
	sd_bus_message *m = NULL;

	if (sd_bus_message_new_signal(bus, &m, BROKER_PATH, BROKER_NAME, "Finished") >= 0 &&
	    sd_bus_message_append(m, "suuttus", operation_names[w->kind], (uint32_t)w->owner,
				  w->target->pid, bytes, (uint64_t)w->sum.ns / NSEC_PER_USEC,
				  w->sum.status, error) >= 0 &&
	    sd_bus_message_set_destination(m, s->name) >= 0) {
		sd_bus_send(bus, m, NULL);
		intake_count(s, ANSWER_MOST);
	}
	sd_bus_message_unref(m);
}

void bus_finished(const struct work *w, uint64_t bytes, const char *error)
{
	struct list *at, *next;

	list_each(at, next, &w->broker->senders) {
		struct sender *s = list_entry(at, struct sender, link);

		if (s->subscribed && access_hear(&s->caller, w->owner))
			send_finished(s, w, bytes, error);
	}
}

/* --- the connection ------------------------------------------------------- */

int bus_start(struct broker *b)
{
	const char *address = secure_getenv("DBUS_SYSTEM_BUS_ADDRESS");
	int ret;

	ret = sd_bus_new(&b->bus);
	if (ret >= 0)
		ret = sd_bus_set_address(b->bus, address ? address : DEFAULT_ADDRESS);
	if (ret >= 0)
		ret = sd_bus_set_bus_client(b->bus, 1);
	/* A client's descriptor could pose as a pidfd, or block the thread that closes it. */
	if (ret >= 0)
		ret = sd_bus_negotiate_fds(b->bus, 0);
	if (ret >= 0)
		ret = sd_bus_set_exit_on_disconnect(b->bus, 1);
	if (ret >= 0)
		ret = sd_bus_start(b->bus);
	if (ret >= 0)
		ret = sd_bus_attach_event(b->bus, b->event, SD_EVENT_PRIORITY_NORMAL);
	if (ret >= 0)
		ret = sd_bus_add_object_vtable(b->bus, NULL, BROKER_PATH, BROKER_NAME, vtable, b);
	if (ret >= 0)
		ret = intake_start(b);
	if (ret >= 0)
		ret = sender_watch(b);
	if (ret < 0)
		log_error("the system bus cannot be used: %s", strerror(-ret));
	return ret;
}

int bus_take_name(struct broker *b)
{
	int ret = sd_bus_request_name(b->bus, BROKER_NAME, 0);

	if (ret == -EEXIST)
		log_error(BROKER_NAME " is taken: panthor-memd is already running");
	else if (ret == -EACCES || ret == -EPERM)
		log_error("the bus does not let this user own " BROKER_NAME ": install its policy, "
			  BROKER_NAME ".conf, and start panthor-memd as " BROKER_USER);
	else if (ret < 0)
		log_error("cannot get the name " BROKER_NAME " on the bus: %s", strerror(-ret));
	return ret;
}
