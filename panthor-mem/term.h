/* SPDX-License-Identifier: MIT */
/* What the terminal at a file descriptor can show. */
#ifndef TOOL_TERM_H
#define TOOL_TERM_H

#include <stdbool.h>

enum term_when { TERM_AUTO, TERM_ALWAYS, TERM_NEVER };

struct term {
	bool tty;	      /* a terminal that can move its cursor */
	bool colour;
	unsigned int columns; /* 0: no limit */
	unsigned int rows;    /* 0: no limit */
};

/* With TERM_AUTO there is colour on terminals only, and not if NO_COLOR is set. */
void term_look(struct term *term, int fd, enum term_when when);

#endif /* TOOL_TERM_H */
