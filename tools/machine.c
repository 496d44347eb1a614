/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "memory.h"

static uint64_t field(const char *text, const char *name)
{
	const char *at = strstr(text, name);
	uint64_t kib = 0;

	if (at)
		sscanf(at + strlen(name), " %" SCNu64, &kib);
	return kib << 10;
}

bool machine_read(struct machine *m, const struct roots *roots)
{
	char *path = memory_text("%s/meminfo", roots->proc);
	char *text = memory_file(AT_FDCWD, path);

	*m = (struct machine){ 0 };
	free(path);
	if (!text)
		return false;
	m->ram_total = field(text, "MemTotal:");
	m->ram_available = field(text, "MemAvailable:");
	m->swap_total = field(text, "SwapTotal:");
	m->swap_free = field(text, "SwapFree:");
	free(text);
	return true;
}
