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
 * duplicated, inherited and sent to others. It is counted once, for the process with
 * the lowest number of those that a call by number reaches, if that is known (reach.h),
 * or else of all that have it.
 */
struct scan_client {
	struct fdinfo info;
	char node[NODE_NAME];
	struct number_list pids;
	struct fdinfo_bytes sum; /* of all regions */
	/* Of @pids, those by whose number a call reaches files of the device. */
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
	/* Of them, those that no call by number reaches, and the first one's id. */
	unsigned int unreached;
	uint64_t unreached_id;
	struct fdinfo_bytes sum;
	bool has_internal;
	uint64_t internal;
};

/* What to look at: everything, but for what is not NULL. */
struct scan_wish {
	const char *node;
	const struct number_list *pids;
	const struct number_list *clients;
};

struct scan {
	struct scan_client *clients;
	size_t n_clients;
	struct scan_holder *holders; /* in the order of their numbers */
	size_t n_holders;
	/* Processes that we were not allowed to look at: of others, and of our own user. */
	unsigned int unreadable;
	unsigned int protected_own;
	/* Processes with more tables of files than were looked at. */
	unsigned int cut;
	/* Buffers that processes have open as dma-bufs, each once. */
	struct fdinfo_dmabuf *dmabufs;
	size_t n_dmabufs;
	/* Clients with more regions than are summed up. */
	unsigned int cut_clients;
	/* Of all holders. */
	struct fdinfo_bytes sum;
	bool has_internal;
	uint64_t internal;
};

/*
 * Returns 0 or -errno if there is no list of processes, or if it cannot be looked at
 * for want of file descriptors.
 */
int scan(struct scan *scan, const struct roots *roots, const struct scan_wish *wish);
void scan_free(struct scan *scan);

/* Count the clients for their holders, anew. */
void scan_count(struct scan *scan, const struct roots *roots);

#endif /* TOOL_SCAN_H */
