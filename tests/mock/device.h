/* SPDX-License-Identifier: MIT */
/*
 * A device for whole programs. Linked into a program, it replaces open(): with MOCK_APPS in
 * the environment, DEVICE_PATH opens a file of the mock. Processes can be real ones, with
 * PIDs and pidfds; only their GPU memory is part of the model.
 *
 *   MOCK_APPS     PID:MIB,PID:MIB...: the GPU memory of each process
 *   MOCK_SWAP     size of swap in MiB (default 128), also as returned by sysinfo()
 *   MOCK_SLOW     N: moving pages takes N times as long in real time as in the model;
 *                 other threads run meanwhile. 0, the default, takes no real time.
 */
#ifndef DEVICE_H
#define DEVICE_H

#define DEVICE_PATH "/dev/dri/renderD128"

#endif /* DEVICE_H */
