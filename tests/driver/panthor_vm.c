/* SPDX-License-Identifier: MIT */
/*
 * Address spaces: creation, binding, and unbinding of parts.
 *
 * The unbind subtests bind a BO with numbered pages, unbind a range, bind another BO there,
 * and let the GPU read the numbers on both sides of each edge. They use ranges around 2 MiB,
 * because the driver can map this size as one block: unbinding a part must then split it.
 */
#include <errno.h>
#include <stdbool.h>

#include "gpu/ctx.h"
#include "gpu/vm.h"
#include "igt.h"

#define PAGE UINT64_C(4096)
#define HUGE UINT64_C(0x200000)
#define BASE UINT64_C(0x40000000)
#define BO_SIZE (4 * HUGE)
#define MAX_SAMPLES 64

/* The first word of each page is a number that tells the BO and the page. */
#define FIRST_TAG 0x10000000u
#define SECOND_TAG 0x20000000u

struct unbind_case {
	uint64_t map_at;	/* distance from BASE */
	uint64_t map_size;
	uint64_t bo_offset;
	uint64_t unmap_at;	/* distance from BASE */
	uint64_t unmap_size;
};

static struct gpu_ctx ctx;

static void tag_page(const struct gpu_bo *bo, uint64_t offset, uint32_t tag)
{
	uint32_t *word = (uint32_t *)((char *)bo->map + offset);

	*word = tag + (uint32_t)(offset / PAGE);
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/*
 * The pages (as distances from BASE) that the GPU will read: on both sides of each edge of
 * the unbound range, and of each 2 MiB boundary, as far as they were bound.
 */
static size_t choose_pages(const struct unbind_case *c, uint64_t *at)
{
	const uint64_t end = c->map_at + c->map_size;
	size_t count = 0;
	uint64_t edges[16];
	size_t edge_count = 0;

	edges[edge_count++] = c->map_at;
	edges[edge_count++] = end;
	edges[edge_count++] = c->unmap_at;
	edges[edge_count++] = c->unmap_at + c->unmap_size;
	for (uint64_t line = 0; line <= BO_SIZE + HUGE; line += HUGE)
		edges[edge_count++] = line;
	for (size_t i = 0; i < edge_count; i++) {
		if (edges[i] >= c->map_at + PAGE && edges[i] <= end)
			at[count++] = edges[i] - PAGE;
		if (edges[i] >= c->map_at && edges[i] < end)
			at[count++] = edges[i];
	}
	return count;
}

/* One job reads the first word of each page into @results. */
static void gpu_read(const uint64_t *at, size_t count,
		     const struct gpu_bo *results)
{
	struct gpu_cs *cs = gpu_ctx_begin(&ctx);

	for (size_t i = 0; i < count; i++) {
		cs_move48(cs, 0, BASE + at[i]);
		cs_load_multiple(cs, 4, 0, 1, 0);
		cs_wait_all(cs);
		cs_move48(cs, 2, results->va + i * 4);
		cs_store_multiple(cs, 4, 2, 1, 0);
		cs_wait_all(cs);
	}
	cs_flush_caches(cs, 6);
	igt_ok(gpu_ctx_run(&ctx, 0));
}

static void unbind_range(const struct unbind_case *c)
{
	uint64_t hole = max_u64(c->unmap_at, c->map_at);
	uint64_t hole_end = min_u64(c->unmap_at + c->unmap_size,
				    c->map_at + c->map_size);
	uint64_t at[MAX_SAMPLES];
	struct gpu_bo first, second, results;
	volatile uint32_t *seen;
	size_t count;

	igt_ok(gpu_ctx_init(&ctx, &igt_dev, 1));
	igt_ok(gpu_ctx_alloc(&ctx, 4096, GPU_BO_PRIVATE, &results));
	igt_ok(gpu_bo_map(igt_dev.fd, &results));
	igt_ok(gpu_bo_create(igt_dev.fd, BO_SIZE, ctx.vm, 0, &first));
	igt_ok(gpu_bo_create(igt_dev.fd, BO_SIZE, ctx.vm, 0, &second));
	igt_ok(gpu_bo_map(igt_dev.fd, &first));
	igt_ok(gpu_bo_map(igt_dev.fd, &second));

	count = choose_pages(c, at);
	for (size_t i = 0; i < count; i++) {
		tag_page(&first, c->bo_offset + at[i] - c->map_at, FIRST_TAG);
		if (at[i] >= hole && at[i] < hole_end)
			tag_page(&second, at[i] - hole, SECOND_TAG);
	}

	igt_ok(gpu_vm_map(igt_dev.fd, ctx.vm, first.handle, c->bo_offset,
			  BASE + c->map_at, c->map_size, 0));
	gpu_read(at, count, &results);
	seen = results.map;
	for (size_t i = 0; i < count; i++)
		assert_int_equal(seen[i], FIRST_TAG +
				 (c->bo_offset + at[i] - c->map_at) / PAGE);

	igt_ok(gpu_vm_unmap(igt_dev.fd, ctx.vm, BASE + c->unmap_at,
			    c->unmap_size));
	igt_ok(gpu_vm_map(igt_dev.fd, ctx.vm, second.handle, 0, BASE + hole,
			  hole_end - hole, 0));
	gpu_read(at, count, &results);
	for (size_t i = 0; i < count; i++) {
		bool replaced = at[i] >= hole && at[i] < hole_end;
		uint64_t expected = replaced ?
			SECOND_TAG + (at[i] - hole) / PAGE :
			FIRST_TAG + (c->bo_offset + at[i] - c->map_at) / PAGE;

		if (seen[i] != expected)
			fail_msg("page at +%#llx reads %#x, not %#llx",
				 (unsigned long long)at[i], seen[i],
				 (unsigned long long)expected);
	}
	igt_ok(gpu_vm_check(igt_dev.fd, ctx.vm));

	gpu_bo_destroy(igt_dev.fd, &second);
	gpu_bo_destroy(igt_dev.fd, &first);
	gpu_ctx_free(&ctx, &results);
	gpu_ctx_fini(&ctx);
}

static void vm_create_destroy(void **state)
{
	uint64_t range = 0;
	uint32_t vm, other;

	(void)state;
	igt_ok(gpu_vm_create(igt_dev.fd, &range, &vm));
	assert_int_not_equal(vm, 0);
	assert_true(range > 0);
	igt_ok(gpu_vm_check(igt_dev.fd, vm));
	igt_ok(gpu_vm_create(igt_dev.fd, NULL, &other));
	assert_int_not_equal(other, vm);
	igt_ok(gpu_vm_destroy(igt_dev.fd, vm));
	igt_ok(gpu_vm_destroy(igt_dev.fd, other));
}

static void vm_destroy_invalid(void **state)
{
	uint32_t vm;

	(void)state;
	igt_fails(gpu_vm_destroy(igt_dev.fd, 0xdead), EINVAL);
	igt_ok(gpu_vm_create(igt_dev.fd, NULL, &vm));
	igt_ok(gpu_vm_destroy(igt_dev.fd, vm));
	igt_fails(gpu_vm_destroy(igt_dev.fd, vm), EINVAL);
}

static void vm_bind(void **state)
{
	struct gpu_bo bo;
	uint32_t vm;

	(void)state;
	igt_ok(gpu_vm_create(igt_dev.fd, NULL, &vm));
	igt_ok(gpu_bo_create(igt_dev.fd, 0x1000, vm, 0, &bo));
	igt_ok(gpu_vm_map(igt_dev.fd, vm, bo.handle, 0, 0x1000, 0x1000, 0));
	igt_fails(gpu_vm_map(igt_dev.fd, vm, 0xdead, 0, 0x2000, 0x1000, 0),
		  EINVAL);
	/* Past the end of the BO; not aligned to pages; unknown flags. */
	igt_fails(gpu_vm_map(igt_dev.fd, vm, bo.handle, 0, 0x2000, 0x2000, 0),
		  EINVAL);
	igt_fails(gpu_vm_map(igt_dev.fd, vm, bo.handle, 0, 0x2001, 0x1000, 0),
		  EINVAL);
	igt_fails(gpu_vm_map(igt_dev.fd, vm, bo.handle, 0, 0x2000, 0x1000,
			     1u << 20), EINVAL);
	igt_ok(gpu_vm_check(igt_dev.fd, vm));
	gpu_bo_destroy(igt_dev.fd, &bo);
	igt_ok(gpu_vm_destroy(igt_dev.fd, vm));
}

static void vm_unbind(void **state)
{
	struct gpu_bo bo;
	uint32_t vm;

	(void)state;
	igt_ok(gpu_vm_create(igt_dev.fd, NULL, &vm));
	igt_ok(gpu_bo_create(igt_dev.fd, 0x1000, vm, 0, &bo));
	for (int i = 0; i < 3; i++) {
		igt_ok(gpu_vm_map(igt_dev.fd, vm, bo.handle, 0, 0x1000, 0x1000,
				  0));
		igt_ok(gpu_vm_unmap(igt_dev.fd, vm, 0x1000, 0x1000));
	}
	/* Nothing is bound there, which is not an error. */
	igt_ok(gpu_vm_unmap(igt_dev.fd, vm, 0x1000, 0x1000));
	gpu_bo_destroy(igt_dev.fd, &bo);
	igt_ok(gpu_vm_destroy(igt_dev.fd, vm));
}

static void vm_unbind_invalid_address(void **state)
{
	uint64_t range = 0;
	uint32_t vm;

	(void)state;
	igt_ok(gpu_vm_create(igt_dev.fd, &range, &vm));
	igt_fails(gpu_vm_unmap(igt_dev.fd, vm, 0x1001, 0x1000), EINVAL);
	igt_fails(gpu_vm_unmap(igt_dev.fd, vm, 0x1000, 0x1001), EINVAL);
	igt_fails(gpu_vm_unmap(igt_dev.fd, vm, ~UINT64_C(0xfff), 0x1000),
		  EINVAL);
	igt_fails(gpu_vm_unmap(igt_dev.fd, vm, range, 0x1000), EINVAL);
	igt_ok(gpu_vm_destroy(igt_dev.fd, vm));
}

/* User BOs cannot be bound in the driver's own part of the address space. */
static void vm_bind_intersect_kbo_range(void **state)
{
	struct gpu_bo bo;
	uint64_t range = 0;
	uint32_t vm;

	(void)state;
	igt_ok(gpu_vm_create(igt_dev.fd, &range, &vm));
	igt_ok(gpu_bo_create(igt_dev.fd, 0x2000, vm, 0, &bo));
	igt_ok(gpu_vm_map(igt_dev.fd, vm, bo.handle, 0, range - 0x2000, 0x2000,
			  0));
	igt_fails(gpu_vm_map(igt_dev.fd, vm, bo.handle, 0, range - 0x1000,
			     0x2000, 0), EINVAL);
	igt_fails(gpu_vm_map(igt_dev.fd, vm, bo.handle, 0, range, 0x2000, 0),
		  EINVAL);
	gpu_bo_destroy(igt_dev.fd, &bo);
	igt_ok(gpu_vm_destroy(igt_dev.fd, vm));
}

static void vm_unbind_identical_hugepage_single(void **state)
{
	(void)state;
	unbind_range(&(struct unbind_case) {
		.map_at = 0, .map_size = HUGE,
		.unmap_at = 0, .unmap_size = HUGE });
}

static void vm_unbind_identical_hugepage_single_partial(void **state)
{
	(void)state;
	unbind_range(&(struct unbind_case) {
		.map_at = 0, .map_size = HUGE - 16 * PAGE,
		.unmap_at = 0, .unmap_size = HUGE - 16 * PAGE });
}

static void vm_unbind_identical_hugepage_multiple(void **state)
{
	(void)state;
	unbind_range(&(struct unbind_case) {
		.map_at = 0, .map_size = 3 * HUGE,
		.unmap_at = 0, .unmap_size = 3 * HUGE });
}

static void vm_unbind_identical_hugepage_offset(void **state)
{
	(void)state;
	unbind_range(&(struct unbind_case) {
		.map_at = 5 * PAGE, .map_size = 2 * HUGE, .bo_offset = HUGE,
		.unmap_at = 5 * PAGE, .unmap_size = 2 * HUGE });
}

static void vm_unbind_hugepage_leftaligned(void **state)
{
	(void)state;
	unbind_range(&(struct unbind_case) {
		.map_at = 0, .map_size = 2 * HUGE,
		.unmap_at = 0, .unmap_size = 7 * PAGE });
}

static void vm_unbind_hugepage_rightaligned(void **state)
{
	(void)state;
	unbind_range(&(struct unbind_case) {
		.map_at = 0, .map_size = 2 * HUGE,
		.unmap_at = 2 * HUGE - 7 * PAGE, .unmap_size = 7 * PAGE });
}

static void vm_unbind_hugepage_superset(void **state)
{
	(void)state;
	unbind_range(&(struct unbind_case) {
		.map_at = HUGE, .map_size = HUGE,
		.unmap_at = HUGE / 2, .unmap_size = 2 * HUGE });
}

static void vm_unbind_hugepage_subset(void **state)
{
	(void)state;
	unbind_range(&(struct unbind_case) {
		.map_at = 0, .map_size = 3 * HUGE,
		.unmap_at = HUGE / 2, .unmap_size = HUGE + 3 * PAGE });
}

/* Unbind a BO in small parts, from the start. */
static void vm_unbind_hugepage_successive(void **state)
{
	struct gpu_bo bo;
	uint32_t vm;

	(void)state;
	igt_ok(gpu_vm_create(igt_dev.fd, NULL, &vm));
	igt_ok(gpu_bo_create(igt_dev.fd, 2 * HUGE, vm, 0, &bo));
	igt_ok(gpu_vm_map(igt_dev.fd, vm, bo.handle, 0, BASE, bo.size, 0));
	for (uint64_t at = 0; at < bo.size; at += HUGE / 8)
		igt_ok(gpu_vm_unmap(igt_dev.fd, vm, BASE + at, HUGE / 8));
	/* The whole range can be used again. */
	igt_ok(gpu_vm_map(igt_dev.fd, vm, bo.handle, 0, BASE, bo.size, 0));
	igt_ok(gpu_vm_check(igt_dev.fd, vm));
	gpu_bo_destroy(igt_dev.fd, &bo);
	igt_ok(gpu_vm_destroy(igt_dev.fd, vm));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IGT_SUBTEST(vm_create_destroy),
		IGT_SUBTEST(vm_destroy_invalid),
		IGT_SUBTEST(vm_bind),
		IGT_SUBTEST(vm_unbind),
		IGT_SUBTEST(vm_unbind_invalid_address),
		IGT_SUBTEST(vm_bind_intersect_kbo_range),
		IGT_SUBTEST(vm_unbind_identical_hugepage_single),
		IGT_SUBTEST(vm_unbind_identical_hugepage_single_partial),
		IGT_SUBTEST(vm_unbind_identical_hugepage_multiple),
		IGT_SUBTEST(vm_unbind_identical_hugepage_offset),
		IGT_SUBTEST(vm_unbind_hugepage_leftaligned),
		IGT_SUBTEST(vm_unbind_hugepage_rightaligned),
		IGT_SUBTEST(vm_unbind_hugepage_superset),
		IGT_SUBTEST(vm_unbind_hugepage_subset),
		IGT_SUBTEST(vm_unbind_hugepage_successive),
	};

	igt_require_device();
	return cmocka_run_group_tests_name("panthor_vm", tests, NULL, NULL);
}
