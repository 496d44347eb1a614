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

static const struct {
	const char *counter;
	const char *name;
} troubles[SIM_TROUBLES] = {
	[SIM_RESETS] = { "resets", "resets" },
	[SIM_FAULTS] = { "faults", "GPU faults" },
	[SIM_STALE_TRANSLATIONS] = { "stale_tlb_hits", "stale translations" },
	[SIM_STREAM_ERRORS] = { "cs_fatals", "fatal errors of command streams" },
	[SIM_FIRMWARE_ERRORS] = { "mcu_fatals", "fatal errors of the firmware" },
};

const char *sim_trouble_name(enum sim_trouble which)
{
	return troubles[which].name;
}

int sim_troubles(int64_t count[SIM_TROUBLES])
{
	int ret = 0;

	for (int i = 0; !ret && i < SIM_TROUBLES; i++)
		ret = sim_stat(troubles[i].counter, &count[i]);
	return ret;
}

int64_t sim_troubles_since(const int64_t before[SIM_TROUBLES], char *text, size_t size)
{
	int64_t now[SIM_TROUBLES], sum = 0;
	int ret = sim_troubles(now);
	size_t at = 0;

	if (ret)
		return ret;
	*text = '\0';
	for (int i = 0; i < SIM_TROUBLES; i++) {
		if (now[i] == before[i])
			continue;
		at += (size_t)snprintf(text + at, at < size ? size - at : 0, "%s%s: %" PRId64,
				       at ? ", " : "", troubles[i].name, now[i] - before[i]);
		sum += llabs(now[i] - before[i]);
	}
	return sum;
}
