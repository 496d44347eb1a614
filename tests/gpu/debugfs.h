/* SPDX-License-Identifier: MIT */
/*
 * What the driver has allocated, with what it still frees in the background after a process has
 * ended or destroyed it. Needs root and debugfs.
 */
#ifndef GPU_DEBUGFS_H
#define GPU_DEBUGFS_H

/* Count the VMs. One of them is the firmware's. */
int debugfs_vms(unsigned int *count);

/* Count the groups. */
int debugfs_groups(unsigned int *count);

#endif
