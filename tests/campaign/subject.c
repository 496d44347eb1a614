/* SPDX-License-Identifier: MIT */
/*
 * The GPU memory of the calling process.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gpu/data.h"
#include "gpu/debugfs.h"
#include "gpu/fdinfo.h"
#include "gpu/mem.h"
#include "gpu/pattern.h"
#include "gpu/vm.h"
#include "subject.h"

#define KIB UINT64_C(1024)
/* Give up waiting for the end of a group after this many looks. */
#define GROUP_LOOKS 6000
#define GROUP_PAUSE_US 10000

#define SEED UINT64_C(0x7a11000000000000)

/* A BO that no VM maps: written with the CPU. */
static int init_cpu_only(struct subject *s, struct gpu_bo *bo, uint64_t seed)
{
	int ret = gpu_bo_create(s->dev.fd, 8 * KIB, 0, 0, bo);

	return ret ? ret : gpu_bo_cpu_fill(s->dev.fd, bo, seed);
}

static int init_bo(struct subject *s, unsigned int which, uint64_t size)
{
	struct gpu_bo *bo = &s->bo[which];
	int ret;

	s->seed[which] = SEED + ((uint64_t)which << 40);
	if (which == SUBJECT_CPU_ONLY)
		return init_cpu_only(s, bo, s->seed[which]);
	ret = gpu_ctx_alloc(&s->ctx, size, which == SUBJECT_SHAREABLE ?
			    GPU_BO_SHAREABLE : GPU_BO_PRIVATE, bo);
	if (!ret && which == SUBJECT_TWICE) {
		struct gpu_bo again = *bo;

		ret = gpu_ctx_bind(&s->ctx, &again);
		s->second_va = again.va;
	}
	return ret ? ret : gpu_fill(&s->ctx, bo, s->seed[which]);
}

int subject_init(struct subject *s, uint64_t large)
{
	int ret;

	memset(s, 0, sizeof(*s));
	ret = gpu_device_open(&s->dev);
	if (!ret)
		ret = gpu_ctx_init(&s->ctx, &s->dev, 1);
	for (unsigned int i = 0; !ret && i < SUBJECT_BOS; i++)
		ret = init_bo(s, i, i == SUBJECT_LARGE ? large : 16 * KIB);
	return ret;
}

void subject_fini(struct subject *s)
{
	for (unsigned int i = 0; i < SUBJECT_BOS; i++)
		gpu_ctx_free(&s->ctx, &s->bo[i]);
	gpu_ctx_fini(&s->ctx);
	gpu_device_close(&s->dev);
}

int subject_resident(const struct subject *s, uint64_t *bytes)
{
	struct gpu_fdinfo info;
	int ret = gpu_fdinfo_read(getpid(), &info);

	(void)s;
	*bytes = info.resident;
	return ret;
}

int subject_evicted(const struct subject *s, uint64_t *bytes)
{
	struct drm_panthor_mem_claim args = { .flags = DRM_PANTHOR_MEM_CLAIM_DRY_RUN };
	int ret = gpu_mem_claim(s->dev.fd, &args);

	*bytes = args.claimed_bytes + args.remaining_bytes;
	return ret;
}

int subject_claim(const struct subject *s)
{
	struct drm_panthor_mem_claim args;
	int ret = gpu_mem_claim_all(s->dev.fd, 0, &args);

	return ret ? ret : args.remaining_bytes ? -EBUSY : 0;
}

int subject_reclaim(const struct subject *s)
{
	struct drm_panthor_mem_reclaim args;

	return gpu_mem_reclaim_all(s->dev.fd, 0, 0, &args);
}

static int judge(const struct subject *s, unsigned int which, uint64_t sum, const char *by)
{
	if (sum == pattern_expected(s->seed[which], s->bo[which].size))
		return 0;
	fprintf(stderr, "BO %u: the %s reads other words than were written\n", which, by);
	return -EILSEQ;
}

int subject_check_gpu(struct subject *s)
{
	int ret = 0;

	for (unsigned int i = 0; !ret && i < SUBJECT_BOS; i++) {
		struct gpu_bo bo = s->bo[i];
		uint64_t sum;

		if (i == SUBJECT_CPU_ONLY)
			continue;
		ret = gpu_checksum(&s->ctx, &bo, &sum);
		if (!ret)
			ret = judge(s, i, sum, "GPU");
		if (ret || i != SUBJECT_TWICE)
			continue;
		bo.va = s->second_va;
		ret = gpu_checksum(&s->ctx, &bo, &sum);
		if (!ret)
			ret = judge(s, i, sum, "GPU, at the second address,");
	}
	return ret;
}

int subject_new_group(struct subject *s)
{
	uint64_t before, now;
	int ret = debugfs_groups(&before);

	if (!ret)
		ret = gpu_ctx_new_group(&s->ctx);
	for (int i = 0; !ret && i < GROUP_LOOKS; i++) {
		ret = debugfs_groups(&now);
		if (ret || now <= before)
			return ret;
		usleep(GROUP_PAUSE_US);
	}
	return ret ? ret : -ETIME;
}

int subject_check_cpu(const struct subject *s)
{
	int ret = 0;

	for (unsigned int i = 0; !ret && i < SUBJECT_BOS; i++) {
		uint64_t sum;

		ret = gpu_bo_cpu_checksum(s->dev.fd, &s->bo[i], &sum);
		if (!ret)
			ret = judge(s, i, sum, "CPU");
	}
	return ret;
}
