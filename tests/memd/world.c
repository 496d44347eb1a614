/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <panthor_mem.h>

#include "patience.h"
#include "world.h"

bool world_many_users(void)
{
	return !geteuid();
}

bool world_wrapped(void)
{
	const char *wrapper = getenv("MEMD_WRAPPER");

	return wrapper && *wrapper;
}

uid_t world_me(void)
{
	return world_many_users() ? UID_A : getuid();
}

uid_t world_other(void)
{
	return world_many_users() ? UID_SERVICE : getuid();
}

static void become(uid_t uid)
{
	if (world_many_users() && (setgroups(0, NULL) || setresgid(uid, uid, uid) ||
				   setresuid(uid, uid, uid)))
		_exit(126);
}

/* --- files ---------------------------------------------------------------- */

static void write_file(const struct world *w, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void write_file(const struct world *w, const char *name, const char *format, ...)
{
	char path[256];
	va_list args;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", w->dir, name);
	file = fopen(path, "we");
	assert_non_null(file);
	va_start(args, format);
	vfprintf(file, format, args);
	va_end(args);
	fclose(file);
	chmod(path, 0644);
}

static const char *read_file(const char *path)
{
	static char text[1 << 16];
	FILE *file = fopen(path, "re");
	size_t n;

	if (!file)
		return "";
	n = fread(text, 1, sizeof(text) - 1, file);
	text[n] = '\0';
	fclose(file);
	return text;
}

const char *world_log(const struct world *w)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/log", w->dir);
	return read_file(path);
}

void world_wait_log(const struct world *w, const char *text)
{
	WAIT_UNTIL(strstr(world_log(w), text));
}

void world_add_device(struct world *w, const char *name)
{
	char path[160];
	int fd;

	mkdir(w->dri, 0755);
	snprintf(path, sizeof(path), "%s/%s", w->dri, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	close(fd);
}

void world_remove_device(struct world *w, const char *name)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", w->dri, name);
	assert_int_equal(unlink(path), 0);
}

/* --- the bus -------------------------------------------------------------- */

/* Write the installed bus policy with the user of the test instead of panthor-memd. */
static void write_policy(const struct world *w)
{
	const char *text = read_file(getenv("BUS_POLICY"));
	const char *user = strstr(text, "\"" BROKER_USER "\"");
	const struct passwd *passwd = getpwuid(world_many_users() ? UID_BROKER : getuid());

	assert_non_null(user);
	assert_non_null(passwd);
	write_file(w, "policy.conf", "%.*s\"%s\"%s", (int)(user - text), text, passwd->pw_name,
		   user + strlen("\"" BROKER_USER "\""));
}

/*
 * The policy is that of /usr/share/dbus-1/system.conf, and allows root to play polkit
 * or logind.
 */
static void write_bus_config(const struct world *w)
{
	write_policy(w);
	write_file(w, "bus.conf",
		   "<busconfig><type>system</type><listen>unix:path=%s/socket</listen>"
		   "<auth>EXTERNAL</auth><policy context='default'><allow user='*'/>"
		   "<deny own='*'/><deny send_type='method_call'/>"
		   "<allow send_type='signal'/><allow send_requested_reply='true' "
		   "send_type='method_return'/><allow send_requested_reply='true' "
		   "send_type='error'/><allow receive_type='method_call'/>"
		   "<allow receive_type='method_return'/><allow receive_type='error'/>"
		   "<allow receive_type='signal'/>"
		   "<allow send_destination='org.freedesktop.DBus'/>"
		   "<allow send_destination='org.freedesktop.PolicyKit1'/>"
		   "<allow send_destination='org.freedesktop.login1'/>"
		   "</policy><policy user='root'><allow own='org.freedesktop.PolicyKit1'/>"
		   "<allow own='org.freedesktop.login1'/>"
		   "<allow send_type='method_call'/></policy>"
		   "<include>%s/policy.conf</include></busconfig>\n", w->dir, w->dir);
}

bool world_can_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool can;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	can = !connect(fd, (struct sockaddr *)&address, sizeof(address));
	close(fd);
	return can;
}

