/* SPDX-License-Identifier: MIT */
/*
 * Parameters and counters of the simulated GPU.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gpu/sim.h"
#include "gpu/sysmem.h"

#define PARAMETERS "/sys/module/mali_sim/parameters"
#define STATS "/sys/kernel/debug/mali_sim/stats"

bool sim_is_here(void)
{
	return !getenv("GUEST_AS_BOARD") && !access(PARAMETERS, F_OK);
}

int sim_param_set(const char *name, long value)
{
	char path[128], text[32];

	if (!sim_is_here())
		return -ENOENT;
	snprintf(path, sizeof(path), PARAMETERS "/%s", name);
	snprintf(text, sizeof(text), "%ld", value);
	return sysmem_write_file(path, text);
}

int sim_param_get(const char *name, int64_t *value)
{
	char path[128];

	if (!sim_is_here())
		return -ENOENT;
	snprintf(path, sizeof(path), PARAMETERS "/%s", name);
	return sysmem_read_number(path, value);
}

int sim_stat(const char *name, int64_t *value)
{
	FILE *file = sim_is_here() ? fopen(STATS, "re") : NULL;
	char key[64];
	int ret = -ENOENT;

	if (!sim_is_here())
		return -ENOENT;
	if (!file)
		return -errno;
	while (ret && fscanf(file, "%63s %" SCNd64, key, value) == 2)
		if (!strcmp(key, name))
			ret = 0;
	fclose(file);
	return ret;
}

int sim_troubles(int64_t *count)
{
	static const char *const names[] = {
		"faults", "resets", "stale_tlb_hits", "cs_fatals", "mcu_fatals",
	};

	*count = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int64_t value;
		int ret = sim_stat(names[i], &value);

		if (ret)
			return ret;
		*count += value;
	}
	return 0;
}
