/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"
#include "clock.h"
#include "log.h"
#include "memory.h"
#include "replace_file.h"

/* The file of metrics is written this often, if anything has happened. */
#define METRICS_EVERY (15 * USEC_PER_SEC)
/* A wake-up may be late by this much, so that it can share one with other programs. */
#define LEEWAY_USEC (USEC_PER_SEC / 10)

/* --- actions -------------------------------------------------------------- */

static void measure(struct agent *a, enum policy_event_kind kind, bool pressure)
{
	struct policy_event e = { .kind = kind, .pressure = pressure };

	e.known = pressure_memory(&a->roots, &e.available, &e.total);
	agent_post(a, &e);
}

static void say_action(const struct agent *a, const struct policy_action *action,
		       const struct app *app)
{
	static const char *const verbs[] = {
		[POLICY_ACTION_RECLAIM] = "reclaim",
		[POLICY_ACTION_CLAIM] = "claim",
		[POLICY_ACTION_CANCEL] = "cancel the request",
		[POLICY_ACTION_FREEZE] = "freeze",
		[POLICY_ACTION_THAW] = "thaw",
	};
	const struct policy *p = &a->policy;
	char label[AGENT_LABEL], memory[64] = "";

	if (p->memory_known &&
	    (action->kind == POLICY_ACTION_RECLAIM || action->kind == POLICY_ACTION_CLAIM))
		snprintf(memory, sizeof(memory), " (%u%% of RAM is available)",
			 (unsigned int)((double)p->available / (double)p->total * 100));
	log_notice("%s: %s%s: %s%s", agent_label(app, label), verbs[action->kind],
		   a->dry_run ? ", not really" : "", action->why, memory);
}

static void freeze(struct agent *a, const struct app *app)
{
	const struct policy_event e = { .kind = POLICY_EVENT_RAN, .app = app->number };
	char label[AGENT_LABEL];
	int ret;

	if (a->dry_run)
		return;
	ret = !a->freezer ? -ESRCH :
	      *app->cgroup ? freezer_freeze(a->freezer, app->number, app->cgroup) : -EAGAIN;
	if (!ret) {
		a->metrics.frozen++;
		return;
	}
	a->metrics.not_frozen++;
	log_warning("%s: cannot be frozen: %s", agent_label(app, label), strerror(-ret));
	agent_post(a, &e);
}

void agent_look(struct agent *a)
{
	a->look_wanted = true;
	a->source->look(a->source);
}

static void act(struct agent *a, const struct policy_action *action)
{
	const struct app *app = apps_find(&a->apps, action->app);

	if (action->kind == POLICY_ACTION_LOOK) {
		agent_look(a);
		return;
	}
	if (action->kind == POLICY_ACTION_MEASURE) {
		measure(a, POLICY_EVENT_MEMORY, false);
		return;
	}
	if (action->kind == POLICY_ACTION_THAW && a->freezer)
		freezer_thaw(a->freezer, action->app);
	/* The application is gone, and so is its request. */
	if (!app)
		return;
	say_action(a, action, app);
	switch (action->kind) {
	case POLICY_ACTION_RECLAIM:
		request_start(a, app, POLICY_RECLAIM);
		break;
	case POLICY_ACTION_CLAIM:
		request_start(a, app, POLICY_CLAIM);
		break;
	case POLICY_ACTION_FREEZE:
		freeze(a, app);
		break;
	case POLICY_ACTION_CANCEL:
		a->metrics.cancelled++;
		request_cancel(a, app->number);
		break;
	default:
		break;
	}
}

static int on_time(sd_event_source *timer, uint64_t usec, void *data)
{
	const struct policy_event e = { .kind = POLICY_EVENT_TICK };

	(void)timer;
	(void)usec;
	agent_post(data, &e);
	return 0;
}

static void set_timer(struct agent *a, uint64_t wake)
{
	sd_event_source_set_time(a->timer, wake);
	sd_event_source_set_enabled(a->timer, wake == POLICY_NEVER ? SD_EVENT_OFF :
								     SD_EVENT_ONESHOT);
}

/* An action can lead to another event at once. It waits until the actions are done. */
void agent_post(struct agent *a, const struct policy_event *e)
{
	static struct policy_actions actions;
	size_t done, i;

	a->queue = memory_grow(a->queue, a->n_queue, a->n_queue + 1, sizeof(*a->queue));
	a->queue[a->n_queue++] = *e;
	if (a->stepping)
		return;
	a->stepping = true;
	for (done = 0; done < a->n_queue; done++) {
		const struct policy_event event = a->queue[done];

		policy_step(&a->policy, &event, clock_usec(), &actions);
		for (i = 0; i < actions.count; i++)
			act(a, &actions.list[i]);
	}
	a->n_queue = 0;
	a->stepping = false;
	set_timer(a, actions.wake);
	if (a->metrics_timer)
		sd_event_source_set_enabled(a->metrics_timer, SD_EVENT_ONESHOT);
}

