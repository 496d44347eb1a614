/* SPDX-License-Identifier: GPL-2.0 or MIT */

#ifndef __PANTHOR_MEM_SWAPIN_H__
#define __PANTHOR_MEM_SWAPIN_H__

struct panthor_device;
struct panthor_vm;

void panthor_mem_swapin_vm(struct panthor_device *ptdev, struct panthor_vm *vm);

#endif /* __PANTHOR_MEM_SWAPIN_H__ */
