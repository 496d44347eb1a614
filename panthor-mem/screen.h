/* SPDX-License-Identifier: MIT */
/*
 * A screen of its own for a live display, so that the one before comes back: at the end,
 * whatever signal ends the program, while it is stopped by Ctrl-Z, and before a message.
 */
#ifndef TOOL_SCREEN_H
#define TOOL_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

/* From now on SIGINT, SIGTERM, SIGHUP and SIGQUIT end the program and tidy up. */
void screen_start(void);

/* Show it, if it is not shown; false if the terminal is another job's now. */
bool screen_enter(void);
void screen_leave(void);

/* Until the time is over, the window has another size, or the program goes on after a stop. */
void screen_rest(int64_t ns);

#endif /* TOOL_SCREEN_H */
