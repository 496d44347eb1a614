/* SPDX-License-Identifier: MIT */
/*
 * Buffers with a cached CPU mapping, on a GPU that does not snoop the CPU caches. Runs on
 * the simulated GPU with cpu_cache=1: data written by the CPU stays in its caches until the
 * driver cleans them, and is lost if the driver only invalidates them.
 *
 * However a buffer is evicted and brought back, the CPU and the GPU must then read what was
 * written last.
 */
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "gpu/data.h"
#include "gpu/fdinfo.h"
#include "gpu/mem.h"
#include "gpu/pattern.h"
#include "gpu/sysmem.h"
#include "guest.h"

#define SIZE (64 * UINT64_C(4096))
#define LINE UINT64_C(64)
#define WORDS (SIZE / sizeof(uint64_t))
#define LINE_WORDS (LINE / sizeof(uint64_t))
#define MAX_TRIES 100

/* No two of these patterns share a word. */
#define SEED(n) (UINT64_C(0xcac4e00000000000) + (uint64_t)(n) * SIZE)

static struct gpu_ctx ctx;
static struct gpu_bo bo;

static uint64_t resident(void)
{
	struct gpu_fdinfo info;

	ok(gpu_fdinfo_read(getpid(), &info), "fdinfo");
	return info.resident;
}

static void reclaim(uint32_t flags)
{
	struct drm_panthor_mem_reclaim result;

	ok(gpu_mem_reclaim_all(guest.dev.fd, 0, flags, &result), "MEM_RECLAIM");
	assert_true(result.evicted_bytes >= SIZE);
	assert_int_equal(resident(), 0);
}

static void reclaim_to_swap(void)
{
	reclaim(0);
}

static void evict_only(void)
{
	reclaim(DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT);
}

/* Run the driver's shrinker. It skips BOs that are locked or busy at the moment. */
static void shrink(void)
{
	struct stat st;
	char path[64];

	assert_int_equal(fstat(guest.dev.fd, &st), 0);
	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%u/shrink", minor(st.st_rdev));
	for (int tries = 0; resident(); tries++) {
		if (tries == MAX_TRIES)
			fail_msg("%llu bytes stay resident", (unsigned long long)resident());
		ok(sysmem_write_file(path, "100000"), path);
	}
}

static void press(void)
{
	for (int tries = 0; resident(); tries++) {
		if (tries == MAX_TRIES)
			fail_msg("%llu bytes stay resident", (unsigned long long)resident());
		ok(sysmem_reclaim("", SIZE), "memory.reclaim");
	}
}

static const struct way_out {
	const char *name;
	void (*evict)(void);
} ways_out[] = {
	{ "MEM_RECLAIM", reclaim_to_swap },
	{ "MEM_RECLAIM with NO_PAGEOUT", evict_only },
	{ "the shrinker", shrink },
	{ "memory.reclaim", press },
};

#define WAYS_OUT (sizeof(ways_out) / sizeof(ways_out[0]))

static void claim(void)
{
	struct drm_panthor_mem_claim result;

	ok(gpu_mem_claim_all(guest.dev.fd, 0, &result), "MEM_CLAIM");
	assert_true(resident() >= SIZE);
}

static void begin(void)
{
	ok(gpu_ctx_init(&ctx, &guest.dev, 1), "context");
	ok(gpu_bo_create(guest.dev.fd, SIZE, ctx.vm, DRM_PANTHOR_BO_WB_MMAP, &bo), "BO");
	ok(gpu_ctx_bind(&ctx, &bo), "binding");
	ok(gpu_bo_map(guest.dev.fd, &bo), "mmap");
}

static void end(void)
{
	gpu_ctx_free(&ctx, &bo);
	gpu_ctx_fini(&ctx);
}

static void cpu_write(uint64_t seed)
{
	pattern_write(bo.map, SIZE, seed);
}

static void gpu_write(uint64_t seed)
{
	ok(gpu_fill(&ctx, &bo, seed), "FILL");
}

