/* SPDX-License-Identifier: MIT */
/*
 * Record trace events with the files of tracefs.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "gpu/sysmem.h"
#include "gpu/tracefs.h"

#define TRACEFS "/sys/kernel/tracing/"

int trace_reset(unsigned int kib)
{
	char text[16];
	int ret;

	ret = sysmem_write_file(TRACEFS "tracing_on", "0");
	if (!ret)
		ret = sysmem_write_file(TRACEFS "events/enable", "0");
	if (!ret)
		ret = sysmem_write_file(TRACEFS "trace_clock", "mono");
	if (!ret)
		ret = sysmem_write_file(TRACEFS "set_event_pid", "\n");
	snprintf(text, sizeof(text), "%u", kib);
	if (!ret && kib)
		ret = sysmem_write_file(TRACEFS "buffer_size_kb", text);
	/* Opening it with O_TRUNC empties it. */
	if (!ret) {
		FILE *f = fopen(TRACEFS "trace", "w");

		if (!f || fclose(f))
			ret = -errno;
	}
	return ret;
}

int trace_enable(const char *event, const char *filter)
{
	char path[256];
	int ret = 0;

	if (filter) {
		snprintf(path, sizeof(path), TRACEFS "events/%s/filter", event);
		ret = sysmem_write_file(path, filter);
	}
	snprintf(path, sizeof(path), TRACEFS "events/%s/enable", event);
	return ret ? ret : sysmem_write_file(path, "1");
}

int trace_only_this_thread(void)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", (int)syscall(SYS_gettid));
	return sysmem_write_file(TRACEFS "set_event_pid", text);
}

int trace_start(void)
{
	return sysmem_write_file(TRACEFS "tracing_on", "1");
}

int trace_stop(void)
{
	return sysmem_write_file(TRACEFS "tracing_on", "0");
}

/* Parse "  name-12  [001] .....  12.345678: event: text". */
static bool parse(char *line, struct trace_event *event)
{
	char *cpu = strstr(line, " ["), *p = cpu, *end;
	double seconds;

	if (!cpu)
		return false;
	/* The name of a thread can contain a dash, its number cannot. */
	while (p > line && p[-1] == ' ')
		p--;
	while (p > line && p[-1] != '-')
		p--;
	event->thread = (pid_t)strtol(p, NULL, 10);
	event->cpu = (unsigned int)strtoul(cpu + 2, &p, 10);
	p = strchr(p, ' ');
	/* Skip the flags, if there are any. */
	while (p && (*p == ' ' || !strchr("0123456789", *p)))
		p = *p == ' ' ? p + 1 : strchr(p, ' ');
	if (!p)
		return false;
	seconds = strtod(p, &end);
	if (strncmp(end, ": ", 2))
		return false;
	event->ns = (int64_t)(seconds * 1e9);
	event->name = end + 2;
	p = strstr(end + 2, ": ");
	if (!p)
		return false;
	*p = '\0';
	event->text = p + 2;
	return true;
}

int trace_for_each(trace_fn fn, void *arg)
{
	FILE *f = fopen(TRACEFS "trace", "r");
	size_t size = 0;
	char *line = NULL;
	int ret = 0;

	if (!f)
		return -errno;
	while (getline(&line, &size, f) > 0) {
		struct trace_event event;
		uint64_t kept, written;

		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "# entries-in-buffer/entries-written: %" SCNu64 "/%" SCNu64,
			   &kept, &written) == 2 && kept != written)
			ret = -EOVERFLOW;
		if (strstr(line, "LOST"))
			ret = -EOVERFLOW;
		if (line[0] != '#' && parse(line, &event))
			fn(&event, arg);
	}
	free(line);
	fclose(f);
	return ret;
}

static const char *field(const struct trace_event *event, const char *key)
{
	size_t length = strlen(key);

	for (const char *p = event->text; (p = strstr(p, key)); p += length)
		if ((p == event->text || p[-1] == ' ') && p[length] == '=')
			return p + length + 1;
	return NULL;
}

bool trace_field(const struct trace_event *event, const char *key, int64_t *value)
{
	const char *text = field(event, key);

	if (text)
		*value = strtoll(text, NULL, 0);
	return text;
}

bool trace_field_is(const struct trace_event *event, const char *key, const char *value)
{
	const char *text = field(event, key);
	size_t length = strlen(value);

	return text && !strncmp(text, value, length) &&
	       (text[length] == ' ' || !text[length]);
}
