/* SPDX-License-Identifier: MIT */
/*
 * Calls of panthor-memd, one at a time, for programs that may wait for the reply. Not a
 * public interface: a program of its own needs one sd_bus_call_method_async(), see
 * examples/broker-focus.c.
 */
#ifndef BROKER_CLIENT_H
#define BROKER_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "operation.h"

#define BROKER_CLIENT_TEXT 256

struct broker_client;

/* Why a call failed. */
struct broker_error {
	int code;	 /* about the same, as errno has it; 0: none */
	char reason[64]; /* "TooSoon": the last part of the error's name */
	char text[BROKER_CLIENT_TEXT];
};

/* NULL if there is no bus, or nothing on it that is or starts panthor-memd. */
struct broker_client *broker_client_new(struct broker_error *e);
void broker_client_free(struct broker_client *c);

/* The number that goes with that of a process; 0 or -errno. */
int broker_client_id(pid_t pid, uint64_t *id);

/*
 * 0, or -1 and why. @device: NULL for all. @stop is asked from time to time whether to give
 * up: then the request is taken back, and the code is EINTR. @interactive: polkit may ask
 * the user.
 */
int broker_client_call(struct broker_client *c, const struct operation *op, pid_t pid,
		       const char *device, bool interactive, int (*stop)(void),
		       struct outcome *out, struct broker_error *e);

#endif /* BROKER_CLIENT_H */
