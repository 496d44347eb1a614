/* SPDX-License-Identifier: MIT */
/* One reclaim or claim of one target, and its outcome. */
#ifndef TOOL_OPERATION_H
#define TOOL_OPERATION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct target;

enum operation_kind { OPERATION_RECLAIM, OPERATION_CLAIM, OPERATION_KINDS };

extern const char *const operation_names[OPERATION_KINDS];

struct operation {
	enum operation_kind kind;
	bool dry_run;
	bool no_pageout;
	bool prefetch;
	uint64_t max_bytes; /* 0: no limit */
	int64_t wait_ns;
};

struct outcome {
	int error; /* errno code, or 0 */
	uint32_t status;
	/* Of a reclaim. */
	uint64_t freed;
	uint64_t evicted;
	uint64_t skipped;
	/* Of a claim. */
	uint64_t claimed;
	uint64_t remaining;
	int64_t ns;
};

/*
 * Names a process by its pidfd, or by number if there is none or the kernel does not take it.
 * The error is EINTR only if a signal came before anything was done.
 */
void operation_run(const struct operation *op, int fd, const struct target *target,
		   struct outcome *out);

/* The bytes that count towards max_bytes. */
uint64_t operation_counted(const struct operation *op, const struct outcome *out);

/* Names of the bits of a status, in the order of their values. */
#define OPERATION_STATUS_BITS 7
extern const char *const operation_status_names[OPERATION_STATUS_BITS];

#endif /* TOOL_OPERATION_H */
