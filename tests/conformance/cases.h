/* SPDX-License-Identifier: MIT */
/*
 * What the files of cases share: the table that each of them fills, and words
 * for what nearly every case does.
 */
#ifndef CASES_H
#define CASES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <panthor_drmif.h>

#include "world.h"

struct conf_case {
	const char *name;
	void (*run)(struct world *w);
	unsigned int needs; /* features beyond what every world has */
};

/* A suite is a file of cases; the last case has no name. */
struct conf_suite {
	const char *name;
	const struct conf_case *cases;
};

extern const struct conf_case reclaim_cases[];
extern const struct conf_case amount_cases[];
extern const struct conf_case content_cases[];
extern const struct conf_case busy_cases[];
extern const struct conf_case shared_cases[];
extern const struct conf_case claim_cases[];
extern const struct conf_case error_cases[];
extern const struct conf_case identity_cases[];
extern const struct conf_case signal_cases[];
extern const struct conf_case fault_cases[];

/* --- buffers of an app --------------------------------------------------- */

/* A number of BOs of one size that were allocated together. */
struct lot {
	struct world_app *app;
	int first;
	unsigned int count;
	uint64_t size; /* of each */
	uint64_t seed;
};

struct lot lot_alloc(struct world *w, struct world_app *app, unsigned int count, uint64_t size,
		     uint64_t seed);
struct lot lot_alloc_with(struct world *w, struct world_app *app, const struct world_alloc *how);

uint64_t lot_bytes(const struct lot *lot);

/* Each BO has the content that it was given. */
void lot_check(struct world *w, const struct lot *lot, enum world_unit by);
void lot_refill(struct world *w, struct lot *lot, enum world_unit by, uint64_t seed);

uint64_t resident(struct world *w, struct world_app *app);

/* --- calls that must succeed, by the manager ----------------------------- */

struct panthor_mem_reclaim_result reclaim(struct world *w, struct world_app *app);
struct panthor_mem_reclaim_result reclaim_with(struct world *w, struct world_app *app,
					       uint32_t flags, uint64_t max_bytes,
					       int64_t deadline_ns);
struct panthor_mem_claim_result claim(struct world *w, struct world_app *app);
struct panthor_mem_claim_result claim_with(struct world *w, struct world_app *app, uint32_t flags,
					   uint64_t max_bytes);

/* --- raw ioctls, by anyone, for world_call() ------------------------------ */

struct raw_reclaim {
	struct drm_panthor_mem_reclaim arg;
	int restart; /* use drmIoctl(), which starts over on EINTR */
};

struct raw_claim {
	struct drm_panthor_mem_claim arg;
	int restart;
};

/* 0 or -errno. */
int raw_reclaim_fn(int fd, void *arg);
int raw_claim_fn(int fd, void *arg);

/* --- amounts -------------------------------------------------------------- */

/* How far counters of a system that does other things too may be off. */
uint64_t tolerance(uint64_t bytes);

/*
 * Pages of one call that somebody looked at when they were to be written, and
 * that stayed in RAM: a later call may find and count them.
 */
#define STRAY_BYTES (WORLD_MIB / 4)
void check_close(int64_t value, int64_t expected, const char *what);

#define check_status(status, bits) assert_int_equal((status) & (bits), (bits))
#define check_no_status(status, bits) assert_int_equal((status) & (bits), 0)

#endif /* CASES_H */
