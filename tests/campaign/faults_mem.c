/* SPDX-License-Identifier: MIT */
/*
 * faults: reclaim and claim, by each kind of target, and by the sysfs attributes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "faults.h"
#include "gpu/fdinfo.h"
#include "gpu/mem.h"

#define CGROUP "/sys/fs/cgroup"
#define TARGETS (DRM_PANTHOR_MEM_TARGET_PIDFD | DRM_PANTHOR_MEM_TARGET_CLIENT | \
		 DRM_PANTHOR_MEM_TARGET_CGROUP)

/* State before the action. */
static uint64_t was_resident, was_evicted;
static struct drm_panthor_mem_reclaim reclaim_args;
static struct drm_panthor_mem_claim claim_args;
static int attribute_fd = -1;
static char attribute_text[16];

static int remember(void)
{
	int ret = subject_resident(&subject, &was_resident);

	return ret ? ret : subject_evicted(&subject, &was_evicted);
}

/* --- targets ------------------------------------------------------------------- */

/* The number that goes with a flag. Opened once. */
static uint64_t target(uint32_t flag)
{
	static int pidfd = -1, cgroup = -1;
	uint64_t id = 0;

	switch (flag) {
	case DRM_PANTHOR_MEM_TARGET_PIDFD:
		if (pidfd < 0)
			pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
		return (uint64_t)pidfd;
	case DRM_PANTHOR_MEM_TARGET_CLIENT:
		gpu_fdinfo_client(getpid(), subject.dev.fd, &id);
		return id;
	case DRM_PANTHOR_MEM_TARGET_CGROUP:
		if (cgroup < 0)
			cgroup = open(CGROUP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		return (uint64_t)cgroup;
	default:
		return 0;
	}
}

/* --- reclaim ------------------------------------------------------------------- */

static int prepare_reclaim(uint32_t flags)
{
	int ret = prepare_resident();

	if (!ret)
		ret = remember();
	reclaim_args = (struct drm_panthor_mem_reclaim) {
		.flags = flags, .target = target(flags & TARGETS),
	};
	return ret;
}

static int act_reclaim(void)
{
	return raw_ioctl(subject.dev.fd, DRM_IOCTL_PANTHOR_MEM_RECLAIM, &reclaim_args);
}

static int judge_reclaim(int ret)
{
	const struct drm_panthor_mem_reclaim *r = &reclaim_args;
	uint64_t resident, gone = r->evicted_bytes;
	int err = subject_resident(&subject, &resident);

	if (err)
		return err;
	if (r->freed_bytes > r->evicted_bytes)
		return wrong("freed %llu of %llu evicted bytes",
			     (unsigned long long)r->freed_bytes,
			     (unsigned long long)r->evicted_bytes);
	if (r->freed_bytes && r->flags & ~TARGETS)
		return wrong("flags %#x, and %llu bytes freed", r->flags,
			     (unsigned long long)r->freed_bytes);
	if (r->flags & DRM_PANTHOR_MEM_RECLAIM_DRY_RUN)
		gone = 0;
	if (resident + gone != was_resident)
		return wrong("%llu bytes were resident, %llu are, %llu were evicted (%d)",
			     (unsigned long long)was_resident, (unsigned long long)resident,
			     (unsigned long long)r->evicted_bytes, ret);
	return 0;
}

/* --- claim --------------------------------------------------------------------- */

static int prepare_claim(uint32_t flags)
{
	int ret = prepare_evicted();

	if (!ret)
		ret = remember();
	claim_args = (struct drm_panthor_mem_claim) {
		.flags = flags, .target = target(flags & TARGETS),
	};
	return ret;
}

static int prepare_capped_claim(uint32_t flags)
{
	int ret = prepare_claim(flags);

	claim_args.max_bytes = 20 << 10;
	return ret;
}

/* What was evicted is still in RAM. */
static int prepare_claim_unwritten(uint32_t flags)
{
	struct drm_panthor_mem_reclaim args;
	int ret = prepare_resident();

	if (!ret)
		ret = gpu_mem_reclaim_all(subject.dev.fd, 0, DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT,
					  &args);
	if (!ret)
		ret = remember();
	claim_args = (struct drm_panthor_mem_claim) { .flags = flags };
	return ret;
}

static int act_claim(void)
{
	return raw_ioctl(subject.dev.fd, DRM_IOCTL_PANTHOR_MEM_CLAIM, &claim_args);
}

/* Nothing was done, so no count is valid. */
static bool was_refused(int ret)
{
	return ret && !claim_args.claimed_bytes && !claim_args.remaining_bytes;
}

static int judge_claim(int ret)
{
	const struct drm_panthor_mem_claim *c = &claim_args;
	uint64_t resident, evicted, came;
	int err = subject_resident(&subject, &resident);

	if (!err)
		err = subject_evicted(&subject, &evicted);
	if (err)
		return err;
	came = c->flags & DRM_PANTHOR_MEM_CLAIM_DRY_RUN ? 0 : c->claimed_bytes;
	if (was_resident + came != resident || was_evicted - came != evicted)
		return wrong("%llu bytes claimed, %llu became resident, %llu were evicted"
			     " and %llu are (%d)", (unsigned long long)c->claimed_bytes,
			     (unsigned long long)(resident - was_resident),
			     (unsigned long long)was_evicted, (unsigned long long)evicted, ret);
	if (!was_refused(ret) && c->claimed_bytes + c->remaining_bytes != was_evicted)
		return wrong("%llu bytes claimed, %llu remain, %llu were evicted (%d)",
			     (unsigned long long)c->claimed_bytes,
			     (unsigned long long)c->remaining_bytes,
			     (unsigned long long)was_evicted, ret);
	return 0;
}

/* --- sysfs --------------------------------------------------------------------- */

static int open_attribute(const char *name)
{
	char path[128];
	int ret = gpu_device_sysfs(subject.dev.fd, name, path, sizeof(path));

	if (ret)
		return ret;
	snprintf(attribute_text, sizeof(attribute_text), "%d", (int)getpid());
	attribute_fd = open(path, O_WRONLY | O_CLOEXEC);
	return attribute_fd < 0 ? -errno : 0;
}

static int prepare_sysfs_reclaim(uint32_t unused)
{
	int ret = prepare_resident();

	(void)unused;
	return ret ? ret : open_attribute("mem_reclaim");
}

static int prepare_sysfs_claim(uint32_t unused)
{
	int ret = prepare_evicted();

	(void)unused;
	return ret ? ret : open_attribute("mem_claim");
}

static int act_sysfs(void)
{
	return write(attribute_fd, attribute_text, strlen(attribute_text)) < 0 ? -errno : 0;
}

static int judge_sysfs(int ret)
{
	(void)ret;
	close(attribute_fd);
	return 0;
}

const struct step mem_steps[] = {
	{ "reclaim", prepare_reclaim, act_reclaim, judge_reclaim, 0 },
	{ "reclaim-pidfd", prepare_reclaim, act_reclaim, judge_reclaim,
	  DRM_PANTHOR_MEM_TARGET_PIDFD },
	{ "reclaim-client", prepare_reclaim, act_reclaim, judge_reclaim,
	  DRM_PANTHOR_MEM_TARGET_CLIENT },
	{ "reclaim-cgroup", prepare_reclaim, act_reclaim, judge_reclaim,
	  DRM_PANTHOR_MEM_TARGET_CGROUP },
	{ "reclaim-no-pageout", prepare_reclaim, act_reclaim, judge_reclaim,
	  DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT },
	{ "reclaim-dry", prepare_reclaim, act_reclaim, judge_reclaim,
	  DRM_PANTHOR_MEM_RECLAIM_DRY_RUN },
	{ "claim", prepare_claim, act_claim, judge_claim, 0 },
	{ "claim-pidfd", prepare_claim, act_claim, judge_claim, DRM_PANTHOR_MEM_TARGET_PIDFD },
	{ "claim-client", prepare_claim, act_claim, judge_claim, DRM_PANTHOR_MEM_TARGET_CLIENT },
	{ "claim-cgroup", prepare_claim, act_claim, judge_claim, DRM_PANTHOR_MEM_TARGET_CGROUP },
	{ "claim-prefetch", prepare_claim, act_claim, judge_claim,
	  DRM_PANTHOR_MEM_CLAIM_PREFETCH_ONLY },
	{ "claim-dry", prepare_claim, act_claim, judge_claim, DRM_PANTHOR_MEM_CLAIM_DRY_RUN },
	{ "claim-capped", prepare_capped_claim, act_claim, judge_claim, 0 },
	{ "claim-unwritten", prepare_claim_unwritten, act_claim, judge_claim, 0 },
	{ "sysfs-reclaim", prepare_sysfs_reclaim, act_sysfs, judge_sysfs, 0 },
	{ "sysfs-claim", prepare_sysfs_claim, act_sysfs, judge_sysfs, 0 },
	{ 0 },
};
