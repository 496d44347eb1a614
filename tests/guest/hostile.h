/* SPDX-License-Identifier: MIT */
/*
 * What the hostile-* programs share: a target under test and a second process,
 * calls that run in a thread of their own, and swap that is slow or refuses.
 *
 * Everything that is begun here is ended by hostile_end(), also when a case fails
 * half-way.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <stdbool.h>
#include <stdint.h>

#include "gpu/app.h"
#include "gpu/disk.h"
#include "gpu/mem.h"
#include "gpu/pattern.h"
#include "guest.h"

/* Nothing takes that long, not even on a busy machine: it hangs. */
#define HANG_MS 60000

/* How often a case may find that what it needs did not happen in time. */
#define TRIES 20

extern struct gpu_app app, other;

/* setup and teardown of a case */
int hostile_begin(void **state);
int hostile_end(void **state);

#define HOSTILE_CASE(name) \
	cmocka_unit_test_setup_teardown(name, hostile_begin, hostile_end)

/*
 * A kernel with KASAN and lockdep: slow, above all with many locks at a time, and it
 * keeps what was freed. many() is @count, or less on such a kernel.
 */
bool on_debug_kernel(void);
unsigned int many(unsigned int count);

/* --- processes under test ---------------------------------------------------- */

/* Buffers of a process, with a pattern in them. */
struct lot {
	struct gpu_app *of;
	unsigned int file, vm;
	unsigned int count;
	uint64_t size;		/* of each */
	bool unbound;		/* mapped by the CPU alone */
	bool shareable;		/* each has a reservation lock of its own */
	uint64_t seed;
	unsigned int first;	/* filled in */
};

/* @cgroup: as in struct gpu_app_setup, or NULL. */
void start_app(struct gpu_app *which, unsigned int files, unsigned int vms, const char *cgroup);
void alloc_lot(struct lot *lot);
uint64_t lot_bytes(const struct lot *lot);

/* Every word is as it was written: by the GPU, or by the CPU what is unbound. */
void check_lot(const struct lot *lot);

uint64_t resident_of(const struct gpu_app *which);
void run_frame(struct gpu_app *which, unsigned int file, unsigned int vm);

/* --- calls ------------------------------------------------------------------- */

/* A call on a file of the test's, in a thread. */
struct call {
	bool claims;
	struct drm_panthor_mem_reclaim reclaim;
	struct drm_panthor_mem_claim claim;
	int ret;
};

struct call *begin_reclaim(const struct drm_panthor_mem_reclaim *args);
struct call *begin_claim(const struct drm_panthor_mem_claim *args);
bool call_runs(const struct call *call);
/* Interrupt it: SIGUSR1, which has a handler that does nothing. */
void signal_call(const struct call *call);
/* Wait until it has returned; fails the case if it does not. */
void end_call(struct call *call);

struct drm_panthor_mem_reclaim reclaim_all(const struct gpu_app *which, uint32_t flags);
struct drm_panthor_mem_claim claim_all(const struct gpu_app *which);

/* --- waiting for something --------------------------------------------------- */

/* Poll until @check says true. Fails the case with @what if it never does. */
void wait_until(bool (*check)(void *arg), void *arg, const char *what);

/* --- swap -------------------------------------------------------------------- */

/*
 * Swap on a disk instead: each transfer takes @ns, and all together at most @mbps
 * MiB/s (0: no limit). @ns 0: at once, and pages from @good_mib MiB on cannot be
 * written.
 */
void swap_on_slow_disk(unsigned int mib, unsigned int ns, unsigned int mbps);
void swap_on_refusing_disk(unsigned int mib, unsigned int good_mib);
/* Zram has only room for @bytes, and what comes after these goes to a slow disk. */
void swap_on_slow_disk_behind_zram(uint64_t bytes);
/* All of its pages can be written from now on. */
void heal_disk(void);
/* It takes only a few small transfers at a time: who wants more has to wait. */
void queue_little(void);

/* Bytes that the disk has written, or read, and transfers that it is busy with. */
uint64_t disk_written(void);
uint64_t disk_read(void);
unsigned int disk_in_flight(void);
/* As trace events name it: "major,minor". */
void disk_number(char text[32]);
void wait_disk_idle(void);

/* Limits the memory of zram, 0: no limit. */
void limit_zram(uint64_t bytes);

uint64_t swap_used(void);
uint64_t swap_cached(void);

/* --- cgroups ----------------------------------------------------------------- */

/* CGROUP/@name, made if it is not there; memory is accounted below it, too. */
#define CGROUP "/sys/fs/cgroup/hostile"
#define CGROUP_CHILD CGROUP "/app"
void make_cgroups(void);
void set_limit(const char *cgroup, const char *file, const char *value);

/* --- the driver, by debugfs -------------------------------------------------- */

/* Of all BOs: bytes that are resident, and of these those that it can evict. */
void driver_totals(uint64_t *bytes, uint64_t *evictable);

/* One run of its shrinker. */
void run_shrinker(unsigned int pages);

#endif
