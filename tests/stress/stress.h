/* SPDX-License-Identifier: MIT */
/*
 * Declarations that the workers of stress share. Each worker is a process that repeats one
 * action until it is told to stop.
 */
#ifndef STRESS_H
#define STRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define STRESS_SUBMITTERS 3
/* The other targets come and go: one opens and closes files, some exit or are killed. */
#define STRESS_OPENER STRESS_SUBMITTERS
#define STRESS_MORTAL (STRESS_OPENER + 1)
#define STRESS_VICTIM (STRESS_MORTAL + 1)
/* One uses Vulkan, one GLES. */
#define STRESS_MESA (STRESS_VICTIM + 1)
#define STRESS_TARGETS (STRESS_MESA + 2)

enum stress_count {
	COUNT_FILLS,
	COUNT_CHECKS_GPU,
	COUNT_CHECKS_CPU,
	COUNT_BINDS,
	COUNT_RECLAIMS,
	COUNT_RECLAIMED_KIB,
	COUNT_CLAIMS,
	COUNT_CLAIMED_KIB,
	COUNT_SHRINKS,
	COUNT_PRESSES,
	COUNT_OPENS,
	COUNT_HOGS,
	COUNT_SIGNALS,
	COUNT_EXITS,		/* with --campaign, like the next ones */
	COUNT_CRASHES,
	COUNT_EXECS,
	COUNT_STOPS,
	COUNT_KILLED_MANAGERS,
	COUNT_KILLED_TARGETS,
	COUNT_SHARES,
	COUNT_HEAPS,
	COUNT_SWAPOFFS,
	COUNT_THROTTLES,
	COUNT_RESETS,
	COUNT_SLEEPS,
	COUNT_NEW_GROUPS,
	COUNT_MESA_LIVES,	/* with Mesa, like the next ones */
	COUNT_MESA_FRAMES,
	COUNT_MESA_CHECKS,
	COUNT_MESA_RESETS,
	COUNT_NO_MEMORY,	/* allowed, because the machine is small */
	COUNT_BAD_WORDS,	/* a failure, like all that follow */
	COUNT_BAD_ERRNO,
	COUNT_BAD_RESULT,
	COUNT_NUMBER,
};

#define COUNT_FIRST_FAILURE COUNT_BAD_WORDS

struct stress_shared {
	atomic_bool stop;
	bool campaign;
	bool mesa;		/* some processes use Mesa */
	_Atomic pid_t target[STRESS_TARGETS];
	atomic_llong count[COUNT_NUMBER];
};

struct gpu_ctx;

extern struct stress_shared *stress;

void stress_add(enum stress_count which, long long number);
/* Print and count an unexpected errno. */
void stress_bad_errno(const char *what, int ret);

/*
 * Is this an error that may happen: no memory, or, with --campaign, a group that was lost in a
 * reset of the GPU, or ENOSPC: many groups that have ended are still in the firmware's memory?
 */
bool stress_allows(int ret, const struct gpu_ctx *ctx);

/* Join the cgroup that is throttled. */
void stress_join(void);

/* A small random generator, seeded for each worker. */
void stress_seed(uint64_t seed);
uint64_t stress_random(uint64_t below);

/* stress_submit.c, stress_mem.c, stress_press.c */
void stress_submitter(unsigned int number);
void stress_reclaimer(unsigned int number);
void stress_claimer(unsigned int number);
void stress_shrinker(unsigned int number);
void stress_presser(unsigned int number);
void stress_opener(unsigned int number);
void stress_hog(unsigned int number);

/* stress_life.c, stress_share.c, stress_machine.c: only with --campaign */
void stress_forker(unsigned int number);
void stress_stopper(unsigned int number);
void stress_killer(unsigned int number);
void stress_sharer(unsigned int number);
void stress_heaper(unsigned int number);
void stress_swapper(unsigned int number);
void stress_throttler(unsigned int number);
void stress_resetter(unsigned int number);

/* stress_mesa.c: only in the program stress-mesa */
void stress_mesa(unsigned int number);

#endif
