/* SPDX-License-Identifier: MIT */
/*
 * The checks that a request has to pass before it becomes work, in their order. No worker
 * sees a request before it has passed all of them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <panthor_mem.h>

#include "broker.h"
#include "clock.h"

/* The most requests that a connection may send before the bus has reported its user. */
#define UNKNOWN_MOST 64
#define SUBSCRIBERS_PER_USER 8

static bool is_root(const struct request *r)
{
	return !r->sender->caller.uid;
}

void request_free(struct request *r)
{
	struct broker *b = r->sender->broker;

	polkit_forget(r);
	if (!r->target)
		targets_looked_up(&b->targets);
	if (r->work)
		work_leave(r);
	if (r->counted) {
		r->sender->user->outstanding--;
		b->outstanding--;
		if (r->method != METHOD_SUBSCRIBE)
			b->stats.queued[r->method]--;
	}
	list_remove(&r->of_sender);
	r->sender->n_requests--;
	target_unref(r->target);
	sd_bus_message_unref(r->message);
	free(r);
}

void request_refuse(struct request *r, const struct fault *f)
{
	struct broker *b = r->sender->broker;

	if (r->sender->user)
		user_refused(b, r->sender->user, f->kind);
	fault_reply(r->message, f);
	request_free(r);
}

int request_start(struct broker *b, sd_bus_message *message, enum method method, uint32_t pid,
		  uint64_t id, const struct wish *wish)
{
	const char *name = sd_bus_message_get_sender(message);
	struct sender *s = name ? sender_get(b, name) : NULL;
	struct request *r = NULL;

	if (s && (s->user || s->n_requests < UNKNOWN_MOST))
		r = calloc(1, sizeof(*r));
	if (!r)
		return intake_may_answer(b, s, message, ANSWER_MOST) ?
			       sd_bus_reply_method_errorf(message, SD_BUS_ERROR_LIMITS_EXCEEDED,
							  "too many requests: try again later") :
			       1;
	r->sender = s;
	r->message = sd_bus_message_ref(message);
	r->method = method;
	r->pid = pid;
	r->id = id;
	r->seq = ++b->seq;
	r->arrived = clock_usec();
	if (wish)
		r->wish = *wish;
	list_init(&r->of_work);
	list_append(&s->requests, &r->of_sender);
	s->n_requests++;
	targets_expect(&b->targets);
	if (s->user)
		request_identified(r);
	return 1;
}

int request_invalid(struct broker *b, sd_bus_message *message, const struct fault *f)
{
	const char *name = sd_bus_message_get_sender(message);
	struct sender *s = name ? sender_get(b, name) : NULL;

	if (s && s->user)
		user_refused(b, s->user, f->kind);
	else
		b->stats.refused[f->kind]++;
	if (s && s->user && bucket_take(&s->user->bucket, &b->config, clock_usec()))
		intake_count(s, ANSWER_MOST);
	else if (!intake_may_answer(b, s, message, ANSWER_MOST))
		return 1;
	return fault_reply(message, f);
}

/* --- limits of a user ----------------------------------------------------- */

static int check_rate(struct request *r, struct fault *f)
{
	struct broker *b = r->sender->broker;
	struct user *u = r->sender->user;

	if (!is_root(r) && !bucket_take(&u->bucket, &b->config, clock_usec()))
		return fault_set(f, FAULT_LIMITS, "more than %llu requests a minute: ask less "
				 "often, or raise RequestsPerMinute= in panthor-memd.conf(5)",
				 (unsigned long long)b->config.requests_per_minute);
	intake_count(r->sender, ANSWER_MOST);
	return 0;
}

/* The request costs no token, because there is none. So its answer is limited, too. */
static void refuse_without_token(struct request *r, const struct fault *f)
{
	struct broker *b = r->sender->broker;

	if (intake_may_answer(b, r->sender, r->message, ANSWER_MOST)) {
		request_refuse(r, f);
		return;
	}
	user_refused(b, r->sender->user, f->kind);
	request_free(r);
}

