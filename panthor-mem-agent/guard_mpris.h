/* SPDX-License-Identifier: MIT */
/* Which programs play music or videos, as they say on the session bus (MPRIS). */
#ifndef AGENT_GUARD_MPRIS_H
#define AGENT_GUARD_MPRIS_H

#include "numbers.h"
#include "sdbus.h"

/* More players than this are not looked at. */
#define MPRIS_MOST 64

struct mpris;

/* @changed: a program has begun or ended to play, has come or gone. NULL if the bus is gone. */
struct mpris *mpris_new(sd_bus *session, void (*changed)(void *data), void *data);
void mpris_free(struct mpris *m);

/* Append the PIDs of the players that play to @playing, and those of all players to @players. */
void mpris_list(const struct mpris *m, struct number_list *playing, struct number_list *players);

#endif /* AGENT_GUARD_MPRIS_H */
