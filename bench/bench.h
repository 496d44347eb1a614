/* SPDX-License-Identifier: MIT */
/*
 * The measuring program that run-bench starts in the guest: what its parts
 * share. It prints one JSON object in a line for each sample, and judges
 * nothing but contents.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "gpu/app.h"
#include "gpu/device.h"
#include "gpu/sysmem.h"

#define MIB (UINT64_C(1) << 20)
#define KIB (UINT64_C(1) << 10)

/* A share that may stay in RAM: pages in per-CPU batches cannot be reclaimed. */
#define LEFT_OVER 128

/* Exit status when contents were not what they should be. */
#define EXIT_CONTENTS 3

struct bench_options {
	uint64_t bytes;		/* of GPU memory */
	uint64_t bo_bytes;	/* of one buffer */
	enum app_data data;
	unsigned int rounds;
	const char *set;	/* names these samples, with the arm */
	const char *algo;	/* zram's compressor, NULL: as it is */
	unsigned int disk_ns;	/* swap on a disk that is so slow, 0: on zram */
	unsigned int disk_mbps;	/* 0: no limit */
	const char *only;	/* one arm, for a profile; NULL: all */
};

struct bench {
	struct bench_options opt;
	struct gpu_device dev;	/* the manager's */
	struct gpu_app app;
	unsigned int round;
};

/* bench.c: an application with filled buffers, in a cgroup of its own. */
void bench_start(struct bench *b);
void bench_end(struct bench *b);

/* The arms of a case take turns; what follows the sample is up to the case. */
struct bench_arm {
	const char *name;
	void (*run)(struct bench *b);
};

bool bench_wanted(const struct bench *b, const struct bench_arm *arm);

/* What the timed part left is checked, and made the same for every arm. */
void bench_check(struct bench *b);
void bench_claim_all(struct bench *b);
void bench_reclaim_all(struct bench *b);

/* One null job of the application: the time that it saw. */
int64_t bench_frame(struct bench *b);

/*
 * Frees step by step until nothing is left, or until no step frees anything any
 * more; the time until the last one that did.
 */
struct bench_steps {
	int64_t (*step)(struct bench *b, void *arg);	/* bytes still to free */
	void *arg;
	unsigned int count;
	int64_t left;
};

int64_t bench_free(struct bench *b, struct bench_steps *steps);

int64_t now_ns(void);
void sleep_ms(unsigned int ms);

/* Ends the program with a message if @ret is negative. */
void need(int64_t ret, const char *what);

/*
 * emit.c: a sample. Numbers are added to it between begin and end; the set, the
 * arm and the round are there already.
 */
void emit_begin(const struct bench *b, const char *arm);
void emit_number(const char *name, int64_t value);
void emit_text(const char *name, const char *value);
void emit_list(const char *name, const int64_t *values, unsigned int count);
void emit_end(void);

/* backing.c: the swap of this run. */
void backing_set_up(const struct bench_options *opt);
void backing_restore(void);
const char *backing_device(void);

/* rival.c: what else there is to free the same memory. */
struct rival_result {
	int64_t evict_ns;
	unsigned int writes;	/* to memory.reclaim */
	unsigned int refused;	/* of these, with EAGAIN */
	int64_t left;		/* bytes that it could not free */
};

/*
 * The time until as much of the cgroup is free as the GPU memory was, or until
 * the last write to memory.reclaim that freed anything.
 */
int64_t rival_reclaim(struct bench *b, struct rival_result *result);

/* cpu.c: how many CPUs worked, in ns of all together since boot. */
int64_t cpu_busy_ns(void);
unsigned int cpu_count(void);

/* The cases. */
void case_reclaim(struct bench *b);
void case_claim(struct bench *b);
void case_frames(struct bench *b);
void case_limits(struct bench *b);
void case_bandwidth(struct bench *b);
void case_bystander(struct bench *b);
void case_size(struct bench *b);
void case_timeline(struct bench *b);

#endif
