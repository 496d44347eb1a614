/* SPDX-License-Identifier: MIT */
/*
 * What the driver has allocated, with what it still frees in the background after a process
 * has destroyed it or ended. Needs root and debugfs.
 */
#ifndef GPU_DEBUGFS_H
#define GPU_DEBUGFS_H

#include <stdint.h>

/* Count the VMs. One of them is the firmware's. */
int debugfs_vms(uint64_t *count);

/* Count the groups, and the BOs of all processes. */
int debugfs_groups(uint64_t *count);
int debugfs_bos(uint64_t *count);

#endif
