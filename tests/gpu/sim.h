/* SPDX-License-Identifier: MIT */
/*
 * The simulated GPU's knobs and counters. On any other GPU all of them are
 * -ENOENT.
 */
#ifndef GPU_SIM_H
#define GPU_SIM_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Is the GPU the simulated one? Never with GUEST_AS_BOARD in the environment:
 * then it is taken for hardware, to see what would happen there.
 */
bool sim_is_here(void);

/* A module parameter of mali_sim, for instance "drop_acks". */
int sim_knob_set(const char *name, long value);
int sim_knob_get(const char *name, int64_t *value);

/* A counter that only grows, for instance "resets". */
int sim_stat(const char *name, int64_t *value);

/*
 * Signs of a GPU in trouble, summed: translation faults, resets, stale
 * translations, dead command streams, a dead firmware.
 */
int sim_troubles(int64_t *count);

#endif
