/* SPDX-License-Identifier: MIT */
/*
 * sim-jobs: buffers that memory pressure evicted. This does not use our ioctls, only the
 * driver's shrinker and the kernel's swap.
 */
#include <unistd.h>

#include "gpu/data.h"
#include "gpu/fdinfo.h"
#include "gpu/pattern.h"
#include "gpu/power.h"
#include "gpu/sysmem.h"
#include "guest.h"
#include "sim_jobs.h"

#define BOS 8
#define MAX_TRIES 30

static struct gpu_ctx ctx;
static struct gpu_bo bo[BOS];

static uint64_t resident(void)
{
	struct gpu_fdinfo info;

	ok(gpu_fdinfo_read(getpid(), &info), "fdinfo");
	return info.resident;
}

/* Wait until the driver holds none of our pages. */
static void press_out(void)
{
	for (int tries = 0; resident(); tries++) {
		if (tries == MAX_TRIES)
			fail_msg("%llu bytes stay resident",
				 (unsigned long long)resident());
		ok(sysmem_reclaim("", BOS * MIB), "memory.reclaim");
	}
}

static uint64_t seed_of(unsigned int i, unsigned int round)
{
	return UINT64_C(0xfeed000000000000) + i * MIB + round;
}

static void swap_rounds(void)
{
	uint64_t sum;

	ok(gpu_ctx_init(&ctx, &guest.dev, 1), "context");
	for (unsigned int i = 0; i < BOS; i++)
		ok(gpu_ctx_alloc(&ctx, MIB, GPU_BO_PRIVATE, &bo[i]), "BO");
	for (unsigned int round = 0; round < 2; round++) {
		struct sysmem before, after;

		for (unsigned int i = 0; i < BOS; i++)
			ok(gpu_fill(&ctx, &bo[i], seed_of(i, round)), "FILL");
		ok(sysmem_read(&before), "counters");
		press_out();
		ok(sysmem_read(&after), "counters");
		assert_true(after.pages_out > before.pages_out);

		for (unsigned int i = 0; i < BOS; i++) {
			ok(gpu_checksum(&ctx, &bo[i], &sum), "CHECKSUM");
			assert_true(sum == pattern_expected(seed_of(i, round),
							    MIB));
		}
		assert_true(resident() >= BOS * MIB);
		press_out();
		/* An access by the CPU brings back only the touched pages. */
		ok(gpu_bo_cpu_checksum(guest.dev.fd, &bo[0], &sum), "reading");
		assert_true(sum == pattern_expected(seed_of(0, round), MIB));
	}
	for (unsigned int i = 0; i < BOS; i++)
		gpu_ctx_free(&ctx, &bo[i]);
	gpu_ctx_fini(&ctx);
}

/* The device stays awake, so that the VM keeps its address space. */
void content_through_swap(void **state)
{
	(void)state;
	ok(gpu_power_allow_sleep(guest.dev.fd, false), "power/control");
	swap_rounds();
	ok(gpu_power_allow_sleep(guest.dev.fd, true), "power/control");
}

void content_through_swap_asleep(void **state)
{
	(void)state;
	ok(gpu_power_allow_sleep(guest.dev.fd, true), "power/control");
	swap_rounds();
}
