/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "window_table.h"

static struct window_row *find(struct window_table *t, const char *key)
{
	size_t i;

	for (i = 0; i < t->count; i++) {
		if (!strcmp(t->rows[i].key, key))
			return &t->rows[i];
	}
	return NULL;
}

int window_table_set(struct window_table *t, const char *key, const struct window *w)
{
	struct window_row *row;

	if (!*key || strlen(key) >= WINDOW_KEY)
		return -EINVAL;
	row = find(t, key);
	if (!row) {
		if (t->count == WINDOWS_MOST) {
			t->refused = t->overflow = true;
			return -ENOSPC;
		}
		t->rows = memory_grow(t->rows, t->count, t->count + 1, sizeof(*t->rows));
		row = &t->rows[t->count++];
		strcpy(row->key, key);
	} else if (row->window.pid == w->pid && row->window.visible == w->visible &&
		   row->window.unsure == w->unsure && !strcmp(row->window.app_id, w->app_id)) {
		row->repeated = true;
		return 0;
	}
	row->window = *w;
	row->repeated = true;
	t->changed = true;
	return 0;
}

void window_table_close(struct window_table *t, const char *key)
{
	struct window_row *row = find(t, key);

	if (!row)
		return;
	*row = t->rows[--t->count];
	t->changed = true;
}

void window_table_sync(struct window_table *t)
{
	size_t i, kept = 0;

	for (i = 0; i < t->count; i++) {
		if (!t->rows[i].repeated)
			continue;
		t->rows[kept] = t->rows[i];
		t->rows[kept++].repeated = false;
	}
	t->changed |= kept != t->count;
	t->count = kept;
	t->overflow = t->refused;
	t->refused = false;
}

struct window *window_table_list(const struct window_table *t)
{
	struct window *list = memory_grow(NULL, 0, t->count + 1, sizeof(*list));
	size_t i;

	for (i = 0; i < t->count; i++)
		list[i] = t->rows[i].window;
	return list;
}

void window_table_free(struct window_table *t)
{
	free(t->rows);
	*t = (struct window_table){ 0 };
}
