/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include <panthor_mem.h>

#include "act.h"
#include "amount.h"
#include "json.h"
#include "table.h"
#include "text.h"

#define WORDS 96
#define SKIPS (DRM_PANTHOR_MEM_STATUS_BUSY | DRM_PANTHOR_MEM_STATUS_SHARED | \
	       DRM_PANTHOR_MEM_STATUS_PINNED)

static const struct table_column reclaim_columns[] = {
	{ "PID", true, false, NULL, 0 },	  { "COMMAND", false, true, NULL, 0 },
	{ "FREED", true, false, "32", 0 },	  { "EVICTED", true, false, "36", 0 },
	{ "LEFT", true, false, NULL, 0 },	  { "TIME", true, false, "2", 0 },
	{ "NOTES", false, false, NULL, 0 },
};

static const struct table_column dry_columns[] = {
	{ "PID", true, false, NULL, 0 },	    { "COMMAND", false, true, NULL, 0 },
	{ "WOULD EVICT", true, false, "36", 0 }, { "LEAVE", true, false, NULL, 0 },
	{ "NOTES", false, false, NULL, 0 },
};

static const struct table_column claim_columns[] = {
	{ "PID", true, false, NULL, 0 },	   { "COMMAND", false, true, NULL, 0 },
	{ "CLAIMED", true, false, "32", 0 },  { "STILL EVICTED", true, false, "36", 0 },
	{ "TIME", true, false, "2", 0 },	   { "NOTES", false, false, NULL, 0 },
};

static const struct table_column dry_claim_columns[] = {
	{ "PID", true, false, NULL, 0 },	      { "COMMAND", false, true, NULL, 0 },
	{ "WOULD CLAIM", true, false, "32", 0 }, { "LEAVE EVICTED", true, false, "36", 0 },
	{ "NOTES", false, false, NULL, 0 },
};

static void add_size(struct table *t, uint64_t value, bool bytes)
{
	char text[AMOUNT_TEXT];

	if (bytes)
		snprintf(text, sizeof(text), "%" PRIu64, value);
	else
		amount_size(text, value);
	table_add(t, text);
}

/* "left: busy, pinned; limit reached" */
static void notes(char text[WORDS], const struct outcome *o, const char *left)
{
	size_t used = 0;
	unsigned int i;

	text[0] = '\0';
	if (o->error) {
		snprintf(text, WORDS, "FAILED");
		return;
	}
	for (i = 0; i < OPERATION_STATUS_BITS; i++) {
		if (o->status & SKIPS & 1u << i)
			used += (size_t)snprintf(text + used, WORDS - used, "%s%s",
						 used ? ", " : left, operation_status_names[i]);
	}
	if (o->status & DRM_PANTHOR_MEM_STATUS_INTERRUPTED)
		used += (size_t)snprintf(text + used, WORDS - used, "%sinterrupted",
					 used ? "; " : "");
	if (o->status & DRM_PANTHOR_MEM_STATUS_SWAP_FULL)
		used += (size_t)snprintf(text + used, WORDS - used, "%sswap is full",
					 used ? "; " : "");
	if (o->status & DRM_PANTHOR_MEM_STATUS_SWAP_REFUSED)
		used += (size_t)snprintf(text + used, WORDS - used, "%sswap refused",
					 used ? "; " : "");
	if (o->status & DRM_PANTHOR_MEM_STATUS_CAPPED)
		snprintf(text + used, WORDS - used, "%slimit reached", used ? "; " : "");
}

static void add_sizes(struct table *t, const struct operation *op, const struct outcome *o,
		      bool bytes)
{
	char time[AMOUNT_TEXT];

	if (op->kind == OPERATION_CLAIM) {
		add_size(t, o->claimed, bytes);
		add_size(t, o->remaining, bytes);
	} else {
		if (!op->dry_run)
			add_size(t, o->freed, bytes);
		add_size(t, o->evicted, bytes);
		add_size(t, o->skipped, bytes);
	}
	if (!op->dry_run)
		table_add(t, amount_time(time, o->ns));
}

static struct outcome sum_of(const struct act *act)
{
	struct outcome sum = { 0 };
	size_t i;

	for (i = 0; i < act->n_results; i++) {
		const struct outcome *o = &act->results[i].outcome;

		sum.freed += o->freed;
		sum.evicted += o->evicted;
		sum.skipped += o->skipped;
		sum.claimed += o->claimed;
		sum.remaining += o->remaining;
		sum.ns += o->ns;
	}
	return sum;
}

static void choose_columns(struct table *t, const struct operation *op)
{
	if (op->kind == OPERATION_CLAIM) {
		t->columns = op->dry_run ? dry_claim_columns : claim_columns;
		t->n_columns = op->dry_run ? 5 : 6;
	} else {
		t->columns = op->dry_run ? dry_columns : reclaim_columns;
		t->n_columns = op->dry_run ? 5 : 7;
	}
}

