/* SPDX-License-Identifier: MIT */
/* An array of windows. */
#ifndef AGENT_WINDOW_LIST_H
#define AGENT_WINDOW_LIST_H

#include <stddef.h>

#include "source.h"

struct window_list {
	struct window *windows;
	size_t count;
};

/* Append a window of which nothing is known. It stays where it is until the next call. */
struct window *window_list_add(struct window_list *list);
void window_list_free(struct window_list *list);

#endif /* AGENT_WINDOW_LIST_H */
