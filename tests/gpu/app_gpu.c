/* SPDX-License-Identifier: MIT */
/*
 * Internals of a process under test: GPU objects other than buffers.
 */
#include <errno.h>

#include "gpu/app_state.h"
#include "gpu/data.h"
#include "gpu/vm.h"

/* The size of a huge page, as required for sparse mappings. */
#define SPARSE_ALIGN UINT64_C(0x200000)

/* DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE, which older headers do not have. */
#define MAP_SPARSE (1u << 3)

static struct app_slot *slot_of(struct app_state *state,
				const struct app_request *req)
{
	return &state->slot[req->file][req->vm];
}

int app_heap(struct app_state *state, const struct app_request *req)
{
	struct app_slot *slot = slot_of(state, req);

	if (slot->heap.chunks)
		return -EEXIST;
	return gpu_heap_create(&slot->heap, &slot->ctx, req->count, req->seed);
}

int app_heap_check(struct app_state *state, const struct app_request *req)
{
	struct app_slot *slot = slot_of(state, req);

	return gpu_heap_check(&slot->heap, &slot->ctx);
}

/* Map an address range without a buffer. */
int app_sparse(struct app_state *state, const struct app_request *req)
{
	struct app_slot *slot = slot_of(state, req);
	struct gpu_ctx *ctx = &slot->ctx;
	uint64_t size = (req->size + SPARSE_ALIGN - 1) & ~(SPARSE_ALIGN - 1);
	int ret = gpu_vm_map(ctx->dev->fd, ctx->vm, 0, 0, ctx->next_va, size,
			     MAP_SPARSE |
			     DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC);

	if (ret)
		return ret;
	slot->sparse = (struct gpu_bo) { .va = ctx->next_va, .size = size };
	ctx->next_va += size;
	return 0;
}

/* Writes are discarded and reads return anything, but neither causes a fault. */
int app_sparse_use(struct app_state *state, const struct app_request *req)
{
	struct app_slot *slot = slot_of(state, req);
	uint64_t sum;
	int ret;

	if (!slot->sparse.va)
		return -ENOENT;
	ret = gpu_fill(&slot->ctx, &slot->sparse, req->seed);
	return ret ? ret : gpu_checksum(&slot->ctx, &slot->sparse, &sum);
}

/* Replace a group that can never run again, because it was on the GPU during a reset. */
int app_new_group(struct app_state *state, const struct app_request *req)
{
	return gpu_ctx_new_group(&slot_of(state, req)->ctx);
}
