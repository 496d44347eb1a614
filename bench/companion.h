/* SPDX-License-Identifier: MIT */
/*
 * A second program with a GPU context of its own, which runs beside the samples of a case and
 * notes how it fares in each phase of them.
 */
#ifndef BENCH_COMPANION_H
#define BENCH_COMPANION_H

#include <stddef.h>
#include <sys/types.h>

#include "gpu/ctx.h"

/* In memory that both programs see. A case puts it first in a larger struct of its own. */
struct companion {
	int phase;	/* numbered by the case */
	int failed;	/* the second program cannot go on */
	int ready;
	pid_t pid;
};

/*
 * Starts the program, which calls @step again and again, and waits until it has its GPU context.
 * The struct has @size bytes, all zero but the phase.
 */
struct companion *companion_start(size_t size, int phase,
				  void (*step)(struct companion *c, struct gpu_ctx *ctx));
void companion_end(struct companion *c, size_t size);

int companion_phase(const struct companion *c);

/* Ends the benchmark with an error if the second program has failed or died. */
void companion_set_phase(struct companion *c, int phase);

#endif