/* Fills PID and COMMAND with what is known of both, or with what the user named. */
static void add_target(struct table *t, const struct target *target)
{
	char text[PROCESS_NAME * 2], client[32];
	const char *name = target->name;

	if (target->pid)
		snprintf(text, sizeof(text), "%d", (int)target->pid);
	table_add(t, target->pid ? text : "-");
	if (target->kind == TARGET_CGROUP)
		name = target->cgroup;
	if (target->kind == TARGET_CLIENT && !*name) {
		snprintf(client, sizeof(client), "client %" PRIu64, target->client);
		name = client;
	}
	text_printable(text, sizeof(text), *name ? name : "-");
	table_add(t, text);
}

void act_table(const struct act *act, bool bytes, enum term_when colour)
{
	struct table t = { 0 };
	char text[WORDS];
	struct term term;
	size_t i;

	if (!act->n_results)
		return;
	choose_columns(&t, &act->op);
	for (i = 0; i < act->n_results; i++) {
		const struct outcome *o = &act->results[i].outcome;

		add_target(&t, act->results[i].target);
		add_sizes(&t, &act->op, o, bytes);
		notes(text, o, "left: ");
		table_add(&t, text);
	}
	if (act->n_results > 1) {
		struct outcome sum = sum_of(act);

		t.total = true;
		table_add(&t, "");
		table_add(&t, "total");
		add_sizes(&t, &act->op, &sum, bytes);
		table_add(&t, "");
	}
	term_look(&term, STDOUT_FILENO, colour);
	table_print(&t, stdout, &term, 0);
	table_free(&t);
}

/* --- JSON ----------------------------------------------------------------- */

static void add_outcome(struct json_object *o, const struct operation *op,
			const struct outcome *out)
{
	if (op->kind == OPERATION_RECLAIM) {
		json_add_number(o, "freed_bytes", out->freed);
		json_add_number(o, "evicted_bytes", out->evicted);
		json_add_number(o, "skipped_bytes", out->skipped);
	} else {
		json_add_number(o, "claimed_bytes", out->claimed);
		json_add_number(o, "remaining_bytes", out->remaining);
	}
	json_add_number(o, "duration_ns", (uint64_t)out->ns);
}

static void add_target_members(struct json_object *o, const struct target *t)
{
	if (t->pid)
		json_add_number(o, "pid", (uint64_t)t->pid);
	else
		json_add(o, "pid", NULL);
	if (*t->name)
		json_add_name(o, "comm", t->name);
	else
		json_add(o, "comm", NULL);
	if (t->kind == TARGET_CLIENT)
		json_add_number(o, "client_id", t->client);
	else
		json_add(o, "client_id", NULL);
	if (t->kind == TARGET_CGROUP)
		json_add_name(o, "cgroup", t->cgroup);
	else
		json_add(o, "cgroup", NULL);
}

/* Lists what was not tried: once as PIDs only, once as targets of all kinds. */
static void add_rest(struct json_object *to, const struct act *act)
{
	struct json_object *pids = json_object_new_array();
	struct json_object *rest = json_object_new_array();
	size_t i;

	for (i = act->tried; i < act->targets.count; i++) {
		struct json_object *o = json_object_new_object();

		add_target_members(o, &act->targets.targets[i]);
		json_object_array_add(rest, o);
		if (act->targets.targets[i].pid)
			json_object_array_add(pids,
					      json_object_new_int(act->targets.targets[i].pid));
	}
	json_add(to, "not_tried", pids);
	json_add(to, "not_tried_targets", rest);
}

static struct json_object *result_object(const struct operation *op,
					 const struct act_result *result)
{
	struct json_object *o = json_object_new_object();
	struct json_object *status = json_object_new_array();
	unsigned int i;

	add_target_members(o, result->target);
	add_outcome(o, op, &result->outcome);
	for (i = 0; i < OPERATION_STATUS_BITS; i++) {
		if (result->outcome.status & 1u << i)
			json_object_array_add(status,
					      json_object_new_string(operation_status_names[i]));
	}
	json_add(o, "status", status);
	json_add_problem(o, "error", &result->problem);
	return o;
}

void act_json(const struct act *act)
{
	struct json_object *o = json_new(operation_names[act->op.kind]);
	struct json_object *results = json_object_new_array();
	struct json_object *total = json_object_new_object();
	struct outcome sum = sum_of(act);
	size_t i;

	json_add(o, "device", *act->node ? json_object_new_string(act->node) : NULL);
	json_add_flag(o, "dry_run", act->op.dry_run);
	for (i = 0; i < act->n_results; i++)
		json_object_array_add(results, result_object(&act->op, &act->results[i]));
	json_add(o, "results", results);
	add_outcome(total, &act->op, &sum);
	json_add(o, "total", total);
	add_rest(o, act);
	json_add_problem(o, "error", &act->problem);
	json_add_problems(o, "target_errors", &act->problems);
	json_print(o, false);
}
