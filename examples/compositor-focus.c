/* SPDX-License-Identifier: MIT */
/*
 * A compositor reclaims the clients that it hides and claims those that it shows,
 * without ever blocking its event loop: compositor-focus /dev/dri/renderD128
 *
 * Lines on standard input stand for events that a compositor knows from its own state:
 *
 *   suspend PID    the client's windows are all hidden now
 *   activate PID   the client is about to be shown
 *   quit           (or end of input) finish the calls that have begun, and exit
 *
 * Both calls block, so each direction has a thread of its own. There are two threads
 * because a claim must not wait behind a reclaim: when a claim reaches the kernel, a
 * running reclaim of the same process ends early.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <panthor_drmif.h>

#define NS_PER_MS INT64_C(1000000)
#define FRAME_NS (16 * NS_PER_MS)

/* How long a reclaim waits for the last frames of a client. */
#define DRAIN_NS (100 * NS_PER_MS)

/* How long a claim waits for a client that keeps its memory locked. */
#define LOCKED_NS (500 * NS_PER_MS)

enum direction { RECLAIM, CLAIM, DIRECTIONS };

struct client {
	struct client *next;
	int pid;
	int pidfd; /* unlike the PID, it never refers to another process */
	bool visible;
	bool due[DIRECTIONS];
	bool running[DIRECTIONS];
	bool exited;
};

/* The result of one call, passed from a thread to the event loop. */
struct report {
	struct report *next;
	struct client *client;
	enum direction direction;
	int ret;
	uint64_t bytes;
	uint32_t status;
	int64_t ns;
};

static struct {
	int device;
	int frames; /* a timerfd, in place of a compositor's outputs */
	int wakeup; /* an eventfd, readable when there are reports */
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct client *clients;
	struct report *reports;
	bool stop;
} shared = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.work = PTHREAD_COND_INITIALIZER,
};

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* --- the threads ------------------------------------------------------------- */

/* A reclaim waits for a running claim of the same client; a claim never waits. */
static struct client *next_client(enum direction direction)
{
	struct client *c;

	for (c = shared.clients; c; c = c->next) {
		if (c->due[direction] && !(direction == RECLAIM && c->running[CLAIM]))
			return c;
	}
	return NULL;
}

static void call(struct report *r)
{
	struct panthor_mem_reclaim_options drain = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	struct panthor_mem_claim_options locked = PANTHOR_MEM_CLAIM_OPTIONS_INIT;
	struct panthor_mem_reclaim_result out = PANTHOR_MEM_RECLAIM_RESULT_INIT;
	struct panthor_mem_claim_result in = PANTHOR_MEM_CLAIM_RESULT_INIT;
	int64_t start = now_ns();

	if (r->direction == RECLAIM) {
		drain.deadline_ns = start + DRAIN_NS;
		r->ret = panthor_mem_reclaim_pidfd_with(shared.device, r->client->pidfd,
							&drain, &out);
		r->bytes = out.freed_bytes;
		r->status = out.status;
	} else {
		locked.deadline_ns = start + LOCKED_NS;
		r->ret = panthor_mem_claim_pidfd_with(shared.device, r->client->pidfd,
						      &locked, &in);
		r->bytes = in.claimed_bytes;
		r->status = in.status;
	}
	r->ns = now_ns() - start;
}

static void *thread(void *arg)
{
	const enum direction direction = *(const enum direction *)arg;

	pthread_mutex_lock(&shared.lock);
	for (;;) {
		struct client *c = next_client(direction);
		struct report *r;

		if (!c && shared.stop)
			break;
		if (!c) {
			pthread_cond_wait(&shared.work, &shared.lock);
			continue;
		}
		r = calloc(1, sizeof(*r));
		if (!r)
			abort();
		r->client = c;
		r->direction = direction;
		c->due[direction] = false;
		c->running[direction] = true;

		pthread_mutex_unlock(&shared.lock);
		call(r);
		pthread_mutex_lock(&shared.lock);

		c->running[direction] = false;
		/*
		 * If the client was shown just before this reclaim entered the
		 * kernel, its claim may have run first. Claim again.
		 */
		if (direction == RECLAIM && c->visible && !c->exited)
			c->due[CLAIM] = true;
		r->next = shared.reports;
		shared.reports = r;
		pthread_cond_broadcast(&shared.work);
		eventfd_write(shared.wakeup, 1);
	}
	pthread_mutex_unlock(&shared.lock);
	return NULL;
}

