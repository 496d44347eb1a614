/* SPDX-License-Identifier: MIT */
/* An action of the policy is one call for each process of an application. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <panthor_mem.h>

#include "agent.h"
#include "amount.h"
#include "clock.h"
#include "log.h"
#include "memory.h"

struct part {
	struct request *request;
	pid_t pid;
	uint64_t id;
	sd_bus_slot *slot; /* NULL: the reply has come */
};

struct request {
	struct request *next;
	struct agent *agent;
	uint64_t app;
	char label[AGENT_LABEL];
	enum policy_request kind;
	uint64_t began;
	struct part *parts;
	size_t n_parts, n_waiting;
	/* What the replies said. */
	bool any_ok;
	uint32_t status;
	uint64_t bytes;
	char error[256];
};

const char *agent_label(const struct app *app, char label[AGENT_LABEL])
{
	snprintf(label, AGENT_LABEL, "%s (%d)", *app->app_id ? app->app_id : "process",
		 (int)app->pid);
	return label;
}

static struct request **find(struct agent *a, uint64_t app)
{
	struct request **at = &a->requests;

	while (*at && (*at)->app != app)
		at = &(*at)->next;
	return at;
}

static void destroy(struct request *r)
{
	size_t i;

	for (i = 0; i < r->n_parts; i++)
		sd_bus_slot_unref(r->parts[i].slot);
	free(r->parts);
	free(r);
}

static void withdraw(struct request *r)
{
	size_t i;

	for (i = 0; i < r->n_parts; i++) {
		if (r->parts[i].slot)
			link_cancel(r->agent->link, r->parts[i].pid, r->parts[i].id);
	}
}

void request_cancel(struct agent *a, uint64_t app)
{
	struct request *r = *find(a, app);

	if (r)
		withdraw(r);
}

void request_forget(struct agent *a, uint64_t app)
{
	struct request **at = find(a, app), *r = *at;

	if (!r)
		return;
	withdraw(r);
	*at = r->next;
	destroy(r);
}

void request_free_all(struct agent *a)
{
	while (a->requests) {
		struct request *r = a->requests;

		a->requests = r->next;
		destroy(r);
	}
}

static enum policy_result result_of(const struct request *r)
{
	if (!r->any_ok)
		return POLICY_FAILED;
	if (r->status & DRM_PANTHOR_MEM_STATUS_INTERRUPTED)
		return POLICY_INTERRUPTED;
	if (r->status & DRM_PANTHOR_MEM_STATUS_BUSY)
		return POLICY_BUSY;
	return POLICY_OK;
}

static void say_result(const struct request *r, enum policy_result result)
{
	static const char *const results[] = {
		[POLICY_OK] = "", [POLICY_FAILED] = "",
		[POLICY_BUSY] = ", the GPU was using the rest",
		[POLICY_INTERRUPTED] = ", then it was stopped",
	};
	const uint64_t ns = (clock_usec() - r->began) * NSEC_PER_USEC;
	char size[AMOUNT_TEXT], time[AMOUNT_TEXT];

	if (*r->error)
		log_warning("%s: %s failed: %s", r->label,
			    r->kind == POLICY_CLAIM ? "claim" : "reclaim", r->error);
	if (r->any_ok)
		log_notice("%s: %s %s in %s%s", r->label,
			   r->kind == POLICY_CLAIM ? "claimed" : "reclaimed",
			   amount_size(size, r->bytes), amount_time(time, (int64_t)ns),
			   results[result]);
}

static void finish(struct request *r)
{
	const enum policy_result result = result_of(r);
	const struct policy_event e = {
		.kind = POLICY_EVENT_REPLY,
		.app = r->app,
		.request = r->kind,
		.result = result,
		.bytes = r->bytes,
	};
	struct agent *a = r->agent;

	agent_metrics_count(&a->metrics, r->kind, result, r->bytes, clock_usec() - r->began);
	say_result(r, result);
	*find(a, r->app) = r->next;
	destroy(r);
	agent_post(a, &e);
}

/* Not errors: the process has exited, or has closed the device since it was looked at. */
static bool is_nothing(const char *error)
{
	return !strcmp(error, "NoSuchProcess") || !strcmp(error, "NoGpuMemory");
}

static const char *explain(const struct link_reply *reply)
{
	if (!strcmp(reply->error, "ServiceUnknown") || !strcmp(reply->error, "NameHasNoOwner"))
		return "panthor-memd is not running: install the package panthor-memd";
	return *reply->text ? reply->text : reply->error;
}

static void on_reply(void *data, const struct link_reply *reply)
{
	struct part *part = data;
	struct request *r = part->request;

	part->slot = sd_bus_slot_unref(part->slot);
	r->status |= reply->status;
	r->bytes += reply->bytes;
	if (!*reply->error || reply->bytes || is_nothing(reply->error))
		r->any_ok = true;
	if (*reply->error && !is_nothing(reply->error))
		snprintf(r->error, sizeof(r->error), "%s", explain(reply));
	if (!--r->n_waiting)
		finish(r);
}

static void send_all(struct request *r)
{
	size_t i;
	int ret;

	for (i = 0; i < r->n_parts; i++) {
		struct part *part = &r->parts[i];

		ret = link_send(r->agent->link, r->kind == POLICY_CLAIM, part->pid, part->id,
				&part->slot, on_reply, part);
		if (ret >= 0)
			r->n_waiting++;
		else
			snprintf(r->error, sizeof(r->error),
				 "the system bus cannot be reached (%s)", strerror(-ret));
	}
}

static struct request *new_request(struct agent *a, const struct app *app,
				   enum policy_request kind)
{
	struct request *r = memory_grow(NULL, 0, 1, sizeof(*r));
	size_t i;

	r->agent = a;
	r->app = app->number;
	r->kind = kind;
	r->began = clock_usec();
	agent_label(app, r->label);
	if (app->n_members)
		r->parts = memory_grow(NULL, 0, app->n_members, sizeof(*r->parts));
	for (i = 0; i < app->n_members; i++) {
		const struct member *m = &app->members[i];

		if (m->has_device)
			r->parts[r->n_parts++] = (struct part){ r, m->pid, m->id, NULL };
	}
	return r;
}

void request_start(struct agent *a, const struct app *app, enum policy_request kind)
{
	struct request **at = find(a, app->number), *old = *at;
	struct request *r = new_request(a, app, kind);

	/* The reply to the older request says nothing that matters now. panthor-memd stops it. */
	if (old) {
		*at = old->next;
		destroy(old);
	}
	r->next = a->requests;
	a->requests = r;
	if (a->dry_run) {
		r->any_ok = true;
		r->bytes = kind == POLICY_CLAIM ? app->evicted : app->resident;
	} else {
		send_all(r);
	}
	if (!r->n_waiting)
		finish(r);
}
