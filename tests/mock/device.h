/* SPDX-License-Identifier: MIT */
/*
 * A device for whole programs: linked into one, its open() of DEVICE_PATH gives a
 * file of the mock, if MOCK_APPS is in the environment. Processes can be real ones,
 * with numbers and pidfds; only their GPU memory is the model's.
 *
 *   MOCK_APPS     PID:MIB,PID:MIB...: who has how much GPU memory
 *   MOCK_SWAP     size of swap in MiB (default 128); sysinfo() says the same
 *   MOCK_SLOW     N: moving pages takes N times as long in real time as it does in
 *                 the model's; other threads go on meanwhile. 0, the default: none.
 */
#ifndef DEVICE_H
#define DEVICE_H

#define DEVICE_PATH "/dev/dri/renderD128"

#endif /* DEVICE_H */
