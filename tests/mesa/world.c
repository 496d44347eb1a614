// SPDX-License-Identifier: MIT
/*
 * What the cases share.
 */
#include <errno.h>
#include <string.h>

#include "gpu/fdinfo.h"
#include "gpu/pattern.h"
#include "gpu/sim.h"
#include "world.h"

#define SEED_STEP (UINT64_C(1) << 32)
/* How long a reclaim waits for unfinished work, and a case for what must happen. */
#define PATIENCE_NS INT64_C(60000000000)
#define POLL_MS 10
/*
 * What may stay resident after a reclaim: ring buffers and the like, which the driver needs as
 * long as the process has a queue. Measured: 92 KiB with GLES, 252 KiB with Vulkan.
 */
#define RINGS_MAX (UINT64_C(384) << 10)

struct process one, two;

/* Mesa's GLES tells nobody that the GPU has lost its work. */
static int64_t troubles[SIM_TROUBLES];

int world_begin(void **state)
{
	int ret = guest_open(state);

	if (!ret)
		ret = sim_troubles(troubles);
	memset(&one, 0, sizeof(one));
	memset(&two, 0, sizeof(two));
	one.app.sock = -1;
	two.app.sock = -1;
	return ret ? ret : mesa_open_to_all();
}

int world_end(void **state)
{
	char what[256] = "unknown";
	int failed = 0, ret;

	gpu_app_kill(&one.app);
	gpu_app_kill(&two.app);
	if (sim_troubles_since(troubles, what, sizeof(what))) {
		print_error("nobody has asked for this: %s\n", what);
		failed = -EIO;
	}
	ret = guest_close(state);
	return failed ? failed : ret;
}

void start(struct process *process, const void *client)
{
	const struct gpu_app_setup setup = {
		.cred = GPU_APP_NOBODY,
		.pidns = -1,
		.client = client,
	};

	ok(gpu_app_start(&process->app, &setup), "starting a process");
}

int64_t ask(struct process *process, const struct app_request *req)
{
	int64_t ret = gpu_app_ask(&process->app, req, NULL, NULL, NULL);

	if (ret < 0)
		fail_msg("request %d of process %d: %s", (int)req->op, (int)process->app.pid,
			 strerror((int)-ret));
	return ret;
}

/* Objects of two sets, or of two processes, have no word in common. */
void add(struct process *process, struct objects set)
{
	assert_true(process->set_count < SETS);
	set.seed = (uint64_t)(process->app.pid * SETS + process->set_count + 1) << 44;
	set.first = (unsigned int)ask(process, &(struct app_request) {
		.op = APP_ALLOC, .count = set.count, .size = set.size, .seed = set.seed,
		.image = set.image, .exclusive = set.exclusive,
	});
	process->sets[process->set_count++] = set;
	process->bytes += set.count * set.size;
}

void add_mixed(struct process *process)
{
	add(process, (struct objects) { .count = 64, .size = 4096, .exclusive = true });
	add(process, (struct objects) { .count = 8, .size = MIB, .exclusive = true });
	add(process, (struct objects) { .count = 1, .size = 8 * MIB, .exclusive = true });
	add(process, (struct objects) {
		.count = 16, .size = 64 << 10, .image = true, .exclusive = true,
	});
	add(process, (struct objects) {
		.count = 2, .size = 4 * MIB, .image = true, .exclusive = true,
	});
	add(process, (struct objects) { .count = 3, .size = MIB, .image = true });
}

void frame(struct process *process)
{
	ask(process, &(struct app_request) { .op = APP_FRAME });
}

void begin(void **state)
{
	start(&one, *state);
	add_mixed(&one);
	frame(&one);
}

static uint64_t sum_of(struct process *process, unsigned int bo, bool by_gpu)
{
	struct app_reply reply = { 0 };
	int64_t ret = gpu_app_ask(&process->app, &(struct app_request) {
		.op = APP_SUM, .bo = bo, .by_gpu = by_gpu,
	}, &reply, NULL, NULL);

	ok(ret, by_gpu ? "reading an object by the GPU" : "reading an object by the CPU");
	return reply.value;
}

