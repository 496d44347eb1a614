/* SPDX-License-Identifier: MIT */
/* When the machine is short of RAM: PSI (pressure stall information) and MemAvailable. */
#ifndef AGENT_PRESSURE_H
#define AGENT_PRESSURE_H

#include <stdbool.h>
#include <stdint.h>

#include "roots.h"
#include "sdbus.h"

struct pressure;

/*
 * Call @report when programs waited for memory for @stall usec within @window usec. Returns NULL
 * if the kernel does not report that. @window has to be a multiple of 2 s: the kernel accepts no
 * other one from users without privileges.
 */
struct pressure *pressure_new(sd_event *event, const struct roots *roots, uint64_t stall,
			      uint64_t window, void (*report)(void *data), void *data);
void pressure_free(struct pressure *p);

/* Find how long some program waited for memory since boot, in a line of the file. */
bool pressure_parse(const char *text, uint64_t *usec);

/* Bytes of RAM. False if the kernel does not say. */
bool pressure_memory(const struct roots *roots, uint64_t *available, uint64_t *total);

#endif /* AGENT_PRESSURE_H */
