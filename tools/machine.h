/* SPDX-License-Identifier: MIT */
/* RAM and swap of the machine, in bytes. */
#ifndef TOOL_MACHINE_H
#define TOOL_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "roots.h"

struct machine {
	uint64_t ram_total;
	uint64_t ram_available;
	uint64_t swap_total;
	uint64_t swap_free;
};

/* What cannot be read is 0; false if all of it is. */
bool machine_read(struct machine *m, const struct roots *roots);

#endif /* TOOL_MACHINE_H */
