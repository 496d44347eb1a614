/* SPDX-License-Identifier: MIT */
/*
 * panthor-mem-agent(1) has the GPU memory of hidden applications moved to swap when memory is
 * short. It has no privileges: panthor-memd(8) does it.
 */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent.h"
#include "log.h"
#include "memory.h"
#include "output.h"
#include "process.h"
#include "program.h"
#include "source_cgroup.h"
#include "source_choose.h"
#include "source_gamescope.h"
#include "source_session.h"
#include "source_sway.h"
#include "status.h"
#include "user_socket.h"

#define EXIT_FAILED 1
#define EXIT_ALREADY 3
/* More than the processes of any session. */
#define FILES_MOST 65536

static const char help[] =
	"usage: panthor-mem-agent [OPTION...]\n"
	"\n"
	"Has the GPU memory of hidden applications moved to swap when memory is short.\n"
	"\n"
	"  --config FILE  read FILE instead of " AGENT_CONFIG "\n"
	"                 and ~/.config/panthor-mem/agent.conf\n"
	"  --dry-run      only log what would be done\n"
	"  --status       show what the agent of this session does, and why\n"
	"  --thaw         let applications run that an agent has left frozen\n"
	"  --help, --version\n"
	"\n"
	"See panthor-mem-agent(1) and panthor-mem-agent.conf(5).\n";

struct settings {
	const char *config;
	bool status;
	bool thaw;
	bool dry_run;
	const char *proc, *sys;
};

static bool parse(struct settings *s, int argc, char **argv, int *status)
{
	static const struct program program = { "panthor-mem-agent", AGENT_VERSION, help };
	const struct program_option options[] = {
		{ "config", &s->config, NULL },
		{ "dry-run", NULL, &s->dry_run },
		{ "status", NULL, &s->status },
		{ "thaw", NULL, &s->thaw },
		/* For tests: a replacement for /proc. */
		{ "proc", &s->proc, NULL },
		/* For tests: a replacement for /sys. */
		{ "sys", &s->sys, NULL },
		{ NULL, NULL, NULL },
	};

	return program_parse(&program, options, argc, argv, status);
}

/* --- configuration -------------------------------------------------------- */

/* An unset or empty variable has no value. */
static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static char *user_config(void)
{
	const char *home = variable("HOME"), *config = variable("XDG_CONFIG_HOME");

	if (config)
		return memory_text("%s/panthor-mem/agent.conf", config);
	return home ? memory_text("%s/.config/panthor-mem/agent.conf", home) : NULL;
}

/* @named: the user has named this file, so it has to exist. */
static bool read_config(struct config *c, const char *path, bool named)
{
	char why[CONFIG_WHY];
	int ret = config_read(c, path, why);

	if (!ret || (ret == -ENOENT && !named))
		return true;
	log_error("%s", why);
	return false;
}

static bool configure(struct config *c, const struct settings *s)
{
	char *path;
	bool ok;

	config_default(c);
	if (s->config)
		return read_config(c, s->config, true);
	path = user_config();
	ok = read_config(c, AGENT_CONFIG, false) && (!path || read_config(c, path, false));
	free(path);
	return ok;
}

/* --- thawing -------------------------------------------------------------- */

static int thaw(const struct roots *roots)
{
	const char *runtime = variable("XDG_RUNTIME_DIR");
	int ret = runtime ? freezer_thaw_list(roots, getuid(), runtime) : -ENOENT;

	if (!ret)
		return 0;
	log_error(runtime ? "%s/panthor-mem/frozen: %s" : "XDG_RUNTIME_DIR is not set",
		  runtime, strerror(-ret));
	return EXIT_FAILED;
}

/* Each process of an application takes a file descriptor. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= FILES_MOST)
		return;
	limit.rlim_cur = limit.rlim_max < FILES_MOST ? limit.rlim_max : FILES_MOST;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* --- running -------------------------------------------------------------- */

/* systemd.exec(5): this is the PID of a process that the service manager has started itself. */
static bool is_service(void)
{
	const char *pid = variable("SYSTEMD_EXEC_PID");
	char own[16];

	snprintf(own, sizeof(own), "%d", (int)getpid());
	return pid && !strcmp(pid, own);
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *data)
{
	struct agent *a = data;

	(void)source;
	(void)info;
	return sd_event_exit(a->event, 0);
}

static int add_signals(struct agent *a)
{
	sigset_t mask;
	int ret;

	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	ret = sd_event_add_signal(a->event, NULL, SIGTERM, on_signal, a);
	return ret < 0 ? ret : sd_event_add_signal(a->event, NULL, SIGINT, on_signal, a);
}

