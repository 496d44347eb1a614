/* SPDX-License-Identifier: MIT */
/* panthor-memd(8) reclaims and claims GPU memory for users without privileges. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker.h"
#include "clock.h"
#include "drop.h"
#include "group.h"
#include "log.h"
#include "name.h"
#include "output.h"
#include "program.h"
#include "worker.h"

#define SWEEP_USEC (15 * USEC_PER_SEC)
/* How long shutdown waits for the running kernel calls. */
#define END_USEC (1 * USEC_PER_SEC)
/* The sweep may be late by this much, so that it can share a wakeup with other timers. */
#define LEEWAY_USEC (5 * USEC_PER_SEC)

struct settings {
	const char *config; /* NULL: the default, which may be missing */
	const char *user;
	const char *folder;
	const char *devices;
	const char *group;
};

static const char help[] =
	"usage: panthor-memd [OPTION...]\n"
	"\n"
	"Reclaims and claims GPU memory on request over the system bus.\n"
	"\n"
	"  --config FILE        read FILE instead of " BROKER_CONFIG "\n"
	"  --user NAME          when started as root, become this user (" BROKER_USER ")\n"
	"  --runtime DIRECTORY  write the file for Prometheus here (/run/panthor-memd)\n"
	"  --help, --version\n"
	"\n"
	"See panthor-memd(8) and panthor-memd.conf(5).\n";

static bool parse(struct settings *s, int argc, char **argv, int *status)
{
	static const struct program program = { "panthor-memd", BROKER_VERSION, help };
	const struct program_option options[] = {
		{ "config", &s->config, NULL },
		{ "user", &s->user, NULL },
		{ "runtime", &s->folder, NULL },
		/* For tests: replacements for /dev/dri and BROKER_GROUP. */
		{ "devices", &s->devices, NULL },
		{ "group", &s->group, NULL },
		{ NULL, NULL, NULL },
	};

	return program_parse(&program, options, argc, argv, status);
}

static int configure(struct config *c, const struct settings *s)
{
	char why[CONFIG_WHY];
	int ret;

	config_default(c);
	ret = config_read(c, s->config ? s->config : BROKER_CONFIG, why);
	log_start(c->log_level);
	if (!ret || (ret == -ENOENT && !s->config))
		return 0;
	log_error("%s", why);
	return ret;
}

/* --- time and signals ----------------------------------------------------- */

static int on_sweep(sd_event_source *source, uint64_t usec, void *data)
{
	struct broker *b = data;

	(void)usec;
	user_sweep(b);
	targets_sweep(&b->targets);
	stats_write(&b->stats);
	sd_event_source_set_time(source, clock_usec() + SWEEP_USEC);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int on_end(sd_event_source *source, uint64_t usec, void *data)
{
	struct broker *b = data;

	(void)source;
	(void)usec;
	return sd_event_exit(b->event, 0);
}

static int on_idle(sd_event_source *source, void *data)
{
	struct broker *b = data;

	(void)source;
	return work_idle(b) ? sd_event_exit(b->event, 0) : 0;
}

/* Without its name, the bus starts a new panthor-memd for later calls. */
int broker_stop(struct broker *b)
{
	struct fault f;

	b->stopping = true;
	log_notice("stopping");
	sd_notify(0, "STOPPING=1");
	sd_bus_release_name_async(b->bus, NULL, BROKER_NAME, NULL, NULL);
	fault_stopping(&f);
	work_stop_all(b, &f);
	sender_refuse_all(b, &f);
	sd_event_add_post(b->event, NULL, on_idle, b);
	return sd_event_add_time(b->event, NULL, CLOCK_MONOTONIC, clock_usec() + END_USEC, 0,
				 on_end, b);
}

/* A second signal ends the program at once. */
static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *data)
{
	struct broker *b = data;

	(void)source;
	(void)info;
	return b->stopping ? sd_event_exit(b->event, 0) : broker_stop(b);
}

static int add_sources(struct broker *b)
{
	sigset_t mask;
	int ret;

	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	ret = sd_event_add_signal(b->event, NULL, SIGTERM, on_signal, b);
	if (ret >= 0)
		ret = sd_event_add_signal(b->event, NULL, SIGINT, on_signal, b);
	if (ret >= 0)
		ret = sd_event_add_time(b->event, NULL, CLOCK_MONOTONIC,
					clock_usec() + SWEEP_USEC, LEEWAY_USEC, on_sweep, b);
	return ret < 0 ? ret : sd_event_set_watchdog(b->event, true);
}

/* --- start and stop ------------------------------------------------------- */

static int start(struct broker *b, const struct settings *s)
{
	int ret, i;

	list_init(&b->users);
	list_init(&b->senders);
	list_init(&b->works);
	list_init(&b->nodes.list);
	b->nodes.inotify = -1;
	b->has_group = group_find(s->group, &b->group);
	ret = sd_event_default(&b->event);
	if (ret < 0)
		return ret;
	targets_init(&b->targets, b->event, &b->config);
	stats_start(&b->stats, s->folder);
	ret = add_sources(b);
	if (ret >= 0)
		ret = workers_start(b->event, work_done, b);
	if (ret >= 0)
		ret = work_start(b);
	for (i = 0; ret >= 0 && i < CLAIMERS; i++) {
		b->claimers[i] = worker_new();
		ret = b->claimers[i] ? 0 : -ENOMEM;
	}
	if (ret >= 0)
		ret = node_set_start(&b->nodes, b->event, s->devices, bus_devices_changed, b);
	if (ret >= 0 && !b->nodes.count)
		log_notice("no panthor device is present yet");
	if (ret >= 0)
		ret = bus_start(b);
	return ret < 0 ? ret : bus_take_name(b);
}

/* Free each object before the objects that it uses. */
static void stop(struct broker *b, int status)
{
	int i;

	stats_write(&b->stats);
	if (b->bus)
		sd_bus_flush(b->bus);
	/* worker_free() would wait for a thread that is still in the kernel. */
	if (!work_idle(b))
		_exit(status);
	sender_free_all(b);
	work_free_all(b);
	user_free_all(b);
	targets_free(&b->targets);
	node_set_stop(&b->nodes);
	for (i = 0; i < CLAIMERS; i++)
		worker_free(b->claimers[i]);
	workers_stop();
	stats_stop(&b->stats);
	sd_event_source_disable_unref(b->reader);
	sd_event_source_disable_unref(b->renewal);
	sd_event_source_disable_unref(b->watch);
	sd_bus_flush_close_unref(b->bus);
	sd_event_unref(b->event);
}

int main(int argc, char **argv)
{
	const char *runtime = getenv("RUNTIME_DIRECTORY");
	struct settings s = {
		.user = BROKER_USER,
		.folder = runtime ? runtime : "/run/panthor-memd",
		.devices = "/dev/dri",
		.group = BROKER_GROUP,
	};
	static struct broker b;
	int ret, status;

	output_begin();
	if (!parse(&s, argc, argv, &status))
		return status;
	if (configure(&b.config, &s) || drop_privileges(s.user, runtime ? NULL : s.folder))
		return 1;
	ret = start(&b, &s);
	if (ret >= 0) {
		sd_notify(0, "READY=1");
		log_notice("version " BROKER_VERSION " is ready");
		ret = sd_event_loop(b.event);
		if (ret > 0)
			log_error("the system bus has closed the connection");
	} else {
		log_error("cannot start: %s", strerror(-ret));
	}
	/* ret is negative after an error, and positive after the bus closed the connection. */
	status = ret != 0;
	stop(&b, status);
	return status;
}
