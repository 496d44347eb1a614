/* SPDX-License-Identifier: MIT */
/*
 * What the cases share: processes that use Mesa, and the calls of their manager.
 */
#ifndef WORLD_H
#define WORLD_H

#include "client.h"
#include "gpu/sysmem.h"
#include "guest.h"
#include "panthor_drmif.h"

/* One set of objects of a process: @count of the same kind, from the number @first. */
struct objects {
	unsigned int first;
	unsigned int count;
	uint64_t size;
	bool image;
	bool exclusive;		/* cannot be exported */
	bool halved;		/* every second object was freed, from the first on */
	uint64_t seed;
};

#define SETS 6

struct process {
	struct gpu_app app;
	struct objects sets[SETS];
	unsigned int set_count;
	uint64_t bytes;		/* of all objects */
};

/* The processes of a case. The second one is started by the cases that need it. */
extern struct process one, two;

/* State of a case is the API that its processes use. */
int world_begin(void **state);
int world_end(void **state);

void start(struct process *process, const void *client);
void add(struct process *process, struct objects set);
/* Small and large buffers and images, which can or cannot be exported. */
void add_mixed(struct process *process);

/* One request to a process; the case fails if the answer is negative. */
int64_t ask(struct process *process, const struct app_request *req);
void frame(struct process *process);
/* Process one, with mixed objects, which a frame has used. */
void begin(void **state);
/* Every object must have the contents that it was given. */
void check(struct process *process);

/* The manager. Reclaim waits for unfinished work, for a generous time. */
struct panthor_mem_reclaim_result reclaim(const struct process *process);
/* The same, without a wait for GPU work that runs. */
struct panthor_mem_reclaim_result reclaim_at_once(const struct process *process);
/* Everything of process one has left, but for what its queues need. */
void check_reclaim(const struct panthor_mem_reclaim_result *result);
struct panthor_mem_claim_result claim(const struct process *process, uint64_t max_bytes);
/*
 * Reclaim and claim process one, so many times, while it draws frames of @triangles. The case fails
 * if nothing was evicted or drawn.
 */
void reclaim_while_drawing(unsigned int rounds, unsigned int triangles);
/* Bytes that are evicted, and that are resident, with the driver's own buffers. */
uint64_t evicted(const struct process *process);
uint64_t resident(const struct process *process);
/*
 * Bytes of its tiler heaps and groups, also while they are evicted. Unlike resident(), this does
 * not depend on when Mesa gives up the buffers that it keeps for later.
 */
uint64_t heap_bytes(const struct process *process);

/* Pages read from swap since the guest started, and bytes in swap. */
uint64_t pages_in(void);
uint64_t in_swap(void);
/* Wait until at most that much is in swap. What a process had there is freed after its end. */
void wait_for_swap(uint64_t bytes);

#endif
