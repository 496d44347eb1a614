/* SPDX-License-Identifier: MIT */
/*
 * Which application has the focus, as Mutter (GNOME) writes it to the cgroups of applications:
 * the attribute user.xdg.inactive-since is -1, or the time at which the focus was lost. What has
 * no focus can still be on the screen, see window.focus_only.
 */
#ifndef AGENT_SOURCE_CGROUP_H
#define AGENT_SOURCE_CGROUP_H

#include "roots.h"
#include "sdbus.h"
#include "source.h"

#define CGROUP_ATTRIBUTE "user.xdg.inactive-since"
/* Every Mutter has this name on the session bus. */
#define CGROUP_MUTTER "org.gnome.Mutter.DisplayConfig"

/* Looks at the cgroups of the user's service manager. @roots has to stay. */
struct source *source_cgroup_new(sd_event *event, const struct roots *roots, uid_t uid,
				 const struct source_handler *handler);

/* The name of the application in that of its unit, like app-gnome-org.foo.Bar-123.scope. */
void source_cgroup_app_id(const char *unit, char app_id[WINDOW_APP_ID]);

#endif /* AGENT_SOURCE_CGROUP_H */
