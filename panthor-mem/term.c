/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "term.h"

static bool colour_wanted(const struct term *term, enum term_when when)
{
	const char *no = getenv("NO_COLOR");

	if (when != TERM_AUTO)
		return when == TERM_ALWAYS;
	return term->tty && !(no && *no);
}

void term_look(struct term *term, int fd, enum term_when when)
{
	const char *kind = getenv("TERM");
	bool is_tty = isatty(fd);
	struct winsize size = { 0 };

	*term = (struct term){ .tty = is_tty && kind && *kind && strcmp(kind, "dumb") };
	term->colour = colour_wanted(term, when);
	if (!is_tty)
		return;
	term->columns = 80;
	term->rows = 24;
	if (!ioctl(fd, TIOCGWINSZ, &size)) {
		if (size.ws_col)
			term->columns = size.ws_col;
		if (size.ws_row)
			term->rows = size.ws_row;
	}
}
