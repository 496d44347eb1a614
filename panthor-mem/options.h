/* SPDX-License-Identifier: MIT */
/* The command line. */
#ifndef TOOL_OPTIONS_H
#define TOOL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "process.h"
#include "roots.h"
#include "term.h"

enum command { COMMAND_LIST, COMMAND_RECLAIM, COMMAND_CLAIM, COMMAND_WATCH, COMMAND_DOCTOR,
	       COMMAND_METRICS, COMMAND_COUNT };

extern const char *const command_names[COMMAND_COUNT];

/* What each line of list and watch shows. */
enum list_by { LIST_BY_PROCESS, LIST_BY_CLIENT, LIST_BY_CGROUP, LIST_BY_COUNT };

/* The order of the lines: by size, largest first, or by PID or name. */
enum list_sort {
	SORT_SIZE,
	SORT_RESIDENT,
	SORT_EVICTED,
	SORT_SHARED,
	SORT_PID,
	SORT_NAME,
	SORT_COUNT,
};

/* When to ask panthor-memd. BROKER_AUTO: if the user is not permitted to act directly. */
enum broker_when { BROKER_AUTO, BROKER_ALWAYS, BROKER_NEVER };

struct options {
	enum command command;
	struct roots roots;
	const char *device;

	struct number_list pids;
	struct number_list clients;
	const char **cgroups;
	size_t n_cgroups;
	const char **names;
	size_t n_names;

	enum list_by by;
	enum list_sort sort;
	bool json;
	bool bytes;
	bool pids_only;
	bool dry_run;
	bool no_pageout;
	bool prefetch;
	uint64_t max_bytes;
	int64_t wait_ns;
	int64_t interval_ns;
	uint64_t count;
	const char *metrics;
	enum term_when colour;
	enum broker_when broker;
};

/* Returns false, after a message or help, with the exit status in @status. */
bool options_parse(struct options *o, int argc, char **argv, int *status);
void options_free(struct options *o);

#endif /* TOOL_OPTIONS_H */
