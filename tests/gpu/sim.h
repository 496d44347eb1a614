/* SPDX-License-Identifier: MIT */
/*
 * Parameters and counters of the simulated GPU. On any other GPU, all functions return
 * -ENOENT.
 */
#ifndef GPU_SIM_H
#define GPU_SIM_H

#include <stdbool.h>
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

/*
 * The sum of all signs of trouble: translation faults, resets, stale translations, dead
 * command streams, a dead firmware.
 */
int sim_troubles(int64_t *count);

#endif
