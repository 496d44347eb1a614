/* SPDX-License-Identifier: MIT */
/*
 * Runtime power management of the device.
 */
#ifndef POWER_H
#define POWER_H

#include <stdbool.h>

/* May the device sleep when it is idle? A sleeping device loses its TLB. */
int gpu_power_allow_sleep(int fd, bool allow);

/* 1: it may sleep, 0: it may not. */
int gpu_power_may_sleep(int fd);

/* 1: it is awake, 0: it is asleep, or about to go to sleep or to wake up. */
int gpu_power_awake(int fd);

/* 1: it is asleep, 0: it is not. */
int gpu_power_asleep(int fd);

#endif