static int check_queue(struct request *r, struct fault *f)
{
	struct broker *b = r->sender->broker;
	struct user *u = r->sender->user;

	if (u->outstanding >= b->config.queue_per_user && !is_root(r))
		return fault_set(f, FAULT_LIMITS, "%u requests of this user are not done yet: wait "
				 "for their replies", u->outstanding);
	/* Up to twice the limit, a user without requests may still add one. */
	if (b->outstanding >= b->config.queue &&
	    (u->outstanding || b->outstanding >= 2 * b->config.queue))
		return fault_set(f, FAULT_LIMITS, "%u requests are not done yet: try again later",
				 b->outstanding);
	u->outstanding++;
	b->outstanding++;
	r->counted = true;
	if (r->method != METHOD_SUBSCRIBE)
		b->stats.queued[r->method]++;
	return 0;
}

/* --- the process and its user --------------------------------------------- */

static bool is_active(uid_t uid)
{
	char *state = NULL;
	bool active = sd_uid_get_state(uid, &state) >= 0 && !strcmp(state, "active");

	free(state);
	return active;
}

static int check_target(struct request *r, struct owner *owner, struct fault *f)
{
	struct broker *b = r->sender->broker;

	r->target = target_open(&b->targets, r->pid, r->id, is_root(r), f);
	if (!r->target)
		return -1;
	targets_looked_up(&b->targets);
	if (target_owner(r->target, owner, f))
		return -1;
	if (r->pid == (uint32_t)getpid())
		return fault_set(f, FAULT_ACCESS_DENIED, "%u is panthor-memd itself: it has no "
				 "GPU memory", r->pid);
	return 0;
}

static enum access access_of(const struct request *r, const struct owner *owner, struct fault *f)
{
	struct caller caller = r->sender->caller;

	caller.active = r->active;
	return access_check(&caller, owner, &r->sender->broker->config, f);
}

static void check_access(struct request *r, const struct owner *owner)
{
	struct broker *b = r->sender->broker;
	struct fault f = { 0 };

	if (b->config.own_processes == OWN_ACTIVE)
		r->active = is_active(r->sender->caller.uid);
	switch (access_of(r, owner, &f)) {
	case ACCESS_YES:
		request_authorized(r);
		break;
	case ACCESS_ASK:
		r->asked = true;
		r->about = owner->uid;
		if (!polkit_ask(r, owner->uid, &f))
			break;
		/* fallthrough */
	case ACCESS_NO:
		request_refuse(r, &f);
	}
}

int request_check_again(const struct request *r, struct owner *owner, struct fault *f)
{
	if (target_owner(r->target, owner, f))
		return -1;
	switch (access_of(r, owner, f)) {
	case ACCESS_YES:
		return 0;
	case ACCESS_ASK:
		if (r->asked && owner->uid == r->about)
			return 0;
		return fault_set(f, FAULT_ACCESS_DENIED, "the process now belongs to another user "
				 "than before: try again");
	case ACCESS_NO:
		break;
	}
	return -1;
}

static void subscribe(struct request *r)
{
	struct sender *s = r->sender;
	struct fault f;

	if (!s->subscribed && s->user->subscribers >= SUBSCRIBERS_PER_USER && !is_root(r)) {
		fault_set(&f, FAULT_LIMITS, "%u connections of this user have subscribed: use one "
			  "of them, or Unsubscribe", s->user->subscribers);
		request_refuse(r, &f);
		return;
	}
	s->user->subscribers += !s->subscribed;
	s->subscribed = true;
	sd_bus_reply_method_return(r->message, NULL);
	request_free(r);
}

void request_identified(struct request *r)
{
	struct owner owner = { 0 };
	struct fault f = { 0 };

	if (check_rate(r, &f)) {
		refuse_without_token(r, &f);
	} else if (r->method == METHOD_SUBSCRIBE) {
		subscribe(r);
	} else if (check_queue(r, &f) || check_target(r, &owner, &f)) {
		request_refuse(r, &f);
	} else {
		check_access(r, &owner);
	}
}

/* --- limits of a process, and of swap ------------------------------------- */

static int check_history(const struct broker *b, const struct target *t, struct fault *f)
{
	uint64_t wait = 0;

	switch (history_ask(&t->history, &b->config, clock_usec(), &wait)) {
	case HISTORY_OK:
		return 0;
	case HISTORY_RESIDENT:
		return fault_set(f, FAULT_TOO_SOON, "the process was reclaimed or claimed just now"
				 ": try again in %llu ms, or change MinResidentSec= in "
				 "panthor-memd.conf(5)",
				 (unsigned long long)wait / 1000 + 1);
	case HISTORY_THRASH:
		break;
	}
	return fault_set(f, FAULT_TOO_SOON, "the process was reclaimed too often: try again in "
			 "%llu s", (unsigned long long)wait / USEC_PER_SEC + 1);
}