static struct source *sway_source(struct agent *a, const struct source_handler *handler)
{
	const struct sway_settings settings = {
		.socket = variable("SWAYSOCK"),
		.directory = variable("XDG_RUNTIME_DIR"),
		.hint_binding = a->config.hint_binding,
		.connection = -1,
	};

	return source_sway_new(a->event, &settings, handler);
}

static struct source *gamescope_source(struct agent *a, const struct source_handler *handler)
{
#ifdef WITH_GAMESCOPE
	return source_gamescope_new(a->event, variable("DISPLAY"), handler);
#else
	(void)a;
	(void)handler;
	log_error("gamescope: this program was built without xcb");
	return NULL;
#endif
}

/* The service manager may still have the variable of a session that has ended. */
static const char *running_sway(void)
{
	const char *path = variable("SWAYSOCK");
	pid_t pid;
	int fd;

	if (!path)
		return NULL;
	fd = user_socket_connect(path, &pid);
	if (fd >= 0)
		close(fd);
	return user_socket_is_unused(fd) ? NULL : path;
}

static int add_source(struct agent *a)
{
	struct source_handler handler = agent_source_handler;

	handler.data = a;
	a->source_kind = source_choose(a->config.source, running_sway(),
				       variable("XDG_CURRENT_DESKTOP"));
	switch (a->source_kind) {
	case SOURCE_SESSION_BUS:
		a->source = source_session_new(a->event, SESSION_SILENT_USEC, &handler);
		break;
	case SOURCE_CGROUP:
		a->source = source_cgroup_new(a->event, &a->roots, getuid(), &handler);
		break;
	case SOURCE_GAMESCOPE:
		a->source = gamescope_source(a, &handler);
		break;
	default:
		a->source = sway_source(a, &handler);
		break;
	}
	if (a->source)
		log_notice("windows come from %s (source = %s)", a->source->name,
			   source_kind_names[a->config.source]);
	return a->source ? 0 : -ENOMEM;
}

static int start(struct agent *a)
{
	int ret = sd_event_default(&a->event);

	if (ret >= 0)
		ret = sd_event_set_watchdog(a->event, true);
	if (ret >= 0)
		ret = add_signals(a);
	if (ret >= 0)
		ret = add_source(a);
	if (ret >= 0)
		ret = agent_start(a);
	return ret;
}

/* Without the session bus, everything but --status works. */
static bool start_bus(struct agent *a)
{
	int ret = agent_bus_start(a);

	if (ret == -EEXIST) {
		log_error("it is already running in this session: see --status");
		return false;
	}
	if (ret < 0)
		log_warning("the session bus cannot be reached, so --status will not work: %s",
			    strerror(-ret));
	return true;
}

static int run(struct agent *a)
{
	int ret = start(a), status = EXIT_FAILED;

	if (ret < 0) {
		log_error("cannot start: %s", strerror(-ret));
	} else if (!start_bus(a)) {
		status = EXIT_ALREADY;
	} else {
		sd_notify(0, "READY=1");
		log_notice("version " AGENT_VERSION " is ready%s",
			   a->dry_run ? ", but does nothing (--dry-run)" : "");
		ret = sd_event_loop(a->event);
		status = ret ? EXIT_FAILED : 0;
	}
	guard_stop(a);
	agent_bus_stop(a);
	if (a->source)
		a->source->free(a->source);
	agent_stop(a);
	sd_event_unref(a->event);
	return status;
}

int main(int argc, char **argv)
{
	struct settings s = { .proc = "/proc", .sys = "/sys" };
	static struct agent a;
	int status;

	output_begin();
	setlocale(LC_ALL, "");
	log_start();
	if (!parse(&s, argc, argv, &status))
		return status;
	a.roots = (struct roots){ s.proc, s.sys };
	if (s.status)
		return status_show();
	if (s.thaw)
		return thaw(&a.roots);
	if (!configure(&a.config, &s)) {
		config_free(&a.config);
		return PROGRAM_USAGE;
	}
	raise_limit();
	a.dry_run = s.dry_run;
	a.service = is_service();
	/* The PIDs that a compositor reports have to be those of procfs. */
	if (process_numbers(&(struct roots){ "/proc", "/sys" }) != PROCESS_NUMBERS_OWN) {
		log_error("/proc is not mounted, or belongs to another PID namespace");
		config_free(&a.config);
		return EXIT_FAILED;
	}
	status = run(&a);
	config_free(&a.config);
	return status;
}
