/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "source_choose.h"

const char *const source_kind_names[SOURCE_KINDS] = {
	[SOURCE_AUTO] = "auto",	    [SOURCE_SWAY] = "sway",
	[SOURCE_SESSION_BUS] = "session-bus", [SOURCE_CGROUP] = "cgroup",
	[SOURCE_GAMESCOPE] = "gamescope",
};

static const struct {
	const char *desktop;
	enum source_kind kind;
} desktops[] = {
	{ "sway", SOURCE_SWAY },
	{ "KDE", SOURCE_SESSION_BUS },
	{ "GNOME", SOURCE_CGROUP },
	{ "gamescope", SOURCE_GAMESCOPE },
};

enum source_kind source_choose(enum source_kind wanted, const char *sway, const char *desktop)
{
	const char *at = desktop;
	size_t i;

	if (wanted != SOURCE_AUTO)
		return wanted;
	if (sway && *sway)
		return SOURCE_SWAY;
	/* Names of desktops, the one that fits best first. */
	while (at && *at) {
		const size_t length = strcspn(at, ":");

		for (i = 0; i < sizeof(desktops) / sizeof(desktops[0]); i++) {
			if (length == strlen(desktops[i].desktop) &&
			    !strncasecmp(at, desktops[i].desktop, length))
				return desktops[i].kind;
		}
		at += length + (at[length] == ':');
	}
	return SOURCE_SWAY;
}
