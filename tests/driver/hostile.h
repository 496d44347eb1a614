/* SPDX-License-Identifier: MIT */
/*
 * Declarations that the hostile-* programs share: a target under test and a second
 * process, calls that run in a thread of their own, and swap that is slow or refuses.
 *
 * hostile_end() ends everything that was started, even if a case fails half-way.
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

/* Nothing takes this long, even on a busy machine: a call that does has hung. */
#define HANG_MS 60000

/* How often a case may find that the required situation did not occur in time. */
#define TRIES 20

extern struct gpu_app app, other;

/* setup and teardown of a case */
int hostile_begin(void **state);
int hostile_end(void **state);

#define HOSTILE_CASE(name) \
	cmocka_unit_test_setup_teardown(name, hostile_begin, hostile_end)

/*
 * Is this a kernel with KASAN and lockdep? It is slow, above all with many locks at a
 * time, and keeps freed memory. many() returns @count, or less on such a kernel.
 */
bool on_debug_kernel(void);
unsigned int many(unsigned int count);

/* --- processes under test ---------------------------------------------------- */

/* Buffers of a process, filled with a pattern. */
struct lot {
	struct gpu_app *of;
	unsigned int file, vm;
	unsigned int count;
	uint64_t size;		/* of each buffer */
	bool unbound;		/* mapped by the CPU only */
	bool shareable;		/* each has a reservation lock of its own */
	uint64_t seed;
	unsigned int first;	/* set when they are allocated */
};

/* @cgroup: as in struct gpu_app_setup, or NULL. */
void start_app(struct gpu_app *which, unsigned int files, unsigned int vms, const char *cgroup);
void alloc_lot(struct lot *lot);
uint64_t lot_bytes(const struct lot *lot);

/* Verify every word: with the GPU, or with the CPU if the buffers are unbound. */
void check_lot(const struct lot *lot);

uint64_t resident_of(const struct gpu_app *which);
void run_frame(struct gpu_app *which, unsigned int file, unsigned int vm);

/* --- calls ------------------------------------------------------------------- */

/* A call in a thread, on one of the test's own files. */
struct call {
	bool claims;
	struct drm_panthor_mem_reclaim reclaim;
	struct drm_panthor_mem_claim claim;
	int ret;
};

struct call *begin_reclaim(const struct drm_panthor_mem_reclaim *args);
struct call *begin_claim(const struct drm_panthor_mem_claim *args);
bool call_runs(const struct call *call);
/* Interrupt the call with SIGUSR1, whose handler does nothing. */
void signal_call(const struct call *call);
/* Wait until the call has returned. Fails the case if it does not. */
void end_call(struct call *call);

struct drm_panthor_mem_reclaim reclaim_all(const struct gpu_app *which, uint32_t flags);
struct drm_panthor_mem_claim claim_all(const struct gpu_app *which);

/* --- waiting for something --------------------------------------------------- */

/* Poll until @check returns true. Fails the case with @what if it never does. */
void wait_until(bool (*check)(void *arg), void *arg, const char *what);

/* --- swap -------------------------------------------------------------------- */

/*
 * Use a disk as swap instead: each transfer takes @ns, and the bandwidth is at most @mbps
 * MiB/s (0: no limit). With @ns 0 the disk is fast, and pages from @good_mib MiB on cannot
 * be written.
 */
void swap_on_slow_disk(unsigned int mib, unsigned int ns, unsigned int mbps);
void swap_on_refusing_disk(unsigned int mib, unsigned int good_mib);
/* A fast disk, of which page @page cannot be read from fail_page() on. */
void swap_on_fast_disk(unsigned int mib);
void fail_page(uint64_t page);
/* Zram only has room for @bytes; all further pages go to a slow disk. */
void swap_on_slow_disk_behind_zram(uint64_t bytes);
/* A disk that holds back what is read from it while hold_reads() says so. */
void swap_on_held_disk(unsigned int mib);
void hold_reads(bool hold);
unsigned int held_reads(void);
/* Let the disk accept all pages from now on. */
void heal_disk(void);
/* The disk has few requests at a time: further ones have to wait. */
void queue_little(void);

/* Bytes that the disk has written or read, and the number of unfinished transfers. */
uint64_t disk_written(void);
uint64_t disk_read(void);
unsigned int disk_in_flight(void);
/* The disk's name in trace events: "major,minor". */
void disk_number(char text[32]);
void wait_disk_idle(void);

/* Limit the memory of zram; 0: no limit. */
void limit_zram(uint64_t bytes);

uint64_t swap_used(void);
uint64_t swap_cached(void);

/* --- cgroups ----------------------------------------------------------------- */

/* CGROUP/@name, created if necessary, with memory accounting below it as well. */
#define CGROUP "/sys/fs/cgroup/hostile"
#define CGROUP_CHILD CGROUP "/app"
void make_cgroups(void);
void set_limit(const char *cgroup, const char *file, const char *value);

/* --- the driver, through debugfs --------------------------------------------- */

/* For all BOs: the resident bytes, and those of them that the driver can evict. */
void driver_totals(uint64_t *bytes, uint64_t *evictable);

/* Run the driver's shrinker once. */
void run_shrinker(unsigned int pages);

#endif
