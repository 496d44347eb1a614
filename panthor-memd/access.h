/* SPDX-License-Identifier: MIT */
/* Who may do what to whose process: a function of facts alone. */
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
	bool active;   /* has an active session; asked for only if it decides */
};

enum access { ACCESS_YES, ACCESS_NO, ACCESS_ASK };

/* With ACCESS_NO, @f says why. */
enum access access_check(const struct caller *caller, const struct owner *owner,
			 const struct config *config, struct fault *f);

/* May it hear of what is done to this user's processes? */
bool access_hear(const struct caller *caller, uid_t owner);

#endif /* BROKER_ACCESS_H */
