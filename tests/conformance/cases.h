/* SPDX-License-Identifier: MIT */
/*
 * What the files of cases share: the table that each of them fills, and words
 * for what nearly every case does.
 */
#ifndef CASES_H
#define CASES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
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
extern const struct conf_case wait_cases[];
extern const struct conf_case shared_cases[];
extern const struct conf_case claim_cases[];
extern const struct conf_case refused_cases[];
extern const struct conf_case error_cases[];
extern const struct conf_case identity_cases[];
extern const struct conf_case target_cases[];
extern const struct conf_case signal_cases[];
extern const struct conf_case fault_cases[];
extern const struct conf_case gpu_cases[];
extern const struct conf_case hostile_cases[];
extern const struct conf_case query_cases[];

/* --- buffers of an app --------------------------------------------------- */

/* A number of BOs of one size that were allocated together. */
struct lot {
	struct world_app *app;
	int first;
	unsigned int count;
	uint64_t size; /* of each */
	uint64_t seed;
};

/*
 * A debug kernel (KASAN, lockdep): 10 to 30 times slower, page by page, and with
 * memory of its own. What it has to show does not depend on size.
 */
bool on_debug_kernel(void);

/* The size of an ordinary BO: 1 MiB, or less on a debug kernel. */
uint64_t unit(void);

/* The size of a small BO: a few pages, or one where pages are large. */
uint64_t small(void);

/* A number of BOs for comparing amounts; fewer of them on a debug kernel. */
unsigned int many(unsigned int count);

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

/* --- work that goes on ----------------------------------------------------- */

/*
 * A machine can always be too slow for what a case wants to see: that a call
 * does this or that *while* work goes on. So a case gives work a length, and
 * looks afterwards whether the work outlasted the call. If not, it learnt
 * nothing, and tries again with another app. A call that waits for the end of
 * such work never passes: no try ever tells.
 */
#define TRIES 5

/* false: it cannot be told. */
typedef bool (*try_fn)(struct world *w);

void until_told(struct world *w, try_fn once);

/*
 * world_busy() on a VM of file 0. Returns a time before which the work is not
 * over for certain.
 */
int64_t busy_until(struct world *w, struct world_app *app, unsigned int vm, int64_t ns);

/* From now: a deadline so far off that no case gets there. */
#define NEVER (120 * WORLD_SECOND)

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

/* --- what names a target --------------------------------------------------- */

/* These members of both structs; the flags can have others besides. */
struct target {
	uint32_t flags;
	uint32_t tgid;
	uint64_t id;
};

struct target by_tgid(struct world *w, struct world_app *app);
struct target by_pidfd(struct world *w, struct world_app *app);
struct target by_client(struct world *w, struct world_app *app, unsigned int file);
struct target by_cgroup(struct world_cgroup *cgroup);

/* By the manager: 0 or -errno, and the struct as it came back. */
int try_reclaim(struct world *w, struct target target, struct drm_panthor_mem_reclaim *arg);
int try_claim(struct world *w, struct target target, struct drm_panthor_mem_claim *arg);

/*
 * Both ioctls, as @caller (NULL: the manager). An error that comes before anything is
 * done leaves 0 in the outputs, whatever was there.
 */
void expect_reclaim(struct world *w, struct world_app *caller, struct target target, int error);
void expect_claim(struct world *w, struct world_app *caller, struct target target, int error);
void expect_both(struct world *w, struct world_app *caller, struct target target, int error);

/* --- amounts -------------------------------------------------------------- */

/* How far counters of a system that does other things too may be off. */
uint64_t tolerance(uint64_t bytes);

void check_close(int64_t value, int64_t expected, const char *what);

/*
 * The same for counters of the whole machine's swap, and below for its memory. Where
 * the suite is not alone, they tell nothing: both pass.
 */
void check_close_swap(int64_t value, int64_t expected, const char *what);

/*
 * The same for what comes from counting free memory. A debug kernel keeps freed
 * objects for a while (KASAN's quarantine) and remembers where each came from
 * (the stack depot): MiB that come and go with whatever the kernel does. Swap
 * and zram have no such thing.
 */
void check_close_free(int64_t value, int64_t expected, const char *what);

/*
 * Pages of one call that somebody looked at when they were to be written, and
 * that stayed in RAM: a later call may find and count them.
 */
#define STRAY_BYTES (WORLD_MIB / 4)

#define check_status(status, bits) assert_int_equal((status) & (bits), (bits))
#define check_no_status(status, bits) assert_int_equal((status) & (bits), 0)

#endif /* CASES_H */
