/* SPDX-License-Identifier: MIT */
/*
 * Many cycles of reclaim and claim, after which the machine holds as much as before: slab, swap
 * slots, page tables, BOs, open files.
 *
 * usage: cycles [COUNT]	(default 1000)
 *
 * The contents are checked in each 100th cycle. After 6000 cycles, a leak of 100 bytes in each is
 * more than the noise. On a kernel with kmemleak, no object may be lost at all.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gpu/klog.h"
#include "leaks.h"
#include "subject.h"

#define KIB UINT64_C(1024)

/* The smallest object of the kernel's allocator. */
#define OBJECT 8

/* What the kernel keeps for each CPU, whatever a test does. */
#define NOISE (512 * KIB)

#define WARM_UP 50
#define CHECK_EACH 100

static struct subject subject;

static __attribute__((noreturn)) void die(const char *what, int ret)
{
	fprintf(stderr, "cycles: %s: %s\n", what, strerror(-ret));
	exit(2);
}

static void run(unsigned long count)
{
	for (unsigned long i = 0; i < count; i++) {
		int ret = subject_reclaim(&subject);

		if (!ret)
			ret = subject_claim(&subject);
		if (!ret && i % CHECK_EACH == 0)
			ret = subject_check_cpu(&subject);
		if (!ret && i % CHECK_EACH == 0)
			ret = subject_check_gpu(&subject);
		if (ret)
			die("a cycle", ret);
	}
}

/* Is @after more than @before by more than the noise? */
static bool grows(const char *name, uint64_t before, uint64_t after, uint64_t allowed)
{
	bool bad = after > before + allowed;

	printf("%10" PRIu64 " -> %10" PRIu64 " %s%s\n", before, after, name,
	       bad ? ": TOO MUCH" : "");
	return bad;
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
	struct holdings before, after;
	bool can_find_leaks, failed;
	struct klog log;
	int leaks = 0;
	int ret = klog_open(&log);

	if (!ret)
		ret = subject_init(&subject, 1024 * KIB);
	if (ret)
		die("starting", ret);
	run(WARM_UP);
	ret = leaks_begin();
	can_find_leaks = !ret;
	if (!ret || ret == -ENOENT)
		ret = holdings_read(&before);
	if (ret)
		die("counters", ret);
	run(count);
	ret = holdings_read(&after);
	if (ret)
		die("counters", ret);
	if (can_find_leaks)
		leaks = leaks_count();

	printf("%10lu cycles\n", count);
	failed = grows("bytes in slab", before.slab, after.slab, NOISE + count * OBJECT);
	failed |= grows("bytes of swap", before.swap_used, after.swap_used, NOISE);
	failed |= grows("bytes of page tables", before.page_tables, after.page_tables,
			256 * KIB);
	failed |= grows("BOs", before.bos, after.bos, 0);
	failed |= grows("open files", before.fds, after.fds, 0);
	if (can_find_leaks)
		printf("%10d objects lost\n", leaks);
	failed |= leaks || klog_check(&log, true);
	subject_fini(&subject);
	printf("cycles: %s\n", failed ? "FAILED" : "ok");
	return failed;
}
