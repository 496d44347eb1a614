/* SPDX-License-Identifier: MIT */
/*
 * A small policy: when RAM is short, reclaim the least recently used application:
 * pressure-policy /dev/dri/renderD128 [MS], where MS is the minimum back-off time
 *
 * The kernel reports memory pressure (PSI, see Documentation/accounting/psi.rst).
 * Lines on standard input say which application is in use:
 *
 *   focus PID   this one is in use now; claim it if this program reclaimed it
 *   pressure    act as if the kernel had reported pressure, for a test
 *   quit        (or end of input) exit
 *
 * The policy checks free swap first: when swap is nearly full, a reclaim only costs
 * time and makes the pressure worse. Each time that nothing could be gained, it
 * doubles the back-off time.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#include <panthor_drmif.h>

#define MIB (UINT64_C(1) << 20)

/* Report when tasks have waited for memory for 100 ms of the last second. */
#define TRIGGER "some 100000 1000000"

/* The amount reclaimed at a time; between two calls the focus can change. */
#define SLICE (32 * MIB)

/* Applications with less reclaimable memory than this are ignored. */
#define LEAST (1 * MIB)

/* Swap that is left for other users. */
#define SWAP_RESERVE (16 * MIB)

#define BACK_OFF_MS 1000
#define BACK_OFF_MAX_MS 60000

struct app {
	struct app *next; /* the application used before this one */
	int pid;
	int pidfd;
	bool reclaimed;
};

static struct app *apps;
static int device;

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

/* --- which application to reclaim ------------------------------------------------ */

static void drop(struct app *app)
{
	close(app->pidfd);
	free(app);
}

/*
 * Drops applications that have exited. Their PIDs may have been reused, so call this
 * before looking up an application by its PID.
 */
static void forget_exited(void)
{
	struct app **at = &apps, *app;

	while ((app = *at)) {
		struct pollfd p = { .fd = app->pidfd, .events = POLLIN };

		if (poll(&p, 1, 0) > 0) {
			*at = app->next;
			drop(app);
		} else {
			at = &app->next;
		}
	}
}

/* Removes the application from the list, or creates an entry for it. */
static struct app *take(int pid)
{
	struct app **at, *app;

	forget_exited();
	for (at = &apps; *at; at = &(*at)->next) {
		if ((*at)->pid == pid) {
			app = *at;
			*at = app->next;
			return app;
		}
	}
	app = calloc(1, sizeof(*app));
	if (!app)
		abort();
	app->pid = pid;
	app->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (app->pidfd < 0) {
		fprintf(stderr, "%d: %s\n", pid, strerror(errno));
		free(app);
		return NULL;
	}
	return app;
}

static void focus(int pid)
{
	struct app *app = take(pid);
	uint64_t claimed;
	int ret;

	if (!app)
		return;
	app->next = apps;
	apps = app;
	if (!app->reclaimed)
		return;
	app->reclaimed = false;
	ret = panthor_mem_claim_pidfd(device, app->pidfd, &claimed);
	printf("%d: claimed %" PRIu64 " bytes%s%s\n", pid, claimed, ret ? ": " : "",
	       ret ? strerror(-ret) : "");
}

/* Bytes that a reclaim would evict; 0 if it would fail, as for an exited process. */
static uint64_t worth(const struct app *app)
{
	struct panthor_mem_reclaim_options opts = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	struct panthor_mem_reclaim_result res = PANTHOR_MEM_RECLAIM_RESULT_INIT;

	opts.flags = DRM_PANTHOR_MEM_RECLAIM_DRY_RUN;
	if (panthor_mem_reclaim_pidfd_with(device, app->pidfd, &opts, &res))
		return 0;
	return res.evicted_bytes;
}

/* The least recently used application that is worth a reclaim. The first is in use. */
static struct app *victim(void)
{
	struct app *app, *found = NULL;

	for (app = apps ? apps->next : NULL; app; app = app->next) {
		if (worth(app) >= LEAST)
			found = app;
	}
	return found;
}

/* --- whether to reclaim at all --------------------------------------------------- */

