// SPDX-License-Identifier: MIT
/*
 * First process of the guest: turns the host's read-only file system into a machine with
 * a GPU and swap, runs one command, and reports its exit status.
 *
 * Parameters arrive as environment variables, from arguments of the kernel command line
 * that run-guest writes:
 *   PM_SCRATCH  the only directory of the host that the guest can write
 *   PM_MODULE   the module of the simulated GPU, PM_PARAMS its parameters
 *   PM_SWAP     size of the zram swap in MiB, 0 for none; PM_ALGO its compressor
 * Files in PM_SCRATCH describe the command: "cwd", "argv" and "env", the last two with a
 * NUL after each string. The file "show" has pairs of such strings: a path that must stay
 * visible under the guest's own mounts, and where the host has it, or "" for the same
 * path. The file "root" has such a pair for the directory that the command sees as /, or
 * nothing. The exit status goes to the file "status".
 *
 * GUEST_POWER in the command's environment, "on" or "auto", is used here: it says whether
 * the GPU may sleep when it is idle.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "init.h"

static void power_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	_exit(1);
}

void fail(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "guest: error: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	power_off();
	abort();
}

void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		fail("cannot write '%s' to %s: %s", text, path, strerror(errno));
	close(fd);
}

const char *setting(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

char *slurp(const char *path, size_t *length)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	size_t have = 0;
	char *text;

	if (fd < 0 || fstat(fd, &st) < 0)
		fail("cannot read %s: %s", path, strerror(errno));
	text = calloc(1, st.st_size + 1);
	while (text && have < (size_t)st.st_size) {
		ssize_t n = read(fd, text + have, st.st_size - have);

		if (n <= 0)
			fail("cannot read %s: %s", path, strerror(errno));
		have += n;
	}
	if (!text)
		fail("out of memory");
	close(fd);
	*length = have;
	return text;
}

char **split(char *text, size_t length)
{
	size_t count = 0, n = 0;
	char **list;

	for (size_t i = 0; i < length; i++)
		count += !text[i];
	list = calloc(count + 1, sizeof(*list));
	if (!list)
		fail("out of memory");
	for (size_t i = 0; i < length; i += strlen(text + i) + 1)
		list[n++] = text + i;
	return list;
}

/* Returns the number of panthor's render node, or 0. Other drivers may have nodes, too. */
static int gpu_node(void)
{
	for (int minor = 128; minor < 192; minor++) {
		char path[64], driver[256];
		ssize_t length;

		snprintf(path, sizeof(path), "/sys/class/drm/renderD%d/device/driver", minor);
		length = readlink(path, driver, sizeof(driver) - 1);
		if (length < 0)
			continue;
		driver[length] = '\0';
		snprintf(path, sizeof(path), "/dev/dri/renderD%d", minor);
		if (!strcmp(strrchr(driver, '/') + 1, "panthor") && !access(path, F_OK))
			return minor;
	}
	return 0;
}

static void load_gpu(void)
{
	const char *module = setting("PM_MODULE");
	int fd = open(module, O_RDONLY | O_CLOEXEC);
	char *params = strdup(setting("PM_PARAMS"));

	if (fd < 0)
		fail("cannot open %s: %s", module, strerror(errno));
	/* Parameters are joined by commas, because a blank would end the argument. */
	for (char *p = params; *p; p++) {
		if (*p == ',')
			*p = ' ';
	}
	if (syscall(SYS_finit_module, fd, params, 0) < 0)
		fail("cannot load %s with '%s': %s", module, params, strerror(errno));
	free(params);
	close(fd);
	for (int tries = 0; !gpu_node(); tries++) {
		if (tries == 3000)
			fail("panthor did not probe: it has no node in /dev/dri");
		usleep(10000);
	}
}

