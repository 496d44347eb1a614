/* SPDX-License-Identifier: MIT */
/*
 * The time until the memory of an application is free, with MEM_RECLAIM and with the
 * shrinker followed by memory.reclaim; and whether the counts of MEM_RECLAIM are right.
 */
#include "bench.h"
#include "gpu/mem.h"

static void emit_difference(const struct sysmem *from, const struct sysmem *to)
{
	emit_number("free_delta", (int64_t)(to->free - from->free));
	emit_number("zram_delta", (int64_t)(to->zram_used - from->zram_used));
	emit_number("slab_delta", (int64_t)(to->slab - from->slab));
	emit_number("zram_data_delta", (int64_t)(to->zram_data - from->zram_data));
	emit_number("pages_out", (int64_t)(to->pages_out - from->pages_out));
}

/*
 * A later call can free pages whose write had not finished when this one returned. So,
 * like the rival, it is called until everything is free.
 */
static int64_t reclaim_step(struct bench *b, void *arg)
{
	struct drm_panthor_mem_reclaim args;
	int64_t *freed = arg;

	need(gpu_mem_reclaim_all(b->dev.fd, (uint32_t)b->app.pid, 0, &args), "MEM_RECLAIM");
	*freed += (int64_t)args.freed_bytes;
	return (int64_t)(b->opt.bytes - b->opt.bytes / LEFT_OVER) - *freed;
}

static void ours(struct bench *b)
{
	struct sysmem before, after;
	int64_t ns, freed = 0;
	struct bench_steps steps = { .step = reclaim_step, .arg = &freed };

	need(sysmem_read(&before), "counters of memory");
	ns = bench_free(b, &steps);
	need(sysmem_read(&after), "counters of memory");

	emit_begin(b, "reclaim");
	emit_number("ns", ns);
	emit_number("freed", freed);
	emit_number("left", steps.left > 0 ? steps.left : 0);
	emit_number("calls", steps.count);
	emit_difference(&before, &after);
	emit_end();
}

static void rival(struct bench *b)
{
	struct sysmem before, after;
	struct rival_result result;
	int64_t ns;

	need(sysmem_read(&before), "counters of memory");
	ns = rival_reclaim(b, &result);
	need(sysmem_read(&after), "counters of memory");

	emit_begin(b, "memory.reclaim");
	emit_number("ns", ns);
	emit_number("evict_ns", result.evict_ns);
	emit_number("writes", result.writes);
	emit_number("refused", result.refused);
	emit_number("left", result.left);
	emit_difference(&before, &after);
	emit_end();
}

void case_reclaim(struct bench *b)
{
	static const struct bench_arm arms[] = { { "reclaim", ours }, { "memory.reclaim", rival } };

	bench_from_ram(b, arms, sizeof(arms) / sizeof(arms[0]));
}
