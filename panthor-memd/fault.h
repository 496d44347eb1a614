/* SPDX-License-Identifier: MIT */
/* Why a request was refused or failed: a D-Bus error, with a message that says what to do. */
#ifndef BROKER_FAULT_H
#define BROKER_FAULT_H

#include "sdbus.h"

enum fault_kind {
	FAULT_NONE,
	FAULT_INVALID_ARGS,
	FAULT_ACCESS_DENIED,
	FAULT_INTERACTIVE,
	FAULT_LIMITS,
	FAULT_NO_PROCESS,
	FAULT_NO_GPU_MEMORY,
	FAULT_NO_DEVICE,
	FAULT_NOT_SUPPORTED,
	FAULT_SWAP_FULL,
	FAULT_TOO_SOON,
	FAULT_CANCELLED,
	FAULT_NO_MEMORY,
	FAULT_FAILED,
	FAULT_KINDS,
};

struct fault {
	enum fault_kind kind;
	char text[256];
};

/* Always returns -1, so that callers can return it. */
int fault_set(struct fault *f, enum fault_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Set @f from an errno code of libdrm_panthor. */
void fault_of_call(struct fault *f, int error);

/* Set @f for requests that are not done because panthor-memd ends. */
void fault_stopping(struct fault *f);

/* The D-Bus name of the error: "org.panthormem.Broker1.Error.TooSoon". */
const char *fault_name(enum fault_kind kind);

/* The last part of the name, for log and metrics: "TooSoon". */
const char *fault_reason(enum fault_kind kind);

int fault_reply(sd_bus_message *message, const struct fault *f);

#endif /* BROKER_FAULT_H */
