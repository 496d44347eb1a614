/* SPDX-License-Identifier: MIT */
/*
 * Windows as a program reports them on the session bus: a shell, or the script for KWin. Only
 * one program at a time can do that. Its windows count as visible when it leaves the bus, and
 * when it has not called Sync for some time.
 */
#ifndef AGENT_SOURCE_SESSION_H
#define AGENT_SOURCE_SESSION_H

#include "sdbus.h"
#include "source.h"

#define SESSION_SILENT_USEC UINT64_C(30000000)

/* @silent: this long, in microseconds, for example SESSION_SILENT_USEC. */
struct source *source_session_new(sd_event *event, uint64_t silent,
				  const struct source_handler *handler);

/*
 * The methods of the same names. @sender: the unique name of the caller. Return 0 or -errno:
 * -EPERM if another program is the source, -EINVAL, -ENOSPC or -ENOTCONN.
 */
int source_session_window(struct source *source, const char *sender, const char *key,
			  const struct window *w);
int source_session_closed(struct source *source, const char *sender, const char *key);
int source_session_sync(struct source *source, const char *sender);

#endif /* AGENT_SOURCE_SESSION_H */
