/* SPDX-License-Identifier: MIT */
/* Prints what a scan found, as a table or as JSON. */
#ifndef TOOL_HOLDERS_H
#define TOOL_HOLDERS_H

#include <stdio.h>

#include "json.h"
#include "options.h"
#include "scan.h"
#include "term.h"

/* One line: a process, a client or a cgroup, and what it holds. */
struct holders_line {
	pid_t pid;	 /* 0 for a cgroup */
	char *name;	 /* of the process, or of the cgroup */
	uint64_t client; /* its id, or the number of processes in the cgroup */
	bool has_client;
	const char *driver; /* belongs to the scan */
	const char *node;
	char *note;
	struct fdinfo_bytes sum;
	bool has_internal;
	uint64_t internal;
};

struct holders {
	enum list_by by;
	struct holders_line *lines;
	size_t count;
	struct fdinfo_bytes sum;
	bool has_internal;
	uint64_t internal;
};

/* The result points into the scan, and must be freed first. */
void holders_make(struct holders *h, const struct scan *s, const struct options *o);
void holders_free(struct holders *h);

/*
 * @before: an earlier result to compare with, or NULL. @max_lines: 0 for no limit.
 * Returns the number of lines.
 */
unsigned int holders_table(const struct holders *h, const struct holders *before, bool bytes,
			   FILE *out, const struct term *term, unsigned int max_lines);

/* Prints one line for all dma-bufs of each exporter. */
void holders_dmabufs(const struct scan *s, bool bytes, FILE *out);

void holders_json(const struct scan *s, const struct options *o, struct json_object *object);

#endif /* TOOL_HOLDERS_H */
