/* SPDX-License-Identifier: MIT */
/*
 * stress: everything that causes memory pressure or changes the list of open files.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gpu/ctx.h"
#include "gpu/data.h"
#include "gpu/sysmem.h"
#include "stress.h"

#define MIB (UINT64_C(1) << 20)
#define HOG (UINT64_C(32) * MIB)
#define SHRINK_FILE "/sys/kernel/debug/dri/panthor/shrink"

/* Run the driver's own shrinker through debugfs. It evicts BOs of any process. */
void stress_shrinker(unsigned int number)
{
	(void)number;
	while (!atomic_load(&stress->stop)) {
		char text[32];
		int ret;

		snprintf(text, sizeof(text), "%u",
			 (unsigned int)stress_random(2048) + 1);
		ret = sysmem_write_file(SHRINK_FILE, text);
		if (ret)
			stress_bad_errno("debugfs shrink", ret);
		else
			stress_add(COUNT_SHRINKS, 1);
		usleep((useconds_t)stress_random(50000));
	}
}

/* Reclaim of the whole machine. */
void stress_presser(unsigned int number)
{
	(void)number;
	while (!atomic_load(&stress->stop)) {
		int ret = sysmem_reclaim("", (stress_random(8) + 1) * MIB);

		if (ret && ret != -EINTR)
			stress_bad_errno("memory.reclaim", ret);
		else
			stress_add(COUNT_PRESSES, 1);
		usleep((useconds_t)stress_random(100000));
	}
}

/* Create and destroy files, VMs, BOs and groups while others look them up. */
void stress_opener(unsigned int number)
{
	static struct gpu_ctx ctx;

	atomic_store(&stress->target[number], getpid());
	while (!atomic_load(&stress->stop)) {
		struct gpu_device dev;
		struct gpu_bo bo;
		int ret = gpu_device_open(&dev);

		if (!ret)
			ret = gpu_ctx_init(&ctx, &dev, 1);
		if (!ret)
			ret = gpu_ctx_alloc(&ctx, MIB, GPU_BO_PRIVATE, &bo);
		if (!ret)
			ret = gpu_fill(&ctx, &bo, 1);
		if (ret == -ENOMEM)
			stress_add(COUNT_NO_MEMORY, 1);
		else if (!stress_allows(ret, &ctx))
			stress_bad_errno("a short life", ret);
		else if (!ret)
			stress_add(COUNT_OPENS, 1);
		/* In half of the cases, closing the file cleans up. */
		if (!ret && stress_random(2)) {
			gpu_ctx_free(&ctx, &bo);
			gpu_ctx_fini(&ctx);
		} else {
			gpu_bo_unmap(&ctx.streams);
		}
		gpu_device_close(&dev);
		usleep((useconds_t)stress_random(20000));
	}
}

/* Allocate ordinary memory. */
void stress_hog(unsigned int number)
{
	(void)number;
	while (!atomic_load(&stress->stop)) {
		char *mem = mmap(NULL, HOG, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (mem == MAP_FAILED) {
			stress_add(COUNT_NO_MEMORY, 1);
			usleep(10000);
			continue;
		}
		for (uint64_t at = 0;
		     at < HOG && !atomic_load(&stress->stop); at += 4096)
			mem[at] = (char)(at >> 12) | 1;
		stress_add(COUNT_HOGS, 1);
		usleep((useconds_t)stress_random(100000));
		munmap(mem, HOG);
	}
}
