/* SPDX-License-Identifier: MIT */
/*
 * Parameters and counters of the simulated GPU. On any other GPU, all functions return
 * -ENOENT.
 */
#ifndef GPU_SIM_H
#define GPU_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Is the GPU the simulated one? With GUEST_AS_BOARD in the environment the answer is no,
 * to test what happens on hardware.
 */
bool sim_is_here(void);

/* Set a module parameter of mali_sim, for instance "drop_acks". */
int sim_param_set(const char *name, long value);
int sim_param_get(const char *name, int64_t *value);

/* Read a counter that only grows, for instance "resets". */
int sim_stat(const char *name, int64_t *value);

/* What no test wants, unless it has asked for it. */
enum sim_trouble {
	SIM_RESETS,
	SIM_FAULTS,		/* of translations */
	SIM_STALE_TRANSLATIONS,
	SIM_STREAM_ERRORS,	/* fatal ones, of command streams */
	SIM_FIRMWARE_ERRORS,
	SIM_TROUBLES,
};

/* Like "GPU faults". */
const char *sim_trouble_name(enum sim_trouble which);

/* How often each has occurred. */
int sim_troubles(int64_t count[SIM_TROUBLES]);

/*
 * Returns by how much the counts differ from @before, or a negative errno. @text says which, for
 * instance "resets: 1, GPU faults: 2".
 */
int64_t sim_troubles_since(const int64_t before[SIM_TROUBLES], char *text, size_t size);

#endif
