/* SPDX-License-Identifier: MIT */
/*
 * The process that a request names by its PID and the inode number of a pidfd, which is never
 * reused. The pidfd is always opened here and never comes from a client.
 */
#ifndef BROKER_TARGET_H
#define BROKER_TARGET_H

#include <stdbool.h>
#include <sys/types.h>

#include "fault.h"
#include "limit.h"
#include "list.h"

/* The maximum number of targets that are kept. */
#define TARGET_MOST 1024

struct targets {
	struct list list; /* least recently used first */
	unsigned int count;
	unsigned int expected; /* requests whose target is not known yet */
	bool kept;	       /* a target is kept only because of them */
	sd_event *event;
	const struct config *config;
};

struct target {
	struct list link;
	struct targets *targets;
	unsigned int refs;
	uint32_t pid;
	uint64_t id;
	int pidfd;
	sd_event_source *exit;
	bool exited;
	struct history history;
	/*
	 * Number of the newest claim, or 0. It ends all reclaims with a lower number, also those
	 * whose process is not known yet.
	 */
	uint64_t claim_seq;
};

void targets_init(struct targets *t, sd_event *event, const struct config *config);
void targets_free(struct targets *t);

/* Open a target. Returns NULL and sets @f on an error. Root may pass 0 for @id. */
struct target *target_open(struct targets *t, uint32_t pid, uint64_t id, bool root,
			   struct fault *f);
void target_unref(struct target *t);

/* A request has come. Later, its target is known, or the request is gone. */
void targets_expect(struct targets *t);
void targets_looked_up(struct targets *t);
/* Called regularly: free targets that are no longer needed. */
void targets_sweep(struct targets *t);

/* The user of a process, or its users if it has more than one. */
struct owner {
	bool one; /* all four UIDs are the same */
	uid_t uid; /* the effective UID */
	uid_t real;
};

/* Returns 0, or -1 and sets @f. */
int target_owner(const struct target *t, struct owner *o, struct fault *f);

/* Has the process exited by now? */
bool target_gone(const struct target *t);

#endif /* BROKER_TARGET_H */