static void check_set(struct process *process, const struct objects *set)
{
	for (unsigned int i = 0; i < set->count; i++) {
		uint64_t wanted = pattern_expected(set->seed + i * SEED_STEP, set->size);
		unsigned int bo = set->first + i;

		if (set->halved && i % 2 == 0)
			continue;
		if (!set->exclusive && sum_of(process, bo, true) != wanted)
			fail_msg("object %u has lost its contents, as the GPU sees it", bo);
		if (sum_of(process, bo, false) != wanted)
			fail_msg("object %u has lost its contents", bo);
	}
}

void check(struct process *process)
{
	for (unsigned int i = 0; i < process->set_count; i++)
		check_set(process, &process->sets[i]);
}

static struct panthor_mem_reclaim_result reclaim_until(const struct process *process,
						       int64_t deadline_ns)
{
	struct panthor_mem_reclaim_options options = PANTHOR_MEM_RECLAIM_OPTIONS_INIT;
	struct panthor_mem_reclaim_result result = PANTHOR_MEM_RECLAIM_RESULT_INIT;

	options.deadline_ns = deadline_ns;
	ok(panthor_mem_reclaim_with(guest.dev.fd, process->app.pid, &options, &result), "reclaim");
	return result;
}

struct panthor_mem_reclaim_result reclaim(const struct process *process)
{
	return reclaim_until(process, now_ns() + PATIENCE_NS);
}

struct panthor_mem_reclaim_result reclaim_at_once(const struct process *process)
{
	return reclaim_until(process, 0);
}

struct panthor_mem_claim_result claim(const struct process *process, uint64_t max_bytes)
{
	struct panthor_mem_claim_options options = PANTHOR_MEM_CLAIM_OPTIONS_INIT;
	struct panthor_mem_claim_result result = PANTHOR_MEM_CLAIM_RESULT_INIT;

	options.max_bytes = max_bytes;
	ok(panthor_mem_claim_with(guest.dev.fd, process->app.pid, &options, &result), "claim");
	return result;
}

void reclaim_while_drawing(unsigned int rounds, unsigned int triangles)
{
	uint64_t sum = 0;

	ask(&one, &(struct app_request) { .op = APP_FRAMES_START, .count = triangles });
	for (unsigned int i = 0; i < rounds; i++) {
		sum += reclaim(&one).evicted_bytes;
		claim(&one, 0);
	}
	assert_true(ask(&one, &(struct app_request) { .op = APP_FRAMES_STOP }) > 0);
	/* A new frame can end a reclaim early, but not all of them. */
	assert_true(sum > 0);
}

static struct panthor_mem_query_result query(const struct process *process)
{
	struct panthor_mem_query_result result = PANTHOR_MEM_QUERY_RESULT_INIT;

	ok(panthor_mem_query(guest.dev.fd, process->app.pid, &result), "query");
	return result;
}

uint64_t evicted(const struct process *process)
{
	return query(process).evicted_bytes;
}

uint64_t resident(const struct process *process)
{
	return query(process).resident_bytes;
}

uint64_t heap_bytes(const struct process *process)
{
	struct gpu_fdinfo info;

	ok(gpu_fdinfo_read(process->app.pid, &info), "fdinfo");
	return info.internal;
}

static struct sysmem counters(void)
{
	struct sysmem mem;

	ok(sysmem_read(&mem), "the machine's memory counters");
	return mem;
}

void check_reclaim(const struct panthor_mem_reclaim_result *result)
{
	assert_true(result->evicted_bytes >= one.bytes);
	assert_int_equal(result->freed_bytes, result->evicted_bytes);
	assert_int_equal(result->status & ~(uint32_t)DRM_PANTHOR_MEM_STATUS_PINNED, 0);
	assert_in_range(result->skipped_bytes, 0, RINGS_MAX);
	assert_in_range(resident(&one), 0, RINGS_MAX);
}

uint64_t pages_in(void)
{
	return counters().pages_in;
}

uint64_t in_swap(void)
{
	return counters().swap_used;
}

void wait_for_swap(uint64_t bytes)
{
	int64_t end = now_ns() + PATIENCE_NS;

	while (in_swap() > bytes) {
		if (now_ns() > end)
			fail_msg("%llu KiB are still in swap, not %llu",
				 (unsigned long long)in_swap() >> 10,
				 (unsigned long long)bytes >> 10);
		sleep_ms(POLL_MS);
	}
}
