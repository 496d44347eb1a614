/* SPDX-License-Identifier: MIT */
/*
 * The terminal's alternate screen, for a live display. The normal screen comes back at the end,
 * even if a signal ends the program, while Ctrl-Z stops it, and before a message.
 */
#ifndef TOOL_SCREEN_H
#define TOOL_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

/* From now on SIGINT, SIGTERM, SIGHUP and SIGQUIT restore the screen and end the program. */
void screen_start(void);

/* Shows it, if it is not shown. Returns false if the terminal belongs to another job now. */
bool screen_enter(void);
void screen_leave(void);

/* Sleeps until the time is up, the window is resized, or the program continues after a stop. */
void screen_rest(int64_t ns);

#endif /* TOOL_SCREEN_H */