static void start_bus(struct world *w)
{
	char config[128], socket[96], log[128];

	write_bus_config(w);
	snprintf(config, sizeof(config), "--config-file=%s/bus.conf", w->dir);
	snprintf(socket, sizeof(socket), "%s/socket", w->dir);
	snprintf(log, sizeof(log), "%s/bus.log", w->dir);
	snprintf(w->address, sizeof(w->address), "unix:path=%s", socket);
	w->bus = fork();
	assert_true(w->bus >= 0);
	if (!w->bus) {
		int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		execlp("dbus-daemon", "dbus-daemon", config, "--nofork", "--nopidfile",
		       "--nosyslog", NULL);
		_exit(127);
	}
	WAIT_UNTIL(world_can_connect(socket) || waitpid(w->bus, NULL, WNOHANG));
	assert_int_equal(waitpid(w->bus, NULL, WNOHANG), 0);
	chmod(socket, 0666);
}

/* --- processes ------------------------------------------------------------ */

const char *world_process_name(void)
{
	static char name[16];

	snprintf(name, sizeof(name), "victim%d", (int)getpid());
	return name;
}

/* fork(), but the child gets this PID. 0: any. */
static pid_t fork_as(pid_t wanted)
{
	const pid_t pid = wanted;
	struct clone_args args = {
		.exit_signal = SIGCHLD,
		.set_tid = (uint64_t)(uintptr_t)&pid,
		.set_tid_size = 1,
	};

	return wanted ? (pid_t)syscall(SYS_clone3, &args, sizeof(args)) : fork();
}

/*
 * Returns -1 if the kernel does not give it the PID @wanted. @visible: its user can inspect its
 * files.
 */
static pid_t start_process(uid_t uid, pid_t wanted, bool visible)
{
	char name[16];
	int ready[2];
	pid_t pid;
	char c;

	snprintf(name, sizeof(name), "%s", world_process_name());
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork_as(wanted);
	if (!pid) {
		prctl(PR_SET_NAME, name);
		become(uid);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_DUMPABLE, visible);
		/* Close the FIFO of a held call, too, or world_release() has no effect. */
		if (close_range(STDERR_FILENO + 1, UINT_MAX, 0)) {
			close(ready[0]);
			close(ready[1]);
		}
		for (;;)
			pause();
	}
	/* The child has changed its user when it closes the pipe. */
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 0);
	close(ready[0]);
	return pid;
}

pid_t world_process(uid_t uid)
{
	pid_t pid = start_process(uid, 0, false);

	assert_true(pid >= 0);
	return pid;
}

pid_t world_idle_process(uid_t uid)
{
	pid_t pid = start_process(uid, 0, true);

	assert_true(pid >= 0);
	return pid;
}

bool world_reuse_pid(pid_t pid, uid_t uid)
{
	world_end_process(pid);
	return start_process(uid, pid, false) == pid;
}

void world_end_process(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

void world_end_victim(struct world *w, int victim)
{
	world_end_process(w->victims[victim]);
	w->victims[victim] = 0;
}

uint64_t world_id(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct stat st;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	close(fd);
	return st.st_ino;
}

/* In a container, root can lack a capability. */
static bool has_capability(cap_value_t c)
{
	cap_flag_value_t value = CAP_CLEAR;
	cap_t caps = cap_get_proc();

	cap_get_flag(caps, c, CAP_PERMITTED, &value);
	cap_free(caps);
	return value == CAP_SET;
}

/* Become @uid, but keep a capability, also after exec(). */
static void become_with(uid_t uid, cap_value_t kept)
{
	cap_t caps = cap_init();

	if (!world_many_users())
		return;
	if (!has_capability(kept)) {
		become(uid);
		return;
	}
	prctl(PR_SET_KEEPCAPS, 1);
	become(uid);
	cap_set_flag(caps, CAP_PERMITTED, 1, &kept, CAP_SET);
	cap_set_flag(caps, CAP_EFFECTIVE, 1, &kept, CAP_SET);
	cap_set_flag(caps, CAP_INHERITABLE, 1, &kept, CAP_SET);
	if (cap_set_proc(caps) || cap_set_ambient(kept, CAP_SET))
		_exit(126);
	cap_free(caps);
}

static void __attribute__((noreturn)) change_when_told(const sigset_t *signals)
{
	siginfo_t info;

	for (;;) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (sigwaitinfo(signals, &info) < 0)
			continue;
		/* The value has both users, which are below 65536. */
		if (setresuid((uid_t)info.si_value.sival_int >> 16,
			      (uid_t)info.si_value.sival_int & 0xffff,
			      (uid_t)info.si_value.sival_int & 0xffff))
			_exit(1);
	}
}

