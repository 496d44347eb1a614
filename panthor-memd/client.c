/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "client.h"
#include "name.h"
#include "sdbus.h"

#define DEFAULT_ADDRESS "unix:path=/run/dbus/system_bus_socket"

/*
 * panthor-memd answers within 24 s: MaxTimeSec= is at most 22, and the last slice may take 2
 * more. A user who has to enter a password takes longer.
 */
#define WAIT_USEC UINT64_C(30000000)
#define WAIT_PERSON_USEC UINT64_C(150000000)
/* A signal that arrives just before the wait is noticed after this time. */
#define LOOK_USEC UINT64_C(20000)
/* How long after a signal the reply, which says what was done until then, is waited for. */
#define STOP_NS INT64_C(70000000)

struct broker_client {
	sd_bus *bus;
};

struct call {
	struct broker_client *client;
	enum operation_kind kind;
	bool done;
	struct outcome *out;
	struct broker_error *error;
};

static int fail(struct broker_error *e, int code, const char *reason, const char *text)
{
	const char *dot = strrchr(reason, '.');

	e->code = code;
	snprintf(e->reason, sizeof(e->reason), "%s", dot ? dot + 1 : reason);
	snprintf(e->text, sizeof(e->text), "%s", text);
	return -1;
}

static int connect_bus(sd_bus *bus)
{
	const char *address = secure_getenv("DBUS_SYSTEM_BUS_ADDRESS");
	int ret;

	ret = sd_bus_set_address(bus, address ? address : DEFAULT_ADDRESS);
	if (ret >= 0)
		ret = sd_bus_set_bus_client(bus, 1);
	if (ret >= 0)
		ret = sd_bus_negotiate_fds(bus, 0);
	return ret < 0 ? ret : sd_bus_start(bus);
}

struct broker_client *broker_client_new(struct broker_error *e)
{
	struct broker_client *c = calloc(1, sizeof(*c));
	int ret;

	*e = (struct broker_error){ 0 };
	ret = c ? sd_bus_new(&c->bus) : -ENOMEM;
	if (ret >= 0)
		ret = connect_bus(c->bus);
	if (ret >= 0)
		return c;
	fail(e, -ret, "Disconnected", "the system bus cannot be reached: is dbus running?");
	if (c)
		sd_bus_unref(c->bus);
	free(c);
	return NULL;
}

void broker_client_free(struct broker_client *c)
{
	if (!c)
		return;
	sd_bus_flush_close_unref(c->bus);
	free(c);
}

/*
 * Get the inode number of a pidfd, which identifies the process. 0 or -errno; -ESRCH if the process
 * has exited: before Linux 6.9, the inode does not tell it from one that got the same PID.
 */
static int id_of(int pidfd, uint64_t *id)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	struct stat st;

	if (fstat(pidfd, &st))
		return -errno;
	*id = st.st_ino;
	return poll(&p, 1, 0) > 0 ? -ESRCH : 0;
}

/* --- errors --------------------------------------------------------------- */

static int code_of(const char *reason)
{
	static const struct {
		const char *reason;
		int code;
	} codes[] = {
		{ "InvalidArgs", EINVAL },	 { "AccessDenied", EACCES },
		{ "LimitsExceeded", EUSERS },	 { "InteractiveAuthorizationRequired", EACCES },
		{ "NoSuchProcess", ESRCH },	 { "NoGpuMemory", ESRCH },
		{ "NoDevice", ENODEV },		 { "NotSupported", EOPNOTSUPP },
		{ "SwapFull", ENOSPC },		 { "TooSoon", EALREADY },
		{ "Cancelled", ECANCELED },	 { "NoMemory", ENOMEM },
		{ "ServiceUnknown", ECONNREFUSED }, { "NameHasNoOwner", ECONNREFUSED },
	};
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (!strcmp(reason, codes[i].reason))
			return codes[i].code;
	}
	return EIO;
}

static int fail_by_name(struct broker_error *e, const char *name, const char *text)
{
	fail(e, 0, name, text);
	e->code = code_of(e->reason);
	if (e->code == ECONNREFUSED)
		snprintf(e->text, sizeof(e->text), "panthor-memd is not running: install the "
			 "package panthor-memd, or start it");
	return -1;
}

/* --- one call ------------------------------------------------------------- */

static int on_reply(sd_bus_message *m, void *data, sd_bus_error *unused)
{
	struct call *c = data;
	const sd_bus_error *error = sd_bus_message_get_error(m);
	struct outcome *o = c->out;
	const char *soft = "";
	int ret;

	(void)unused;
	c->done = true;
	if (error) {
		fail_by_name(c->error, error->name, error->message ? error->message : "");
		return 0;
	}
	if (c->kind == OPERATION_CLAIM)
		ret = sd_bus_message_read(m, "ttus", &o->claimed, &o->remaining, &o->status, &soft);
	else
		ret = sd_bus_message_read(m, "tttus", &o->freed, &o->evicted, &o->skipped,
					  &o->status, &soft);
	if (ret < 0)
		fail(c->error, EPROTO, "InvalidReply", "the reply has the wrong type");
	else if (*soft)
		fail_by_name(c->error, soft, "it failed after part of the work was done");
	return 0;
}

