/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "listen.h"

#define PROGRAMS 16

struct heard heard;
sd_event *event;

static char dir[64], address[128];
static pid_t programs[PROGRAMS];

static void on_windows(void *data, const struct window *windows, size_t count, pid_t compositor)
{
	(void)data;
	heard.windows++;
	heard.count = count;
	heard.compositor = compositor;
	assert_true(count <= HEARD_MOST);
	if (count)
		memcpy(heard.list, windows, count * sizeof(*windows));
}

static void on_lost(void *data, const char *why)
{
	(void)data;
	heard.lost++;
	snprintf(heard.why, sizeof(heard.why), "%s", why);
}

static void on_hint(void *data, pid_t pid)
{
	(void)data;
	(void)pid;
}

static void on_ended(void *data)
{
	(void)data;
	heard.ended++;
}

const struct source_handler listen_handler = { on_windows, on_lost, on_hint, on_ended, NULL };

const struct window *listen_window(pid_t pid)
{
	const struct window *one = NULL;
	size_t i;

	for (i = 0; i < heard.count; i++) {
		if (heard.list[i].pid != pid)
			continue;
		assert_null(one);
		one = &heard.list[i];
	}
	if (!one)
		fail_msg("%d has no window", (int)pid);
	return one;
}

void listen_settle(void)
{
	int ret;

	do {
		ret = sd_event_run(event, 0);
		assert_true(ret >= 0);
	} while (ret);
}

const char *listen_dir(void)
{
	return dir;
}

/* --- programs ------------------------------------------------------------- */

pid_t listen_spawn(const char *const *argv)
{
	pid_t pid;
	int i = 0;

	while (programs[i])
		assert_true(++i < PROGRAMS);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	programs[i] = pid;
	return pid;
}

void listen_end(pid_t pid, int signal)
{
	int i;

	for (i = 0; i < PROGRAMS; i++) {
		if (programs[i] != pid)
			continue;
		kill(pid, signal);
		kill(pid, SIGCONT);
		waitpid(pid, NULL, 0);
		programs[i] = 0;
	}
}

/* --- the bus -------------------------------------------------------------- */

static bool listens(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool does;

	assert_true(fd >= 0 && strlen(path) < sizeof(to.sun_path));
	strcpy(to.sun_path, path);
	does = !connect(fd, (struct sockaddr *)&to, sizeof(to));
	close(fd);
	return does;
}

void listen_wait_socket(const char *path)
{
	const uint64_t end = clock_usec() + PATIENCE_SEC * USEC_PER_SEC;
	static const struct timespec step = { .tv_nsec = 10000000 };

	while (!listens(path)) {
		if (clock_usec() > end)
			fail_msg("timed out: %s", path);
		nanosleep(&step, NULL);
	}
}

int listen_setup(void **state)
{
	char socket_path[96], option[160];
	const char *const argv[] = { "dbus-daemon", "--session", "--nofork", "--nopidfile", option,
				     NULL };

	(void)state;
	memset(&heard, 0, sizeof(heard));
	strcpy(dir, "/tmp/agent-listen.XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(socket_path, sizeof(socket_path), "%s/bus", dir);
	snprintf(address, sizeof(address), "unix:path=%s", socket_path);
	snprintf(option, sizeof(option), "--address=%s", address);
	listen_spawn(argv);
	listen_wait_socket(socket_path);
	return sd_event_new(&event) < 0;
}

int listen_teardown(void **state)
{
	char command[128];
	int i;

	(void)state;
	event = sd_event_unref(event);
	for (i = 0; i < PROGRAMS; i++) {
		if (programs[i])
			listen_end(programs[i], SIGKILL);
	}
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

sd_bus *listen_connect(bool attach)
{
	const char *name;
	sd_bus *bus;

	assert_true(sd_bus_new(&bus) >= 0);
	assert_true(sd_bus_set_address(bus, address) >= 0);
	assert_true(sd_bus_set_bus_client(bus, 1) >= 0);
	/* Without this, sd-bus gives up after 25 seconds. */
	assert_true(sd_bus_set_method_call_timeout(bus, PATIENCE_SEC * USEC_PER_SEC) >= 0);
	assert_true(sd_bus_start(bus) >= 0);
	assert_true(sd_bus_get_unique_name(bus, &name) >= 0);
	if (attach)
		assert_true(sd_bus_attach_event(bus, event, 0) >= 0);
	return bus;
}

const char *listen_name(sd_bus *bus)
{
	const char *name;

	assert_true(sd_bus_get_unique_name(bus, &name) >= 0);
	return name;
}
