/* SPDX-License-Identifier: MIT */
/* The interface of the agent on the session bus. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent.h"
#include "clock.h"
#include "log.h"
#include "source_session.h"
#include "text.h"

/* How long a call of List waits for a look. */
#define LIST_USEC USEC_PER_SEC

static const char *const modes[] = {
	[POLICY_OFF] = "off", [POLICY_PRESSURE] = "pressure", [POLICY_EAGER] = "eager",
};

/* Convert a time of clock_usec() to seconds since 1970. */
static uint64_t unix_time(uint64_t usec)
{
	return (uint64_t)time(NULL) - (clock_usec() - usec) / USEC_PER_SEC;
}

static int add_app(sd_bus_message *m, struct agent *a, const struct app *app)
{
	const struct policy_app *p = policy_find(&a->policy, app->number);
	char name[WINDOW_APP_ID];

	/* The bus accepts only UTF-8. */
	text_utf8(name, sizeof(name), app->app_id);
	if (!p)
		return sd_bus_message_append(m, "(isssttt)", (int32_t)app->pid, name, "visible",
					     "there are too many applications", app->resident,
					     UINT64_C(0), unix_time(clock_usec()));
	return sd_bus_message_append(m, "(isssttt)", (int32_t)app->pid, name,
				     policy_state_names[p->state],
				     policy_why(&a->policy, p, clock_usec()), app->resident,
				     p->reclaimed, unix_time(p->changed));
}

static int send_list(struct agent *a, sd_bus_message *call)
{
	sd_bus_message *m = NULL;
	size_t i;
	int ret;

	ret = sd_bus_message_new_method_return(call, &m);
	if (ret >= 0)
		ret = sd_bus_message_open_container(m, 'a', "(isssttt)");
	for (i = 0; ret >= 0 && i < a->apps.count; i++)
		ret = add_app(m, a, &a->apps.list[i]);
	if (ret >= 0)
		ret = sd_bus_message_close_container(m);
	if (ret >= 0)
		ret = sd_bus_send(NULL, m, NULL);
	sd_bus_message_unref(m);
	return ret < 0 ? ret : 1;
}

void agent_bus_looked(struct agent *a)
{
	while (a->lists.count) {
		sd_bus_message *call = a->lists.calls[--a->lists.count];
		const int ret = send_list(a, call);

		if (ret < 0)
			sd_bus_reply_method_errno(call, ret, NULL);
		sd_bus_message_unref(call);
	}
	a->lists.timer = sd_event_source_disable_unref(a->lists.timer);
}

/* The source has not reported the windows: the replies have what was known before. */
static int on_late(sd_event_source *timer, uint64_t usec, void *data)
{
	(void)timer;
	(void)usec;
	agent_bus_looked(data);
	return 0;
}

/* Sizes change without an event, so the reply waits for a new look. */
static int on_list(sd_bus_message *call, void *data, sd_bus_error *error)
{
	struct agent *a = data;

	(void)error;
	if (!a->connected || a->lists.count == AGENT_LISTS ||
	    (!a->lists.timer &&
	     sd_event_add_time(a->event, &a->lists.timer, CLOCK_MONOTONIC,
			       clock_usec() + LIST_USEC, 0, on_late, a) < 0))
		return send_list(a, call);
	a->lists.calls[a->lists.count++] = sd_bus_message_ref(call);
	agent_look(a);
	return 1;
}

static int on_hint(sd_bus_message *call, void *data, sd_bus_error *error)
{
	struct agent *a = data;
	int32_t pid;
	int ret = sd_bus_message_read(call, "i", &pid);

	if (ret < 0)
		return ret;
	if (pid < 0)
		return sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS,
					"the PID must not be negative; 0 stands for the "
					"applications that were shown last");
	if (pid && !apps_find_pid(&a->apps, pid))
		return sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS,
					"no application has a process with this PID: see List");
	agent_source_handler.hint(a, pid);
	return sd_bus_reply_method_return(call, NULL);
}

static int on_pause(sd_bus_message *call, void *data, sd_bus_error *error)
{
	struct policy_event e = { .kind = POLICY_EVENT_PAUSE };
	struct agent *a = data;
	uint32_t seconds;
	int ret = sd_bus_message_read(call, "u", &seconds);

	(void)error;
	if (ret < 0)
		return ret;
	e.usec = seconds * USEC_PER_SEC;
	agent_post(a, &e);
	log_notice(seconds ? "paused for %u s" : "the pause is over", seconds);
	return sd_bus_reply_method_return(call, NULL);
}

/* --- windows, from a shell or the script for KWin ---------------------------- */

/* Reply to a call of the program that reports windows. */
static int answer(struct agent *a, sd_bus_message *call, int ret, sd_bus_error *error)
{
	switch (ret) {
	case -EPERM:
		return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED,
					"another program reports windows already");
	case -EINVAL:
		return sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS,
					"the name of the window must have 1 to 127 bytes");
	case -ENOSPC:
		return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
					"there are too many windows");
	case -EOPNOTSUPP:
		return sd_bus_error_setf(error, SD_BUS_ERROR_NOT_SUPPORTED,
					 "windows come from %s: set source = session-bus in "
					 "agent.conf", a->source->name);
	}
	return ret < 0 ? ret : sd_bus_reply_method_return(call, NULL);
}

