/* SPDX-License-Identifier: MIT */
/* Is a name on the bus there, and which process has it? */
#ifndef AGENT_NAME_WATCH_H
#define AGENT_NAME_WATCH_H

#include <sys/types.h>

#include "sdbus.h"

struct name_watch;

/*
 * Call @found with the PID of the process that has the name, or 0 if nobody has it: soon, when
 * this changes, and after each name_watch_ask(). NULL if there is not enough memory, or the bus
 * is gone.
 */
struct name_watch *name_watch_new(sd_bus *bus, const char *name,
				  void (*found)(void *data, pid_t pid), void *data);
/*
 * The bus delivers messages in order. So what the name's owner sent before this call has arrived
 * when @found is called.
 */
void name_watch_ask(struct name_watch *w);
void name_watch_free(struct name_watch *w);

#endif /* AGENT_NAME_WATCH_H */
