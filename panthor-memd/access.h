/* SPDX-License-Identifier: MIT */
/* Which callers may act on which processes. These functions depend on their arguments alone. */
#ifndef BROKER_ACCESS_H
#define BROKER_ACCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "config.h"
#include "fault.h"
#include "target.h"

struct caller {
	uid_t uid;
	bool in_group; /* BROKER_GROUP */
	bool active;   /* has an active session; only set if OwnProcesses=active */
};

enum access { ACCESS_YES, ACCESS_NO, ACCESS_ASK };

/* With ACCESS_NO, @f is set to the reason. ACCESS_ASK: polkit decides. */
enum access access_check(const struct caller *caller, const struct owner *owner,
			 const struct config *config, struct fault *f);

/* May @caller receive signals about processes of @owner? */
bool access_hear(const struct caller *caller, uid_t owner);

#endif /* BROKER_ACCESS_H */
