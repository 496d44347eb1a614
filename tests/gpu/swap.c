/* SPDX-License-Identifier: MIT */
/*
 * Control over the machine's swap.
 *
 * The pages of a child fill swap. They are zero, which needs no memory in zram: the kernel
 * only marks the slot.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gpu/swap.h"
#include "gpu/sysmem.h"

#define MIB (UINT64_C(1) << 20)
#define CHUNK (2 * MIB)
#define MAX_IDLE_ROUNDS 50

int swap_open(struct swap *swap)
{
	FILE *file = fopen("/proc/swaps", "re");
	char line[256];
	int ret = -ENOENT;

	memset(swap, 0, sizeof(*swap));
	if (!file)
		return -errno;
	/* The first line is a header. */
	if (fgets(line, sizeof(line), file) && fgets(line, sizeof(line), file) &&
	    sscanf(line, "%63s", swap->device) == 1)
		ret = 0;
	fclose(file);
	return ret;
}

static void end_hog(struct swap *swap)
{
	if (!swap->hog)
		return;
	kill(swap->hog, SIGKILL);
	while (waitpid(swap->hog, NULL, 0) < 0 && errno == EINTR)
		;
	swap->hog = 0;
}

int swap_normal(struct swap *swap)
{
	end_hog(swap);
	swap_end_disk(swap);
	if (swapon(swap->device, 0) && errno != EBUSY)
		return -errno;
	return 0;
}

int swap_none(struct swap *swap)
{
	end_hog(swap);
	swap_end_disk(swap);
	/* EINVAL: swap is already off. */
	if (swapoff(swap->device) && errno != EINVAL)
		return -errno;
	return 0;
}

static uint64_t swap_free(void)
{
	struct sysmem mem;

	if (sysmem_read(&mem))
		return UINT64_MAX;
	return mem.swap_total - mem.swap_used;
}

/* Write @size bytes of zeros and page them out. */
static void push_out(uint64_t size)
{
	char *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED)
		_exit(1);
	for (uint64_t at = 0; at < size; at += 4096)
		*(volatile char *)(mem + at) = 0;
	madvise(mem, size, MADV_PAGEOUT);
}

/* The child that fills swap. It reports this with one byte, and waits. */
static void hog(uint64_t bytes, int ready)
{
	uint64_t now = swap_free();
	int idle = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (now > bytes && idle < MAX_IDLE_ROUNDS) {
		uint64_t before = now;
		uint64_t size = now - bytes;

		push_out(size > CHUNK ? CHUNK : size);
		now = swap_free();
		/* Not all pages can be paged out at once: give up only if none was. */
		idle = now < before ? 0 : idle + 1;
	}
	if (now <= bytes && write(ready, "", 1) != 1)
		_exit(1);
	close(ready);
	for (;;)
		pause();
}

int swap_limit(struct swap *swap, uint64_t bytes)
{
	int ends[2];
	ssize_t got;
	char byte;
	int ret = swap_normal(swap);

	if (ret)
		return ret;
	if (pipe(ends))
		return -errno;
	fflush(NULL);
	swap->hog = fork();
	if (swap->hog < 0) {
		ret = -errno;
		close(ends[0]);
		close(ends[1]);
		swap->hog = 0;
		return ret;
	}
	if (!swap->hog) {
		close(ends[0]);
		hog(bytes, ends[1]);
	}
	close(ends[1]);
	do {
		got = read(ends[0], &byte, 1);
	} while (got < 0 && errno == EINTR);
	close(ends[0]);
	if (got != 1 || swap_free() < bytes / 2) {
		end_hog(swap);
		return -ENOSPC;
	}
	return 0;
}

/* Limits the memory of zram, which does not change the size of swap. */
int swap_refuse_writes(struct swap *swap, bool refuse)
{
	const char *name = strrchr(swap->device, '/');
	char path[128];

	snprintf(path, sizeof(path), "/sys/block/%s/mem_limit", name ? name + 1 : swap->device);
	/* One page, because 0 means "no limit". */
	return sysmem_write_file(path, refuse ? "4096" : "0");
}
