/* SPDX-License-Identifier: MIT */
/* What a worker does: calls of libdrm_panthor, and nothing that anybody else looks at. */
#ifndef BROKER_JOB_H
#define BROKER_JOB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "device_set.h"
#include "operation.h"

/* A reclaim can be stopped between two slices of that size. */
#define SLICE_BYTES (UINT64_C(16) << 20)

/* So long a claim waits for locks that somebody holds. */
#define CLAIM_LOCKS_USEC (1 * USEC_PER_SEC)

struct wish {
	char node[NODE_MOST]; /* "": all devices */
	uint64_t max_bytes;   /* 0: no limit */
	uint64_t wait_usec;
	bool no_pageout;
	bool dry_run;
	bool prefetch;
};

struct job {
	struct job *next; /* of those that are done */
	struct worker *worker; /* who did it */
	void *owner;
	enum operation_kind kind;
	struct wish wish;
	int pidfd;
	struct node *nodes[DEVICES_MOST]; /* a reclaim has one */
	unsigned int n_nodes;
	uint64_t begun;		/* when the work began, for the deadline */
	uint64_t end;		/* no slice begins after that */
	uint64_t swap_reserve;	/* of which no slice may begin to take */
	atomic_bool stop;

	/* What became of it. */
	struct outcome sum;
	unsigned int found; /* devices on which the process has a file */
	bool lost[DEVICES_MOST];
};

/* Runs to its end; blocks. */
void job_run(struct job *job);

/* What a reclaim did, added to the slices before it on the same device. */
void job_add_slice(struct outcome *sum, const struct outcome *slice);
/* And the sum of a device added to those before it. */
void job_add_device(struct outcome *sum, const struct outcome *device);

#endif /* BROKER_JOB_H */
