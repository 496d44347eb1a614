/* SPDX-License-Identifier: MIT */
/* What gamescope says about its windows in properties of the root window. */
#ifndef AGENT_GAMESCOPE_FOCUS_H
#define AGENT_GAMESCOPE_FOCUS_H

#include <stddef.h>
#include <stdint.h>

#include "window_list.h"

enum gamescope_property {
	GAMESCOPE_WINDOWS,   /* window, application and PID of each */
	GAMESCOPE_WINDOW,    /* that has the focus */
	GAMESCOPE_APP,	     /* that has the focus: of Steam, for example */
	GAMESCOPE_APP_GFX,   /* that is on the screen below it */
	GAMESCOPE_PROPERTIES,
};

extern const char *const gamescope_property_names[GAMESCOPE_PROPERTIES];

#define GAMESCOPE_NUMBERS_MOST (3 * 1024)

struct gamescope_value {
	const uint32_t *numbers;
	size_t count;
};

/*
 * List the windows. Returns 0, -ENODATA if no window has the focus, so that nobody knows what is
 * shown, or -EBADMSG.
 */
int gamescope_windows(const struct gamescope_value values[GAMESCOPE_PROPERTIES],
		      struct window_list *list);

#endif /* AGENT_GAMESCOPE_FOCUS_H */
