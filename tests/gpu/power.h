/* SPDX-License-Identifier: MIT */
/*
 * Runtime power management of the device.
 */
#ifndef GPU_POWER_H
#define GPU_POWER_H

#include <stdbool.h>

/* May the device sleep when it is idle? Asleep, it forgets its TLB. */
int gpu_power_allow_sleep(int fd, bool allow);

/* 1: it may, 0: it may not. */
int gpu_power_may_sleep(int fd);

/* 1: asleep, 0: not. */
int gpu_power_asleep(int fd);

#endif