static bool has_users(pid_t pid, uid_t real, uid_t uid)
{
	unsigned int found[2] = { 0 };
	char path[64];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	at = strstr(read_file(path), "\nUid:");
	return at && sscanf(at + 5, "%u %u", &found[0], &found[1]) == 2 && found[0] == real &&
	       found[1] == uid;
}

pid_t world_changing_process(uid_t uid)
{
	const cap_value_t kept = CAP_SETUID;
	sigset_t signals;
	pid_t pid;

	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		become_with(uid, kept);
		change_when_told(&signals);
	}
	sigprocmask(SIG_UNBLOCK, &signals, NULL);
	WAIT_UNTIL(has_users(pid, uid, uid));
	return pid;
}

void world_change_process(pid_t pid, uid_t real, uid_t uid)
{
	assert_int_equal(sigqueue(pid, SIGUSR1, (union sigval){ .sival_int =
				  (int)(real << 16 | uid) }), 0);
	WAIT_UNTIL(has_users(pid, real, uid));
}

/* The build directory may be readable by root alone. */
void world_become(uid_t uid)
{
	become_with(uid, CAP_DAC_READ_SEARCH);
}

/* Copy what a user without capabilities has to read. */
static void copy_programs(const struct world *w)
{
	char command[1024];

	snprintf(command, sizeof(command), "cp -L '%s' '%s' $(ldd '%s' | "
		 "awk '/libdrm_panthor/ { print $3 }') '%s' && chmod 755 '%s'/*.so* '%s'/panthor-memd",
		 getenv("MEMD"), getenv("MOCK"), getenv("MEMD"), w->dir, w->dir, w->dir);
	assert_int_equal(system(command), 0);
}

/*
 * ProtectProc=invisible and ProcSubset=pid. In a container, root may be unable to do this, as
 * systemd is.
 */
static void hide_processes(void)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return;
	mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
	      "hidepid=invisible,subset=pid");
}

/* Refuse capset(), which is in @privileged of the unit's SystemCallFilter=. */
static void refuse_capset(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_capset, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(126);
}

/* --- panthor-memd --------------------------------------------------------- */

static void set_words(const struct world *w, const struct setup *s)
{
	char words[1024];
	unsigned int i, apps = s->apps ? s->apps : VICTIMS;
	size_t used;

	used = (size_t)snprintf(words, sizeof(words), "apps=%u dri=%s hold=%s %s pids=", apps,
				w->dri, w->fifo, s->words ? s->words : "");
	for (i = 0; i < apps; i++)
		used += (size_t)snprintf(words + used, sizeof(words) - used, "%s%d", i ? "," : "",
					 (int)w->victims[i]);
	/* Remove hold= unless the test holds calls with the word "held". */
	if (!s->words || !strstr(s->words, "held")) {
		char *hold = strstr(words, "hold=");

		memset(hold, ' ', strcspn(hold, " "));
	}
	setenv("PANTHOR_MOCK", words, 1);
}

/* Run panthor-memd under the command in MEMD_WRAPPER, if there is one. */
static void __attribute__((noreturn)) exec_wrapped(const char *const *argv)
{
	const char *words[32];
	size_t count = 0, i;
	char *rest = world_wrapped() ? strdup(getenv("MEMD_WRAPPER")) : NULL;
	char *word;

	while ((word = strsep(&rest, " \t")) && count < 16) {
		if (*word)
			words[count++] = word;
	}
	for (i = 0; argv[i]; i++)
		words[count++] = argv[i];
	words[count] = NULL;
	execv(words[0], (char *const *)words);
	_exit(127);
}

