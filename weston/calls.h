/* SPDX-License-Identifier: MIT */
/*
 * Reclaims and claims of processes, on two threads: one for each direction, because a claim
 * must not wait behind a reclaim. They call the library if this process has the capability,
 * and panthor-memd if not. The functions are for the main thread, and none of them waits.
 */
#ifndef CALLS_H
#define CALLS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <wayland-util.h>

enum direction { RECLAIM, CLAIM, DIRECTIONS };

struct result {
	bool is_new;
	int error;	/* negative errno code, or 0 */
	uint32_t status; /* of a reclaim: enum drm_panthor_mem_status */
	uint64_t bytes;
	int64_t ns;
	char text[128];	/* why it failed, if panthor-memd said so */
};

struct target {
	pid_t pid;
	int pidfd;
	uint64_t id;	/* the inode number of the pidfd, which is never reused */
	/* The rest is private. */
	struct wl_list link;
	enum direction wanted;
	bool due[DIRECTIONS];
	bool running[DIRECTIONS];
	struct result results[DIRECTIONS];
};

/*
 * Starts the threads. @device: NULL for the first one that works, and for all devices if
 * panthor-memd makes the calls. @claim_ms: how long a claim waits for locked memory.
 * Returns an eventfd that is readable when there are results; or a negative errno code.
 */
int calls_start(const char *device, int32_t claim_ms, bool *by_broker);

/* Add a target whose first three members are set. Remove one: false if a thread works on it. */
void calls_add(struct target *t);
bool calls_remove(struct target *t);

/* Ask for a reclaim or a claim. It replaces a request that has not started yet. */
void calls_want(struct target *t, enum direction direction);

/* Get the latest results. Returns true if nothing is requested or running any more. */
bool calls_take(struct target *t, struct result results[DIRECTIONS]);

#endif /* CALLS_H */
