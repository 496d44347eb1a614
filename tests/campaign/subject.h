/* SPDX-License-Identifier: MIT */
/*
 * The GPU memory of the calling process, of all kinds that a reclaim handles: private BOs,
 * BOs that could be shared, one that only the CPU has mapped, one that is bound twice. Each
 * has contents that can be checked.
 */
#ifndef SUBJECT_H
#define SUBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "gpu/ctx.h"
#include "gpu/device.h"

#define SUBJECT_BOS 5
#define SUBJECT_PRIVATE 0	/* 16 KiB */
#define SUBJECT_LARGE 1
#define SUBJECT_SHAREABLE 2	/* 16 KiB */
#define SUBJECT_TWICE 3		/* 16 KiB, bound at two addresses */
#define SUBJECT_CPU_ONLY 4	/* 8 KiB */

struct subject {
	struct gpu_device dev;
	struct gpu_ctx ctx;
	struct gpu_bo bo[SUBJECT_BOS];
	uint64_t seed[SUBJECT_BOS];
	uint64_t second_va;	/* of SUBJECT_TWICE */
};

/* @large: size of SUBJECT_LARGE. A call gets helpers if there are some MiB to process. */
int subject_init(struct subject *s, uint64_t large);
void subject_fini(struct subject *s);

/*
 * Replace the group. The driver frees a group in the background; returns when the old one is
 * gone, because its BOs belong to the VM and would count. -ETIME: it does not go.
 */
int subject_new_group(struct subject *s);

/* Bytes that the driver holds for this process, and bytes that are evicted. */
int subject_resident(const struct subject *s, uint64_t *bytes);
int subject_evicted(const struct subject *s, uint64_t *bytes);

/* Bring everything back; evict everything and write it to swap. */
int subject_claim(const struct subject *s);
int subject_reclaim(const struct subject *s);

/*
 * Read everything with the GPU, and with the CPU. -EILSEQ: a word is wrong; it was printed
 * which. -EIO: the group is dead.
 */
int subject_check_gpu(struct subject *s);
int subject_check_cpu(const struct subject *s);

#endif
