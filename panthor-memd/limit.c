/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "clock.h"
#include "limit.h"

#define MINUTE (60 * USEC_PER_SEC)
#define HOUR (60 * MINUTE)

/* A request, or a byte of an answer. In this unit, the refill per microsecond is a whole number. */
#define TOKEN MINUTE

/* Round trips are counted over this time. Too many block a process for at most BLOCK_MOST. */
#define ROUND_TRIP_TIME MINUTE
#define BLOCK_MOST (10 * MINUTE)
/* After this time without a block, the next block is short again. */
#define FORGIVEN HOUR

/* --- requests ------------------------------------------------------------- */

void bucket_fill(struct bucket *b, const struct config *c, uint64_t now)
{
	b->level = c->burst * TOKEN;
	b->at = now;
}

static void refill(struct bucket *b, uint64_t most, uint64_t per_minute, uint64_t now)
{
	const uint64_t passed = now - b->at;

	/* The time that the event loop keeps can be older than the clock. */
	if (now <= b->at)
		return;
	if (passed >= (most - b->level) / per_minute + 1)
		b->level = most;
	else
		b->level += passed * per_minute;
	b->at = now;
}

bool bucket_empty(struct bucket *b, const struct config *c, uint64_t now)
{
	refill(b, c->burst * TOKEN, c->requests_per_minute, now);
	return b->level < TOKEN;
}

bool bucket_take(struct bucket *b, const struct config *c, uint64_t now)
{
	if (bucket_empty(b, c, now))
		return false;
	b->level -= TOKEN;
	return true;
}

bool bucket_full(struct bucket *b, const struct config *c, uint64_t now)
{
	refill(b, c->burst * TOKEN, c->requests_per_minute, now);
	return b->level == c->burst * TOKEN;
}

/* --- answers -------------------------------------------------------------- */

static uint64_t most_answers(const struct config *c)
{
	return (ANSWERS_AT_ONCE + c->burst * ANSWERS_PER_REQUEST) * TOKEN;
}

static void refill_answers(struct bucket *b, const struct config *c, uint64_t now)
{
	refill(b, most_answers(c),
	       ANSWERS_PER_MINUTE + c->requests_per_minute * ANSWERS_PER_REQUEST, now);
}

void answers_fill(struct bucket *b, const struct config *c, uint64_t now)
{
	b->level = most_answers(c);
	b->at = now;
}

bool answers_take(struct bucket *b, const struct config *c, uint64_t bytes, uint64_t now)
{
	refill_answers(b, c, now);
	if (b->level < bytes * TOKEN)
		return false;
	b->level -= bytes * TOKEN;
	return true;
}

void answers_charge(struct bucket *b, const struct config *c, uint64_t bytes, uint64_t now)
{
	if (!answers_take(b, c, bytes, now))
		b->level = 0;
}

bool answers_full(struct bucket *b, const struct config *c, uint64_t now)
{
	refill_answers(b, c, now);
	return b->level == most_answers(c);
}

/* --- a process ------------------------------------------------------------ */

enum history_answer history_ask(const struct history *h, const struct config *c, uint64_t now,
				uint64_t *wait)
{
	const uint64_t resident = h->last + c->min_resident_sec * USEC_PER_SEC;

	if (now < h->blocked_until) {
		*wait = h->blocked_until - now;
		return HISTORY_THRASH;
	}
	if (h->last && now < resident) {
		*wait = resident - now;
		return HISTORY_RESIDENT;
	}
	return HISTORY_OK;
}

static void forget_old(struct history *h, uint64_t now)
{
	unsigned int old = 0;

	while (old < h->count && now - h->reclaims[old] > ROUND_TRIP_TIME)
		old++;
	h->count -= old;
	memmove(h->reclaims, h->reclaims + old, h->count * sizeof(h->reclaims[0]));
}

static void block(struct history *h, uint64_t now)
{
	uint64_t time;

	if (h->blocked_until && now - h->blocked_until > FORGIVEN)
		h->doublings = 0;
	time = MINUTE << h->doublings;
	if (time < BLOCK_MOST)
		h->doublings++;
	h->blocked_until = now + (time < BLOCK_MOST ? time : BLOCK_MOST);
	h->count = 0;
}

void history_reclaimed(struct history *h, const struct config *c, uint64_t now, bool first)
{
	h->last = now;
	if (!first || !c->round_trips)
		return;
	forget_old(h, now);
	h->reclaims[h->count++] = now;
	if (h->count >= c->round_trips)
		block(h, now);
}

void history_claimed(struct history *h, uint64_t now)
{
	h->last = now;
}

bool history_empty(const struct history *h, const struct config *c, uint64_t now)
{
	uint64_t wait;

	return history_ask(h, c, now, &wait) == HISTORY_OK &&
	       (!h->count || now - h->reclaims[h->count - 1] > ROUND_TRIP_TIME) &&
	       (!h->blocked_until || now - h->blocked_until > FORGIVEN);
}

/* --- swap ----------------------------------------------------------------- */

/* Reduce the count at the rate of the limit, so that a full count is back at 0 after an hour. */
static void fade(struct swap_writes *w, const struct config *c, uint64_t now)
{
	const uint64_t passed = now - w->at;
	uint64_t less = passed >= HOUR ? w->bytes :
					 c->swap_write_per_hour / HOUR * passed +
					 c->swap_write_per_hour % HOUR * passed / HOUR;

	/* Keep the time if it was too short for one byte, so that it is not lost. */
	if (!less)
		return;
	w->bytes -= less < w->bytes ? less : w->bytes;
	w->at = now;
}

uint64_t swap_writes_left(struct swap_writes *w, const struct config *c, uint64_t now)
{
	if (!c->swap_write_per_hour)
		return UINT64_MAX;
	fade(w, c, now);
	return w->bytes < c->swap_write_per_hour ? c->swap_write_per_hour - w->bytes : 0;
}

void swap_writes_add(struct swap_writes *w, const struct config *c, uint64_t bytes,
		     uint64_t now)
{
	if (!c->swap_write_per_hour)
		return;
	fade(w, c, now);
	if (!w->bytes)
		w->at = now;
	w->bytes += bytes;
}
