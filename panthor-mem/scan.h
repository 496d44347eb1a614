/* SPDX-License-Identifier: MIT */
/* Which processes hold how much GPU memory. */
#ifndef TOOL_SCAN_H
#define TOOL_SCAN_H

#include "fdinfo.h"
#include "node.h"
#include "process.h"
#include "roots.h"

/*
 * The kernel creates a client for each open() of a device. Its file can be duplicated, inherited
 * and sent to other processes. It is counted once: for the process with the lowest PID of those
 * that a call by PID reaches (reach.h) or, if there are none or they are unknown, of all that have
 * it open.
 */
struct scan_client {
	struct fdinfo info;
	char node[NODE_NAME];
	struct number_list pids;
	struct fdinfo_bytes sum; /* of all regions */
	/* Those of @pids that a call by PID reaches. */
	bool reach_known;
	struct number_list reached;
};

/* What one process holds on one device. */
struct scan_holder {
	pid_t pid;
	char name[PROCESS_NAME];
	char driver[FDINFO_NAME];
	char node[NODE_NAME];
	unsigned int clients;
	/* How many of them no call by PID reaches, and the id of the first of these. */
	unsigned int unreached;
	uint64_t unreached_id;
	struct fdinfo_bytes sum;
	bool has_internal;
	uint64_t internal;
};

/* What to scan. A member that is NULL sets no limit. */
struct scan_wish {
	const char *node;
	const struct number_list *pids;
	const struct number_list *clients;
};

struct scan {
	struct scan_client *clients;
	size_t n_clients;
	struct scan_holder *holders; /* sorted by PID */
	size_t n_holders;
	/* Processes that may not be inspected: of other users, and of our own. */
	unsigned int unreadable;
	unsigned int protected_own;
	/* Processes with more file descriptor tables than were scanned. */
	unsigned int cut;
	/* Buffers that processes have open as dma-bufs, each listed once. */
	struct fdinfo_dmabuf *dmabufs;
	size_t n_dmabufs;
	/* Clients with more regions than are summed up. */
	unsigned int cut_clients;
	/* Of all holders. */
	struct fdinfo_bytes sum;
	bool has_internal;
	uint64_t internal;
};

/* Returns 0, or -errno if the processes cannot be listed or the file descriptors ran out. */
int scan(struct scan *scan, const struct roots *roots, const struct scan_wish *wish);
void scan_free(struct scan *scan);

/* Counts the clients for their holders again. */
void scan_count(struct scan *scan, const struct roots *roots);

#endif /* TOOL_SCAN_H */