static int check_swap(struct broker *b, struct fault *f)
{
	struct sysinfo info;
	uint64_t total, left;

	if (!swap_writes_left(&b->writes, &b->config, clock_usec()))
		return fault_set(f, FAULT_LIMITS, "as much was written to swap as "
				 "SwapWritePerHour= in panthor-memd.conf(5) allows: try again "
				 "later");
	if (sysinfo(&info))
		return 0;
	total = (uint64_t)info.totalswap * info.mem_unit;
	left = (uint64_t)info.freeswap * info.mem_unit;
	if (!total)
		return fault_set(f, FAULT_SWAP_FULL, "no swap is active: see swapon(8)");
	if (left < config_swap_reserve(&b->config, total))
		return fault_set(f, FAULT_SWAP_FULL, "%llu MiB of swap are free, and the last %llu "
				 "are kept for others: see SwapReserve= in panthor-memd.conf(5)",
				 (unsigned long long)left >> 20,
				 (unsigned long long)config_swap_reserve(&b->config, total) >> 20);
	return 0;
}

int request_check_reclaim(struct broker *b, const struct user *u, const struct target *t,
			  const struct wish *wish, struct fault *f)
{
	if (wish->dry_run || !u->uid)
		return 0;
	if (check_history(b, t, f))
		return -1;
	return wish->no_pageout ? 0 : check_swap(b, f);
}

static int check_device(struct request *r, struct fault *f)
{
	const struct node_set *nodes = &r->sender->broker->nodes;

	if (!nodes->count)
		return fault_set(f, FAULT_NO_DEVICE, "there is no panthor device that can be used: "
				 "see the log of panthor-memd");
	if (*r->wish.node && !node_by_name(nodes, r->wish.node))
		return fault_set(f, FAULT_NO_DEVICE, "there is no such panthor device: the "
				 "property Devices lists all of them");
	return 0;
}

void request_authorized(struct request *r)
{
	static const struct outcome nothing = { .status = DRM_PANTHOR_MEM_STATUS_INTERRUPTED };
	struct broker *b = r->sender->broker;
	struct owner owner = { 0 };
	struct fault f = { 0 };

	if (check_device(r, &f) || request_check_again(r, &owner, &f)) {
		request_refuse(r, &f);
	} else if (r->method == METHOD_RECLAIM && r->seq < r->target->claim_seq) {
		/* A later claim has already passed its checks, and ends this reclaim. */
		answer_request(r, &nothing, FAULT_NONE);
	} else if (r->method == METHOD_RECLAIM &&
		   request_check_reclaim(b, r->sender->user, r->target, &r->wish, &f)) {
		request_refuse(r, &f);
	} else {
		work_add(b, r, owner.uid);
	}
}

/* --- cancelling ----------------------------------------------------------- */

static bool take_back(struct request *r)
{
	struct work *w = r->work;
	struct outcome sum = w ? w->sum : (struct outcome){ 0 };

	if (w && w->state == WORK_RUNNING && w->kind == OPERATION_CLAIM)
		return false;
	if (w && w->state == WORK_RUNNING && r->of_work.next == r->of_work.prev) {
		/* No other request shares the work: stop it, and reply when its slice has ended. */
		work_stop(w);
		return true;
	}
	sum.status |= DRM_PANTHOR_MEM_STATUS_INTERRUPTED;
	answer_request(r, &sum, FAULT_NONE);
	return true;
}

unsigned int request_cancel(struct broker *b, const char *sender, uint32_t pid, uint64_t id)
{
	struct sender *s = sender_find(b, sender);
	struct list *at, *next;
	unsigned int count = 0;

	if (!s)
		return 0;
	list_each(at, next, &s->requests) {
		struct request *r = list_entry(at, struct request, of_sender);

		if (r->method != METHOD_SUBSCRIBE && r->pid == pid && r->id == id)
			count += take_back(r);
	}
	if (count)
		work_schedule(b);
	return count;
}
