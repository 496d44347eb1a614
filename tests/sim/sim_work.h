/* SPDX-License-Identifier: MIT */
/*
 * The cases of sim-work, by file, and what they share.
 */
#ifndef SIM_WORK_H
#define SIM_WORK_H

#include "gpu/ctx.h"

#define PAGE UINT64_C(4096)

/* A BO with a CPU mapping, from which descriptors are taken. */
struct pool {
	struct gpu_bo bo;
	size_t used;
};

void pool_init(struct pool *pool, struct gpu_ctx *ctx);
/* Returns the address for the GPU; the memory is zero. */
uint64_t pool_take(struct pool *pool, size_t bytes, uint32_t **words);
void pool_free(struct pool *pool, struct gpu_ctx *ctx);

/* Allocate and map a BO, whose content is zero. */
void work_alloc(struct gpu_ctx *ctx, uint64_t bytes, struct gpu_bo *bo);

/* A shader program that exists, in the pool. */
uint64_t work_shader(struct pool *pool);

/*
 * Run the job that was built, which must end its group: with a page fault at @va, or, if
 * @va is 0, in another way.
 */
void work_must_die(struct gpu_ctx *ctx, uint64_t va);

/* Run the job that was built, which must report an error, and not end its group. */
void work_must_complain(struct gpu_ctx *ctx);

/* Evict all BOs of this process to swap. */
void work_reclaim(void);

/* work_compute.c: what a dispatch reads */
void dispatch_reads_what_it_names(void **state);
void dispatch_on_a_missing_page(void **state);
void dispatch_on_a_freed_buffer(void **state);
void dispatch_that_uses_nothing(void **state);
void dispatch_of_nothing(void **state);
void dispatch_of_no_shader(void **state);
void dispatch_of_too_much(void **state);
void dispatch_after_a_reclaim(void **state);

/* work_fragment.c: what a fragment job writes */
void clear_linear(void **state);
void clear_tiled(void **state);
void clear_several(void **state);
void clear_nothing(void **state);
void clear_missing_memory(void **state);
void clear_between_reclaims(void **state);

/* work_sb.c: work that is not complete when the next instruction begins */
void result_without_a_wait(void **state);
void registers_are_copied(void **state);
void signal_after_the_work(void **state);
void poll_for_a_result(void **state);
void work_in_a_suspended_group(void **state);

/* work_heap.c: the tiler heap */
void draws_take_chunks(void **state);
void chunks_are_used_again(void **state);
void chunk_content_is_checked(void **state);
void chunks_through_swap(void **state);
void draw_without_a_pass(void **state);
void heap_full_without_a_handler(void **state);
void heap_full_with_a_handler(void **state);
void heap_full_until_a_frame_ends(void **state);
void draw_reads_what_it_names(void **state);

#endif