static int add_flag(sd_bus_message *m, const char *name, bool set)
{
	return set ? sd_bus_message_append(m, "{sv}", name, "b", 1) : 0;
}

static int add_number(sd_bus_message *m, const char *name, uint64_t value)
{
	return value ? sd_bus_message_append(m, "{sv}", name, "t", value) : 0;
}

static int add_options(sd_bus_message *m, const struct operation *op, const char *device)
{
	int ret = sd_bus_message_open_container(m, 'a', "{sv}");

	if (ret >= 0 && device)
		ret = sd_bus_message_append(m, "{sv}", "device", "s", device);
	if (ret >= 0)
		ret = add_number(m, "max-bytes", op->max_bytes);
	if (ret >= 0)
		ret = add_number(m, "wait-usec", (uint64_t)op->wait_ns / 1000);
	if (ret >= 0)
		ret = add_flag(m, "no-pageout", op->no_pageout);
	if (ret >= 0)
		ret = add_flag(m, "dry-run", op->dry_run);
	if (ret >= 0)
		ret = add_flag(m, "prefetch-only", op->prefetch);
	return ret < 0 ? ret : sd_bus_message_close_container(m);
}

static int send_call(struct call *call, const struct operation *op, pid_t pid, uint64_t id,
		     const char *device, bool interactive)
{
	sd_bus *bus = call->client->bus;
	sd_bus_message *m = NULL;
	int ret;

	ret = sd_bus_message_new_method_call(bus, &m, BROKER_NAME, BROKER_PATH, BROKER_NAME,
					     op->kind == OPERATION_CLAIM ? "Claim" : "Reclaim");
	if (ret >= 0)
		ret = sd_bus_message_append(m, "ut", (uint32_t)pid, id);
	if (ret >= 0)
		ret = add_options(m, op, device);
	if (ret >= 0)
		ret = sd_bus_message_set_allow_interactive_authorization(m, interactive);
	if (ret >= 0)
		ret = sd_bus_call_async(bus, NULL, m, on_reply, call,
					interactive ? WAIT_PERSON_USEC : WAIT_USEC);
	sd_bus_message_unref(m);
	return ret;
}

/* The reply still arrives, and says what was done until then. */
static void take_back(struct broker_client *c, pid_t pid, uint64_t id)
{
	sd_bus_call_method_async(c->bus, NULL, BROKER_NAME, BROKER_PATH, BROKER_NAME, "Cancel",
				 NULL, NULL, "ut", (uint32_t)pid, id);
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* Returns -ECANCELED if @stop says to stop, and the reply does not come soon. */
static int wait_for(struct call *call, pid_t pid, uint64_t id, int (*stop)(void))
{
	sd_bus *bus = call->client->bus;
	int64_t end = 0;
	int ret = 0;

	while (!call->done && ret >= 0) {
		if (!end && stop && stop()) {
			end = now_ns() + STOP_NS;
			take_back(call->client, pid, id);
		}
		if (end && now_ns() >= end)
			return -ECANCELED;
		ret = sd_bus_process(bus, NULL);
		if (!ret)
			ret = sd_bus_wait(bus, LOOK_USEC);
		if (ret == -EINTR)
			ret = 0;
	}
	return ret;
}

int broker_client_call(struct broker_client *c, const struct operation *op, pid_t pid, int pidfd,
		       const char *device, bool interactive, int (*stop)(void),
		       struct outcome *out, struct broker_error *e)
{
	struct call call = { .client = c, .kind = op->kind, .out = out, .error = e };
	const int64_t start = now_ns();
	uint64_t id = 0;
	int ret;

	*e = (struct broker_error){ 0 };
	*out = (struct outcome){ 0 };
	ret = id_of(pidfd, &id);
	if (ret >= 0)
		ret = send_call(&call, op, pid, id, device, interactive);
	if (ret >= 0)
		ret = wait_for(&call, pid, id, stop);
	out->ns = now_ns() - start;
	if (ret == -ESRCH)
		fail(e, ESRCH, "NoSuchProcess", "there is no such process");
	else if (ret == -ECANCELED)
		fail(e, EINTR, "Interrupted", "stopped by a signal before panthor-memd has "
		     "answered: it stops after its current slice");
	else if (ret < 0)
		fail(e, -ret, "Disconnected", strerror(-ret));
	out->error = e->code;
	return e->code ? -1 : 0;
}
