/* SPDX-License-Identifier: MIT */
/* The terminal at a file descriptor: what it can show, and its alternate screen. */
#ifndef TOOL_TERM_H
#define TOOL_TERM_H

#include <stdbool.h>
#include <stdint.h>

enum term_when { TERM_AUTO, TERM_ALWAYS, TERM_NEVER };

struct term {
	bool tty;	      /* a terminal that can move its cursor */
	bool colour;
	unsigned int columns; /* 0: no limit */
	unsigned int rows;    /* 0: no limit */
};

/* With TERM_AUTO there is colour on terminals only, and not if NO_COLOR is set. */
void term_look(struct term *term, int fd, enum term_when when);

/* --- the alternate screen ---------------------------------------------------
 *
 * It is for a live display. The normal screen comes back at the end, even if a signal ends the
 * program, while Ctrl-Z stops it, and before a message.
 */

/* From now on SIGINT, SIGTERM, SIGHUP and SIGQUIT restore the screen and end the program. */
void screen_start(void);

/* Shows it, if it is not shown. Returns false if the terminal belongs to another job now. */
bool screen_enter(void);
void screen_leave(void);

/* Sleeps until the time is up, the window is resized, or the program continues after a stop. */
void screen_rest(int64_t ns);

#endif /* TOOL_TERM_H */