static void __attribute__((noreturn)) exec_memd(const struct world *w, const struct setup *s)
{
	char preload[1024], config[96], log[96], program[96];
	const char *const argv[] = { s->unit ? program : getenv("MEMD"), "--config", config,
				     "--devices", w->dri, "--user", "daemon", "--group",
				     s->no_group ? "no-such-group" : GROUP_NAME, NULL };
	int fd;

	snprintf(program, sizeof(program), "%s/panthor-memd", w->dir);
	if (s->unit)
		snprintf(preload, sizeof(preload), "%s %s/%s", getenv("SANITIZER"), w->dir,
			 strrchr(getenv("MOCK"), '/') + 1);
	else
		snprintf(preload, sizeof(preload), "%s %s", getenv("SANITIZER"), getenv("MOCK"));
	snprintf(config, sizeof(config), "%s/memd.conf", w->dir);
	snprintf(log, sizeof(log), "%s/log", w->dir);
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	setenv("DBUS_SYSTEM_BUS_ADDRESS", w->address, 1);
	/* LeakSanitizer needs ptrace(), which fails for a process that has changed its user. */
	if (s->as_root || s->unit)
		setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
	if (s->unit) {
		setenv("LD_LIBRARY_PATH", w->dir, 1);
		hide_processes();
		become_with(UID_BROKER, CAP_SYS_RESOURCE);
		refuse_capset();
	} else if (!s->as_root) {
		world_become(UID_BROKER);
	} else {
		/* A group for panthor-memd to leave. */
		setgroups(1, &(gid_t){ GROUP_GID });
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setenv("RUNTIME_DIRECTORY", w->dir, 1);
	set_words(w, s);
	setenv("LD_PRELOAD", preload, 1);
	for (fd = 0; s->closed && fd <= STDERR_FILENO; fd++)
		close(fd);
	exec_wrapped(argv);
}

static void __attribute__((noreturn)) exec_program(const struct world *w, uid_t uid,
						   const char *mock, const char *const *argv,
						   int fd)
{
	char preload[1024];

	snprintf(preload, sizeof(preload), "%s %s", getenv("SANITIZER"), getenv("MOCK"));
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	setenv("DBUS_SYSTEM_BUS_ADDRESS", w->address, 1);
	/* Background jobs of a script ignore it. */
	signal(SIGINT, SIG_DFL);
	world_become(uid);
	if (mock) {
		setenv("PANTHOR_MOCK", mock, 1);
		setenv("LD_PRELOAD", preload, 1);
	}
	execv(argv[0], (char *const *)argv);
	_exit(127);
}

pid_t world_run_begin(const struct world *w, uid_t uid, const char *mock, const char *const *argv,
		      int *fd)
{
	int pipes[2];
	pid_t pid;

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		exec_program(w, uid, mock, argv, pipes[1]);
	close(pipes[1]);
	*fd = pipes[0];
	return pid;
}

/* read(), but a program that neither prints anything nor ends fails the test. */
static ssize_t read_soon(int fd, char *out, size_t size)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
	return read(fd, out, size);
}

