/* SPDX-License-Identifier: MIT */
/*
 * The connection to panthor-memd. No function waits: replies come by the event loop. A
 * connection that was lost is opened again by the next request.
 */
#ifndef AGENT_LINK_H
#define AGENT_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "sdbus.h"

struct link;

struct link_reply {
	const char *error; /* the last part of the name, like "TooSoon", or "" */
	const char *text;
	uint64_t bytes; /* that were freed or claimed */
	uint32_t status;
};

/*
 * @devices is told how many devices panthor-memd has when the connection was opened, when
 * panthor-memd was started and when the devices change, and -1 when nobody answers.
 */
struct link *link_new(sd_event *event, void (*devices)(void *data, int count), void *data);
void link_free(struct link *l);

/*
 * Send Reclaim or Claim. Returns 0 or -errno; @done is called once if this returns 0, unless
 * @slot is unreferenced before.
 */
int link_send(struct link *l, bool claim, pid_t pid, uint64_t id, sd_bus_slot **slot,
	      void (*done)(void *data, const struct link_reply *reply), void *data);
/* Withdraw the requests for a process. Their replies still come. */
void link_cancel(struct link *l, pid_t pid, uint64_t id);
/* Open the connection without a request. */
void link_open(struct link *l);

#endif /* AGENT_LINK_H */
