/* SPDX-License-Identifier: MIT */
/* The messages of sway: in pieces, and what their JSON says. */
#include <string.h>

#include "fuzz.h"
#include "sway_message.h"
#include "sway_tree.h"

static void check_json(uint32_t type, const char *json, size_t length)
{
	struct window_list list;
	struct sway_event event;
	size_t i;

	if (!sway_tree_windows(json, length, &list)) {
		for (i = 0; i < list.count; i++) {
			FUZZ_CHECK(memchr(list.windows[i].app_id, 0, WINDOW_APP_ID));
			FUZZ_CHECK(list.windows[i].pid >= 0);
			/* What has no PID, nobody knows. */
			FUZZ_CHECK(list.windows[i].pid || list.windows[i].unsure);
		}
	}
	window_list_free(&list);
	if (!sway_tree_event(type, json, length, &event))
		FUZZ_CHECK(memchr(event.command, 0, sizeof(event.command)));
	sway_tree_succeeded(json, length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t types[] = { SWAY_EVENT_WINDOW, SWAY_EVENT_WORKSPACE,
					  SWAY_EVENT_BINDING };
	struct sway_reader r = { 0 };
	struct sway_message m;
	size_t i, step;
	int ret = 0;

	/* The first byte says how large the pieces are. */
	step = size ? data[0] + 1u : 1;
	for (i = 1; i < size && ret >= 0; i += step) {
		sway_reader_add(&r, data + i, size - i < step ? size - i : step);
		while ((ret = sway_reader_next(&r, &m)) > 0) {
			FUZZ_CHECK(m.length <= SWAY_PAYLOAD_MOST);
			check_json(m.type, m.payload, m.length);
		}
	}
	sway_reader_free(&r);
	/* Most changes break the header. So the JSON alone, too. */
	if (size > 1)
		check_json(types[data[0] % 3], (const char *)data + 1, size - 1);
	return 0;
}
