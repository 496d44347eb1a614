/* SPDX-License-Identifier: MIT */
/*
 * The rules of [Limits], as functions of their arguments. The caller passes the time, in
 * microseconds of clock.h.
 */
#ifndef BROKER_LIMIT_H
#define BROKER_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"

/* A token bucket of one user. @level is in units of 1/60000000 token, or byte. */
struct bucket {
	uint64_t level;
	uint64_t at;
};

void bucket_fill(struct bucket *b, const struct config *c, uint64_t now);
/* No token is left. */
bool bucket_empty(struct bucket *b, const struct config *c, uint64_t now);
/* Take a token. False if none is left. */
bool bucket_take(struct bucket *b, const struct config *c, uint64_t now);
/* A full bucket is in the same state as a new one. */
bool bucket_full(struct bucket *b, const struct config *c, uint64_t now);

/*
 * The bucket for answers that no token pays for: to calls that change nothing, and refusals
 * without a token. It holds bytes, and is larger if the user may send more requests.
 */
#define ANSWERS_AT_ONCE (UINT64_C(128) << 10)
#define ANSWERS_PER_MINUTE (UINT64_C(256) << 10)
#define ANSWERS_PER_REQUEST 512

void answers_fill(struct bucket *b, const struct config *c, uint64_t now);
bool answers_take(struct bucket *b, const struct config *c, uint64_t bytes, uint64_t now);
/* Take what was sent before the user was known, even if less is left. */
void answers_charge(struct bucket *b, const struct config *c, uint64_t bytes, uint64_t now);
bool answers_full(struct bucket *b, const struct config *c, uint64_t now);

#define HISTORY_MOST 64

/* The recent operations on one process. */
struct history {
	uint64_t last; /* time of the last reclaim or claim; 0: never */
	uint64_t reclaims[HISTORY_MOST]; /* times of recent reclaims, oldest first */
	unsigned int count;
	uint64_t blocked_until;
	unsigned int doublings;
};

enum history_answer { HISTORY_OK, HISTORY_RESIDENT, HISTORY_THRASH };

/* May the process be reclaimed now? If not, @wait is set to the time until it may. */
enum history_answer history_ask(const struct history *h, const struct config *c, uint64_t now,
				uint64_t *wait);
/* @first: this is not a later slice of a reclaim that has been counted. */
void history_reclaimed(struct history *h, const struct config *c, uint64_t now, bool first);
void history_claimed(struct history *h, uint64_t now);

/* True if the history no longer affects any answer. */
bool history_empty(const struct history *h, const struct config *c, uint64_t now);

/* What the reclaims of all users write to swap. */
struct swap_writes {
	uint64_t bytes; /* in about the last hour */
	uint64_t at;
};

/* How much more may be written now. UINT64_MAX: there is no limit. */
uint64_t swap_writes_left(struct swap_writes *w, const struct config *c, uint64_t now);
void swap_writes_add(struct swap_writes *w, const struct config *c, uint64_t bytes,
		     uint64_t now);

#endif /* BROKER_LIMIT_H */
