/* SPDX-License-Identifier: MIT */
/* RAM and swap of the machine, in bytes. */
#ifndef TOOL_MACHINE_H
#define TOOL_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "roots.h"

struct machine_amount {
	bool known;
	uint64_t bytes;
};

struct machine {
	struct machine_amount ram_total;
	struct machine_amount ram_available;
	struct machine_amount swap_total;
	struct machine_amount swap_free;
};

/* An amount that procfs does not report is left as not known. */
void machine_read(struct machine *m, const struct roots *roots);

/* How much swap is in use. */
struct machine_amount machine_swap_used(const struct machine *m);

#endif /* TOOL_MACHINE_H */
