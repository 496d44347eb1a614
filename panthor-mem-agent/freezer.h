/* SPDX-License-Identifier: MIT */
/*
 * Freezing applications by cgroup.freeze, so that nothing stays frozen: an application is listed in
 * a file before it is frozen. A second process, the keeper, thaws what is in the list when
 * the agent is gone, however it ended. "panthor-mem-agent --thaw" does the same, and so does the
 * next agent when it starts.
 */
#ifndef AGENT_FREEZER_H
#define AGENT_FREEZER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "roots.h"
#include "sdbus.h"

#define FREEZER_PATH 512

struct freezer;

/*
 * @runtime: $XDG_RUNTIME_DIR. @lost: the keeper was killed. Everything is thawed, and nothing
 * can be frozen any more. Returns NULL with errno set. No thread may have been started.
 */
struct freezer *freezer_new(sd_event *event, const struct roots *roots, uid_t uid,
			    const char *runtime, void (*lost)(void *data), void *data);
/* Thaws everything. What stays frozen stays in the list. */
void freezer_free(struct freezer *f);

/* @cgroup: see freezer_cgroup(). Returns 0 or -errno; -EBUSY if it is frozen already. */
int freezer_freeze(struct freezer *f, uint64_t app, const char *cgroup);
/* If this fails, it is tried again until it succeeds. Meanwhile, the cgroup stays in the list. */
void freezer_thaw(struct freezer *f, uint64_t app);

/* The process that thaws; 0 if it was killed. */
pid_t freezer_keeper(const struct freezer *f);

/* Thaw what a former agent has left in the list. Returns 0 or -errno. */
int freezer_thaw_list(const struct roots *roots, uid_t uid, const char *runtime);

/*
 * Write the name of the cgroup of a unit (see struct entry) to @cgroup. Only units of
 * applications of this user have one; returns whether it fits.
 */
bool freezer_cgroup(uid_t uid, const char *unit, char cgroup[FREEZER_PATH]);

#endif /* AGENT_FREEZER_H */
