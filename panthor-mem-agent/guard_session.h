/* SPDX-License-Identifier: MIT */
/* Is this session on the screen, or another one, or the lock screen? As logind knows. */
#ifndef AGENT_GUARD_SESSION_H
#define AGENT_GUARD_SESSION_H

#include <stdbool.h>

#include "sdbus.h"

struct login;

struct login_state {
	bool away;   /* another session is on the screen */
	bool locked; /* the lock screen is shown instead of windows */
};

/*
 * @id: of the session; NULL: the one that the user sees. @changed is called when the state is
 * known, and when it changes. Without logind, and when it is lost, the session is neither away nor
 * locked. NULL if the bus is gone.
 */
struct login *login_new(sd_bus *system, const char *id,
			void (*changed)(void *data, const struct login_state *state), void *data);
void login_free(struct login *l);

#endif /* AGENT_GUARD_SESSION_H */
