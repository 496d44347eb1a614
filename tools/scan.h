/* SPDX-License-Identifier: MIT */
/* Who holds how much GPU memory, now. */
#ifndef TOOL_SCAN_H
#define TOOL_SCAN_H

#include "fdinfo.h"
#include "node.h"
#include "process.h"
#include "roots.h"

/*
 * A client is what the kernel makes of one open() of a device. Its file can be
 * duplicated, inherited and sent to others: it is counted once, for the process
 * with the lowest number that has it.
 */
struct scan_client {
	struct fdinfo info;
	char node[NODE_NAME];
	struct pid_list pids;
	struct fdinfo_bytes sum; /* of all regions */
};

/* What one process holds on one device. */
struct scan_holder {
	pid_t pid;
	char name[PROCESS_NAME];
	char driver[FDINFO_NAME];
	char node[NODE_NAME];
	unsigned int clients;
	struct fdinfo_bytes sum;
	bool has_internal;
	uint64_t internal;
};

struct scan {
	struct scan_client *clients;
	size_t n_clients;
	struct scan_holder *holders; /* in the order of their numbers */
	size_t n_holders;
	/* Processes that we were not allowed to look at. */
	unsigned int unreadable;
	/* Of all holders. */
	struct fdinfo_bytes sum;
	bool has_internal;
	uint64_t internal;
};

/*
 * @node: only this device, or NULL; @pids: only these processes, or NULL.
 * Returns 0 or -errno if there is no list of processes.
 */
int scan(struct scan *scan, const struct roots *roots, const char *node,
	 const struct pid_list *pids);
void scan_free(struct scan *scan);

#endif /* TOOL_SCAN_H */
