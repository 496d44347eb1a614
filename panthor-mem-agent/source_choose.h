/* SPDX-License-Identifier: MIT */
/* Which source of windows fits this session. */
#ifndef AGENT_SOURCE_CHOOSE_H
#define AGENT_SOURCE_CHOOSE_H

enum source_kind {
	SOURCE_AUTO,
	SOURCE_SWAY,
	SOURCE_SESSION_BUS,
	SOURCE_CGROUP,
	SOURCE_GAMESCOPE,
	SOURCE_KINDS,
};

/* As in the configuration. */
extern const char *const source_kind_names[SOURCE_KINDS];

/* @sway: $SWAYSOCK; @desktop: $XDG_CURRENT_DESKTOP, like "ubuntu:GNOME"; each can be NULL. */
enum source_kind source_choose(enum source_kind wanted, const char *sway, const char *desktop);

#endif /* AGENT_SOURCE_CHOOSE_H */
