/* SPDX-License-Identifier: MIT */
/*
 * Many bindings of a few BOs, and the memory that it takes to map them again after they were
 * evicted: by GROUP_SUBMIT, which needs no privilege, and by a claim.
 *
 * usage: hostile-tables [BINDINGS]
 *
 * The tracepoints of the page allocator tell how much the calling thread allocates during
 * the call. Page tables are kept when a BO is evicted, so mapping one binding after the
 * other needs almost nothing: EXTRA is the maximum that a call may have allocated at any
 * time. KASAN keeps freed memory, so a kernel with KASAN cannot be measured.
 *
 * With BINDINGS, only that many are made and submitted. With 180000, a list of all their
 * page tables would be larger than what the page allocator can provide.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gpu/bo.h"
#include "gpu/data.h"
#include "gpu/tracefs.h"
#include "gpu/vm.h"
#include "hostile.h"

#define SEED UINT64_C(0x7ab1e00000000000)
#define PAGE UINT64_C(4096)
#define FIRST_VA UINT64_C(0x100000000)
#define BLOCKS 16		/* in each BO */
#define BATCH 500		/* bindings in one VM_BIND */
#define BOS_MAX 32
#define EXTRA MIB

static struct gpu_ctx ctx;

enum order {
	ASCENDING,	/* after one binding at the top of the range */
	DESCENDING,
	RANDOM,		/* as a sparse resource is filled in */
};

struct layout {
	unsigned int bos;
	unsigned int bindings;
	uint64_t block;		/* size of each binding */
	uint64_t step;		/* distance of two bindings */
	enum order order;
	bool claim;		/* claim instead of a submit */
};

static uint64_t bindings_top;

/* --- binding ------------------------------------------------------------------- */

static void shuffle(uint32_t *place, unsigned int count)
{
	for (unsigned int i = count - 1; i > 0; i--) {
		unsigned int j = (unsigned int)rand() % (i + 1);
		uint32_t swapped = place[i];

		place[i] = place[j];
		place[j] = swapped;
	}
}

/* Binding n of any BO is its block n % BLOCKS, at this address. */
static uint32_t *places(const struct layout *l)
{
	uint32_t *place = calloc(l->bindings, sizeof(*place));

	assert_non_null(place);
	for (unsigned int i = 0; i < l->bindings; i++)
		place[i] = l->order == DESCENDING ? l->bindings - 1 - i : i;
	if (l->order == RANDOM)
		shuffle(place, l->bindings);
	return place;
}

static void bind_some(const struct layout *l, const struct gpu_bo *bo, const uint32_t *place,
		      unsigned int first, unsigned int count)
{
	static struct drm_panthor_vm_bind_op ops[BATCH];
	struct drm_panthor_vm_bind bind = {
		.vm_id = ctx.vm, .ops = DRM_PANTHOR_OBJ_ARRAY(count, ops),
	};

	for (unsigned int i = 0; i < count; i++)
		ops[i] = (struct drm_panthor_vm_bind_op) {
			.flags = DRM_PANTHOR_VM_BIND_OP_TYPE_MAP |
				 DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC,
			.bo_handle = bo[(first + i) % l->bos].handle,
			.va = FIRST_VA + place[first + i] * l->step,
			.bo_offset = (first + i) % BLOCKS * l->block,
			.size = l->block,
		};
	ok(gpu_ioctl(guest.dev.fd, DRM_IOCTL_PANTHOR_VM_BIND, &bind), "VM_BIND");
}

static void bind_all(const struct layout *l, struct gpu_bo *bo, const uint32_t *place)
{
	uint64_t range = 0;
	uint32_t vm;

	ok(gpu_vm_create(guest.dev.fd, &range, &vm), "how large the range is");
	gpu_vm_destroy(guest.dev.fd, vm);
	ok(gpu_ctx_init(&ctx, &guest.dev, 1), "a context");
	for (unsigned int i = 0; i < l->bos; i++) {
		ok(gpu_bo_create(guest.dev.fd, BLOCKS * l->block, ctx.vm, 0, &bo[i]), "a BO");
		ok(gpu_bo_cpu_fill(guest.dev.fd, &bo[i], SEED + ((uint64_t)i << 32)), "filling");
	}
	bindings_top = range - l->block;
	if (l->order == ASCENDING)
		ok(gpu_vm_map(guest.dev.fd, ctx.vm, bo[0].handle, 0, bindings_top, l->block,
			      DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC), "binding at the top");
	for (unsigned int i = 0; i < l->bindings; i += BATCH)
		bind_some(l, bo, place, i, l->bindings - i < BATCH ? l->bindings - i : BATCH);
}

/* --- contents ------------------------------------------------------------------- */

static uint64_t block_seed(const struct layout *l, unsigned int binding)
{
	return SEED + ((uint64_t)(binding % l->bos) << 32) +
	       binding % BLOCKS * l->block / sizeof(uint64_t);
}

/* The GPU must read these bindings in this order, beginning at @va. */
static void check_range(uint64_t va, uint64_t size, uint64_t expected)
{
	struct gpu_bo range = { .va = va, .size = size };
	uint64_t sum;

	ok(gpu_checksum(&ctx, &range, &sum), "reading by the GPU");
	if (sum != expected)
		fail_msg("other content at 0x%" PRIx64, va);
}