/* --- the event loop: nothing below this line waits for GPU memory -------------- */

static bool idle(const struct client *c)
{
	return !c->due[RECLAIM] && !c->due[CLAIM] && !c->running[RECLAIM] && !c->running[CLAIM];
}

static bool all_idle(void)
{
	const struct client *c;
	bool all = true;

	pthread_mutex_lock(&shared.lock);
	for (c = shared.clients; c; c = c->next)
		all = all && idle(c);
	all = all && !shared.reports;
	pthread_mutex_unlock(&shared.lock);
	return all;
}

/* A compositor takes the pidfd from the connection: SO_PEERPIDFD, since Linux 6.5. */
static struct client *client_of(int epoll, int pid)
{
	struct client *c;

	for (c = shared.clients; c; c = c->next) {
		if (c->pid == pid && !c->exited)
			return c;
	}
	c = calloc(1, sizeof(*c));
	if (!c)
		abort();
	c->pid = pid;
	c->visible = true;
	c->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (c->pidfd < 0 ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, c->pidfd,
		      &(struct epoll_event){ .events = EPOLLIN, .data.ptr = c })) {
		fprintf(stderr, "%d: %s\n", pid, strerror(errno));
		if (c->pidfd >= 0)
			close(c->pidfd);
		free(c);
		return NULL;
	}
	pthread_mutex_lock(&shared.lock);
	c->next = shared.clients;
	shared.clients = c;
	pthread_mutex_unlock(&shared.lock);
	return c;
}

/* A new request replaces one that has not started yet. */
static void wish(struct client *c, bool visible)
{
	pthread_mutex_lock(&shared.lock);
	c->visible = visible;
	c->due[RECLAIM] = !visible;
	c->due[CLAIM] = visible;
	pthread_cond_broadcast(&shared.work);
	pthread_mutex_unlock(&shared.lock);
}

static bool reported(const struct client *c)
{
	const struct report *r;

	for (r = shared.reports; r; r = r->next) {
		if (r->client == c)
			return true;
	}
	return false;
}

/* Keeps a client while a thread works on it or one of its reports is pending. */
static void forget_exited(void)
{
	struct client **at = &shared.clients, *c;

	pthread_mutex_lock(&shared.lock);
	while ((c = *at)) {
		if (c->exited && idle(c) && !reported(c)) {
			*at = c->next;
			close(c->pidfd);
			free(c);
		} else {
			at = &c->next;
		}
	}
	pthread_mutex_unlock(&shared.lock);
}

static void client_exited(int epoll, struct client *c)
{
	printf("%d: has exited\n", c->pid);
	epoll_ctl(epoll, EPOLL_CTL_DEL, c->pidfd, NULL);
	pthread_mutex_lock(&shared.lock);
	c->exited = true;
	c->due[RECLAIM] = c->due[CLAIM] = false;
	pthread_mutex_unlock(&shared.lock);
}

static void show(const struct report *r)
{
	const char *what = r->direction == RECLAIM ? "reclaimed" : "claimed";

	if (r->ret == -ESRCH)
		printf("%d: not %s: it has exited, or does not use the GPU\n", r->client->pid, what);
	else if (r->ret)
		printf("%d: not %s: %s\n", r->client->pid, what, strerror(-r->ret));
	else
		printf("%d: %s %" PRIu64 " bytes in %" PRId64 " ms%s\n", r->client->pid, what,
		       r->bytes, r->ns / NS_PER_MS,
		       r->status & DRM_PANTHOR_MEM_STATUS_INTERRUPTED ? ", interrupted" : "");
}

static void show_reports(void)
{
	struct report *r, *next, *ordered = NULL;
	eventfd_t count;

	eventfd_read(shared.wakeup, &count);
	pthread_mutex_lock(&shared.lock);
	r = shared.reports;
	shared.reports = NULL;
	pthread_mutex_unlock(&shared.lock);

	/* The list begins with the newest report. */
	for (; r; r = next) {
		next = r->next;
		r->next = ordered;
		ordered = r;
	}
	for (r = ordered; r; r = next) {
		next = r->next;
		show(r);
		free(r);
	}
}