/* --- metrics -------------------------------------------------------------- */

static void write_metrics(struct agent *a)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int ret;

	if (!out)
		return;
	agent_metrics_print(&a->metrics, &a->policy, a->connected, out);
	fclose(out);
	ret = replace_file(a->config.metrics, text, size);
	if (ret && !a->complained)
		log_warning("metrics = %s: cannot write it: %s", a->config.metrics,
			    strerror(-ret));
	a->complained = ret;
	free(text);
}

static int on_metrics(sd_event_source *timer, uint64_t usec, void *data)
{
	(void)usec;
	write_metrics(data);
	/* The next event enables it again. */
	sd_event_source_set_time(timer, clock_usec() + METRICS_EVERY);
	return sd_event_source_set_enabled(timer, SD_EVENT_OFF);
}

/* --- events --------------------------------------------------------------- */

/* @measured: its GPU memory was measured just now. */
static void post_app(struct agent *a, const struct app *app, bool measured)
{
	const bool hidden = app->hidden || guard_is_unseen(a);
	struct policy_event e = {
		.kind = app->unsure ? POLICY_EVENT_UNSURE :
			hidden ? POLICY_EVENT_HIDDEN : POLICY_EVENT_SHOWN,
		.app = app->number,
		.grace = app->grace,
		.exempt = app->exempt,
		.playing = app->playing,
		.freezable = *app->cgroup,
		.resident = app->resident,
		.evicted = app->evicted,
		.gpu_ns = app->gpu_ns,
	};

	agent_post(a, &e);
	e.kind = POLICY_EVENT_SIZE;
	if (measured)
		agent_post(a, &e);
}

/* Nothing but the visible windows is new. The policy asks for a look before it reclaims. */
static void post_shown(struct agent *a)
{
	const struct policy_event e = { .kind = POLICY_EVENT_TICK };
	size_t i;

	for (i = 0; i < a->apps.count; i++)
		post_app(a, &a->apps.list[i], false);
	agent_post(a, &e);
}

static void post_gone(struct agent *a)
{
	struct policy_event e = { .kind = POLICY_EVENT_GONE };
	size_t i;

	for (i = 0; i < a->apps.n_gone; i++) {
		e.app = a->apps.gone[i];
		request_forget(a, e.app);
		agent_post(a, &e);
	}
}

static void post_lost(struct agent *a)
{
	const struct policy_event e = { .kind = POLICY_EVENT_LOST };

	agent_post(a, &e);
}

static void on_windows(void *data, const struct window *windows, size_t count, pid_t compositor)
{
	struct number_list playing = { 0 }, players = { 0 };
	struct agent *a = data;
	const struct app_rules rules = {
		.roots = &a->roots,
		.config = &a->config,
		.uid = getuid(),
		.compositor = compositor,
		.self = getpid(),
		.playing = &playing,
		.players = &players,
	};
	size_t i;
	int ret;

	if (!a->connected)
		log_notice("connected to %s", a->source->name);
	a->connected = true;
	a->ended = false;
	if (!a->look_wanted && !a->policy.lost && apps_show(&a->apps, windows, count)) {
		post_shown(a);
		return;
	}
	a->look_wanted = false;
	guard_list(a, &playing, &players);
	ret = apps_update(&a->apps, &rules, windows, count);
	number_list_free(&playing);
	number_list_free(&players);
	post_gone(a);
	if (ret) {
		log_warning("cannot look at the processes: %s. All windows count as visible",
			    strerror(-ret));
		post_lost(a);
	} else {
		for (i = 0; i < a->apps.count; i++)
			post_app(a, &a->apps.list[i], true);
		measure(a, POLICY_EVENT_LOOKED, false);
	}
	agent_bus_looked(a);
}

static void on_lost(void *data, const char *why)
{
	struct agent *a = data;

	log_warning("%s. All windows count as visible until it is reached again", why);
	a->connected = false;
	a->metrics.lost++;
	post_lost(a);
	agent_bus_looked(a);
}