static int run_quietly(char *const argv[])
{
	int status, null;
	pid_t pid = fork();

	if (!pid) {
		null = open("/dev/null", O_RDWR);
		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		execv(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void swap_on(void)
{
	char *mkswap[] = { "/sbin/mkswap", "/dev/zram0", NULL };
	unsigned long mib = strtoul(setting("PM_SWAP"), NULL, 10);
	char size[32];

	/* A kernel without swap has no such file. */
	if (!mib || access("/proc/swaps", F_OK) < 0)
		return;
	if (*setting("PM_ALGO"))
		write_file("/sys/block/zram0/comp_algorithm", setting("PM_ALGO"));
	snprintf(size, sizeof(size), "%luM", mib);
	write_file("/sys/block/zram0/disksize", size);
	if (run_quietly(mkswap))
		fail("mkswap failed on /dev/zram0");
	if (swapon("/dev/zram0", 0) < 0)
		fail("cannot swap on /dev/zram0: %s", strerror(errno));
}

/* Sets a console to raw mode. */
static int open_console(const char *path, int flags)
{
	struct termios tio;
	int fd = open(path, flags | O_NOCTTY);

	if (fd < 0)
		return -1;
	if (!tcgetattr(fd, &tio)) {
		cfmakeraw(&tio);
		tcsetattr(fd, TCSANOW, &tio);
	}
	return fd;
}

static char **command_environment(void)
{
	size_t length;
	char *text = slurp(SCRATCH "/env", &length);

	return split(text, length);
}

static void set_power(void)
{
	static const char name[] = "GUEST_POWER=";
	char path[64];

	for (char **env = command_environment(); *env; env++) {
		if (strncmp(*env, name, sizeof(name) - 1))
			continue;
		snprintf(path, sizeof(path), "/sys/class/drm/renderD%d/device/power/control",
			 gpu_node());
		write_file(path, *env + sizeof(name) - 1);
	}
}

/*
 * The guest has its own /tmp, so a working directory below it is mounted from the host.
 * Another root has the directory at the same path, or does not have it.
 */
static void go_to(const struct shown *shown)
{
	struct stat host, here;
	size_t length;

	if (!chdir(slurp(SCRATCH "/cwd", &length)) &&
	    (shown->root_pair || fstat(shown->cwd, &host) < 0 ||
	     (!stat(".", &here) && here.st_dev == host.st_dev && here.st_ino == host.st_ino)))
		return;
	if ((shown->root_pair || fchdir(shown->cwd) < 0) && chdir("/") < 0)
		fail("cannot go to /: %s", strerror(errno));
}

static void run_command(const struct shown *shown)
{
	size_t length;
	char *text, **argv, **env;

	text = slurp(SCRATCH "/argv", &length);
	argv = split(text, length);
	env = command_environment();
	change_root(shown);
	go_to(shown);

	setsid();
	if (*setting("PM_TTY")) {
		/* Interactive: the host's terminal becomes the controlling terminal. */
		int fd = open("/dev/tty1", O_RDWR);

		ioctl(fd, TIOCSCTTY, 1);
		dup2(fd, 0);
		dup2(fd, 1);
		dup2(fd, 2);
	} else {
		dup2(open("/dev/null", O_RDONLY), 0);
		dup2(open_console("/dev/tty1", O_WRONLY), 1);
		dup2(open_console("/dev/tty2", O_WRONLY), 2);
	}
	for (int fd = 3; fd < 16; fd++)
		close(fd);
	environ = env;
	execvp(argv[0], argv);
	fprintf(stderr, "run-guest: error: cannot run '%s': %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

int main(void)
{
	char line[16];
	int status = 0, fd, code;
	struct shown shown = { 0 };
	pid_t pid, child;

	mount_all(&shown);
	load_gpu();
	swap_on();
	set_power();

	child = fork();
	if (!child)
		run_command(&shown);
	if (child < 0)
		fail("cannot fork: %s", strerror(errno));
	/* Orphans of the command become children of this process: reap them, too. */
	while ((pid = wait(&status)) != child) {
		if (pid < 0 && errno == ECHILD)
			fail("lost the command");
	}
	code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	kill(-1, SIGKILL);

	for (int i = 1; i <= 2; i++) {
		char tty[] = "/dev/tty0";

		tty[8] = '0' + i;
		fd = open(tty, O_WRONLY | O_NOCTTY);
		if (fd >= 0)
			tcdrain(fd);
	}
	fd = open(SCRATCH "/status", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || write(fd, line, snprintf(line, sizeof(line), "%d\n", code)) < 0)
		fail("cannot write the status: %s", strerror(errno));
	close(fd);
	power_off();
}
