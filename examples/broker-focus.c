/* SPDX-License-Identifier: MIT */
/*
 * How a compositor without privileges reclaims the memory of hidden clients and claims it
 * before they are shown: it calls panthor-memd on the system bus. It needs no thread, because
 * the calls are asynchronous and panthor-memd lets a claim overtake reclaims.
 *
 * Lines on standard input stand for events that a real compositor knows by itself:
 *
 *   suspend PID    all windows of the client are hidden now
 *   activate PID   the client is about to be shown
 *   quit           (or the end of the input) wait for pending calls, then exit
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* elogind has a header of this name, too. */
#include <systemd/sd-bus.h>

#define BROKER "org.panthormem.Broker1"
#define PATH "/org/panthormem/Broker1"

enum direction { RECLAIM, CLAIM };

struct request {
	int pid;
	enum direction direction;
};

static sd_bus *bus;
static unsigned int pending;

/*
 * The inode number of a pidfd is never used again, so it can be kept as long as the client is
 * connected. A real compositor gets the pidfd from the client's socket: SO_PEERPIDFD, since
 * Linux 6.5.
 */
static bool find_id(int pid, uint64_t *id)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct stat st;

	if (pidfd < 0 || fstat(pidfd, &st)) {
		printf("%d: %s\n", pid, strerror(errno));
		return false;
	}
	close(pidfd);
	*id = st.st_ino;
	return true;
}

static int on_reply(sd_bus_message *m, void *data, sd_bus_error *unused)
{
	struct request *r = data;
	const sd_bus_error *error = sd_bus_message_get_error(m);
	const char *what = r->direction == RECLAIM ? "reclaimed" : "claimed";
	uint64_t bytes = 0;

	(void)unused;
	pending--;
	/* The first number is freed_bytes or claimed_bytes. */
	if (error)
		printf("%d: not %s: %s\n", r->pid, what, error->message);
	else if (sd_bus_message_read(m, "t", &bytes) >= 0)
		printf("%d: %s %" PRIu64 " bytes\n", r->pid, what, bytes);
	free(r);
	return 0;
}

/* No order has to be kept here: a claim makes panthor-memd drop the earlier reclaims. */
static void ask(int pid, uint64_t id, enum direction direction)
{
	struct request *r = calloc(1, sizeof(*r));
	int ret;

	if (!r)
		abort();
	r->pid = pid;
	r->direction = direction;
	ret = sd_bus_call_method_async(bus, NULL, BROKER, PATH, BROKER,
				       direction == RECLAIM ? "Reclaim" : "Claim", on_reply, r,
				       "uta{sv}", (uint32_t)pid, id, 0);
	if (ret < 0) {
		printf("%d: %s\n", pid, strerror(-ret));
		free(r);
		return;
	}
	pending++;
}

static bool command(const char *line)
{
	char word[16];
	uint64_t id;
	int pid;

	if (sscanf(line, "%15s %d", word, &pid) != 2)
		return strncmp(line, "quit", 4);
	if (!find_id(pid, &id))
		return true;
	if (!strcmp(word, "suspend"))
		ask(pid, id, RECLAIM);
	else if (!strcmp(word, "activate"))
		ask(pid, id, CLAIM);
	return true;
}

/* Returns false at "quit" and at the end of the input. */
static bool read_commands(void)
{
	char text[512], *line, *rest = NULL;
	bool more = true;
	ssize_t n;

	n = read(STDIN_FILENO, text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	for (line = strtok_r(text, "\n", &rest); line && more; line = strtok_r(NULL, "\n", &rest))
		more = command(line);
	return more;
}

/* How long poll() may wait. sd-bus has to run in time to fail calls that get no reply. */
static int timeout_ms(void)
{
	uint64_t until = UINT64_MAX;
	struct timespec now;
	uint64_t usec;

	if (sd_bus_get_timeout(bus, &until) < 0 || until == UINT64_MAX)
		return -1;
	clock_gettime(CLOCK_MONOTONIC, &now);
	usec = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	return until <= usec ? 0 : (int)((until - usec) / 1000 + 1);
}

/* The bus is one more file descriptor of the event loop, like the clients' connections. */
static int run(void)
{
	struct pollfd fds[2] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = sd_bus_get_fd(bus) },
	};
	int ret;

	while (fds[0].fd >= 0 || pending) {
		do {
			ret = sd_bus_process(bus, NULL);
		} while (ret > 0);
		if (ret < 0)
			return ret;
		fflush(stdout);
		if (fds[0].fd < 0 && !pending)
			break;
		ret = sd_bus_get_events(bus);
		if (ret < 0)
			return ret;
		fds[1].events = (short)ret;
		if (poll(fds, 2, timeout_ms()) < 0 && errno != EINTR)
			return -errno;
		/* poll() ignores a negative file descriptor. */
		if (fds[0].revents && !read_commands())
			fds[0].fd = -1;
	}
	return 0;
}

int main(void)
{
	int ret = sd_bus_open_system(&bus);

	if (ret >= 0)
		ret = run();
	if (ret < 0)
		fprintf(stderr, "the system bus: %s\n", strerror(-ret));
	sd_bus_flush_close_unref(bus);
	return ret < 0;
}
