/* SPDX-License-Identifier: MIT */
/*
 * Which process belongs to which window. The owner of a process is the nearest process above it,
 * or itself, that has a window. A process outside of these that is in the systemd unit of an
 * application (app-*) belongs to the one process with a window in this unit. If there are two,
 * or if both rules apply and disagree, nobody owns it, and it is left alone. The same holds for
 * a process without a window that is connected to the compositor, and for what it has started.
 */
#ifndef AGENT_OWNER_H
#define AGENT_OWNER_H

#include "processes.h"
#include "source.h"

/*
 * Set the owners in @p. @compositor and @self own nothing and belong to nobody, like the
 * processes that have started them.
 */
void owner_assign(struct processes *p, const struct window *windows, size_t count,
		  pid_t compositor, pid_t self);

/*
 * Is a window visible whose process nobody knows? It could belong to any process, because some
 * X11 clients do not say who they are.
 */
bool owner_any_unknown(const struct processes *p, const struct window *windows, size_t count);

#endif /* AGENT_OWNER_H */