static void check_all(const struct layout *l, const uint32_t *place)
{
	uint64_t sum = pattern_checksum(NULL, 0);
	uint32_t *at = calloc(l->bindings, sizeof(*at));
	void *block = malloc(l->block);

	assert_non_null(at);
	assert_non_null(block);
	for (unsigned int i = 0; i < l->bindings; i++)
		at[place[i]] = i;
	for (unsigned int i = 0; i < l->bindings; i++) {
		pattern_write(block, l->block, block_seed(l, at[i]));
		if (l->step != l->block)
			check_range(FIRST_VA + i * l->step, l->block,
				    pattern_checksum(block, l->block));
		else
			sum = pattern_checksum_add(sum, block, l->block);
	}
	if (l->step == l->block)
		check_range(FIRST_VA, l->bindings * l->block, sum);
	if (l->order == ASCENDING)
		check_range(bindings_top, l->block, pattern_expected(SEED, l->block));
	free(block);
	free(at);
}

/* --- memory --------------------------------------------------------------------- */

struct balance {
	int64_t now, most;	/* pages */
};

static void see(const struct trace_event *e, void *arg)
{
	struct balance *b = arg;
	int64_t order;

	if (!trace_field(e, "order", &order))
		return;
	b->now += strcmp(e->name, "mm_page_alloc") ? -(INT64_C(1) << order) : INT64_C(1) << order;
	if (b->now > b->most)
		b->most = b->now;
}

static void begin_counting(void)
{
	ok(trace_reset(16384), "tracefs");
	ok(trace_enable("kmem/mm_page_alloc", NULL), "mm_page_alloc");
	ok(trace_enable("kmem/mm_page_free", NULL), "mm_page_free");
	ok(trace_only_this_thread(), "set_event_pid");
	ok(trace_start(), "tracing on");
}

static uint64_t most_memory(void)
{
	struct balance b = { .now = 0 };

	ok(trace_stop(), "tracing off");
	ok(trace_for_each(see, &b), "reading the trace");
	return (uint64_t)b.most * PAGE;
}

/* --- cases ---------------------------------------------------------------------- */

/* Returns false if it needed too much memory. */
static bool comes_back(const struct layout *l)
{
	struct drm_panthor_mem_reclaim out;
	struct drm_panthor_mem_claim in;
	uint32_t *place = places(l);
	struct gpu_bo bo[BOS_MAX];
	uint64_t most;

	bind_all(l, bo, place);
	/* The pages stay in the page cache, so that none has to be allocated again. */
	ok(gpu_mem_reclaim_all(guest.dev.fd, 0, DRM_PANTHOR_MEM_RECLAIM_NO_PAGEOUT, &out),
	   "MEM_RECLAIM");
	assert_true(out.evicted_bytes >= l->bos * BLOCKS * l->block);
	begin_counting();
	if (l->claim) {
		ok(gpu_mem_claim_all(guest.dev.fd, 0, &in), "MEM_CLAIM");
		assert_int_equal(in.claimed_bytes, out.evicted_bytes);
		assert_int_equal(in.remaining_bytes, 0);
	} else {
		cs_move48(gpu_ctx_begin(&ctx), 0, 1);
		ok(gpu_ctx_run(&ctx, 0), "GROUP_SUBMIT");
	}
	most = most_memory();
	check_all(l, place);
	free(place);
	print_message("%u bindings, by a %s: %" PRIu64 " KiB at a time\n", l->bindings,
		      l->claim ? "claim" : "submit", most >> 10);
	return on_debug_kernel() || most <= EXTRA;
}

static void both_ways(struct layout *l)
{
	bool submit = comes_back(l), claim;

	gpu_ctx_fini(&ctx);
	l->claim = true;
	claim = comes_back(l);
	if (!submit || !claim)
		fail_msg("too much memory for a %s", submit ? "claim" : claim ? "submit" :
			 "submit, and for a claim");
}

static void in_ascending_order(void **state)
{
	(void)state;
	both_ways(&(struct layout) {
		.bos = 1, .bindings = 3000, .block = PAGE, .step = PAGE, .order = ASCENDING });
}

static void in_descending_order(void **state)
{
	(void)state;
	both_ways(&(struct layout) {
		.bos = 1, .bindings = 3000, .block = PAGE, .step = PAGE, .order = DESCENDING });
}

/* Blocks of 64 KiB of a sparse resource, in random order. */
static void in_random_order(void **state)
{
	(void)state;
	both_ways(&(struct layout) {
		.bos = 1, .bindings = 2000, .block = 16 * PAGE, .step = 16 * PAGE,
		.order = RANDOM });
}

static void of_many_bos(void **state)
{
	(void)state;
	both_ways(&(struct layout) {
		.bos = BOS_MAX, .bindings = 3000, .block = PAGE, .step = PAGE, .order = RANDOM });
}

/* Each binding needs page tables of its own. */
static void far_apart(void **state)
{
	(void)state;
	both_ways(&(struct layout) {
		.bos = 1, .bindings = 600, .block = PAGE, .step = 1024 * MIB, .order = RANDOM });
}

static unsigned int asked_for;

static void as_many_as_asked_for(void **state)
{
	(void)state;
	assert_true(comes_back(&(struct layout) {
		.bos = 1, .bindings = asked_for, .block = PAGE, .step = PAGE,
		.order = ASCENDING }));
}

static int end(void **state)
{
	gpu_ctx_fini(&ctx);
	return hostile_end(state);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, hostile_begin, end)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		CASE(in_ascending_order),
		CASE(in_descending_order),
		CASE(in_random_order),
		CASE(of_many_bos),
		CASE(far_apart),
	};
	const struct CMUnitTest asked[] = {
		CASE(as_many_as_asked_for),
	};

	if (argc > 1) {
		asked_for = (unsigned int)atoi(argv[1]);
		return cmocka_run_group_tests_name("hostile-tables", asked, NULL, NULL);
	}
	return cmocka_run_group_tests_name("hostile-tables", tests, NULL, NULL);
}
