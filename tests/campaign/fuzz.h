/* SPDX-License-Identifier: MIT */
/*
 * Declarations that the files of fuzz share.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define FUZZ_PROCESSES 3
#define FUZZ_THREADS 2
#define FUZZ_WORDS 40
#define FUZZ_OPS_MAX 40

/*
 * A call is an operation and the words from which its arguments are made, one after the other.
 * A changed word changes one argument.
 */
struct fuzz_call {
	uint8_t op;
	uint64_t word[FUZZ_WORDS];
};

struct fuzz_op {
	const char *name;
	unsigned int weight;

	/* Returns 0 or -errno, for the statistics. */
	int (*run)(void);
};

extern const struct fuzz_op fuzz_ops[];
extern const unsigned int fuzz_op_count;

/* Memory that all processes share. */
struct fuzz_shared {
	atomic_bool stop;
	_Atomic pid_t pid[FUZZ_PROCESSES];
	/* A process that makes none of these calls, and checks its contents; its client id. */
	_Atomic pid_t witness;
	_Atomic(uint64_t) witness_client;
	atomic_ullong calls[FUZZ_OPS_MAX];
	atomic_ullong good[FUZZ_OPS_MAX];
	atomic_ullong kept;		/* calls that reached something new */
	atomic_ullong witness_checks;
	atomic_ullong bad;
	/* The number of calls of a thread, and the operation that it is in. */
	atomic_ullong beat[FUZZ_PROCESSES][FUZZ_THREADS];
	atomic_uint current[FUZZ_PROCESSES][FUZZ_THREADS];
};

extern struct fuzz_shared *fuzz;

/* Count and print what must never happen. */
void fuzz_bad(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Has this thread the capability that the two ioctls need? */
extern __thread bool fuzz_privileged;

/* The next word of the call that this thread makes, and a number below @below. */
uint64_t fuzz_draw(void);
uint64_t fuzz_below(uint64_t below);

/* Objects that all threads of a process use. */
int fuzz_objects_open(void);

/* Make calls until the end. Does not return. */
void fuzz_process(unsigned int number, uint64_t seed) __attribute__((noreturn));

#endif
