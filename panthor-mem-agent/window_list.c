/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "memory.h"
#include "window_list.h"

struct window *window_list_add(struct window_list *list)
{
	list->windows = memory_grow(list->windows, list->count, list->count + 1,
				    sizeof(*list->windows));
	return &list->windows[list->count++];
}

void window_list_free(struct window_list *list)
{
	free(list->windows);
	*list = (struct window_list){ 0 };
}
