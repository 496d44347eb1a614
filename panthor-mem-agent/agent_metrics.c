/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "agent_metrics.h"
#include "clock.h"

#define PREFIX "panthor_mem_agent_"
#define STATES (POLICY_RECLAIMED + 1)

void agent_metrics_count(struct agent_metrics *m, enum policy_request kind,
			 enum policy_result result, uint64_t bytes, uint64_t usec)
{
	m->operations[kind][result]++;
	m->bytes[kind] += bytes;
	m->usec[kind] += usec;
}

static void head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name, help, name, type);
}

static void one(FILE *out, const char *name, const char *type, const char *help, uint64_t value)
{
	head(out, name, type, help);
	fprintf(out, PREFIX "%s %" PRIu64 "\n", name, value);
}

static void print_operations(const struct agent_metrics *m, FILE *out)
{
	static const char *const kinds[] = {
		[POLICY_RECLAIM] = "reclaim", [POLICY_CLAIM] = "claim",
	};
	static const char *const results[] = {
		[POLICY_OK] = "ok", [POLICY_BUSY] = "busy", [POLICY_INTERRUPTED] = "interrupted",
		[POLICY_FAILED] = "failed",
	};
	int kind, result;

	head(out, "operations_total", "counter", "Reclaims and claims of applications.");
	for (kind = POLICY_RECLAIM; kind <= POLICY_CLAIM; kind++) {
		for (result = 0; result < AGENT_RESULTS; result++)
			fprintf(out, PREFIX "operations_total{operation=\"%s\",result=\"%s\"} %"
				PRIu64 "\n", kinds[kind], results[result],
				m->operations[kind][result]);
	}
	one(out, "freed_bytes_total", "counter", "GPU memory that reclaims freed.",
	    m->bytes[POLICY_RECLAIM]);
	one(out, "claimed_bytes_total", "counter", "GPU memory that claims made resident.",
	    m->bytes[POLICY_CLAIM]);
	head(out, "operation_seconds_total", "counter", "Time until the reply to an operation.");
	for (kind = POLICY_RECLAIM; kind <= POLICY_CLAIM; kind++)
		fprintf(out, PREFIX "operation_seconds_total{operation=\"%s\"} %" PRIu64 ".%06"
			PRIu64 "\n", kinds[kind], m->usec[kind] / USEC_PER_SEC,
			m->usec[kind] % USEC_PER_SEC);
	one(out, "cancelled_total", "counter", "Operations that were cancelled.", m->cancelled);
}

static void print_applications(const struct policy *p, FILE *out)
{
	uint64_t count[STATES] = { 0 }, resident[STATES] = { 0 }, frozen = 0;
	size_t i;

	for (i = 0; i < p->n_apps; i++) {
		const struct policy_app *a = &p->apps[i];

		count[a->state]++;
		resident[a->state] += a->resident;
		frozen += a->frozen;
	}
	head(out, "applications", "gauge", "Applications by their state.");
	for (i = 0; i < STATES; i++)
		fprintf(out, PREFIX "applications{state=\"%s\"} %" PRIu64 "\n",
			policy_state_names[i], count[i]);
	head(out, "resident_bytes", "gauge", "Resident GPU memory of applications by their state.");
	for (i = 0; i < STATES; i++)
		fprintf(out, PREFIX "resident_bytes{state=\"%s\"} %" PRIu64 "\n",
			policy_state_names[i], resident[i]);
	one(out, "frozen_applications", "gauge", "Applications that are frozen.", frozen);
}

void agent_metrics_print(const struct agent_metrics *m, const struct policy *p, bool connected,
			 FILE *out)
{
	print_operations(m, out);
	print_applications(p, out);
	head(out, "freezes_total", "counter", "Attempts to freeze an application.");
	fprintf(out, PREFIX "freezes_total{result=\"ok\"} %" PRIu64 "\n", m->frozen);
	fprintf(out, PREFIX "freezes_total{result=\"failed\"} %" PRIu64 "\n", m->not_frozen);
	one(out, "source_connected", "gauge", "Whether it is known which windows are visible.",
	    connected);
	one(out, "source_lost_total", "counter", "How often the source of windows was lost.",
	    m->lost);
}
