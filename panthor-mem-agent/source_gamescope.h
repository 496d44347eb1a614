/* SPDX-License-Identifier: MIT */
/* Windows as gamescope reports them in properties of the root window of its X server. */
#ifndef AGENT_SOURCE_GAMESCOPE_H
#define AGENT_SOURCE_GAMESCOPE_H

#include "sdbus.h"
#include "source.h"

/*
 * @display: like ":0"; NULL: there is none. Connects now or as soon as it can, and again if the
 * connection is lost. NULL if there is not enough memory.
 */
struct source *source_gamescope_new(sd_event *event, const char *display,
				    const struct source_handler *handler);

#endif /* AGENT_SOURCE_GAMESCOPE_H */
