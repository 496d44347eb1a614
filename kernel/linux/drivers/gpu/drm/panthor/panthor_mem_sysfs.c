// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Reclaim and claim from a shell: a write of a TGID returns when the work is done.
 * Documented in Documentation/ABI/testing/sysfs-driver-panthor-mem.
 *
 * A write can take long, and removing an attribute waits for its writers: an unbind
 * of the driver would wait for all of the work. So a write breaks the active
 * protection of the attribute, and takes a reference on the device instead. The work
 * then ends at the unplug, as that of an ioctl does.
 */

#include <linux/capability.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/sysfs.h>

#include <drm/drm_drv.h>
#include <drm/panthor_drm.h>

#include "panthor_device.h"
#include "panthor_mem.h"
#include "panthor_mem_claim.h"
#include "panthor_mem_reclaim.h"
#include "panthor_mem_select.h"
#include "panthor_mem_sysfs.h"

static struct pid *panthor_mem_parse_pid(const char *buf)
{
	struct pid *pid;
	int tgid, ret;

	ret = kstrtoint(buf, 0, &tgid);
	if (ret)
		return ERR_PTR(ret);

	if (tgid < 0)
		return ERR_PTR(-ERANGE);

	rcu_read_lock();
	pid = get_pid(find_pid_ns(tgid, &init_pid_ns));
	rcu_read_unlock();

	return pid;
}

/* The pid is needed to recognize the caller, so permission is checked after the lookup. */
static int panthor_mem_check_pid(struct pid *pid, bool self_allowed)
{
	if (!(self_allowed && pid == task_tgid(current)) && !capable(CAP_SYS_RESOURCE))
		return -EPERM;

	return pid ? 0 : -ESRCH;
}

static int panthor_mem_reclaim_all(struct panthor_device *ptdev,
				   const struct panthor_mem_selector *selector)
{
	struct drm_panthor_mem_reclaim args = {};

	return panthor_mem_reclaim(ptdev, selector, &args);
}

static int panthor_mem_claim_all(struct panthor_device *ptdev,
				 const struct panthor_mem_selector *selector)
{
	struct drm_panthor_mem_claim args = {};

	return panthor_mem_claim(ptdev, selector, &args);
}

static int panthor_mem_run_unprotected(struct device *dev, struct device_attribute *attr,
				       int (*run)(struct panthor_device *ptdev,
						  const struct panthor_mem_selector *selector),
				       const struct panthor_mem_selector *selector)
{
	struct panthor_device *ptdev = dev_get_drvdata(dev);
	struct kernfs_node *node;
	int ret = -ENODEV;

	/* After an unbind, the module could be unloaded while we still run in it. */
	if (!try_module_get(THIS_MODULE))
		return -ENODEV;

	drm_dev_get(&ptdev->base);
	node = sysfs_break_active_protection(&dev->kobj, &attr->attr);
	if (node) {
		ret = run(ptdev, selector);
		sysfs_unbreak_active_protection(node);
	}
	drm_dev_put(&ptdev->base);
	module_put(THIS_MODULE);

	return ret;
}

static ssize_t mem_reclaim_store(struct device *dev, struct device_attribute *attr,
				 const char *buf, size_t size)
{
	struct panthor_mem_selector selector = { .owner = panthor_mem_parse_pid(buf) };
	int ret;

	if (IS_ERR(selector.owner))
		return PTR_ERR(selector.owner);

	ret = panthor_mem_check_pid(selector.owner, true);
	if (!ret)
		ret = panthor_mem_run_unprotected(dev, attr, panthor_mem_reclaim_all, &selector);
	panthor_mem_unselect(&selector);

	return ret ?: size;
}

/* Device attribute "mem_reclaim" */
DEVICE_ATTR_WO(mem_reclaim);

static ssize_t mem_claim_store(struct device *dev, struct device_attribute *attr,
			       const char *buf, size_t size)
{
	struct panthor_mem_selector selector = { .owner = panthor_mem_parse_pid(buf) };
	int ret;

	if (IS_ERR(selector.owner))
		return PTR_ERR(selector.owner);

	ret = panthor_mem_check_pid(selector.owner, false);
	if (!ret)
		ret = panthor_mem_run_unprotected(dev, attr, panthor_mem_claim_all, &selector);
	panthor_mem_unselect(&selector);

	return ret ?: size;
}

/* Device attribute "mem_claim" */
DEVICE_ATTR_WO(mem_claim);
