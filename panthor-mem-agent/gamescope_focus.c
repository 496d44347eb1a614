/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

#include "gamescope_focus.h"

#define FIELDS 3

const char *const gamescope_property_names[GAMESCOPE_PROPERTIES] = {
	[GAMESCOPE_WINDOWS] = "GAMESCOPE_FOCUSABLE_WINDOWS",
	[GAMESCOPE_WINDOW] = "GAMESCOPE_FOCUSED_WINDOW",
	[GAMESCOPE_APP] = "GAMESCOPE_FOCUSED_APP",
	[GAMESCOPE_APP_GFX] = "GAMESCOPE_FOCUSED_APP_GFX",
};

static bool is(const struct gamescope_value *value, uint32_t number)
{
	return value->count && value->numbers[0] && value->numbers[0] == number;
}

/* Is a window of the list the one that has the focus? */
static bool is_known(const struct gamescope_value *windows, const struct gamescope_value *focus)
{
	size_t i;

	for (i = 0; i < windows->count; i += FIELDS) {
		if (is(focus, windows->numbers[i]))
			return true;
	}
	return false;
}

int gamescope_windows(const struct gamescope_value values[GAMESCOPE_PROPERTIES],
		      struct window_list *list)
{
	const struct gamescope_value *windows = &values[GAMESCOPE_WINDOWS];
	size_t i;

	*list = (struct window_list){ 0 };
	if (windows->count % FIELDS || windows->count > GAMESCOPE_NUMBERS_MOST)
		return -EBADMSG;
	if (!is_known(windows, &values[GAMESCOPE_WINDOW]))
		return -ENODATA;
	for (i = 0; i < windows->count; i += FIELDS) {
		const uint32_t *n = &windows->numbers[i];
		struct window *w = window_list_add(list);

		/* gamescope asks the X server which process has connected. */
		w->pid = n[2] <= INT_MAX ? (pid_t)n[2] : 0;
		w->unsure = !w->pid;
		w->visible = is(&values[GAMESCOPE_WINDOW], n[0]) ||
			     is(&values[GAMESCOPE_APP], n[1]) ||
			     is(&values[GAMESCOPE_APP_GFX], n[1]);
		snprintf(w->app_id, sizeof(w->app_id), "steam_app_%u", n[1]);
	}
	return 0;
}