int world_run_end(pid_t pid, int fd, char *out, size_t size)
{
	size_t used = 0;
	int status;
	ssize_t n;

	while (used < size - 1 && (n = read_soon(fd, out + used, size - 1 - used)) > 0)
		used += (size_t)n;
	out[used] = '\0';
	close(fd);
	WAIT_UNTIL(waitpid(pid, &status, WNOHANG) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int world_run(const struct world *w, uid_t uid, const char *mock, const char *const *argv,
	      char *out, size_t size)
{
	int fd;
	const pid_t pid = world_run_begin(w, uid, mock, argv, &fd);

	return world_run_end(pid, fd, out, size);
}

static bool memd_ended(struct world *w)
{
	return waitpid(w->memd, &w->memd_status, WNOHANG) == w->memd;
}

/* Without a log, the name on the bus says that it is ready. */
static bool has_name(struct world *w)
{
	sd_bus *bus = world_client(w, world_me());
	bool has = sd_bus_get_name_creds(bus, BROKER_NAME, 0, NULL) >= 0;

	world_disconnect(w, bus);
	return has;
}

static bool is_ready(struct world *w, const struct setup *s)
{
	return s->closed ? has_name(w) : !!strstr(world_log(w), "is ready");
}

void world_start_memd(struct world *w, const struct setup *s)
{
	write_file(w, "memd.conf", "%s", s->config ? s->config : "");
	write_file(w, "log", "%s", "");
	if (s->unit)
		copy_programs(w);
	chmod(w->dir, 0777);
	w->memd = fork();
	assert_true(w->memd >= 0);
	if (!w->memd)
		exec_memd(w, s);
	WAIT_UNTIL(is_ready(w, s) || memd_ended(w));
	if (!is_ready(w, s))
		w->memd = 0;
}

int world_count_files(const struct world *w)
{
	char path[64];
	int count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)w->memd);
	dir = opendir(path);
	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

void world_end_memd(struct world *w, int signal)
{
	kill(w->memd, signal);
	WAIT_UNTIL(memd_ended(w));
	w->memd = 0;
}

void world_start(struct world *w, const struct setup *s)
{
	unsigned int i;

	memset(w, 0, sizeof(*w));
	strcpy(w->dir, "/tmp/memd-test.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	chmod(w->dir, 0755);
	snprintf(w->fifo, sizeof(w->fifo), "%s/fifo", w->dir);
	snprintf(w->dri, sizeof(w->dri), "%s/dri", w->dir);
	assert_int_equal(mkfifo(w->fifo, 0666), 0);
	chmod(w->fifo, 0666);
	if (!s->no_folder)
		mkdir(w->dri, 0755);
	if (!s->no_device && !s->no_folder)
		world_add_device(w, "renderD128");
	for (i = 0; i < VICTIMS; i++) {
		w->uids[i] = s->uids ? (uid_t)s->uids[i] : world_me();
		w->victims[i] = world_process(w->uids[i]);
	}
	start_bus(w);
	if (s->no_start)
		return;
	world_start_memd(w, s);
	if (!w->memd)
		fail_msg("panthor-memd does not start, status 0x%x: %s", w->memd_status,
			 world_log(w));
}

static void remove_all(const char *dir)
{
	pid_t pid = fork();

	if (!pid) {
		execlp("rm", "rm", "-rf", "--one-file-system", dir, NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

void world_stop(struct world *w)
{
	unsigned int i;
	int status = 0;

	for (i = 0; i < w->n_clients; i++)
		sd_bus_flush_close_unref(w->clients[i]);
	if (w->memd) {
		world_end_memd(w, SIGTERM);
		status = w->memd_status;
	}
	if (w->bus) {
		kill(w->bus, SIGKILL);
		waitpid(w->bus, NULL, 0);
	}
	for (i = 0; i < VICTIMS; i++) {
		if (w->victims[i])
			world_end_process(w->victims[i]);
	}
	if (status)
		print_message("panthor-memd ended with status 0x%x: %s\n", status, world_log(w));
	if (*w->dir)
		remove_all(w->dir);
	memset(w, 0, sizeof(*w));
	assert_int_equal(status, 0);
}

int world_wait_held(const struct world *w)
{
	int fd = -1;

	WAIT_UNTIL((fd = open(w->fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC)) >= 0);
	return fd;
}

void world_release(int fd)
{
	close(fd);
}

void world_release_and_wait(const struct world *w, int fd)
{
	const int events = inotify_init1(IN_CLOEXEC);
	struct pollfd p = { .fd = events, .events = POLLIN };

	assert_true(inotify_add_watch(events, w->fifo, IN_CLOSE_NOWRITE) >= 0);
	world_release(fd);
	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
	close(events);
}

static void release_if_held(const struct world *w)
{
	const int fd = open(w->fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		world_release(fd);
}

/* --- clients -------------------------------------------------------------- */

sd_bus *world_client_in_group(struct world *w, uid_t uid, gid_t gid)
{
	sd_bus *bus = NULL;
	const char *name;

	assert_true(w->n_clients < sizeof(w->clients) / sizeof(w->clients[0]));
	assert_int_equal(sd_bus_new(&bus), 0);
	assert_true(sd_bus_set_address(bus, w->address) >= 0);
	assert_true(sd_bus_set_bus_client(bus, 1) >= 0);
	/* Without this, sd-bus gives up after 25 seconds. */
	assert_true(sd_bus_set_method_call_timeout(bus, PATIENCE_USEC) >= 0);
	/* The bus takes the user of the client from the process that connects. */
	if (world_many_users()) {
		assert_int_equal(setgroups(gid ? 1 : 0, &gid), 0);
		assert_int_equal(seteuid(uid), 0);
	}
	assert_true(sd_bus_start(bus) >= 0);
	assert_true(sd_bus_get_unique_name(bus, &name) >= 0);
	if (!getuid()) {
		assert_int_equal(seteuid(0), 0);
		assert_int_equal(setgroups(0, NULL), 0);
	}
	w->clients[w->n_clients++] = bus;
	return bus;
}

sd_bus *world_client(struct world *w, uid_t uid)
{
	return world_client_in_group(w, uid, 0);
}

void world_disconnect(struct world *w, sd_bus *bus)
{
	size_t i;

	for (i = 0; i < w->n_clients && w->clients[i] != bus; i++)
		;
	assert_true(i < w->n_clients);
	sd_bus_flush(bus);
	sd_bus_close_unref(bus);
	w->clients[i] = w->clients[--w->n_clients];
}

static void shorten(char *to, size_t size, const char *name)
{
	const char *dot = strrchr(name, '.');

	snprintf(to, size, "%s", dot ? dot + 1 : name);
}

static int on_reply(sd_bus_message *m, void *data, sd_bus_error *error)
{
	struct call *c = data;
	struct reply *r = &c->reply;
	const sd_bus_error *e = sd_bus_message_get_error(m);
	const char *soft = "";

	(void)error;
	r->done = true;
	if (e) {
		shorten(r->error, sizeof(r->error), e->name);
		snprintf(r->text, sizeof(r->text), "%s", e->message ? e->message : "");
		return 0;
	}
	if (c->claim)
		assert_true(sd_bus_message_read(m, "ttus", &r->claimed, &r->remaining, &r->status,
						&soft) > 0);
	else
		assert_true(sd_bus_message_read(m, "tttus", &r->freed, &r->evicted, &r->skipped,
						&r->status, &soft) > 0);
	shorten(r->soft, sizeof(r->soft), soft);
	return 0;
}

static void add_options(sd_bus_message *m, const struct options *o)
{
	int ret = sd_bus_message_open_container(m, 'a', "{sv}");

	if (o->device)
		ret |= sd_bus_message_append(m, "{sv}", "device", "s", o->device);
	if (o->max_bytes)
		ret |= sd_bus_message_append(m, "{sv}", "max-bytes", "t", o->max_bytes);
	if (o->wait_usec)
		ret |= sd_bus_message_append(m, "{sv}", "wait-usec", "t", o->wait_usec);
	if (o->no_pageout)
		ret |= sd_bus_message_append(m, "{sv}", "no-pageout", "b", 1);
	if (o->dry_run)
		ret |= sd_bus_message_append(m, "{sv}", "dry-run", "b", 1);
	if (o->prefetch)
		ret |= sd_bus_message_append(m, "{sv}", "prefetch-only", "b", 1);
	ret |= sd_bus_message_close_container(m);
	assert_true(ret >= 0);
}

void call_start_id(struct call *c, sd_bus *bus, const char *method, pid_t pid, uint64_t id,
		   const struct options *o)
{
	static const struct options none;
	sd_bus_message *m = NULL;

	memset(c, 0, sizeof(*c));
	c->bus = bus;
	c->claim = !strcmp(method, "Claim");
	assert_true(sd_bus_message_new_method_call(bus, &m, BROKER_NAME, BROKER_PATH, BROKER_NAME,
						   method) >= 0);
	assert_true(sd_bus_message_append(m, "ut", (uint32_t)pid, id) >= 0);
	add_options(m, o ? o : &none);
	if (o && o->interactive)
		sd_bus_message_set_allow_interactive_authorization(m, 1);
	assert_true(sd_bus_call_async(bus, &c->slot, m, on_reply, c, PATIENCE_USEC) >= 0);
	sd_bus_message_unref(m);
	assert_true(sd_bus_flush(bus) >= 0);
}

void call_start(struct call *c, sd_bus *bus, const char *method, pid_t pid,
		const struct options *o)
{
	call_start_id(c, bus, method, pid, world_id(pid), o);
}

void call_start_held(struct call *c, const struct world *w, sd_bus *bus, const char *method,
		     pid_t pid, const struct options *o)
{
	call_start(c, bus, method, pid, o);
	c->held = world_wait_held(w);
}

void call_forget(struct call *c)
{
	c->slot = sd_bus_slot_unref(c->slot);
}

const struct reply *call_finish(struct call *c)
{
	while (!c->reply.done) {
		int ret = sd_bus_process(c->bus, NULL);

		assert_true(ret >= 0);
		if (!ret)
			assert_true(sd_bus_wait(c->bus, PATIENCE_USEC) > 0);
	}
	call_forget(c);
	return &c->reply;
}

const struct reply *call_finish_held(struct call *c)
{
	world_release(c->held);
	return call_finish(c);
}

bool call_done(struct call *c)
{
	while (!c->reply.done && sd_bus_process(c->bus, NULL) > 0)
		;
	return c->reply.done;
}

static bool done_if_released(const struct world *w, struct call *c)
{
	release_if_held(w);
	return call_done(c);
}

const struct reply *call_finish_released(const struct world *w, struct call *c)
{
	WAIT_UNTIL(done_if_released(w, c));
	return call_finish(c);
}

sd_bus *world_start_with_client(struct world *w, const char *words, const char *config)
{
	world_start(w, &(struct setup){ .words = words, .config = config });
	return world_client(w, world_me());
}

sd_bus *world_start_held(struct world *w, const char *words, const char *config,
			 const char *method, struct call *running)
{
	sd_bus *bus = world_start_with_client(w, words, config);

	call_start_held(running, w, bus, method, w->victims[0], NULL);
	return bus;
}

static const struct reply *call_now(sd_bus *bus, const char *method, pid_t pid, uint64_t id,
				    const struct options *o)
{
	static struct call c;

	call_start_id(&c, bus, method, pid, id, o);
	return call_finish(&c);
}

const struct reply *reclaim(sd_bus *bus, pid_t pid, const struct options *o)
{
	return call_now(bus, "Reclaim", pid, world_id(pid), o);
}

const struct reply *claim(sd_bus *bus, pid_t pid, const struct options *o)
{
	return call_now(bus, "Claim", pid, world_id(pid), o);
}

const struct reply *reclaim_id(sd_bus *bus, pid_t pid, uint64_t id)
{
	return call_now(bus, "Reclaim", pid, id, NULL);
}

uint64_t resident(sd_bus *bus, pid_t pid)
{
	return reclaim(bus, pid, &(struct options){ .dry_run = true })->evicted;
}

uint32_t cancel_id(sd_bus *bus, pid_t pid, uint64_t id)
{
	sd_bus_message *m = NULL;
	uint32_t count = 0;

	assert_true(sd_bus_call_method(bus, BROKER_NAME, BROKER_PATH, BROKER_NAME, "Cancel", NULL,
				       &m, "ut", (uint32_t)pid, id) >= 0);
	assert_true(sd_bus_message_read(m, "u", &count) > 0);
	sd_bus_message_unref(m);
	return count;
}

uint32_t cancel(sd_bus *bus, pid_t pid)
{
	return cancel_id(bus, pid, world_id(pid));
}

const char *plain_call(sd_bus *bus, const char *method)
{
	static char name[128];
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int ret = sd_bus_call_method(bus, BROKER_NAME, BROKER_PATH, BROKER_NAME, method, &error,
				     NULL, NULL);

	shorten(name, sizeof(name), ret < 0 ? error.name : "");
	sd_bus_error_free(&error);
	return name;
}

/*
 * panthor-memd handles the calls of a connection in order. Several pings give it time for a
 * reply from the bus between them.
 */
void settle(sd_bus *bus)
{
	int i;

	for (i = 0; i < 3; i++)
		assert_true(sd_bus_call_method(bus, BROKER_NAME, BROKER_PATH,
					       "org.freedesktop.DBus.Peer", "Ping", NULL, NULL,
					       NULL) >= 0);
}

/* The bus writes messages before it answers a ping that it has read in a later round. */
void settle_bus(sd_bus *bus)
{
	int i;

	for (i = 0; i < 3; i++)
		assert_true(sd_bus_call_method(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
					       "org.freedesktop.DBus.Peer", "Ping", NULL, NULL,
					       NULL) >= 0);
}

void check_error(const struct reply *r, const char *error, const char *part_of_text)
{
	if (strcmp(r->error, error) || !strstr(r->text, part_of_text))
		fail_msg("wanted '%s' with '%s', got '%s': %s", error, part_of_text, r->error,
			 r->text);
}

void check_ok(const struct reply *r)
{
	if (*r->error || *r->soft)
		fail_msg("error '%s' '%s': %s", r->error, r->soft, r->text);
}

void check_freed(const struct reply *r, uint64_t bytes)
{
	check_ok(r);
	assert_int_equal(r->freed, bytes);
}

void check_not_begun(const struct reply *r)
{
	check_freed(r, 0);
	assert_int_equal(r->status, DRM_PANTHOR_MEM_STATUS_INTERRUPTED);
}
