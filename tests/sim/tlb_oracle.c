/* SPDX-License-Identifier: MIT */
/*
 * Does the driver invalidate the GPU's TLB when it must?
 *
 * The simulated GPU keeps translations until it is told to drop them. While translations are
 * cached, this program changes the meaning of addresses, by unbinding and binding, and by
 * reclaim and claim. Then it checks where the reads and writes of the GPU went.
 *
 * Status 0: all data is right, and no stale translation was used. Status 1: otherwise. To
 * check the test itself, run it with the parameter tlb_noinval=1: it must fail. Status 2:
 * the test could not run.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "gpu/ctx.h"
#include "gpu/data.h"
#include "gpu/mem.h"
#include "gpu/pattern.h"
#include "gpu/power.h"
#include "gpu/sim.h"
#include "gpu/vm.h"

#define PAGE UINT64_C(4096)
#define SIZE (16 * PAGE)	/* fewer pages than there are TLB entries */
#define ROUNDS 20
#define BIND_VA UINT64_C(0x50000000)
#define CHURN (UINT64_C(16) << 20)

static struct gpu_device dev;
static struct gpu_ctx ctx;
static unsigned int bad;

static void must(int ret, const char *what)
{
	if (ret >= 0)
		return;
	fprintf(stderr, "tlb-oracle: %s: %s\n", what, strerror(-ret));
	exit(2);
}

static void expect(bool right, const char *what, unsigned int round)
{
	if (right)
		return;
	printf("round %u: %s\n", round, what);
	bad++;
}

/*
 * A GPU that uses stale translations may also kill the group. This counts as a detected
 * error, and the round continues with a new group.
 */
static bool job(int ret, const char *what, unsigned int round)
{
	if (!ret)
		return true;
	printf("round %u: %s: %s\n", round, what, strerror(-ret));
	bad++;
	must(gpu_ctx_new_group(&ctx), "new group");
	return false;
}

/* Two BOs at one address, one after the other: each must get its own data. */
static void rebind_round(unsigned int round)
{
	struct gpu_bo bo[2];

	for (int i = 0; i < 2; i++) {
		must(gpu_bo_create(dev.fd, SIZE, ctx.vm, 0, &bo[i]), "BO");
		must(gpu_vm_map(dev.fd, ctx.vm, bo[i].handle, 0, BIND_VA, SIZE,
				0), "bind");
		bo[i].va = BIND_VA;
		job(gpu_fill(&ctx, &bo[i], (round * 2 + i) * SIZE), "FILL", round);
		must(gpu_vm_unmap(dev.fd, ctx.vm, BIND_VA, SIZE), "unbind");
	}
	for (int i = 0; i < 2; i++) {
		must(gpu_bo_map(dev.fd, &bo[i]), "mmap");
		expect(!pattern_bad_words(bo[i].map, SIZE, (round * 2 + i) * SIZE),
		       "writes of the GPU went to another BO", round);
		bo[i].va = 0;
		gpu_bo_destroy(dev.fd, &bo[i]);
	}
}

/* Allocate free pages and write to them, so that freed pages change. */
static void churn(void)
{
	char *mem = mmap(NULL, CHURN, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED)
		must(-ENOMEM, "memory");
	memset(mem, 0xdb, CHURN);
	munmap(mem, CHURN);
}

static void evict_all(unsigned int round)
{
	struct drm_panthor_mem_reclaim result;

	must(gpu_mem_reclaim_all(dev.fd, 0, 0, &result), "MEM_RECLAIM");
	expect(result.evicted_bytes >= SIZE, "nothing was evicted", round);
}

/*
 * The same addresses with other pages: swap-in puts the data in other pages. Each round has
 * a VM of its own, so that its writes begin with an empty TLB, and stale translations can
 * do little damage.
 */
static void reclaim_round(unsigned int round)
{
	struct drm_panthor_mem_claim claimed;
	const uint64_t seed = round * SIZE;
	struct gpu_bo bo;
	uint64_t sum;

	must(gpu_ctx_init(&ctx, &dev, 1), "context");
	must(gpu_ctx_alloc(&ctx, SIZE, GPU_BO_PRIVATE, &bo), "BO");
	if (job(gpu_fill(&ctx, &bo, seed), "FILL", round)) {
		evict_all(round);
		churn();
		if (round & 1)
			must(gpu_mem_claim_all(dev.fd, 0, &claimed),
			     "MEM_CLAIM");
		if (job(gpu_checksum(&ctx, &bo, &sum), "CHECKSUM", round))
			expect(sum == pattern_expected(seed, SIZE),
			       "the GPU reads other data than it wrote", round);
		must(gpu_bo_cpu_checksum(dev.fd, &bo, &sum), "reading");
		expect(sum == pattern_expected(seed, SIZE),
		       "the CPU reads other data than the GPU wrote", round);
	}
	gpu_ctx_free(&ctx, &bo);
	gpu_ctx_fini(&ctx);
}

static int64_t stale_hits(void)
{
	int64_t hits;

	must(sim_stat("stale_tlb_hits", &hits), "no simulated GPU");
	return hits;
}

static void report(const char *what, unsigned int bad_before,
		   int64_t stale_before)
{
	printf("tlb-oracle: %s: %u wrong results, %" PRId64
	       " stale translations used\n", what, bad - bad_before,
	       stale_hits() - stale_before);
	fflush(stdout);
}

int main(void)
{
	unsigned int bad_before;
	int64_t start, stale;

	must(gpu_device_open(&dev), "device");
	if (!gpu_mem_supported(dev.fd))
		must(-ENOSYS, "MEM_RECLAIM");
	/* A device that goes to sleep in between would hide every error. */
	must(gpu_power_allow_sleep(dev.fd, false), "power/control");
	start = stale_hits();

	must(gpu_ctx_init(&ctx, &dev, 1), "context");
	for (unsigned int round = 0; round < ROUNDS; round++)
		rebind_round(round);
	gpu_ctx_fini(&ctx);
	report("unbind and bind", 0, start);

	bad_before = bad;
	stale = stale_hits();
	for (unsigned int round = 0; round < ROUNDS; round++)
		reclaim_round(round);
	report("reclaim and claim", bad_before, stale);

	must(gpu_power_allow_sleep(dev.fd, true), "power/control");
	return bad || stale_hits() != start;
}
