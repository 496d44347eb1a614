/* SPDX-License-Identifier: MIT */
/*
 * SIGINT and SIGTERM: the first one ends the work at the next good place, and
 * what was done is reported; the second one ends the program.
 */
#ifndef TOOL_STOP_H
#define TOOL_STOP_H

void stop_catch(void);

/* The signal that came, or 0. */
int stop_signal(void);

#endif /* TOOL_STOP_H */
