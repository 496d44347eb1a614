/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "broker.h"
#include "clock.h"
#include "log.h"

#define TELL_USEC (60 * USEC_PER_SEC)

struct user *user_ref(struct broker *b, uid_t uid)
{
	struct list *at, *next;
	struct user *u;

	list_each(at, next, &b->users) {
		u = list_entry(at, struct user, link);
		if (u->uid == uid) {
			u->refs++;
			return u;
		}
	}
	u = calloc(1, sizeof(*u));
	if (!u)
		return NULL;
	u->uid = uid;
	u->refs = 1;
	bucket_fill(&u->bucket, &b->config, clock_usec());
	answers_fill(&u->answers, &b->config, clock_usec());
	list_append(&b->users, &u->link);
	return u;
}

/* user_sweep() frees the user when its buckets are full: reconnecting must not refill them. */
void user_unref(struct broker *b, struct user *u)
{
	(void)b;
	u->refs--;
}

static bool any_refused(const struct user *u)
{
	int i;

	for (i = 0; i < FAULT_KINDS; i++) {
		if (u->refused[i])
			return true;
	}
	return false;
}

static void tell(struct user *u, uint64_t now)
{
	int i;

	for (i = 0; i < FAULT_KINDS; i++) {
		if (u->refused[i])
			log_refused(u->uid, fault_reason(i), u->refused[i]);
		u->refused[i] = 0;
	}
	u->told = now;
}

void user_refused(struct broker *b, struct user *u, enum fault_kind kind)
{
	uint64_t now = 0;

	/* The time that the event loop keeps is good enough, and costs a flood no system call. */
	sd_event_now(b->event, CLOCK_MONOTONIC, &now);
	b->stats.refused[kind]++;
	u->refused[kind]++;
	if (!u->told || now >= u->told + TELL_USEC)
		tell(u, now);
}

void user_sweep(struct broker *b)
{
	const uint64_t now = clock_usec();
	struct list *at, *next;

	list_each(at, next, &b->users) {
		struct user *u = list_entry(at, struct user, link);

		if (any_refused(u) && now - u->told >= TELL_USEC)
			tell(u, now);
		if (u->refs || u->outstanding || any_refused(u) ||
		    (u->told && now - u->told < TELL_USEC) ||
		    !bucket_full(&u->bucket, &b->config, now) ||
		    !answers_full(&u->answers, &b->config, now))
			continue;
		list_remove(&u->link);
		free(u);
	}
}

void user_free_all(struct broker *b)
{
	struct list *at, *next;

	list_each(at, next, &b->users) {
		struct user *u = list_entry(at, struct user, link);

		if (any_refused(u))
			tell(u, clock_usec());
		list_remove(at);
		free(u);
	}
}
