/* SPDX-License-Identifier: MIT */
/* The windows that a program reports one by one. */
#ifndef AGENT_WINDOW_TABLE_H
#define AGENT_WINDOW_TABLE_H

#include "source.h"

#define WINDOW_KEY 128
#define WINDOWS_MOST 1024

struct window_row {
	char key[WINDOW_KEY];
	struct window window;
	bool repeated; /* since the last window_table_sync() */
};

struct window_table {
	struct window_row *rows;
	size_t count;
	/* More windows than WINDOWS_MOST were reported, so that some are not known. */
	bool overflow;
	bool refused; /* one since the last window_table_sync() */
	bool changed; /* something, since the user of the table has set this to false */
};

/* Returns 0, -EINVAL if @key is empty or too long, or -ENOSPC. */
int window_table_set(struct window_table *t, const char *key, const struct window *w);
void window_table_close(struct window_table *t, const char *key);
/* All windows were reported now. Those that were not repeated since the last call are closed. */
void window_table_sync(struct window_table *t);
/* Returns the windows as an array that the caller frees. */
struct window *window_table_list(const struct window_table *t);
void window_table_free(struct window_table *t);

#endif /* AGENT_WINDOW_TABLE_H */
