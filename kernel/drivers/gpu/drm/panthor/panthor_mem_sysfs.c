// SPDX-License-Identifier: GPL-2.0 or MIT
/*
 * Reclaim and claim from a shell: write a TGID, the write returns when the work
 * is done. Documented in Documentation/ABI/testing/sysfs-driver-panthor-mem.
 */

#include <linux/capability.h>
#include <linux/kstrtox.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>

#include <drm/panthor_mem.h>

#include "panthor_device.h"
#include "panthor_mem.h"
#include "panthor_mem_claim.h"
#include "panthor_mem_reclaim.h"
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

/* Looked up to be compared with ourselves, so permission comes second here. */
static int panthor_mem_check_pid(struct pid *pid, bool self_allowed)
{
	if (!(self_allowed && pid == task_tgid(current)) && !capable(CAP_SYS_RESOURCE))
		return -EPERM;

	if (!panthor_mem_supported())
		return -EOPNOTSUPP;

	return pid ? 0 : -ESRCH;
}

static ssize_t mem_reclaim_store(struct device *dev, struct device_attribute *attr,
				 const char *buf, size_t size)
{
	struct drm_panthor_mem_reclaim args = {};
	struct pid *pid = panthor_mem_parse_pid(buf);
	int ret;

	if (IS_ERR(pid))
		return PTR_ERR(pid);

	ret = panthor_mem_check_pid(pid, true);
	if (!ret)
		ret = panthor_mem_reclaim(dev_get_drvdata(dev), pid, &args);
	put_pid(pid);

	return ret ?: size;
}

/* Device attribute "mem_reclaim" */
DEVICE_ATTR_WO(mem_reclaim);

static ssize_t mem_claim_store(struct device *dev, struct device_attribute *attr,
			       const char *buf, size_t size)
{
	struct drm_panthor_mem_claim args = {};
	struct pid *pid = panthor_mem_parse_pid(buf);
	int ret;

	if (IS_ERR(pid))
		return PTR_ERR(pid);

	ret = panthor_mem_check_pid(pid, false);
	if (!ret)
		ret = panthor_mem_claim(dev_get_drvdata(dev), pid, &args);
	put_pid(pid);

	return ret ?: size;
}

/* Device attribute "mem_claim" */
DEVICE_ATTR_WO(mem_claim);
