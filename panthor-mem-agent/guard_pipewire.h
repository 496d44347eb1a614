/* SPDX-License-Identifier: MIT */
/* Which programs play sound, and whether the screen is shared, as PipeWire knows. */
#ifndef AGENT_GUARD_PIPEWIRE_H
#define AGENT_GUARD_PIPEWIRE_H

#include <stdbool.h>

#include "numbers.h"
#include "sdbus.h"

struct sound;

/* @changed: what the functions below say has changed. Connects when sound_try() is called. */
struct sound *sound_new(sd_event *event, void (*changed)(void *data), void *data);
/* Connect to PipeWire unless it is connected, or was tried within the last seconds. */
void sound_try(struct sound *s);
void sound_free(struct sound *s);

/* Append the PIDs of the programs that play sound, as they say; 0 for one that does not say. */
void sound_list(const struct sound *s, struct number_list *playing);
bool sound_screen_is_shared(const struct sound *s);

#endif /* AGENT_GUARD_PIPEWIRE_H */
