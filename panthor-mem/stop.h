/* SPDX-License-Identifier: MIT */
/*
 * SIGINT and SIGTERM. The first one stops the work at the next opportunity, and the program still
 * reports what was done. The second one ends the program, as SIGHUP and SIGQUIT do. A signal that
 * was ignored when the program started stays ignored.
 */
#ifndef TOOL_STOP_H
#define TOOL_STOP_H

#include <stdbool.h>

/* @before_end is called in the signal handler, before a signal ends the program. */
void stop_catch(void (*before_end)(void));

/* The signal that came, or 0. */
int stop_signal(void);

/* To be called when the work is over. Returns the signal that has come so far, or 0. */
int stop_settle(void);

/* Did a signal come after stop_settle()? */
bool stop_again(void);

/*
 * For use around system calls that wait. After the first signal a timer interrupts the call
 * repeatedly, so that a signal that came just before the call ends it, too. Call stop_begin(),
 * then check stop_signal(), then make the call.
 */
void stop_begin(void);
void stop_end(void);

#endif /* TOOL_STOP_H */
