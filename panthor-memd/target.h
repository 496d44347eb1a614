/* SPDX-License-Identifier: MIT */
/*
 * The process that a request names: by its number, and by the inode number of a pidfd
 * of it, which no other process has had or will have. The pidfd is always one that was
 * opened here.
 */
#ifndef BROKER_TARGET_H
#define BROKER_TARGET_H

#include <stdbool.h>
#include <sys/types.h>

#include "fault.h"
#include "limit.h"
#include "list.h"

/* So many are remembered. */
#define TARGET_MOST 1024

struct targets {
	struct list list; /* the one that was used last is the last */
	unsigned int count;
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
	/* The newest claim of it: reclaims that were asked for before it are over. */
	uint64_t claim_seq;
};

void targets_init(struct targets *t, sd_event *event, const struct config *config);
void targets_free(struct targets *t);

/* The process; NULL after @f was set. @root may leave @id 0. */
struct target *target_open(struct targets *t, uint32_t pid, uint64_t id, bool root,
			   struct fault *f);
void target_unref(struct target *t);

/* A process's user, or what its users are if there is more than one. */
struct owner {
	bool one; /* all four are the same */
	uid_t uid;
	uid_t real;
};

/* 0, or -1 after @f was set. */
int target_owner(const struct target *t, struct owner *o, struct fault *f);

/* Has it exited? As of now. */
bool target_gone(const struct target *t);

#endif /* BROKER_TARGET_H */
