/* SPDX-License-Identifier: MIT */
/*
 * The program that run-bench starts in the guest to measure: declarations that its parts
 * share. It prints one JSON object per line for each sample. It judges contents, but no
 * times.
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

/* The share that may stay in RAM: pages in per-CPU batches cannot be reclaimed. */
#define LEFT_OVER 128

/* Exit status if contents were wrong. */
#define EXIT_CONTENTS 3

struct bench_options {
	uint64_t bytes;		/* of GPU memory */
	uint64_t bo_bytes;	/* of one buffer */
	enum app_data data;
	unsigned int rounds;
	const char *set;	/* names these samples, together with the arm */
	const char *algo;	/* compressor of zram, NULL: do not change it */
	unsigned int disk_ns;	/* time per transfer of a swap disk, 0: use zram */
	unsigned int disk_mbps;	/* its bandwidth, 0: no limit */
	const char *only;	/* the only arm, for a profile; NULL: all */
};

struct bench {
	struct bench_options opt;
	struct gpu_device dev;	/* opened by the manager */
	struct gpu_app app;
	unsigned int round;
};

/* bench.c: an application with filled buffers, in a cgroup of its own. */
void bench_start(struct bench *b);
void bench_end(struct bench *b);

/* One of the alternatives that a case compares. */
struct bench_arm {
	const char *name;
	void (*run)(struct bench *b);
};

/*
 * A whole case: the arms take one sample each in every round, in turn. Before each sample the
 * memory of the application is in RAM, or in swap.
 */
void bench_from_ram(struct bench *b, const struct bench_arm *arms, unsigned int count);
void bench_from_swap(struct bench *b, const struct bench_arm *arms, unsigned int count);

/* Check the state after the timed part, and make it the same for every arm. */
void bench_check(struct bench *b);
void bench_claim_all(struct bench *b);
void bench_reclaim_all(struct bench *b);

/* Run one null job in the application; returns the time that it measured. */
int64_t bench_frame(struct bench *b);

/*
 * Repeats @step until nothing is left or it frees nothing any more. Returns the time
 * until the end of the last step that freed something.
 */
struct bench_steps {
	int64_t (*step)(struct bench *b, void *arg);	/* returns the bytes still to free */
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
 * emit.c: prints a sample. Numbers are added between begin and end; the set, the arm and
 * the round are added by begin.
 */
void emit_begin(const struct bench *b, const char *arm);
void emit_number(const char *name, int64_t value);
void emit_text(const char *name, const char *value);
void emit_list(const char *name, const int64_t *values, unsigned int count);
void emit_end(void);

/* backing.c: the swap device of this run. */
void backing_set_up(const struct bench_options *opt);
void backing_restore(void);
const char *backing_device(void);

/* rival.c: the alternative way to free the same memory. */
struct rival_result {
	int64_t evict_ns;
	unsigned int writes;	/* number of writes to memory.reclaim */
	unsigned int refused;	/* those that returned EAGAIN */
	int64_t left;		/* bytes that could not be freed */
};

/*
 * Returns the time until as much of the cgroup is free as there was GPU memory, or until
 * the last write to memory.reclaim that freed anything.
 */
int64_t rival_reclaim(struct bench *b, struct rival_result *result);

/* cpu.c: busy time of all CPUs together since boot, in ns. */
int64_t cpu_busy_ns(void);
unsigned int cpu_count(void);

/* The cases. */
void case_reclaim(struct bench *b);
void case_claim(struct bench *b);
void case_frames(struct bench *b);
void case_late(struct bench *b);
void case_foreground(struct bench *b);
void case_limits(struct bench *b);
void case_bandwidth(struct bench *b);
void case_bystander(struct bench *b);
void case_size(struct bench *b);
void case_timeline(struct bench *b);

#endif
