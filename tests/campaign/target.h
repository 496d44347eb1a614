/* SPDX-License-Identifier: MIT */
/*
 * Another process, whose GPU memory is reclaimed and claimed: BOs of one size, with contents
 * that can be checked.
 */
#ifndef TARGET_H
#define TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "gpu/app.h"

struct target {
	struct gpu_app app;
	unsigned int bos;
	uint64_t bo_bytes;
	uint64_t seed;
	const char *cgroup;	/* a directory of cgroup2, or NULL */
};

/* Start the process, and let its GPU write the BOs. Set all members but @app before. */
int target_start(struct target *t);

/* Ask for something that has no arguments but a BO: 0 or more, or -errno. */
int64_t target_ask(struct target *t, enum app_op op, unsigned int bo);

/* Let the GPU or the CPU read a BO. -EILSEQ: a word is not what was written. */
int target_check(struct target *t, unsigned int bo, bool by_gpu);

#endif