static int on_window(sd_bus_message *call, void *data, sd_bus_error *error)
{
	struct agent *a = data;
	struct window w = { 0 };
	const char *key, *app_id;
	int sure, hidden, active, ret;
	int32_t pid;

	ret = sd_bus_message_read(call, "sibsbb", &key, &pid, &sure, &app_id, &hidden, &active);
	if (ret < 0)
		return ret;
	w.pid = pid > 0 ? pid : 0;
	w.unsure = !sure || !w.pid;
	w.visible = !hidden || active;
	snprintf(w.app_id, sizeof(w.app_id), "%s", app_id);
	ret = a->source_kind != SOURCE_SESSION_BUS ? -EOPNOTSUPP :
		source_session_window(a->source, sd_bus_message_get_sender(call), key, &w);
	return answer(a, call, ret, error);
}

static int on_window_closed(sd_bus_message *call, void *data, sd_bus_error *error)
{
	struct agent *a = data;
	const char *key;
	int ret = sd_bus_message_read(call, "s", &key);

	if (ret < 0)
		return ret;
	ret = a->source_kind != SOURCE_SESSION_BUS ? -EOPNOTSUPP :
		source_session_closed(a->source, sd_bus_message_get_sender(call), key);
	return answer(a, call, ret, error);
}

static int on_sync(sd_bus_message *call, void *data, sd_bus_error *error)
{
	struct agent *a = data;
	int ret = a->source_kind != SOURCE_SESSION_BUS ? -EOPNOTSUPP :
		source_session_sync(a->source, sd_bus_message_get_sender(call));

	return answer(a, call, ret, error);
}

/* --- the rest ----------------------------------------------------------------- */

static uint64_t paused_sec(const struct agent *a)
{
	const uint64_t now = clock_usec(), until = a->policy.paused_until;

	return until > now ? (until - now + USEC_PER_SEC - 1) / USEC_PER_SEC : 0;
}

static uint32_t count_frozen(const struct policy *p)
{
	uint32_t count = 0;
	size_t i;

	for (i = 0; i < p->n_apps; i++)
		count += p->apps[i].frozen;
	return count;
}

static int get_status(sd_bus *bus, const char *path, const char *interface, const char *property,
		      sd_bus_message *reply, void *data, sd_bus_error *error)
{
	const struct agent *a = data;
	const struct policy *p = &a->policy;

	(void)bus;
	(void)path;
	(void)interface;
	(void)property;
	(void)error;
	return sd_bus_message_append(
		reply, "a{sv}", 14,
		"version", "s", AGENT_VERSION,
		"mode", "s", modes[p->config.mode],
		"dry-run", "b", (int)a->dry_run,
		"source", "s", a->source->name,
		"connected", "b", (int)a->connected,
		"broker", "b", (int)a->broker_answers,
		"psi", "b", (int)p->config.psi,
		"short", "b", (int)policy_is_short(p, clock_usec()),
		"screen-shared", "b", (int)p->held,
		"other-session", "b", (int)a->guards.login_state.away,
		"locked", "b", (int)a->guards.login_state.locked,
		"freeze", "b", (int)(p->config.freeze && (a->freezer || a->dry_run)),
		"frozen", "u", count_frozen(p),
		"paused-seconds", "t", paused_sec(a));
}

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD_WITH_ARGS("List", SD_BUS_NO_ARGS,
				SD_BUS_RESULT("a(isssttt)", applications), on_list,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Hint", SD_BUS_ARGS("i", pid), SD_BUS_NO_RESULT, on_hint,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Pause", SD_BUS_ARGS("u", seconds), SD_BUS_NO_RESULT, on_pause,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Window",
				SD_BUS_ARGS("s", window, "i", pid, "b", sure, "s", app_id,
					    "b", hidden, "b", active),
				SD_BUS_NO_RESULT, on_window, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("WindowClosed", SD_BUS_ARGS("s", window), SD_BUS_NO_RESULT,
				on_window_closed, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Sync", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, on_sync,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_PROPERTY("Status", "a{sv}", get_status, 0, 0),
	SD_BUS_VTABLE_END,
};

/* The session is over. */
static int on_closed(sd_bus_message *m, void *data, sd_bus_error *unused)
{
	struct agent *a = data;

	(void)m;
	(void)unused;
	log_notice("the session bus is gone");
	return sd_event_exit(a->event, 0);
}

int agent_bus_serve(struct agent *a, sd_bus *bus)
{
	return sd_bus_add_object_vtable(bus, NULL, AGENT_PATH, AGENT_NAME, vtable, a);
}

int agent_bus_start(struct agent *a)
{
	int ret = sd_bus_open_user(&a->session);

	if (ret >= 0)
		ret = sd_bus_match_signal(a->session, NULL, "org.freedesktop.DBus.Local", NULL,
					  NULL, "Disconnected", on_closed, a);
	if (ret >= 0)
		ret = agent_bus_serve(a, a->session);
	if (ret >= 0)
		ret = sd_bus_request_name(a->session, AGENT_NAME, 0);
	if (ret >= 0)
		ret = sd_bus_attach_event(a->session, a->event, SD_EVENT_PRIORITY_NORMAL);
	if (ret < 0) {
		agent_bus_stop(a);
		return ret;
	}
	guard_session_bus(a);
	if (a->source->bus)
		a->source->bus(a->source, a->session);
	return 0;
}

void agent_bus_stop(struct agent *a)
{
	agent_bus_looked(a);
	a->session = sd_bus_flush_close_unref(a->session);
}
