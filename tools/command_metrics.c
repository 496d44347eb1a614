/* SPDX-License-Identifier: MIT */
/*
 * A file of counters before the first run: a counter that is there for the first time
 * with a count in it has not grown, as Prometheus sees it.
 */
#include "commands.h"
#include "metrics.h"
#include "say.h"

int command_metrics(const struct options *o)
{
	static const struct metrics none;

	return metrics_file_add(o->metrics, &none) ? STATUS_METRICS : STATUS_OK;
}
