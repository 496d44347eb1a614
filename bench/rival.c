/* SPDX-License-Identifier: MIT */
/*
 * The way to free an application's GPU memory without MEM_RECLAIM: debugfs makes the
 * shrinker evict it, then memory.reclaim of the application's cgroup frees it.
 *
 * A write to memory.reclaim often ends early with EAGAIN, because pages that were used
 * again are on the active list, and it gives up before it has aged them. To be fair to
 * the rival, the write is repeated.
 */
#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#define CGROUP "/sys/fs/cgroup/bench"
#define CURRENT CGROUP "/memory.current"
#define SCANS_MAX 20

static const char *shrink_file(void)
{
	static char path[300];
	glob_t found;

	if (path[0])
		return path;
	if (glob("/sys/kernel/debug/dri/*/shrink", 0, NULL, &found) || !found.gl_pathc)
		need(-ENOENT, "/sys/kernel/debug/dri/*/shrink");
	snprintf(path, sizeof(path), "%s", found.gl_pathv[0]);
	globfree(&found);
	return path;
}

static int64_t number_in(const char *path)
{
	int64_t value;

	need(sysmem_read_number(path, &value), path);
	return value;
}

static void evict(uint64_t bytes)
{
	const char *path = shrink_file();
	uint64_t pages = bytes / 4096;
	char text[32];

	for (int i = 0; i < SCANS_MAX; i++) {
		uint64_t done;

		snprintf(text, sizeof(text), "%" PRIu64, pages);
		need(sysmem_write_file(path, text), path);
		done = (uint64_t)number_in(path);
		if (done >= pages)
			return;
		pages -= done;
	}
	need(-EBUSY, "the shrinker did not evict everything");
}

struct writes {
	int64_t goal;
	unsigned int refused;
};

static int64_t write_once(struct bench *b, void *arg)
{
	struct writes *writes = arg;
	int64_t left = number_in(CURRENT) - writes->goal;
	char text[64];
	int ret;

	(void)b;
	if (left <= 0)
		return 0;
	snprintf(text, sizeof(text), "%" PRId64 " swappiness=max", left);
	ret = sysmem_write_file(CGROUP "/memory.reclaim", text);
	if (ret == -EAGAIN)
		writes->refused++;
	else
		need(ret, "memory.reclaim");
	return number_in(CURRENT) - writes->goal;
}

int64_t rival_reclaim(struct bench *b, struct rival_result *result)
{
	struct writes writes = { .refused = 0 };
	struct bench_steps steps = { .step = write_once, .arg = &writes };
	int64_t start, evict_ns, ns;

	shrink_file();
	writes.goal = number_in(CURRENT) -
		      (int64_t)(b->opt.bytes - b->opt.bytes / LEFT_OVER);

	start = now_ns();
	evict(b->opt.bytes);
	evict_ns = now_ns() - start;
	ns = bench_free(b, &steps);
	*result = (struct rival_result) {
		.evict_ns = evict_ns,
		.writes = steps.count,
		.refused = writes.refused,
		.left = steps.left > 0 ? steps.left : 0,
	};
	return evict_ns + ns;
}
