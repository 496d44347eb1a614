/* SPDX-License-Identifier: MIT */
/*
 * stress: processes that use the GPU and verify contents.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "gpu/ctx.h"
#include "gpu/data.h"
#include "gpu/group.h"
#include "gpu/pattern.h"
#include "stress.h"

#define MIB (UINT64_C(1) << 20)
#define BOS 12

/* How often a new group is tried if there is no memory for it. */
#define RENEWALS 1000

struct buffer {
	struct gpu_bo bo;
	uint64_t seed;
};

static struct gpu_device dev;
static struct gpu_ctx ctx;
static struct buffer buffer[BOS];
static uint64_t next_seed;
static bool broken;

/* With --campaign, a reset of the GPU ends groups. */
static bool renew_group(int why)
{
	int ret = -EINVAL;

	if (!stress->campaign || !ctx.group)
		return false;
	if (!stress_allows(why, &ctx)) {
		fprintf(stderr, "stress: the state of the group is %d\n",
			gpu_group_check(&dev, ctx.group));
		return false;
	}
	for (int i = 0; i < RENEWALS; i++) {
		ret = gpu_ctx_new_group(&ctx);
		if (ret != -ENOMEM && ret != -ENOSPC)
			break;
		stress_add(COUNT_NO_MEMORY, 1);
		usleep(10000);
	}
	if (ret)
		stress_bad_errno("GROUP_CREATE", ret);
	else
		stress_add(COUNT_NEW_GROUPS, 1);
	return !ret;
}

/* ENOMEM is allowed on a small machine, and nothing is lost. */
static bool went_well(const char *what, int ret)
{
	if (!ret)
		return true;
	if (ret == -ENOMEM) {
		stress_add(COUNT_NO_MEMORY, 1);
		usleep(1000);
	} else if (!renew_group(ret)) {
		/* The group is dead, and the contents of the buffers are unknown. */
		stress_bad_errno(what, ret);
		broken = true;
	}
	return false;
}

static void fill(struct buffer *b)
{
	uint64_t seed = next_seed;
	int ret = gpu_fill(&ctx, &b->bo, seed);

	/* Otherwise it may have begun: the content is unknown. */
	if (ret && ret != -ENOMEM)
		b->seed = 0;
	if (!went_well("FILL", ret))
		return;
	next_seed += b->bo.size;
	b->seed = seed;
	stress_add(COUNT_FILLS, 1);
}

/* Is the memory wrong, or was only this read wrong? */
static void describe(const struct buffer *b, uint64_t sum, const char *by)
{
	uint64_t cpu = 0, gpu = 0;
	int cpu_ret = gpu_bo_cpu_checksum(dev.fd, &b->bo, &cpu);
	int gpu_ret = gpu_checksum(&ctx, &b->bo, &gpu);

	fprintf(stderr, "stress: process %d, BO %u of %" PRIu64 " KiB, seed %#"
		PRIx64 ": the %s reads %#" PRIx64 ", not %#" PRIx64 "; again, CPU"
		" %#" PRIx64 " (%d), GPU %#" PRIx64 " (%d)\n", (int)getpid(),
		b->bo.handle, b->bo.size >> 10, b->seed, by, sum,
		pattern_expected(b->seed, b->bo.size), cpu, cpu_ret, gpu,
		gpu_ret);
}

static void judge(const struct buffer *b, uint64_t sum, const char *by)
{
	if (sum == pattern_expected(b->seed, b->bo.size))
		return;
	stress_add(COUNT_BAD_WORDS, 1);
	describe(b, sum, by);
}

static void check_gpu(const struct buffer *b)
{
	uint64_t sum;

	if (!went_well("CHECKSUM", gpu_checksum(&ctx, &b->bo, &sum)))
		return;
	judge(b, sum, "GPU");
	stress_add(COUNT_CHECKS_GPU, 1);
}

static void check_cpu(const struct buffer *b)
{
	uint64_t sum;

	if (!went_well("mmap", gpu_bo_cpu_checksum(dev.fd, &b->bo, &sum)))
		return;
	judge(b, sum, "CPU");
	stress_add(COUNT_CHECKS_CPU, 1);
}

/* Bind at another address. The old translation must not be used any more. */
static void rebind(struct buffer *b)
{
	if (!went_well("unbind", gpu_ctx_unbind(&ctx, &b->bo)))
		return;
	/* Retry until it is unbound: otherwise the buffer cannot be used. */
	while (!atomic_load(&stress->stop) && !broken &&
	       !went_well("bind", gpu_ctx_bind(&ctx, &b->bo)))
		;
	stress_add(COUNT_BINDS, 1);
}

static bool set_up(unsigned int number)
{
	bool good = went_well("open", gpu_device_open(&dev)) &&
		    went_well("context", gpu_ctx_init(&ctx, &dev, 1));

	next_seed = (uint64_t)(number + 1) << 40;
	/* Sizes from 64 KiB to 3 MiB: in one page table, in several, not aligned. */
	for (unsigned int i = 0; good && i < BOS; i++)
		good = went_well("BO", gpu_ctx_alloc(&ctx,
				(i % 4) * MIB + (i + 1) * 65536,
				i % 3 ? GPU_BO_PRIVATE : GPU_BO_SHAREABLE,
				&buffer[i].bo));
	for (unsigned int i = 0; good && i < BOS; i++)
		while (!buffer[i].seed && !broken)
			fill(&buffer[i]);
	return good;
}

void stress_submitter(unsigned int number)
{
	/* Before it has memory, which stays charged to where it was allocated. */
	if (stress->campaign && !number)
		stress_join();
	if (!set_up(number) || broken)
		return;
	atomic_store(&stress->target[number], getpid());
	while (!atomic_load(&stress->stop) && !broken) {
		struct buffer *b = &buffer[stress_random(BOS)];

		if (!b->bo.va)
			rebind(b);
		if (!b->seed) {
			fill(b);
			continue;
		}
		switch (stress_random(12)) {
		case 0:
			rebind(b);
			break;
		case 1:
			check_cpu(b);
			break;
		case 2:
		case 3:
		case 4:
			fill(b);
			break;
		case 5:
			/* In the background for a moment: stop using the GPU. */
			usleep(20000);
			break;
		default:
			check_gpu(b);
			break;
		}
	}
	/* Whatever the others did last, all contents must be right. */
	for (unsigned int i = 0; i < BOS && !broken; i++)
		if (buffer[i].bo.va && buffer[i].seed)
			check_gpu(&buffer[i]);
	for (unsigned int i = 0; i < BOS && !broken; i++)
		if (buffer[i].seed)
			check_cpu(&buffer[i]);
}
