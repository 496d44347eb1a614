/* SPDX-License-Identifier: MIT */
/*
 * SIGINT and SIGTERM: the first one ends the work at the next good place, and
 * what was done is reported; the second one ends the program, as SIGHUP and SIGQUIT do.
 * One that was ignored when the program started stays ignored.
 */
#ifndef TOOL_STOP_H
#define TOOL_STOP_H

#include <stdbool.h>

/* @before_end is called, as a handler may be, before a signal ends the program. */
void stop_catch(void (*before_end)(void));

/* The signal that came, or 0. */
int stop_signal(void);

/* The work is over: returns the signal that came until now, or 0. */
int stop_settle(void);

/* Did one come after that? */
bool stop_again(void);

/*
 * Around system calls that wait. From the first signal on, such a call is interrupted
 * again and again: a signal that came just before it was entered ends it, too. Begin,
 * look at stop_signal(), and then make the call.
 */
void stop_begin(void);
void stop_end(void);

#endif /* TOOL_STOP_H */
