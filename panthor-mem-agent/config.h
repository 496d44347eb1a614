/* SPDX-License-Identifier: MIT */
/* The configuration, see panthor-mem-agent.conf(5). */
#ifndef AGENT_CONFIG_H
#define AGENT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config_file.h"
#include "policy.h"
#include "source_choose.h"

/* The size of the longest name in a section, after "app ". */
#define CONFIG_NAME (CONFIG_SECTION - 4)
#define CONFIG_BINDING 128
#define CONFIG_PATH 160

struct config_app {
	char name[CONFIG_NAME];
	bool has_grace;
	uint64_t grace; /* usec */
	bool exempt;
};

struct config {
	enum policy_mode mode;
	bool has_grace;
	uint64_t grace; /* usec */
	unsigned int keep;
	uint64_t least; /* bytes */
	/* Percent of RAM that is available. */
	unsigned int low, high, urgent, critical;
	/* Pressure: this much stalled time in this window, in usec. */
	bool psi;
	uint64_t psi_stall, psi_window;
	char hint_binding[CONFIG_BINDING]; /* or "" */
	enum source_kind source;
	bool reclaim_playing;
	bool freeze;
	char metrics[CONFIG_PATH]; /* the file for them, or "" */
	struct config_app *apps;
	size_t n_apps;
};

void config_default(struct config *c);
void config_free(struct config *c);

/*
 * Apply the settings of a file over those that @c has. Returns what config_file_read() returns.
 */
int config_read(struct config *c, const char *path, char why[CONFIG_WHY]);

/* The settings for the windows with this app_id. @focus_only: see struct window. */
uint64_t config_grace(const struct config *c, const char *app_id, bool focus_only);
bool config_exempt(const struct config *c, const char *app_id);

#endif /* AGENT_CONFIG_H */