static void on_hint(void *data, pid_t pid)
{
	struct policy_event e = { .kind = POLICY_EVENT_HINT };
	struct agent *a = data;
	const struct app *app;

	if (pid) {
		app = apps_find_pid(&a->apps, pid);
		if (!app)
			return;
		e.app = app->number;
	}
	agent_post(a, &e);
}

static void on_ended(void *data)
{
	struct agent *a = data;

	if (a->ended)
		return;
	a->ended = true;
	if (a->service) {
		log_notice("%s has ended. The agent waits for the next one", a->source->name);
		return;
	}
	/* An agent that stays would keep that of the next session from starting. */
	log_notice("%s has ended, so the agent ends, too", a->source->name);
	sd_event_exit(a->event, 0);
}

const struct source_handler agent_source_handler = { on_windows, on_lost, on_hint, on_ended, NULL };

static void on_pressure(void *data)
{
	measure(data, POLICY_EVENT_MEMORY, true);
}

static void on_devices(void *data, int count)
{
	struct agent *a = data;

	if (count < 0 && (a->broker_answers || !a->broker_asked))
		log_warning("panthor-memd does not answer: install the package panthor-memd, or "
			    "start it");
	/* The driver may be loaded later. Until then, no application has memory to reclaim. */
	if (!count && !a->no_device)
		log_notice("panthor-memd has found no panthor device yet: there is nothing to do "
			   "until one is added");
	if (count > 0 && a->no_device)
		log_notice("panthor-memd has found a panthor device");
	if (count >= 0)
		a->no_device = !count;
	a->broker_asked = true;
	a->broker_answers = count >= 0;
}

static void on_keeper(void *data)
{
	struct policy_event e = { .kind = POLICY_EVENT_RAN };
	struct agent *a = data;
	size_t i;

	log_error("the process that would thaw applications if this one is killed was killed "
		  "itself: all of them are thawed, and none is frozen any more");
	for (i = 0; i < a->apps.count; i++) {
		e.app = a->apps.list[i].number;
		agent_post(a, &e);
	}
}

/* --- start and stop ------------------------------------------------------- */

static void start_freezer(struct agent *a)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	if (!runtime || !*runtime) {
		log_warning("freeze = yes: XDG_RUNTIME_DIR is not set, so nothing is frozen");
		return;
	}
	a->freezer = freezer_new(a->event, &a->roots, getuid(), runtime, on_keeper, a);
	if (!a->freezer)
		log_warning("freeze = yes: %s/panthor-mem/frozen: %s. Nothing is frozen", runtime,
			    strerror(errno));
}

int agent_start(struct agent *a)
{
	struct policy_config config = {
		.mode = a->config.mode,
		/* The next report comes one window later, if pressure lasts. */
		.pressure_for = 2 * a->config.psi_window,
		.keep = a->config.keep,
		.least = a->config.least,
		.low = a->config.low,
		.high = a->config.high,
		.urgent = a->config.urgent,
		.critical = a->config.critical,
		.reclaim_playing = a->config.reclaim_playing,
		.freeze = a->config.freeze,
	};
	int ret;

	/* It forks, so it has to come before anything that starts a thread. */
	if (a->config.freeze && !a->dry_run)
		start_freezer(a);
	if (a->config.psi && a->config.mode == POLICY_PRESSURE)
		a->pressure = pressure_new(a->event, &a->roots, a->config.psi_stall,
					   a->config.psi_window, on_pressure, a);
	if (a->config.psi && a->config.mode == POLICY_PRESSURE && !a->pressure)
		log_notice("the kernel does not report memory pressure: only available memory "
			   "counts");
	config.psi = a->pressure;
	policy_init(&a->policy, &config);
	ret = sd_event_add_time(a->event, &a->timer, CLOCK_MONOTONIC, 0, LEEWAY_USEC, on_time, a);
	if (ret < 0)
		return ret;
	set_timer(a, POLICY_NEVER);
	if (*a->config.metrics) {
		ret = sd_event_add_time(a->event, &a->metrics_timer, CLOCK_MONOTONIC, 0,
					USEC_PER_SEC, on_metrics, a);
		if (ret < 0)
			return ret;
	}
	guard_start(a);
	a->link = link_new(a->event, on_devices, a);
	if (!a->dry_run)
		link_open(a->link);
	return 0;
}

void agent_stop(struct agent *a)
{
	freezer_free(a->freezer);
	if (a->metrics_timer)
		write_metrics(a);
	sd_event_source_disable_unref(a->metrics_timer);
	request_free_all(a);
	link_free(a->link);
	pressure_free(a->pressure);
	sd_event_source_disable_unref(a->timer);
	apps_free(&a->apps);
	free(a->queue);
}
