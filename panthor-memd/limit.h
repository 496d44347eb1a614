/* SPDX-License-Identifier: MIT */
/*
 * How often, how soon, how much: the rules of [Limits], on numbers alone. Times are those
 * of clock.h and come from the caller.
 */
#ifndef BROKER_LIMIT_H
#define BROKER_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"

/* Requests of one user: @level is in tokens, by the 60 million. */
struct bucket {
	uint64_t level;
	uint64_t at;
};

void bucket_fill(struct bucket *b, const struct config *c, uint64_t now);
/* False if there is no token left. */
bool bucket_take(struct bucket *b, const struct config *c, uint64_t now);
/* Is it as if nothing had ever been taken? */
bool bucket_full(struct bucket *b, const struct config *c, uint64_t now);

#define HISTORY_MOST 64

/* What was done to one process. */
struct history {
	uint64_t last; /* when something was reclaimed or claimed; 0: never */
	uint64_t reclaims[HISTORY_MOST]; /* when, the latest last */
	unsigned int count;
	uint64_t blocked_until;
	unsigned int doublings;
};

enum history_answer { HISTORY_OK, HISTORY_RESIDENT, HISTORY_THRASH };

/* May it be reclaimed now? If not, in @wait when it may. */
enum history_answer history_ask(const struct history *h, const struct config *c, uint64_t now,
				uint64_t *wait);
void history_reclaimed(struct history *h, const struct config *c, uint64_t now);
void history_claimed(struct history *h, uint64_t now);

/* Is nothing in it that could still decide? */
bool history_empty(const struct history *h, const struct config *c, uint64_t now);

/* Bytes of swap that have to stay free. */
uint64_t swap_reserve(const struct config *c, uint64_t total);

/* What reclaims write, over all users. */
struct swap_writes {
	uint64_t bytes; /* of the last hour, about */
	uint64_t at;
};

bool swap_writes_left(struct swap_writes *w, const struct config *c, uint64_t now);
void swap_writes_add(struct swap_writes *w, const struct config *c, uint64_t bytes,
		     uint64_t now);

#endif /* BROKER_LIMIT_H */
