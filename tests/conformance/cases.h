/* SPDX-License-Identifier: MIT */
/*
 * What the files of cases share: the table that each of them fills, and helpers for what
 * nearly every case does.
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
 * A debug kernel (KASAN, lockdep) is 10 to 30 times slower for each page and uses memory of
 * its own. Sizes are smaller there, because what it checks does not depend on size.
 */
bool on_debug_kernel(void);

/* The size of an ordinary BO: 1 MiB, or less on a debug kernel. */
uint64_t unit(void);

/* The size of a small BO: a few pages, or one page if pages are large. */
uint64_t small(void);

/* A number of BOs for comparing amounts; fewer of them on a debug kernel. */
unsigned int many(unsigned int count);

struct lot lot_alloc(struct world *w, struct world_app *app, unsigned int count, uint64_t size,
		     uint64_t seed);
struct lot lot_alloc_with(struct world *w, struct world_app *app, const struct world_alloc *how);

uint64_t lot_bytes(const struct lot *lot);

/* Check that each BO has the content that it was filled with. */
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

/* --- work during a call ----------------------------------------------------- */

/*
 * Some cases check what a call does *while* work runs on the GPU, and the machine can be
 * too slow for that. Such a case gives the work a duration, and afterwards checks that the
 * work outlasted the call. If not, the try proves nothing, and the case tries again with
 * another app. A call that wrongly waits for the end of the work fails, because no try
 * ever proves anything.
 */
#define TRIES 5

/* Returns false if the try proved nothing. */
typedef bool (*try_fn)(struct world *w);

void until_told(struct world *w, try_fn once);

/*
 * world_busy() on a VM of file 0. Returns a time before which the work cannot have ended.
 */
int64_t busy_until(struct world *w, struct world_app *app, unsigned int vm, int64_t ns);

/* A deadline this far from now is never reached. */
#define NEVER (120 * WORLD_SECOND)

/* --- raw ioctls by any process, for world_call() ------------------------------ */

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

/* The members of both structs that name the target. @flags can also have other flags. */
struct target {
	uint32_t flags;
	uint32_t tgid;
	uint64_t id;
};

struct target by_tgid(struct world *w, struct world_app *app);
struct target by_pidfd(struct world *w, struct world_app *app);
struct target by_client(struct world *w, struct world_app *app, unsigned int file);
struct target by_cgroup(struct world_cgroup *cgroup);

/* Make the call as the manager. Returns 0 or -errno, and the struct as the kernel left it. */
int try_reclaim(struct world *w, struct target target, struct drm_panthor_mem_reclaim *arg);
int try_claim(struct world *w, struct target target, struct drm_panthor_mem_claim *arg);

/*
 * Check the result of the ioctls, called by @caller (NULL: the manager). The errors must come
 * before anything is done, so they must set the outputs to 0.
 */
void expect_reclaim(struct world *w, struct world_app *caller, struct target target, int error);
void expect_claim(struct world *w, struct world_app *caller, struct target target, int error);
void expect_both(struct world *w, struct world_app *caller, struct target target, int error);

/* --- amounts -------------------------------------------------------------- */

/* How much counters of the system may deviate, because it also does other things. */
uint64_t tolerance(uint64_t bytes);

void check_close(int64_t value, int64_t expected, const char *what);

/*
 * The same for counters of the whole machine's swap, and below for its memory. If the suite
 * is not alone on the machine, they prove nothing and both checks pass.
 */
void check_close_swap(int64_t value, int64_t expected, const char *what);

/*
 * The same for values that are derived from free memory. A debug kernel keeps freed objects
 * for a while (KASAN's quarantine) and stores where each was allocated (the stack depot), so
 * free memory varies by several MiB. Swap and zram do not.
 */
void check_close_free(int64_t value, int64_t expected, const char *what);

/*
 * The most that a call may leave in RAM because something else used the pages when they were
 * to be written. A later call may find and count them.
 */
#define STRAY_BYTES (WORLD_MIB / 4)

#define check_status(status, bits) assert_int_equal((status) & (bits), (bits))
#define check_no_status(status, bits) assert_int_equal((status) & (bits), 0)

#endif /* CASES_H */
