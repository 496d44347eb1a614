/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "memory.h"

/* "Name:  4 kB", at the beginning of a line. */
static struct machine_amount field(const char *text, const char *name)
{
	struct machine_amount amount = { 0 };
	size_t n = strlen(name);
	uint64_t kib;

	while (text && strncmp(text, name, n)) {
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	if (text && sscanf(text + n, " %" SCNu64, &kib) == 1 && kib <= UINT64_MAX >> 10) {
		amount.known = true;
		amount.bytes = kib << 10;
	}
	return amount;
}

void machine_read(struct machine *m, const struct roots *roots)
{
	char *path = memory_text("%s/meminfo", roots->proc);
	char *text = memory_file(AT_FDCWD, path);

	free(path);
	m->ram_total = field(text, "MemTotal:");
	m->ram_available = field(text, "MemAvailable:");
	m->swap_total = field(text, "SwapTotal:");
	m->swap_free = field(text, "SwapFree:");
	free(text);
}

struct machine_amount machine_swap_used(const struct machine *m)
{
	struct machine_amount used = { 0 };

	used.known = m->swap_total.known && m->swap_free.known &&
		     m->swap_total.bytes >= m->swap_free.bytes;
	if (used.known)
		used.bytes = m->swap_total.bytes - m->swap_free.bytes;
	return used;
}
