/* SPDX-License-Identifier: MIT */
/*
 * Creates the file of counters before the first run: to Prometheus, a counter whose first value
 * is not 0 has not grown.
 */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "device.h"
#include "json.h"
#include "metrics.h"

void metrics_json(const char *path, const struct problem *p)
{
	struct json_object *o = json_new("metrics");

	json_add_name(o, "file", path);
	json_add_problem(o, "error", p);
	json_print(o, false);
}

/* Adds the series without a device, and those of each panthor device in sysfs. */
static void add_all(const struct options *o, struct problem *p)
{
	static const struct metrics none;
	char node[NODE_NAME], driver[NODE_NAME];
	int n, ret = metrics_file_add(o->metrics, "", &none, p);

	for (n = NODE_FIRST_RENDER; n <= NODE_LAST_RENDER && !ret; n++) {
		snprintf(node, sizeof(node), "renderD%d", n);
		node_driver(&o->roots, node, driver);
		if (!strcmp(driver, DEVICE_DRIVER))
			ret = metrics_file_add(o->metrics, node, &none, p);
	}
}

int command_metrics(const struct options *o)
{
	struct problem p = { 0 };

	add_all(o, &p);
	if (o->json)
		metrics_json(o->metrics, &p);
	if (!p.error)
		return STATUS_OK;
	problem_say(&p, o->metrics);
	return p.status;
}
