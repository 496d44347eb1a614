/* SPDX-License-Identifier: MIT */
/*
 * Every read from swap fails, and so does the read with which the kernel repeats it. A page that
 * cannot be read is lost, but nothing else: a claim returns EIO with valid counts, and after the
 * process has freed that BO, all is as before.
 *
 * usage: swapreads [--once] [--by-submit]
 *
 * With --once, the repeated read succeeds, and nothing may be lost. With --by-submit, a submit reads
 * the pages instead of a claim.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "gpu/device.h"
#include "gpu/klog.h"
#include "gpu/mem.h"
#include "gpu/swap.h"
#include "target.h"

#define BOS 6
#define BO_BYTES 32768
#define PAGES (BOS * BO_BYTES / 4096)
#define SEED UINT64_C(0x10517000000000)

/* More than the pages of the target and of its command streams. */
#define READS_MAX 1000

static bool once, by_submit;
static struct target target = { .bos = BOS, .bo_bytes = BO_BYTES, .seed = SEED };
static struct gpu_device dev;

/* What a failed read led to. */
static struct {
	unsigned int lost;
	unsigned int own;
	unsigned int killed;
	unsigned int absorbed;
} counts;

static int wrong(const char *what, int64_t value)
{
	fprintf(stderr, "swapreads: %s (%" PRId64 ")\n", what, value);
	return -EBADMSG;
}

static __attribute__((noreturn)) void die(const char *what, int64_t ret)
{
	fprintf(stderr, "swapreads: %s: %s\n", what, strerror((int)-ret));
	gpu_app_kill(&target.app);
	exit(2);
}

/* Returns the BO that is lost. -ENOENT: none, and all contents are intact for the CPU. */
static int find_lost(void)
{
	int lost = -ENOENT;

	for (unsigned int i = 0; i < BOS; i++) {
		int ret = target_check(&target, i, false);

		if (ret == -EILSEQ)
			return wrong("a BO has other words than were written", i);
		if (!ret)
			continue;
		if (ret != -EIO || lost >= 0)
			return wrong("a BO is lost that was not to be", i);
		lost = (int)i;
	}
	return lost;
}

static int check_rest(int lost)
{
	for (unsigned int i = 0; i < BOS; i++) {
		int ret = (int)i == lost ? 0 : target_check(&target, i, true);

		if (ret)
			return wrong("the GPU does not read what was written", ret);
	}
	return 0;
}

static int claim(uint64_t evicted)
{
	struct drm_panthor_mem_claim args;
	int ret = gpu_mem_claim_all(dev.fd, (uint32_t)target.app.pid, &args);

	if (ret && ret != -EIO)
		return wrong("a claim returns another errno", ret);
	if (args.claimed_bytes + args.remaining_bytes != evicted)
		return wrong("claimed and remaining bytes are not what was evicted",
			     (int64_t)(args.claimed_bytes + args.remaining_bytes - evicted));
	return ret;
}

/* Returns 1 if all reads have succeeded. */
static int lose_page(unsigned int number)
{
	struct drm_panthor_mem_reclaim reclaim;
	struct drm_panthor_mem_claim rest;
	bool hit;
	int lost;
	int64_t ret = gpu_mem_reclaim_all(dev.fd, (uint32_t)target.app.pid, 0, &reclaim);

	if (!ret)
		ret = failio_begin(number, once ? 1 : 2);
	if (ret)
		die("preparing", ret);
	ret = by_submit ? target_ask(&target, APP_FRAME, 0) : claim(reclaim.evicted_bytes);
	hit = failio_end();
	if (!hit)
		return ret ? wrong("it fails without a reason", ret) : 1;
	if (!ret) {
		counts.absorbed++;
		return check_rest(-1);
	}
	/* The CPU found the error first: the kernel has ended the process. */
	if (by_submit && ret == -EPIPE) {
		counts.killed++;
		return 0;
	}
	if (ret != -EIO)
		return wrong("it fails with another errno", ret);
	lost = find_lost();
	if (lost == -ENOENT) {
		counts.own++;
		return 0;
	}
	if (lost < 0)
		return lost;
	counts.lost++;
	ret = target_ask(&target, APP_FREE, (unsigned int)lost);
	if (!ret)
		ret = gpu_mem_claim_all(dev.fd, (uint32_t)target.app.pid, &rest);
	if (ret || rest.remaining_bytes)
		return wrong("the rest cannot be claimed", ret);
	return check_rest(lost);
}

int main(int argc, char **argv)
{
	unsigned int number, failed_reads;
	struct klog log;
	int ret = klog_open(&log);
	struct swap swap;
	bool failed;

	for (int i = 1; i < argc; i++) {
		once |= !strcmp(argv[i], "--once");
		by_submit |= !strcmp(argv[i], "--by-submit");
	}
	if (!ret)
		ret = swap_open(&swap);
	if (!ret)
		ret = failio_open(swap.device);
	if (!ret)
		ret = gpu_device_open(&dev);
	if (ret)
		die("starting", ret);
	for (number = 1; !ret && number <= READS_MAX; number++) {
		ret = target_start(&target);
		if (ret)
			die("starting a target", ret);
		ret = lose_page(number);
		gpu_app_kill(&target.app);
	}
	if (ret < 0)
		fprintf(stderr, "swapreads: at read %u: %d\n", number - 1, ret);
	else if (!ret)
		wrong("there is no end of reads", READS_MAX);
	failed_reads = counts.lost + counts.own + counts.killed + counts.absorbed;
	printf("%10u reads failed\n"
	       "%10u of them lost one BO, and nothing else\n"
	       "%10u of them lost a command stream, and no BO\n"
	       "%10u of them ended the process, which had touched a command stream\n"
	       "%10u of them were repeated by the kernel, and nothing was lost\n", failed_reads,
	       counts.lost, counts.own, counts.killed, counts.absorbed);
	failed = ret != 1 || failed_reads < PAGES || klog_check(&log, false) ||
		 (once ? counts.absorbed != failed_reads : !counts.lost);
	printf("swapreads: %s\n", failed ? "FAILED" : "ok");
	return failed;
}
