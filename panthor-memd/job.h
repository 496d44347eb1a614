/* SPDX-License-Identifier: MIT */
/* A job for a worker thread: calls of libdrm_panthor that need none of the broker's state. */
#ifndef BROKER_JOB_H
#define BROKER_JOB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "device_set.h"
#include "operation.h"

/* A reclaim is cut into slices of this size. Each is a job, so that others get a turn. */
#define SLICE_BYTES (UINT64_C(16) << 20)

/*
 * How long a job waits: a reclaim for the GPU and for locks, a claim for locks and for swap. Then
 * others get a turn, and the work goes on in another job until its time is over.
 */
#define RECLAIM_TURN_USEC (USEC_PER_SEC / 20)
#define CLAIM_TURN_USEC (1 * USEC_PER_SEC)

struct wish {
	char node[NODE_MOST]; /* "": all devices */
	uint64_t max_bytes;   /* 0: no limit */
	uint64_t wait_usec;
	bool no_pageout;
	bool dry_run;
	bool prefetch;
};

struct job {
	struct job *next; /* in the list of finished jobs */
	struct worker *worker; /* the one that ran the job */
	void *owner;
	enum operation_kind kind;
	struct wish wish;
	int pidfd;
	struct node *nodes[DEVICES_MOST]; /* a reclaim has one */
	unsigned int n_nodes;
	uint64_t begun;		/* when the work began, for the deadline */
	uint64_t end;		/* no slice begins after this time */
	uint64_t swap_writes;	/* what a slice may write to swap; 0: nothing */
	uint64_t swap_reserve;	/* bytes of swap that a slice leaves free; 0: none */

	/* Set by the loop, which then interrupts the worker. */
	atomic_bool stop;
	atomic_bool swap_full; /* less swap than the reserve is free */

	/*
	 * The result. The sum of a reclaim begins with its earlier slices on the same device, and
	 * that of a claim with what its earlier passes have claimed.
	 */
	struct outcome sum;
	bool more; /* there is more to reclaim on the device, or to claim */
	unsigned int found; /* number of devices that the process has open */
	bool lost[DEVICES_MOST];
};

/* Run a job to its end. This blocks. */
void job_run(struct job *job);

/* Is the reserve of swap still free? */
bool job_has_swap(const struct job *job);

/* How much of @o counts for the limit of the caller, in bytes. */
uint64_t job_counted(const struct wish *wish, const struct outcome *o);
/* Add a slice of a reclaim to the sum of the earlier slices on the same device. */
void job_add_slice(struct outcome *sum, const struct wish *wish, const struct outcome *slice);
/* Add the sum of a device to the sum of the earlier devices. */
void job_add_device(struct outcome *sum, const struct outcome *device);

#endif /* BROKER_JOB_H */
