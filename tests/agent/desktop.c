/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "desktop.h"
#include "sway_tree.h"

/* Nothing takes this long, even on a busy machine. */
#define PATIENCE_SEC 120
#define STEP_MS 20

static void nap(void)
{
	static const struct timespec step = { .tv_nsec = STEP_MS * 1000000 };

	nanosleep(&step, NULL);
}

static time_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void give_up(const struct desktop *d, const char *what);

/* Poll @condition until it is true. The logs say why it has not become true. */
#define WAIT_UNTIL(d, condition) \
	do { \
		const time_t end_ = seconds() + PATIENCE_SEC; \
		while (!(condition)) { \
			if (seconds() > end_) \
				give_up(d, #condition); \
			nap(); \
		} \
	} while (0)

void desktop_nap(const struct desktop *d, const char *what)
{
	static time_t end;

	if (!what) {
		end = 0;
		return;
	}
	if (!end)
		end = seconds() + PATIENCE_SEC;
	if (seconds() > end)
		give_up(d, what);
	nap();
}

static char *read_file(const struct desktop *d, const char *name)
{
	static char text[1 << 18];
	char path[128];
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", d->world.dir, name);
	file = fopen(path, "re");
	text[0] = '\0';
	if (!file)
		return text;
	n = fread(text, 1, sizeof(text) - 1, file);
	text[n] = '\0';
	fclose(file);
	return text;
}

static void give_up(const struct desktop *d, const char *what)
{
	static const char *const logs[] = {
		"agent.log", "log", "sway.log", "kwin.log", "program.log",
	};
	size_t i;

	for (i = 0; i < sizeof(logs) / sizeof(logs[0]); i++)
		print_message("%s:\n%s\n", logs[i], read_file(d, logs[i]));
	fail_msg("timed out: %s", what);
}

/* --- programs ------------------------------------------------------------- */

static void become_plain(void)
{
	const uid_t uid = world_me();

	if (world_many_users() && (setgroups(0, NULL) || setresgid(uid, uid, uid) ||
				   setresuid(uid, uid, uid)))
		_exit(126);
}

static void set_environment(const struct desktop *d)
{
	static const char *const keep[] = { "PATH", "SANITIZER", "LC_ALL", NULL };
	char values[4][4096], pid[16];
	int i;

	for (i = 0; keep[i]; i++) {
		const char *value = getenv(keep[i]);

		snprintf(values[i], sizeof(values[i]), "%s", value ? value : "");
	}
	clearenv();
	for (i = 0; keep[i]; i++) {
		if (*values[i])
			setenv(keep[i], values[i], 1);
	}
	setenv("HOME", d->runtime, 1);
	setenv("XDG_RUNTIME_DIR", d->runtime, 1);
	setenv("WAYLAND_DISPLAY", "wayland-1", 1);
	if (*d->display)
		setenv("DISPLAY", d->display, 1);
	if (*d->swaysock)
		setenv("SWAYSOCK", d->swaysock, 1);
	if (*d->current_desktop)
		setenv("XDG_CURRENT_DESKTOP", d->current_desktop, 1);
	if (d->service) {
		snprintf(pid, sizeof(pid), "%d", (int)getpid());
		setenv("SYSTEMD_EXEC_PID", pid, 1);
	}
	setenv("DBUS_SYSTEM_BUS_ADDRESS", d->world.address, 1);
	setenv("DBUS_SESSION_BUS_ADDRESS", d->session, 1);
	setenv("WLR_BACKENDS", "headless", 1);
	setenv("WLR_RENDERER", "pixman", 1);
	setenv("WLR_LIBINPUT_NO_DEVICES", "1", 1);
	/* LeakSanitizer needs ptrace(), which fails for a process that has changed its user. */
	if (world_many_users())
		setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
}

/* @ours: a program of the build directory, which only root may be able to read. */
static pid_t spawn(const struct desktop *d, const char *log, bool ours, const char *const *argv)
{
	char path[128];
	pid_t pid;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", d->world.dir, log);
	pid = fork();
	assert_true(pid >= 0);
	if (pid)
		return pid;
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	set_environment(d);
	if (ours)
		world_become(world_me());
	else
		become_plain();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

pid_t desktop_fork(void)
{
	const pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		become_plain();
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	}
	return pid;
}

pid_t desktop_spawn(const struct desktop *d, const char *log, const char *const *argv)
{
	return spawn(d, log, false, argv);
}

void desktop_end(pid_t *pid, int signal, int *status)
{
	int ignored;

	if (!*pid)
		return;
	kill(*pid, signal);
	kill(*pid, SIGCONT);
	waitpid(*pid, status ? status : &ignored, 0);
	*pid = 0;
}

int desktop_wait_agent(struct desktop *d)
{
	int status;

	WAIT_UNTIL(d, waitpid(d->agent, &status, WNOHANG) == d->agent);
	d->agent = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool desktop_possible(void)
{
	return !system("command -v sway swaymsg dbus-daemon >/dev/null");
}

/* --- sway ----------------------------------------------------------------- */

static const char *sway_socket(const struct desktop *d)
{
	static char path[160];

	snprintf(path, sizeof(path), "%s/sway-ipc.%u.%d.sock", d->runtime,
		 (unsigned int)world_me(), (int)d->sway);
	return path;
}

static void swaymsg(const struct desktop *d, const char *arguments, char *out, size_t size)
{
	char command[512];
	FILE *pipe;
	size_t n;

	snprintf(command, sizeof(command), "swaymsg -s '%s' %s 2>&1", sway_socket(d), arguments);
	pipe = popen(command, "re");
	assert_non_null(pipe);
	n = fread(out, 1, size - 1, pipe);
	out[n] = '\0';
	pclose(pipe);
}

void desktop_exit_sway(const struct desktop *d)
{
	char out[4096];

	/* There may be no reply. */
	swaymsg(d, "exit", out, sizeof(out));
}

void desktop_command(const struct desktop *d, const char *command)
{
	char arguments[256], out[4096];

	snprintf(arguments, sizeof(arguments), "-r -- '%s'", command);
	swaymsg(d, arguments, out, sizeof(out));
	if (!strstr(out, "\"success\": true"))
		fail_msg("%s: %s", command, out);
}

static bool has_window(const struct desktop *d, pid_t pid)
{
	static char tree[1 << 18];
	struct window_list list;
	bool has = false;
	size_t i;

	swaymsg(d, "-t get_tree -r", tree, sizeof(tree));
	while (*tree && tree[strlen(tree) - 1] == '\n')
		tree[strlen(tree) - 1] = '\0';
	if (sway_tree_windows(tree, strlen(tree), &list))
		return false;
	for (i = 0; i < list.count; i++)
		has |= list.windows[i].pid == pid;
	window_list_free(&list);
	return has;
}

void desktop_enter_sway(struct desktop *d)
{
	snprintf(d->swaysock, sizeof(d->swaysock), "%s", sway_socket(d));
}

void desktop_start_sway(struct desktop *d)
{
	static const char *const argv[] = { "sway", "-c", "/dev/null", NULL };
	const char *socket;
	char display[160];

	snprintf(display, sizeof(display), "%s/wayland-1", d->runtime);
	unlink(display);
	/* sway would use this socket itself. */
	d->swaysock[0] = '\0';
	d->sway = spawn(d, "sway.log", false, argv);
	socket = sway_socket(d);
	WAIT_UNTIL(d, world_can_connect(socket) && world_can_connect(display));
	fake_proc_process(&d->proc, d->sway, 1, "sway", "/");
}

void desktop_memory_of(const struct desktop *d, int client, unsigned int resident,
		       unsigned int evicted)
{
	/* Each has opened the device itself. */
	fake_proc_gpu(&d->proc, d->clients[client], "panthor", 7 + (unsigned int)client,
		      resident * MIB, evicted * MIB, 0);
}

static const char *unit_of(int client)
{
	static char name[48];

	snprintf(name, sizeof(name), "app.slice/app-client%d.scope", client);
	return name;
}

bool desktop_is_frozen(const struct desktop *d, int client)
{
	return cgroups_is_frozen(&d->cgroups, unit_of(client));
}

void desktop_add_client(struct desktop *d, int i)
{
	const unsigned int uid = world_me();
	char name[16], cgroup[192] = "/";

	if (d->has_units) {
		cgroups_make(&d->cgroups, unit_of(i));
		cgroups_add(&d->cgroups, unit_of(i), d->clients[i]);
		snprintf(cgroup, sizeof(cgroup), "/user.slice/user-%u.slice/user@%u.service/%s",
			 uid, uid, unit_of(i));
	}
	snprintf(name, sizeof(name), "client%d", i);
	fake_proc_process(&d->proc, d->clients[i], d->sway ? d->sway : 1, name, cgroup);
	desktop_memory_of(d, i, 4, 0);
}

void desktop_start_client(struct desktop *d, int client)
{
	char name[16];
	const char *argv[] = { getenv("CLIENT"), name, NULL };

	snprintf(name, sizeof(name), "client%d", client);
	d->clients[client] = spawn(d, "client.log", true, argv);
	desktop_add_client(d, client);
}

void desktop_start_processes(struct desktop *d)
{
	static const char *const argv[] = { "sleep", "infinity", NULL };
	int i;

	for (i = 0; i < CLIENTS; i++) {
		d->clients[i] = spawn(d, "client.log", false, argv);
		desktop_add_client(d, i);
	}
}

void desktop_start_clients(struct desktop *d)
{
	char command[32];
	int i;

	for (i = 0; i < CLIENTS; i++) {
		snprintf(command, sizeof(command), "workspace %d", i + 1);
		desktop_command(d, command);
		desktop_start_client(d, i);
		WAIT_UNTIL(d, has_window(d, d->clients[i]));
	}
}

/* --- the rest ------------------------------------------------------------- */

static void start_session_bus(struct desktop *d)
{
	char address[160], socket[112];
	const char *const argv[] = { "dbus-daemon", "--session", "--nofork", "--nopidfile", address,
				     NULL };

	snprintf(socket, sizeof(socket), "%s/session", d->runtime);
	snprintf(d->session, sizeof(d->session), "unix:path=%s", socket);
	snprintf(address, sizeof(address), "--address=%s", d->session);
	d->bus = spawn(d, "bus.log", false, argv);
	WAIT_UNTIL(d, world_can_connect(socket));
}

void desktop_start_memd(struct desktop *d, const char *words)
{
	const struct setup s = { .words = words, .config = MEMD_CONFIG, .apps = CLIENTS };
	int i;

	for (i = 0; i < CLIENTS; i++)
		d->world.victims[i] = d->clients[i];
	world_start_memd(&d->world, &s);
	if (!d->world.memd)
		fail_msg("panthor-memd does not start: %s", world_log(&d->world));
}

static void write_config(const struct desktop *d, const char *config)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/agent.conf", d->world.dir);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs(config, file);
	fclose(file);
	chmod(path, 0644);
}

void desktop_launch_agent(struct desktop *d, const char *config, const char *option)
{
	char path[128];
	const char *const argv[] = { getenv("AGENT"), "--proc", d->proc.dir, "--sys",
				     d->cgroups.sys, "--config", path, option, NULL };

	write_config(d, config);
	snprintf(path, sizeof(path), "%s/agent.log", d->world.dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/agent.conf", d->world.dir);
	d->agent = spawn(d, "agent.log", true, argv);
	desktop_wait_log(d, " is ready");
}

void desktop_start_agent(struct desktop *d, const char *config, const char *option)
{
	desktop_launch_agent(d, config, option);
	desktop_wait_log(d, "connected to ");
}

int desktop_run_agent(const struct desktop *d, const char *option, const char *config, char *out,
		      size_t size)
{
	char path[128];
	const char *const argv[] = { getenv("AGENT"), "--proc", d->proc.dir, "--sys",
				     d->cgroups.sys, "--config", path, option, NULL };
	int status;
	pid_t pid;

	if (config)
		write_config(d, config);
	snprintf(path, sizeof(path), "%s/run.log", d->world.dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/agent.conf", d->world.dir);
	pid = spawn(d, "run.log", true, argv);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	snprintf(out, size, "%s", read_file(d, "run.log"));
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void desktop_start_base(struct desktop *d)
{
	char dir[96];
	int i;

	memset(d, 0, sizeof(*d));
	world_start(&d->world, &(struct setup){ .words = "", .no_start = true });
	for (i = 0; i < VICTIMS; i++) {
		world_end_process(d->world.victims[i]);
		d->world.victims[i] = 0;
	}
	/* The programs of the user write their logs there. */
	chmod(d->world.dir, 0777);
	snprintf(d->runtime, sizeof(d->runtime), "%s/run", d->world.dir);
	assert_int_equal(mkdir(d->runtime, 0700), 0);
	snprintf(dir, sizeof(dir), "%s/proc", d->world.dir);
	assert_int_equal(mkdir(dir, 0755), 0);
	fake_proc_init(&d->proc, dir, world_me());
	if (world_many_users()) {
		assert_int_equal(chown(d->runtime, world_me(), world_me()), 0);
		assert_int_equal(chown(dir, world_me(), world_me()), 0);
	}
	fake_proc_memory(&d->proc, 50);
	cgroups_start(&d->cgroups, d->world.dir, cgroups_real_possible(), world_me());
	start_session_bus(d);
}

static void start(struct desktop *d, const char *words, const char *config)
{
	desktop_start_sway(d);
	desktop_start_clients(d);
	desktop_start_memd(d, words);
	if (config)
		desktop_start_agent(d, config, NULL);
}

void desktop_start(struct desktop *d, const char *words, const char *config)
{
	desktop_start_base(d);
	start(d, words, config);
}

void desktop_start_units(struct desktop *d, const char *words, const char *config)
{
	desktop_start_base(d);
	d->has_units = true;
	start(d, words, config);
}

void desktop_stop(struct desktop *d)
{
	int i, status = 0;

	desktop_end(&d->agent, SIGTERM, &status);
	if (status)
		print_message("agent: %s\n", read_file(d, "agent.log"));
	desktop_end(&d->sway, SIGKILL, NULL);
	for (i = 0; i < CLIENTS; i++)
		desktop_end(&d->clients[i], SIGKILL, NULL);
	memset(d->world.victims, 0, sizeof(d->world.victims));
	desktop_end(&d->bus, SIGKILL, NULL);
	if (*d->cgroups.top)
		cgroups_stop(&d->cgroups);
	if (*d->world.dir)
		world_stop(&d->world);
	assert_int_equal(status, 0);
}

/* --- what happens --------------------------------------------------------- */

const char *desktop_log(const struct desktop *d)
{
	return read_file(d, "agent.log");
}

void desktop_wait_log(const struct desktop *d, const char *text)
{
	WAIT_UNTIL(d, strstr(desktop_log(d), text));
}

static bool has_status(const struct desktop *d, int client, const char *text)
{
	static char out[1 << 14];
	char name[24] = "", *line, *rest = out;

	if (desktop_run_agent(d, "--status", NULL, out, sizeof(out)))
		return false;
	if (client >= 0)
		snprintf(name, sizeof(name), "client%d", client);
	while ((line = strsep(&rest, "\n"))) {
		if (strstr(line, name) && strstr(line, text))
			return true;
	}
	return false;
}

void desktop_wait_status(const struct desktop *d, int client, const char *text)
{
	WAIT_UNTIL(d, has_status(d, client, text));
}

int desktop_operations(const struct desktop *d, const char *operation, int client)
{
	const char *at = world_log(&d->world);
	char line[64];
	int count = 0;

	snprintf(line, sizeof(line), ": %s of %d for UID", operation, (int)d->clients[client]);
	while ((at = strstr(at, line))) {
		at += strlen(line);
		count++;
	}
	return count;
}

void desktop_wait_operations(const struct desktop *d, const char *operation, int client, int count)
{
	WAIT_UNTIL(d, desktop_operations(d, operation, client) >= count);
}

/* --- the session bus ------------------------------------------------------ */

#define NAME "org.panthormem.Agent1"
#define PATH "/org/panthormem/Agent1"

sd_bus *desktop_connect(const struct desktop *d)
{
	const char *name;
	sd_bus *bus;

	assert_true(sd_bus_new(&bus) >= 0);
	assert_true(sd_bus_set_address(bus, d->session) >= 0);
	assert_true(sd_bus_set_bus_client(bus, 1) >= 0);
	/* Without this, sd-bus gives up after 25 seconds. */
	assert_true(sd_bus_set_method_call_timeout(bus, PATIENCE_SEC * UINT64_C(1000000)) >= 0);
	if (world_many_users())
		assert_int_equal(seteuid(world_me()), 0);
	assert_true(sd_bus_start(bus) >= 0);
	assert_true(sd_bus_get_unique_name(bus, &name) >= 0);
	if (!getuid())
		assert_int_equal(seteuid(0), 0);
	return bus;
}

void desktop_call(const struct desktop *d, const char *method, const char *types, int argument)
{
	sd_bus *bus = desktop_connect(d);

	assert_true(sd_bus_call_method(bus, NAME, PATH, NAME, method, NULL, NULL, types,
				       argument) >= 0);
	sd_bus_flush_close_unref(bus);
}

char *desktop_introspect(const struct desktop *d)
{
	sd_bus *bus = desktop_connect(d);
	sd_bus_message *m = NULL;
	const char *text;
	char *copy;

	assert_true(sd_bus_call_method(bus, NAME, PATH, "org.freedesktop.DBus.Introspectable",
				       "Introspect", NULL, &m, NULL) >= 0);
	assert_true(sd_bus_message_read(m, "s", &text) > 0);
	copy = strdup(text);
	sd_bus_message_unref(m);
	sd_bus_flush_close_unref(bus);
	return copy;
}
