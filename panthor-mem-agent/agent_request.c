/* SPDX-License-Identifier: MIT */
/*
 * An action of the policy is one call for each process of an application for which clients are
 * counted. panthor-memd refuses what is too much, and each refused call leaves less for others.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <panthor_mem.h>

#include "agent.h"
#include "amount.h"
#include "clock.h"
#include "log.h"
#include "memory.h"

/* Calls for one application: those processes that have the most memory. */
#define PARTS_MOST (1 + APP_SHARING_MOST)
/*
 * Calls that have no reply yet. By default, panthor-memd accepts 16 of a user (QueuePerUser=), who
 * may also use other programs. Claims need not wait for reclaims.
 */
#define CALLS_MOST 12
#define RECLAIMS_MOST 4

enum part_state {
	PART_SPARE, /* becomes READY if the kernel counts a client for another process */
	PART_READY,
	PART_SENT,
	PART_DONE,
};

struct part {
	struct request *request;
	enum part_state state;
	pid_t pid;
	uint64_t id;
	sd_bus_slot *slot; /* while it is SENT */
};

struct request {
	struct request *next;
	struct agent *agent;
	uint64_t app;
	char label[AGENT_LABEL];
	enum policy_request kind;
	uint64_t began;
	struct part parts[PARTS_MOST];
	size_t n_parts;
	/* What the replies said. */
	bool any_ok;
	uint32_t status;
	uint64_t bytes;
	char error[256];
};

static void go_on(struct agent *a);

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
	free(r);
}

static void withdraw(struct request *r)
{
	size_t i;

	for (i = 0; i < r->n_parts; i++) {
		if (r->parts[i].state == PART_SENT)
			link_cancel(r->agent->link, r->parts[i].pid, r->parts[i].id);
	}
}

/* Returns whether there was anything to send. */
static bool send_no_more(struct request *r)
{
	bool any = false;
	size_t i;

	for (i = 0; i < r->n_parts; i++) {
		if (r->parts[i].state == PART_SENT || r->parts[i].state == PART_DONE)
			continue;
		any |= r->parts[i].state == PART_READY;
		r->parts[i].state = PART_DONE;
	}
	return any;
}

void request_cancel(struct agent *a, uint64_t app)
{
	struct request *r = *find(a, app);

	if (!r)
		return;
	withdraw(r);
	if (send_no_more(r)) {
		r->status |= DRM_PANTHOR_MEM_STATUS_INTERRUPTED;
		r->any_ok = true;
	}
	go_on(a);
}

void request_forget(struct agent *a, uint64_t app)
{
	struct request **at = find(a, app), *r = *at;

	if (!r)
		return;
	withdraw(r);
	*at = r->next;
	destroy(r);
	/* There is no reply that would have the others sent. */
	go_on(a);
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

/* --- calls ---------------------------------------------------------------- */

static size_t count(const struct request *r, enum part_state state)
{
	size_t i, n = 0;

	for (i = 0; i < r->n_parts; i++)
		n += r->parts[i].state == state;
	return n;
}

static bool may_send(const struct agent *a, enum policy_request kind)
{
	const struct request *r;
	size_t all = 0, reclaims = 0;

	for (r = a->requests; r; r = r->next) {
		const size_t n = count(r, PART_SENT);

		all += n;
		reclaims += r->kind == POLICY_RECLAIM ? n : 0;
	}
	return all < CALLS_MOST && (kind != POLICY_RECLAIM || reclaims < RECLAIMS_MOST);
}

static void use_spare(struct request *r)
{
	size_t i;

	for (i = 0; i < r->n_parts; i++) {
		if (r->parts[i].state == PART_SPARE) {
			r->parts[i].state = PART_READY;
			return;
		}
	}
}

static void on_reply(void *data, const struct link_reply *reply)
{
	struct part *part = data;
	struct request *r = part->request;
	struct agent *a = r->agent;

	part->slot = sd_bus_slot_unref(part->slot);
	part->state = PART_DONE;
	r->status |= reply->status;
	r->bytes += reply->bytes;
	if (!*reply->error || reply->bytes || is_nothing(reply->error))
		r->any_ok = true;
	if (*reply->error && !is_nothing(reply->error))
		snprintf(r->error, sizeof(r->error), "%s", explain(reply));
	/* Another process that has the client may have used it last. */
	if (is_nothing(reply->error))
		use_spare(r);
	if (!strcmp(reply->error, "LimitsExceeded"))
		send_no_more(r);
	go_on(a);
}

static void send_part(struct part *part)
{
	struct request *r = part->request;
	const int ret = link_send(r->agent->link, r->kind == POLICY_CLAIM, part->pid, part->id,
				  &part->slot, on_reply, part);

	part->state = ret < 0 ? PART_DONE : PART_SENT;
	if (ret < 0)
		snprintf(r->error, sizeof(r->error), "the system bus cannot be reached (%s)",
			 strerror(-ret));
}

static void send_all(struct agent *a, enum policy_request kind)
{
	struct request *r;
	size_t i;

	for (r = a->requests; r; r = r->next) {
		for (i = 0; i < r->n_parts && r->kind == kind; i++) {
			if (r->parts[i].state != PART_READY)
				continue;
			if (!may_send(a, kind))
				return;
			send_part(&r->parts[i]);
		}
	}
}

static struct request *find_over(const struct agent *a)
{
	struct request *r = a->requests;

	while (r && (count(r, PART_READY) || count(r, PART_SENT)))
		r = r->next;
	return r;
}

/* The user waits for claims, so they come first. */
static void go_on(struct agent *a)
{
	struct request *r;

	send_all(a, POLICY_CLAIM);
	send_all(a, POLICY_RECLAIM);
	/* The policy may start other requests when one is over. */
	while ((r = find_over(a)))
		finish(r);
}

/* --- requests ------------------------------------------------------------- */

static void add_part(struct request *r, const struct member *m)
{
	r->parts[r->n_parts++] = (struct part){
		.request = r,
		.state = m->counted ? PART_READY : PART_SPARE,
		.pid = m->pid,
		.id = m->id,
	};
}

/* Returns the process with the most memory of those that come after @last, or NULL. */
static const struct member *next_largest(const struct app *app, const struct member *last)
{
	const struct member *best = NULL;
	size_t i;

	for (i = 0; i < app->n_members; i++) {
		const struct member *m = &app->members[i];
		const bool follows = !last || m->bytes < last->bytes ||
				     (m->bytes == last->bytes && m > last);

		if (m->has_device && m->counted && follows && (!best || m->bytes > best->bytes))
			best = m;
	}
	return best;
}

static struct request *new_request(struct agent *a, const struct app *app,
				   enum policy_request kind)
{
	struct request *r = memory_grow(NULL, 0, 1, sizeof(*r));
	const struct member *m = NULL;
	size_t i;

	r->agent = a;
	r->app = app->number;
	r->kind = kind;
	r->began = clock_usec();
	agent_label(app, r->label);
	while (r->n_parts < PARTS_MOST && (m = next_largest(app, m)))
		add_part(r, m);
	for (i = 0; i < app->n_members && r->n_parts < PARTS_MOST; i++) {
		if (app->members[i].has_device && !app->members[i].counted)
			add_part(r, &app->members[i]);
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
		r->n_parts = 0;
	}
	go_on(a);
}
