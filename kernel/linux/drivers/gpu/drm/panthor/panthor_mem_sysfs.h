/* SPDX-License-Identifier: GPL-2.0 or MIT */

#ifndef __PANTHOR_MEM_SYSFS_H__
#define __PANTHOR_MEM_SYSFS_H__

#include <linux/device.h>

extern struct device_attribute dev_attr_mem_reclaim;
extern struct device_attribute dev_attr_mem_claim;

#endif /* __PANTHOR_MEM_SYSFS_H__ */
