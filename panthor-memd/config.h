/* SPDX-License-Identifier: MIT */
/* The configuration, see panthor-memd.conf(5). */
#ifndef BROKER_CONFIG_H
#define BROKER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config_file.h"
#include "log.h"

enum config_own { OWN_NO, OWN_ACTIVE, OWN_YES };

struct config {
	/* [Broker] */
	enum config_own own_processes;
	bool manage_system;
	enum log_level log_level;

	/* [Limits] */
	uint64_t requests_per_minute;
	uint64_t burst;
	uint64_t queue_per_user;
	uint64_t queue;
	uint64_t min_resident_sec;
	uint64_t round_trips;
	uint64_t swap_reserve;	       /* bytes */
	uint64_t swap_reserve_percent; /* the larger of the two applies */
	uint64_t swap_write_per_hour;  /* bytes; 0: no limit */
	uint64_t max_time_sec;
};

void config_default(struct config *c);

/*
 * Apply the settings of a file. Returns what config_file_read() returns.
 */
int config_read(struct config *c, const char *path, char why[CONFIG_WHY]);

/*
 * Get limit @i. False if @i is past the last one. @value is in bytes or microseconds, or a
 * count. @swap: how many bytes of swap there are, free or not.
 */
bool config_limit(const struct config *c, size_t i, uint64_t swap, const char **name,
		  uint64_t *value);

/* The free swap, in bytes, that is not used for those who are not root. */
uint64_t config_swap_reserve(const struct config *c, uint64_t swap);

#endif /* BROKER_CONFIG_H */
