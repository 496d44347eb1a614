/* SPDX-License-Identifier: MIT */
/* What the agent has done, for Prometheus. */
#ifndef AGENT_METRICS_H
#define AGENT_METRICS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "policy.h"

#define AGENT_REQUESTS (POLICY_CLAIM + 1)
#define AGENT_RESULTS (POLICY_FAILED + 1)

struct agent_metrics {
	/* By enum policy_request. */
	uint64_t operations[AGENT_REQUESTS][AGENT_RESULTS];
	uint64_t bytes[AGENT_REQUESTS];
	uint64_t usec[AGENT_REQUESTS];
	uint64_t cancelled;
	uint64_t frozen, not_frozen; /* attempts to freeze */
	uint64_t lost;		     /* how often the source of windows was lost */
};

void agent_metrics_count(struct agent_metrics *m, enum policy_request kind,
			 enum policy_result result, uint64_t bytes, uint64_t usec);
/* @connected: to the source of windows. */
void agent_metrics_print(const struct agent_metrics *m, const struct policy *p, bool connected,
			 FILE *out);

#endif /* AGENT_METRICS_H */
