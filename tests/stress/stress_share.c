/* SPDX-License-Identifier: MIT */
/*
 * stress --campaign: BOs that two files share, and tiler heaps. VMs and groups come and go.
 */
#include <errno.h>
#include <unistd.h>

#include "gpu/ctx.h"
#include "gpu/data.h"
#include "gpu/heap.h"
#include "gpu/pattern.h"
#include "stress.h"

#define MIB (UINT64_C(1) << 20)

/* One file exports a BO and fills it, another one imports it and reads it. */
static int share(struct gpu_ctx *from, struct gpu_ctx *to, uint64_t seed)
{
	struct gpu_bo bo, theirs = { 0 };
	uint64_t sum;
	int dmabuf;
	int ret = gpu_ctx_alloc(from, MIB, GPU_BO_SHAREABLE, &bo);

	if (ret)
		return ret;
	ret = gpu_bo_export(from->dev->fd, &bo, &dmabuf);
	if (!ret) {
		ret = gpu_bo_import(to->dev->fd, dmabuf, &theirs);
		close(dmabuf);
	}
	if (!ret) {
		theirs.size = bo.size;
		ret = gpu_ctx_bind(to, &theirs);
	}
	if (!ret)
		ret = gpu_fill(from, &bo, seed);
	for (int i = 0; !ret && i < 4; i++) {
		usleep((useconds_t)stress_random(10000));
		ret = gpu_checksum(to, &theirs, &sum);
		if (!ret && sum != pattern_expected(seed, bo.size))
			stress_add(COUNT_BAD_WORDS, 1);
	}
	if (theirs.handle)
		gpu_ctx_free(to, &theirs);
	gpu_ctx_free(from, &bo);
	return ret;
}

void stress_sharer(unsigned int number)
{
	static struct gpu_device dev[2] = { { .fd = -1 }, { .fd = -1 } };
	static struct gpu_ctx ctx[2];
	uint64_t seed = UINT64_C(0x5a4e) << 44;

	(void)number;
	while (!atomic_load(&stress->stop)) {
		int ret = 0;

		for (int i = 0; !ret && i < 2; i++) {
			ret = gpu_device_open(&dev[i]);
			if (!ret)
				ret = gpu_ctx_init(&ctx[i], &dev[i], 1);
		}
		for (int i = 0; !ret && i < 8 && !atomic_load(&stress->stop); i++) {
			seed += MIB;
			ret = share(&ctx[0], &ctx[1], seed);
			if (!ret)
				stress_add(COUNT_SHARES, 1);
		}
		if (!stress_allows(ret, &ctx[0]) && !stress_allows(ret, &ctx[1]))
			stress_bad_errno("a dma-buf", ret);
		for (int i = 0; i < 2; i++) {
			if (ctx[i].vm)
				gpu_ctx_fini(&ctx[i]);
			gpu_device_close(&dev[i]);
			dev[i].fd = -1;
		}
	}
}

/* Tiler heaps, which the driver extends while a job runs. */
void stress_heaper(unsigned int number)
{
	static struct gpu_device dev;
	static struct gpu_ctx ctx;
	struct gpu_heap heap;

	(void)number;
	while (!atomic_load(&stress->stop)) {
		int ret = gpu_device_open(&dev);

		if (!ret)
			ret = gpu_ctx_init(&ctx, &dev, 1);
		if (!ret)
			ret = gpu_heap_create(&heap, &ctx, 4, UINT64_C(0x4ea9) << 44);
		for (int i = 0; !ret && i < 4; i++) {
			usleep((useconds_t)stress_random(20000));
			ret = gpu_heap_check(&heap, &ctx);
		}
		if (!ret)
			stress_add(COUNT_HEAPS, 1);
		else if (ret == -EILSEQ)
			stress_add(COUNT_BAD_WORDS, 1);
		else if (!stress_allows(ret, &ctx))
			stress_bad_errno("a tiler heap", ret);
		if (ctx.vm)
			gpu_ctx_fini(&ctx);
		gpu_device_close(&dev);
	}
}
