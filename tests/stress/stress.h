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
/* The process that opens and closes files can also be a target. */
#define STRESS_TARGETS (STRESS_SUBMITTERS + 1)

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
	COUNT_NO_MEMORY,	/* allowed, because the machine is small */
	COUNT_BAD_WORDS,	/* a failure, like all that follow */
	COUNT_BAD_ERRNO,
	COUNT_BAD_RESULT,
	COUNT_NUMBER,
};

#define COUNT_FIRST_FAILURE COUNT_BAD_WORDS

struct stress_shared {
	atomic_bool stop;
	_Atomic pid_t target[STRESS_TARGETS];
	atomic_llong count[COUNT_NUMBER];
};

extern struct stress_shared *stress;

void stress_add(enum stress_count which, long long number);
/* Print and count an unexpected errno. */
void stress_bad_errno(const char *what, int ret);

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

#endif