static void bo_sync(uint32_t type)
{
	const struct drm_panthor_bo_sync_op op = {
		.handle = bo.handle,
		.type = type,
		.size = SIZE,
	};
	struct drm_panthor_bo_sync sync = {
		.ops = DRM_PANTHOR_OBJ_ARRAY(1, &op),
	};

	ok(gpu_ioctl(guest.dev.fd, DRM_IOCTL_PANTHOR_BO_SYNC, &sync), "BO_SYNC");
}

/* Before the GPU reads what the CPU has written. */
static void for_gpu(void)
{
	bo_sync(DRM_PANTHOR_BO_SYNC_CPU_CACHE_FLUSH);
}

/* Before the CPU reads what the GPU has written. */
static void for_cpu(void)
{
	bo_sync(DRM_PANTHOR_BO_SYNC_CPU_CACHE_FLUSH_AND_INVALIDATE);
}

static bool cpu_sees(uint64_t seed)
{
	return !pattern_bad_words(bo.map, SIZE, seed);
}

static bool gpu_sees(uint64_t seed)
{
	uint64_t sum;

	ok(gpu_checksum(&ctx, &bo, &sum), "CHECKSUM");
	return sum == pattern_expected(seed, SIZE);
}

/* Tests the simulator itself: if this fails, no other case can notice a bug. */
static void only_syncs_make_writes_visible(void **state)
{
	(void)state;
	begin();
	cpu_write(SEED(0));
	assert_false(gpu_sees(SEED(0)));
	for_gpu();
	assert_true(gpu_sees(SEED(0)));
	cpu_write(SEED(1));
	assert_true(gpu_sees(SEED(0)));
	for_gpu();
	assert_true(gpu_sees(SEED(1)));

	gpu_write(SEED(2));
	assert_true(cpu_sees(SEED(1)));
	for_cpu();
	assert_true(cpu_sees(SEED(2)));

	/* Lines that the CPU has not written are not dirty, and cleaning does not change them. */
	gpu_write(SEED(3));
	for_gpu();
	assert_true(gpu_sees(SEED(3)));
	for_cpu();
	assert_true(cpu_sees(SEED(3)));
	end();
}

/* Write one word in every other line; the GPU does not touch these lines. */
static void cpu_write_some(uint64_t seed)
{
	volatile uint64_t *word = bo.map;

	for (uint64_t i = 0; i < WORDS; i += 2 * LINE_WORDS)
		word[i] = seed + i;
}

static bool cpu_sees_both(uint64_t cpu, uint64_t gpu)
{
	const volatile uint64_t *word = bo.map;
	uint64_t bad = 0;

	for (uint64_t i = 0; i < WORDS; i++)
		bad += word[i] != (i % (2 * LINE_WORDS) ? gpu : cpu) + i;
	return !bad;
}

static void complain(bool right, const char *way, const char *what)
{
	if (!right)
		fail_msg("%s: %s", way, what);
}

static void cpu_writes_outlive_an_eviction(void **state)
{
	(void)state;
	begin();
	for (unsigned int i = 0; i < WAYS_OUT; i++) {
		const char *way = ways_out[i].name;

		/* An access by the CPU brings it back. */
		cpu_write(SEED(4 * i));
		for_gpu();
		cpu_write(SEED(4 * i + 1));
		ways_out[i].evict();
		complain(cpu_sees(SEED(4 * i + 1)), way, "the CPU lost its writes");
		for_gpu();
		complain(gpu_sees(SEED(4 * i + 1)), way, "the GPU misses the CPU's writes");

		/* A claim brings it back. */
		cpu_write(SEED(4 * i + 2));
		ways_out[i].evict();
		claim();
		complain(cpu_sees(SEED(4 * i + 2)), way, "lost before a claim");
		for_gpu();
		complain(gpu_sees(SEED(4 * i + 2)), way, "the GPU misses them after a claim");

		/* A job brings it back: pages from swap are clean when they are mapped. */
		cpu_write(SEED(4 * i + 3));
		ways_out[i].evict();
		complain(gpu_sees(SEED(4 * i + 3)), way, "lost before a job");
		complain(cpu_sees(SEED(4 * i + 3)), way, "the CPU misses them after a job");
	}
	end();
}

