/* SPDX-License-Identifier: MIT */
/*
 * Blocking calls of panthor-memd for panthor-mem. This is not a public interface: other
 * programs need only one sd_bus_call_method_async(), see examples/broker-focus.c.
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
	int code;	 /* the closest errno code; 0: no error */
	char reason[64]; /* the last part of the error name, like "TooSoon" */
	char text[BROKER_CLIENT_TEXT];
};

/* Connect to the system bus. NULL if that fails. */
struct broker_client *broker_client_new(struct broker_error *e);
void broker_client_free(struct broker_client *c);

/*
 * Returns 0, or -1 with the reason in @e. @pidfd: of the process @pid, opened when it was found, so
 * that another process that got the same PID since is not affected. @device: NULL for all. @stop is
 * called regularly. If it returns non-zero, the request is cancelled, and @out has what was done
 * until then, unless the reply does not come soon: then the error is EINTR.
 * @interactive: polkit may ask the user for a password.
 */
int broker_client_call(struct broker_client *c, const struct operation *op, pid_t pid, int pidfd,
		       const char *device, bool interactive, int (*stop)(void),
		       struct outcome *out, struct broker_error *e);

#endif /* BROKER_CLIENT_H */
