/* SPDX-License-Identifier: MIT */
/*
 * Selects the instructions to use.
 */
#include <stdlib.h>
#include <string.h>

#include "gpu/sim.h"
#include "gpu/work.h"

const struct gpu_work *gpu_work(void)
{
	const char *wanted = getenv("GUEST_INSTRUCTIONS");

	if (!sim_is_here() || (wanted && !strcmp(wanted, "real")))
		return &gpu_work_real;
	return &gpu_work_sim;
}