/* The CPU caches contain older lines, which must not be written back to memory. */
static void gpu_writes_outlive_an_eviction(void **state)
{
	(void)state;
	begin();
	for (unsigned int i = 0; i < WAYS_OUT; i++) {
		const char *way = ways_out[i].name;

		cpu_write(SEED(2 * i));
		for_gpu();
		gpu_write(SEED(2 * i + 1));
		ways_out[i].evict();
		complain(cpu_sees(SEED(2 * i + 1)), way, "the CPU misses the GPU's writes");
		complain(gpu_sees(SEED(2 * i + 1)), way, "the GPU lost its writes");
		ways_out[i].evict();
		claim();
		complain(gpu_sees(SEED(2 * i + 1)), way, "lost the second time");
	}
	end();
}

static void writes_of_both_outlive_an_eviction(void **state)
{
	(void)state;
	begin();
	for (unsigned int i = 0; i < WAYS_OUT; i++) {
		uint64_t cpu = SEED(2 * i), gpu = SEED(2 * i + 1);

		gpu_write(gpu);
		for_cpu();
		cpu_write_some(cpu);
		ways_out[i].evict();
		complain(cpu_sees_both(cpu, gpu), ways_out[i].name, "writes are lost");
		for_cpu();
		complain(cpu_sees_both(cpu, gpu), ways_out[i].name, "lost by BO_SYNC");
	}
	end();
}

/* The driver keeps the pages mapped for DMA after the last VM has unmapped them. */
static void also_when_nothing_maps_it(void **state)
{
	(void)state;
	begin();
	ok(gpu_ctx_unbind(&ctx, &bo), "unbinding");
	for (unsigned int i = 0; i < WAYS_OUT; i++) {
		cpu_write(SEED(2 * i));
		for_gpu();
		cpu_write(SEED(2 * i + 1));
		ways_out[i].evict();
		complain(cpu_sees(SEED(2 * i + 1)), ways_out[i].name, "the CPU lost its writes");
	}
	ok(gpu_ctx_bind(&ctx, &bo), "binding");
	assert_true(gpu_sees(SEED(2 * WAYS_OUT - 1)));
	end();
}

/*
 * Another device is attached to the buffer, so it has pages, but the driver has not mapped
 * them for DMA. New pages are dirty in the caches, with zeros. They must be cleaned before
 * a process writes to memory past the caches.
 */
static void uncached_after_another_device(void **state)
{
	int vgem = gpu_node_open("vgem"), dmabuf;
	struct gpu_bo theirs;

	(void)state;
	ok(vgem, "a second device");
	ok(gpu_ctx_init(&ctx, &guest.dev, 1), "context");
	ok(gpu_bo_create(guest.dev.fd, SIZE, 0, 0, &bo), "BO");
	ok(gpu_bo_export(guest.dev.fd, &bo, &dmabuf), "exporting");
	ok(gpu_bo_import(vgem, dmabuf, &theirs), "importing");
	ok(gpu_bo_map(guest.dev.fd, &bo), "mmap");

	cpu_write(SEED(0));
	ok(gpu_ctx_bind(&ctx, &bo), "binding");
	assert_true(cpu_sees(SEED(0)));
	assert_true(gpu_sees(SEED(0)));

	close(dmabuf);
	close(vgem);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GUEST_CASE(only_syncs_make_writes_visible),
		GUEST_CASE(cpu_writes_outlive_an_eviction),
		GUEST_CASE(gpu_writes_outlive_an_eviction),
		GUEST_CASE(writes_of_both_outlive_an_eviction),
		GUEST_CASE(also_when_nothing_maps_it),
		GUEST_CASE(uncached_after_another_device),
	};

	return cmocka_run_group_tests_name("noncoherent", tests, NULL, NULL);
}