static bool command(int epoll, const char *line)
{
	struct client *c;
	char word[16];
	int pid;

	if (sscanf(line, "%15s %d", word, &pid) != 2)
		return strncmp(line, "quit", 4);
	c = client_of(epoll, pid);
	if (c && !strcmp(word, "suspend"))
		wish(c, false);
	else if (c && !strcmp(word, "activate"))
		wish(c, true);
	return true;
}

/* Returns false when the program should exit. */
static bool read_commands(int epoll)
{
	char text[512], *line, *rest = NULL;
	bool more = true;
	ssize_t n;

	n = read(STDIN_FILENO, text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	for (line = strtok_r(text, "\n", &rest); line && more; line = strtok_r(NULL, "\n", &rest))
		more = command(epoll, line);
	return more;
}

static void run(int epoll)
{
	int64_t last = now_ns(), longest = 0;
	bool more = true;

	while (more || !all_idle()) {
		struct epoll_event event;
		uint64_t ticks;

		if (epoll_wait(epoll, &event, 1, -1) != 1)
			continue;
		if (event.data.ptr == &shared.frames) {
			/* A compositor would draw here. */
			if (read(shared.frames, &ticks, sizeof(ticks)) != sizeof(ticks))
				continue;
			if (now_ns() - last > longest)
				longest = now_ns() - last;
			last = now_ns();
		} else if (event.data.ptr == &shared.wakeup) {
			show_reports();
		} else if (event.data.ptr) {
			client_exited(epoll, event.data.ptr);
		} else if (!read_commands(epoll)) {
			more = false;
			epoll_ctl(epoll, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
		}
		forget_exited();
		fflush(stdout);
	}
	printf("frames were at most %" PRId64 " ms apart\n", longest / NS_PER_MS);
}

static void watch(int epoll, int fd, void *what)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = what };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event)) {
		perror("epoll_ctl");
		exit(1);
	}
}

int main(int argc, char **argv)
{
	static const enum direction directions[DIRECTIONS] = { RECLAIM, CLAIM };
	const struct itimerspec every = {
		.it_interval.tv_nsec = FRAME_NS,
		.it_value.tv_nsec = FRAME_NS,
	};
	pthread_t threads[DIRECTIONS];
	int epoll, ret, i;
	sigset_t all, before;

	if (argc != 2) {
		fprintf(stderr, "usage: %s DEVICE\n", argv[0]);
		return 2;
	}

	shared.device = open(argv[1], O_RDWR | O_CLOEXEC);
	ret = shared.device < 0 ? -errno : panthor_mem_probe(shared.device);
	/* Without free swap nothing can be reclaimed, but everything can be claimed. */
	if (ret && ret != -ENOSPC) {
		fprintf(stderr, "cannot reclaim with %s: %s\n", argv[1], strerror(-ret));
		return 1;
	}

	epoll = epoll_create1(EPOLL_CLOEXEC);
	shared.frames = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	shared.wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	timerfd_settime(shared.frames, 0, &every, NULL);
	watch(epoll, shared.frames, &shared.frames);
	watch(epoll, shared.wakeup, &shared.wakeup);
	watch(epoll, STDIN_FILENO, NULL);

	/* A signal would end a call early: let the main thread handle signals. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (i = 0; i < DIRECTIONS; i++) {
		if (pthread_create(&threads[i], NULL, thread, (void *)&directions[i]))
			abort();
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);

	run(epoll);

	pthread_mutex_lock(&shared.lock);
	shared.stop = true;
	pthread_cond_broadcast(&shared.work);
	pthread_mutex_unlock(&shared.lock);
	for (i = 0; i < DIRECTIONS; i++)
		pthread_join(threads[i], NULL);
	while (shared.clients) {
		struct client *c = shared.clients;

		shared.clients = c->next;
		close(c->pidfd);
		free(c);
	}
	close(shared.wakeup);
	close(shared.frames);
	close(epoll);
	close(shared.device);
	return 0;
}
