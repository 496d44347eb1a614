/* SPDX-License-Identifier: MIT */
/* Windows as programs report them: calls on the session bus, names of units, gamescope's lists. */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "gamescope_focus.h"
#include "source_cgroup.h"
#include "window_table.h"

static char take(const uint8_t **data, size_t *size)
{
	if (!*size)
		return 0;
	(*size)--;
	return (char)*(*data)++;
}

/* Each call is a byte for the method, and a name that ends with a zero byte. */
static void check_table(const uint8_t *data, size_t size)
{
	struct window_table t = { 0 };

	while (size) {
		const unsigned char method = (unsigned char)take(&data, &size);
		struct window w = { .pid = method };
		char key[2 * WINDOW_KEY];
		size_t used = 0;
		int ret;

		do
			key[used] = take(&data, &size);
		while (key[used] && ++used < sizeof(key) - 1);
		key[used] = '\0';
		if (method < 16) {
			window_table_sync(&t);
		} else if (method < 64) {
			window_table_close(&t, key);
		} else {
			ret = window_table_set(&t, key, &w);
			FUZZ_CHECK(ret == 0 || ret == -ENOSPC ||
				   (ret == -EINVAL && (!used || used >= WINDOW_KEY)));
		}
		FUZZ_CHECK(t.count <= WINDOWS_MOST);
	}
	free(window_table_list(&t));
	window_table_free(&t);
}

static void check_name(const uint8_t *data, size_t size)
{
	char unit[300], app_id[WINDOW_APP_ID];

	size = size < sizeof(unit) - 1 ? size : sizeof(unit) - 1;
	memcpy(unit, data, size);
	unit[size] = '\0';
	source_cgroup_app_id(unit, app_id);
	FUZZ_CHECK(memchr(app_id, 0, sizeof(app_id)));
}

static void check_gamescope(const uint8_t *data, size_t size)
{
	uint32_t *numbers = malloc(size + sizeof(*numbers));
	const size_t count = size / sizeof(*numbers);
	struct gamescope_value values[GAMESCOPE_PROPERTIES] = { 0 };
	struct window_list list;
	size_t i, visible = 0;

	memcpy(numbers, data, size);
	for (i = 1; i < GAMESCOPE_PROPERTIES && i <= count; i++)
		values[i] = (struct gamescope_value){ &numbers[i - 1], 1 };
	if (count > 3)
		values[GAMESCOPE_WINDOWS] = (struct gamescope_value){ numbers + 3, count - 3 };
	if (!gamescope_windows(values, &list)) {
		for (i = 0; i < list.count; i++) {
			FUZZ_CHECK(list.windows[i].pid > 0 || list.windows[i].unsure);
			visible += list.windows[i].visible;
		}
		/* Something has the focus. */
		FUZZ_CHECK(visible);
	}
	window_list_free(&list);
	free(numbers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_table(data, size);
	check_name(data, size);
	check_gamescope(data, size);
	return 0;
}
