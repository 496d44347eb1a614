/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "log.h"
#include "machine.h"
#include "memory.h"
#include "pressure.h"

struct pressure {
	int fd;
	sd_event_source *io;
	uint64_t stall;
	uint64_t total; /* when the trigger was set */
	bool believed;
	void (*report)(void *data);
	void *data;
};

bool pressure_parse(const char *text, uint64_t *usec)
{
	const char *line = strncmp(text, "some ", 5) ? strstr(text, "\nsome ") : text;
	const char *total = line ? strstr(line, "total=") : NULL;

	/* It has to be in the same line. */
	if (!total || memchr(line + 1, '\n', (size_t)(total - line - 1)))
		return false;
	return sscanf(total, "total=%" SCNu64, usec) == 1;
}

static bool read_total(int fd, uint64_t *total)
{
	char text[512];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return false;
	text[n] = '\0';
	return pressure_parse(text, total);
}

/*
 * Just after the trigger was set, the kernel can report once by mistake. It is right if programs
 * have waited for long enough since then.
 */
static bool is_true(struct pressure *p)
{
	uint64_t total;

	if (!p->believed)
		p->believed = read_total(p->fd, &total) && total - p->total >= p->stall;
	return p->believed;
}

static int on_report(sd_event_source *io, int fd, uint32_t events, void *data)
{
	struct pressure *p = data;

	(void)fd;
	if (events & EPOLLERR) {
		log_warning("the kernel does not report memory pressure any more: reclaims stop "
			    "until panthor-mem-agent is started again");
		return sd_event_source_set_enabled(io, SD_EVENT_OFF);
	}
	if (is_true(p))
		p->report(p->data);
	return 0;
}

static int set_trigger(int fd, uint64_t stall, uint64_t window)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "some %" PRIu64 " %" PRIu64, stall, window);

	/* The NUL at the end belongs to it. */
	return write(fd, text, (size_t)n + 1) < 0 ? -errno : 0;
}

struct pressure *pressure_new(sd_event *event, const struct roots *roots, uint64_t stall,
			      uint64_t window, void (*report)(void *data), void *data)
{
	char *path = memory_text("%s/pressure/memory", roots->proc);
	struct pressure *p = calloc(1, sizeof(*p));
	int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	free(path);
	if (p && fd >= 0 && read_total(fd, &p->total) && !set_trigger(fd, stall, window) &&
	    sd_event_add_io(event, &p->io, fd, EPOLLPRI, on_report, p) >= 0) {
		p->fd = fd;
		p->stall = stall;
		p->report = report;
		p->data = data;
		return p;
	}
	if (fd >= 0)
		close(fd);
	free(p);
	return NULL;
}

void pressure_free(struct pressure *p)
{
	if (!p)
		return;
	sd_event_source_disable_unref(p->io);
	close(p->fd);
	free(p);
}

bool pressure_memory(const struct roots *roots, uint64_t *available, uint64_t *total)
{
	struct machine m;

	machine_read(&m, roots);
	*available = m.ram_available.bytes;
	*total = m.ram_total.bytes;
	return m.ram_available.known && m.ram_total.known;
}