static uint64_t swap_room(void)
{
	struct sysinfo info;
	uint64_t bytes;

	if (sysinfo(&info))
		return 0;
	bytes = (uint64_t)info.freeswap * info.mem_unit;
	return bytes > SWAP_RESERVE ? bytes - SWAP_RESERVE : 0;
}

/* Returns the number of bytes freed; 0 is a reason to back off. */
static uint64_t relieve(void)
{
	struct panthor_mem_reclaim_options opts = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	struct panthor_mem_reclaim_result res = PANTHOR_MEM_RECLAIM_RESULT_INIT;
	uint64_t room = swap_room();
	struct app *app;
	int ret;

	if (room < LEAST) {
		printf("pressure: swap has no room\n");
		return 0;
	}
	forget_exited();
	app = victim();
	if (!app) {
		printf("pressure: nobody has anything to give\n");
		return 0;
	}

	opts.max_bytes = room < SLICE ? room : SLICE;
	ret = panthor_mem_reclaim_pidfd_with(device, app->pidfd, &opts, &res);
	app->reclaimed |= res.evicted_bytes > 0;
	printf("pressure: %d gave %" PRIu64 " bytes%s%s\n", app->pid, res.freed_bytes,
	       ret ? ": " : "", ret ? strerror(-ret) : "");
	return res.freed_bytes;
}

/* --- when to reclaim ------------------------------------------------------------- */

struct back_off {
	int64_t least_ms;
	int64_t ms;
	int64_t until;
};

static void on_pressure(struct back_off *b)
{
	if (now_ms() < b->until)
		return;
	if (relieve() >= LEAST) {
		b->ms = b->least_ms;
		return;
	}
	printf("pressure: nothing for %" PRId64 " ms\n", b->ms);
	b->until = now_ms() + b->ms;
	b->ms = b->ms * 2 < BACK_OFF_MAX_MS ? b->ms * 2 : BACK_OFF_MAX_MS;
}

static int open_psi(void)
{
	int fd = open("/proc/pressure/memory", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0 && write(fd, TRIGGER, sizeof(TRIGGER)) == (ssize_t)sizeof(TRIGGER))
		return fd;
	fprintf(stderr, "no pressure reports (%s): the kernel needs CONFIG_PSI, and psi=1 if it "
			"is off by default\n", strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool command(struct back_off *b, const char *line)
{
	int pid;

	if (sscanf(line, "focus %d", &pid) == 1)
		focus(pid);
	else if (!strncmp(line, "pressure", 8))
		on_pressure(b);
	return strncmp(line, "quit", 4);
}

/* Returns false when the program should exit. */
static bool read_commands(struct back_off *b)
{
	char text[512], *line, *rest = NULL;
	bool more = true;
	ssize_t n;

	n = read(STDIN_FILENO, text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	for (line = strtok_r(text, "\n", &rest); line && more; line = strtok_r(NULL, "\n", &rest))
		more = command(b, line);
	return more;
}

int main(int argc, char **argv)
{
	struct back_off b = { .least_ms = argc == 3 ? atoi(argv[2]) : BACK_OFF_MS };
	struct pollfd fds[2] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .events = POLLPRI } };
	bool more = true;
	int ret;

	if (argc != 2 && argc != 3) {
		fprintf(stderr, "usage: %s DEVICE [BACK_OFF_MS]\n", argv[0]);
		return 2;
	}

	b.ms = b.least_ms;
	device = open(argv[1], O_RDWR | O_CLOEXEC);
	ret = device < 0 ? -errno : panthor_mem_probe(device);
	if (ret && ret != -ENOSPC) {
		fprintf(stderr, "cannot reclaim with %s: %s\n", argv[1], strerror(-ret));
		return 1;
	}
	fds[1].fd = open_psi();

	while (more) {
		if (poll(fds, 2, -1) < 0)
			continue;
		/* Handle focus changes first: they may change the victim. */
		if (fds[0].revents)
			more = read_commands(&b);
		if (fds[1].revents & POLLERR)
			fds[1].fd = -1;
		else if (fds[1].revents & POLLPRI)
			on_pressure(&b);
		fflush(stdout);
	}

	while (apps) {
		struct app *app = apps;

		apps = app->next;
		drop(app);
	}
	if (fds[1].fd >= 0)
		close(fds[1].fd);
	close(device);
	return 0;
}
